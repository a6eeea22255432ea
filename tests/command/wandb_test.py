"""launch/wandb_follow, without a network: what W&B has on disk afterwards is what metrics.jsonl says."""

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from small_run import CONFIG, STEPS, train  # noqa: E402
from support.runner import check, check_equal, main, metrics, skip_without  # noqa: E402

skip_without("wandb", "yaml")
from wandb.proto import wandb_internal_pb2  # noqa: E402


def follow(interlock, *arguments):
    environment = dict(os.environ, WANDB_MODE="offline", WANDB_DIR=str(interlock.folder), WANDB_SILENT="true",
                       HOME=str(interlock.folder))
    done = subprocess.run([sys.executable, str(ROOT / "launch/wandb_follow"), *map(str, arguments)], env=environment,
                          cwd=interlock.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    check_equal(done.returncode, 0, f"exit code: {done.stdout}")


def records(path):
    """Of W&B's own file: LevelDB's log, blocks of 32 KiB with records in one or more parts, after 7 bytes of its own."""
    data, place, parts = path.read_bytes(), 7, b""
    while place + 7 <= len(data):
        if 32768 - place % 32768 < 7:
            place += 32768 - place % 32768
            continue
        length, kind = struct.unpack_from("<HB", data, place + 4)
        parts += data[place + 7:place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # whole, or the last part
            record = wandb_internal_pb2.Record()
            record.ParseFromString(parts)
            parts = b""
            yield record


def stored(interlock):
    """[(id, config, {step: numbers})] of all offline runs, oldest first."""
    found = []
    for path in sorted((interlock.folder / "wandb").glob("offline-run-*/*.wandb"), key=lambda path: path.stat().st_mtime):
        name, config, steps = "", {}, {}
        for record in records(path):
            if record.HasField("run"):
                name = record.run.run_id
                config.update({item.key: json.loads(item.value_json) for item in record.run.config.update})
            if record.HasField("history"):
                row = {(item.key or "/".join(item.nested_key)): json.loads(item.value_json) for item in record.history.item}
                check(row["_step"] not in steps, f"step {row['_step']} twice")
                steps[row["_step"]] = row
        found.append((name, config, steps))
    return found


def finished_runs(interlock):
    for name in ("first", "second"):
        train(interlock, name, CONFIG, "training.epochs=2", ranks=0)
    follow(interlock, "first", "second", "--interval", "0.1")
    runs = stored(interlock)
    check_equal(len(runs), 2, "W&B runs")
    check_equal({config["run"]["dir"] for _, config, _ in runs}, {"first", "second"}, "configs")
    for _, config, steps in runs:
        lines = metrics(interlock.folder / config["run"]["dir"])
        check_equal(sorted(steps), list(range(1, 2 * STEPS + 1)), "steps")
        for line in lines:
            row = steps.get(line.get("step"), {})
            if line["kind"] == "step":
                check_equal([row["loss/stage_0"], row["loss/stage_1"], row["lr"]], [*line["loss"], line["lr"]], "step")
            elif line["kind"] == "eval":
                check_equal([row["eval/loss/stage_0"], row["eval/accuracy/stage_1"]],
                            [line["loss"][0], line["accuracy"][1]], "evaluation")


def follower_goes_on(interlock):
    """Called again after the run has gone on: the same W&B run, and no step twice."""
    train(interlock, "run", CONFIG, ranks=0)
    follow(interlock, "run", "--once")
    train(interlock, "run", CONFIG, "training.epochs=3", ranks=0)
    follow(interlock, "run")
    runs = stored(interlock)
    check_equal(len({name for name, _, _ in runs}), 1, "ids")
    sent = [step for _, _, steps in runs for step in sorted(steps)]
    check_equal(sent, list(range(1, 3 * STEPS + 1)), "steps")


main([
    ("finished runs are sent whole, with their configs", finished_runs),
    ("a follower that is called again goes on", follower_goes_on),
])
