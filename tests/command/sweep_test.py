"""`interlock sweep`: what it starts, what it makes of failures and interruptions, and that it never looks at a test set."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from refusal import check_refused
from small_run import CONFIG, changed, check_same_weights, write_data
from support.runner import check, check_equal, main, metrics, write_config

USAGE, DATA, PEER_DIED, REQUEUE = 2, 3, 5, 75
RATES = [0.001, 0.1, 0.01]
SWEEP = Path("runs/grid")


def prepare(interlock, grid, config=CONFIG):
    """Data, base.yaml and grid.yaml; `grid` is its keys but base."""
    write_data(interlock.folder)
    write_config(interlock.folder / "base.yaml", config)
    write_config(interlock.folder / "grid.yaml", {"base": "base.yaml", "mode": "single_process", **grid})


def results(interlock, sweep=SWEEP):
    """results.json, with its runs by name."""
    document = json.loads((interlock.folder / sweep / "results.json").read_text())
    return document, {run["name"]: run for run in document["runs"]}


def last_loss(interlock, name, sweep=SWEEP):
    return metrics(interlock.folder / sweep / name, "eval")[-1]["loss"][-1]


class Environment:
    """Variables for the processes started meanwhile."""

    def __init__(self, **variables):
        self.variables = variables

    def __enter__(self):
        self.before = {name: os.environ.get(name) for name in self.variables}
        os.environ.update(self.variables)

    def __exit__(self, *_):
        for name, value in self.before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def launcher(interlock, body):
    """A stand-in for mpirun.sh: trains in a single process. `body` is shell; "$@" is the program and its arguments."""
    script = interlock.folder / "launcher"
    script.write_text(f"#!/bin/bash\nshift\n{body}\n")
    script.chmod(0o755)
    return Environment(INTERLOCK_MPIRUN=str(script))


def finds_the_best(interlock):
    prepare(interlock, {"grid": {"optimizer.lr": RATES}, "mode": "ranks"})
    finished = interlock.succeed("sweep", "grid.yaml")
    losses = {f"lr={rate}": last_loss(interlock, f"lr={rate}") for rate in RATES}
    order = sorted(losses, key=losses.get)
    document, runs = results(interlock)
    check_equal([run["name"] for run in document["runs"]], order, "order of the table")
    check_equal([run["rank"] for run in document["runs"]], [1, 2, 3], "ranks")
    check_equal({name: run["score"] for name, run in runs.items()}, losses, "scores")
    check_equal(runs["lr=0.01"]["settings"], {"optimizer.lr": 0.01}, "settings")
    check_equal((document["best"], document["validation"]), (order[0], "data.eval_path: eval.safetensors"), "best")
    rows = [line.split() for line in finished.out.splitlines() if line.startswith("   ")]
    check_equal([f"lr={row[1]}" for row in rows], order, f"printed table of {finished}")
    check_equal((interlock.folder / SWEEP / "results.csv").read_text().count("\n"), 4, "lines of results.csv")

    again = interlock.succeed("sweep", "grid.yaml")
    check_equal(again.out.count("done already"), 3, f"runs left alone: {again}")
    check_equal(len(list((interlock.folder / SWEEP).glob("lr=*"))), 3, "folders of runs")
    interlock.succeed("train", str(SWEEP / "best.yaml"), "--single-process")
    check_same_weights(interlock, SWEEP / "best", SWEEP / order[0])


def nothing_starts_where_one_value_is_bad(interlock):
    prepare(interlock, {"grid": {"optimizer.lr": [0.1, -1]}})
    check_refused(interlock.run("sweep", "grid.yaml"), USAGE, ["grid.yaml:3:", "optimizer.lr: wants", "(run lr=-1)"])
    check_refused(interlock.run("sweep", "grid.yaml", "trainin.epochs=1"), USAGE, ["did you mean 'training'?"])
    check_refused(interlock.run("sweep", "nothing.yaml"), USAGE, ["nothing.yaml: cannot read this grid"])
    check(not (interlock.folder / "runs").exists(), "something was started all the same")
    check_refused(interlock.run("sweep", "grid.yaml", "optimizer.lr=0.1"), USAGE, ["is swept"])


def one_failure_stops_no_others(interlock):
    prepare(interlock, {"grid": {"data.path": ["train.safetensors", "later.safetensors", "eval.safetensors"]}})
    finished = interlock.run("sweep", "grid.yaml")
    check_refused(finished, DATA, ["path=later.safetensors failed with exit code 3", "later.safetensors"])
    document, runs = results(interlock)
    check_equal([run["state"] for run in document["runs"]], ["done", "done", "failed"], "states")
    failed = runs["path=later.safetensors"]
    check_equal((failed["rank"], failed["score"], failed["exit_code"]), (None, None, 3), "the failed run")
    check("later.safetensors" in failed["error"], f"no file in {failed}")

    (interlock.folder / "train.safetensors").rename(interlock.folder / "later.safetensors")
    again = interlock.succeed("sweep", "grid.yaml")
    check_equal(again.out.count("done already"), 2, f"runs left alone: {again}")
    check_equal(results(interlock)[1]["path=later.safetensors"]["state"], "done", "state once the file is there")


def a_killed_run_is_a_failure(interlock):
    prepare(interlock, {"grid": {"optimizer.lr": RATES}, "mode": "ranks"})
    with launcher(interlock, '[[ "$3" == *lr=0.1.yaml ]] && kill -9 $$\nexec "$@" --single-process'):
        finished = interlock.run("sweep", "grid.yaml")
    check_equal(finished.code, PEER_DIED, f"exit code of {finished}")
    check_equal({name: run["state"] for name, run in results(interlock)[1].items()},
                {"lr=0.001": "done", "lr=0.1": "failed", "lr=0.01": "done"}, "states")
    check_equal(results(interlock)[1]["lr=0.1"]["exit_code"], 137, "exit code of the killed run")


def no_more_at_a_time_than_asked(interlock):
    for parallel in (1, 3):
        prepare(interlock, {"grid": {"training.seed": [1, 2, 3, 4, 5]}, "mode": "ranks", "parallel": parallel,
                            "dir": f"runs/{parallel}"})
        with launcher(interlock, 'echo start >> trace; sleep 0.3; "$@" --single-process; echo end >> trace'):
            interlock.succeed("sweep", "grid.yaml")
        under_way = most = 0
        for line in (interlock.folder / "trace").read_text().split():
            under_way += 1 if line == "start" else -1
            most = max(most, under_way)
        check_equal(most, parallel, "runs at a time")
        (interlock.folder / "trace").unlink()


def processes_of(folder):
    """Whose working folder is `folder`."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.readlink(entry / "cwd") == str(Path(folder).resolve()):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def wait_until(what, condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        check(time.monotonic() < deadline, f"not within {seconds} s: {what}")
        time.sleep(0.02)


def stopped_and_gone_on(number, mode):
    """Stopped by signal `number` in the middle of its first run, a sweep goes on to the same weights."""
    def run(interlock):
        grid = {"grid": {"optimizer.lr": [0.1, 0.01]}, "mode": mode, "parallel": 1}
        prepare(interlock, grid, changed({"training.epochs": 400}, {"run.keep_checkpoints": 1}))
        interlock.succeed("sweep", "grid.yaml", "dir=runs/straight", "mode=single_process")

        process = subprocess.Popen([interlock.program, "sweep", "grid.yaml"], cwd=interlock.folder, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        first = interlock.folder / SWEEP / "lr=0.1"
        wait_until("a checkpoint", lambda: list(first.glob("checkpoints/*/manifest.json")))
        process.send_signal(number)
        out, _ = process.communicate(timeout=30)
        wait_until(f"all children gone, {out}", lambda: not processes_of(interlock.folder), 30)
        check(not any(line["kind"] == "run" and line["event"] == "end" for line in metrics(first)), "it was too quick")
        if number != signal.SIGKILL:
            check_equal(process.returncode, REQUEUE, f"exit code with {out}")
            check("the same command goes on" in out, f"no word of going on in {out}")
            check_equal({name: run["state"] for name, run in results(interlock)[1].items()},
                        {"lr=0.1": "unfinished", "lr=0.01": "not run"}, "states")

        finished = interlock.succeed("sweep", "grid.yaml")
        check("lr=0.1: going on" in finished.out, f"not gone on: {finished}")
        check_equal(sorted(path.name for path in (interlock.folder / SWEEP).glob("lr=*")), ["lr=0.01", "lr=0.1"], "folders")
        for name in ("lr=0.1", "lr=0.01"):
            check_equal(last_loss(interlock, name), last_loss(interlock, name, "runs/straight"), f"loss of {name}")
            check_same_weights(interlock, SWEEP / name, Path("runs/straight") / name)
    return run


def the_missing_evaluation_is_made(interlock):
    """Stopped after its last checkpoint and before the evaluation that follows, a run has nothing left to train."""
    prepare(interlock, {"grid": {"optimizer.lr": [0.1]}})
    interlock.succeed("sweep", "grid.yaml")
    before = results(interlock)[1]["lr=0.1"]["score"]
    log = interlock.folder / SWEEP / "lr=0.1/metrics.jsonl"
    lines = [line for line in log.read_text().splitlines() if '"eval"' not in line and '"end"' not in line]
    log.write_text("\n".join(lines) + "\n")
    check_equal(interlock.succeed("sweep", "grid.yaml", "--table").out.count("unfinished"), 1, "unfinished runs")
    interlock.succeed("sweep", "grid.yaml")
    check_equal(results(interlock)[1]["lr=0.1"]["score"], before, "score from the evaluation made since")


def other_settings_are_refused(interlock):
    prepare(interlock, {"grid": {"optimizer.lr": [0.1]}})
    interlock.succeed("sweep", "grid.yaml")
    check_refused(interlock.run("sweep", "grid.yaml", "training.epochs=2"), USAGE,
                  ["runs/grid/lr=0.1 was started by a sweep with other settings: training.epochs is 2 and was 1", "dir=..."])
    interlock.succeed("sweep", "grid.yaml", "training.epochs=2", "dir=runs/other")
    # More values in the same grid are no other settings.
    prepare(interlock, {"grid": {"optimizer.lr": [0.1, 0.2]}})
    check_equal(interlock.succeed("sweep", "grid.yaml").out.count("done already"), 1, "runs left alone")


def job_array(interlock):
    prepare(interlock, {"grid": {"optimizer.lr": RATES}, "mode": "ranks"})
    interlock.succeed("sweep", "grid.yaml", "training.seed=7", "--slurm", "array.sh")
    script = interlock.folder / "array.sh"
    text = script.read_text()
    for line in ["#SBATCH --array=0-2\n", "#SBATCH --ntasks=3\n"]:
        check(line in text, f"no {line} in {text}")
    check_equal(subprocess.run(["bash", "-n", script]).returncode, 0, f"bash -n of {text}")
    check(not (interlock.folder / SWEEP).exists(), "something was started")
    # As SLURM would run it, but that a task gets no allocation.
    for index in range(3):
        with launcher(interlock, 'exec "$@" --single-process'), Environment(SLURM_ARRAY_TASK_ID=str(index)):
            done = subprocess.run(["bash", script], cwd="/", text=True, capture_output=True)
        check_equal(done.returncode, 0, f"exit code of task {index}: {done}")
        check_equal(len(list((interlock.folder / SWEEP).glob("lr=*"))), index + 1, "runs so far")
        check(not (interlock.folder / SWEEP / "results.json").exists(), "tasks must not share a file")
    interlock.succeed("sweep", "grid.yaml", "training.seed=7", "--table")
    losses = {f"lr={rate}": last_loss(interlock, f"lr={rate}") for rate in RATES}
    check_equal(results(interlock)[0]["best"], min(losses, key=losses.get), "the best")
    check_refused(interlock.run("sweep", "grid.yaml", "--only", "3"), USAGE, ["--only 3", "0 to 2"])


def write_cifar(folder, test_batch):
    """CIFAR-10's layout with 8 images in each file."""
    generator = random.Random(1)
    data = folder / "cifar-10-batches-bin"
    data.mkdir(exist_ok=True)
    for number in range(1, 6):
        records = [bytes([generator.randrange(10)]) + generator.randbytes(3072) for _ in range(8)]
        (data / f"data_batch_{number}.bin").write_bytes(b"".join(records))
    if test_batch == "garbage":
        (data / "test_batch.bin").write_bytes(b"not a CIFAR file")
    elif test_batch == "pipe":
        os.mkfifo(data / "test_batch.bin")  # who opens it waits for ever
    return data


def test_set_is_never_touched(interlock):
    config = {"model": {"kind": "convnet", "channels": [4, 4]}, "partition": {"stages": 2},
              "data": {"kind": "cifar10", "path": "cifar-10-batches-bin", "downscale": 4},
              "training": {"batch_size": 9, "epochs": 2}}
    scores = []
    for number, test_batch in enumerate(["missing", "garbage", "pipe"]):
        folder = interlock.folder / test_batch
        folder.mkdir()
        data = write_cifar(folder, test_batch)
        base = {**config, "data": {**config["data"], "path": str(data)}}
        prepare(interlock, {"grid": {"optimizer.lr": [0.1, 0.01]}, "dir": f"runs/{test_batch}",
                            "mode": "ranks" if number == 0 else "single_process"}, base)
        finished = interlock.run("sweep", "grid.yaml", timeout=60)
        check_equal(finished.code, 0, f"sweep without a readable test set: {finished}")
        check("10 % of the training samples, held out by the sweep" in finished.err, f"not announced: {finished}")
        document, runs = results(interlock, Path("runs") / test_batch)
        check_equal(document["runs"][0]["step"], 8, "steps: 36 of 40 images, 2 epochs in batches of 9")
        scores.append({name: run["score"] for name, run in runs.items()})
    check_equal(scores[1:], scores[:1] * 2, "scores with and without a test file")

    # What the sweep hands on for the final training does use it: here it is noticed to be garbage.
    final = interlock.run("train", "runs/garbage/best.yaml", "--single-process")
    check_refused(final, DATA, ["test_batch.bin"])


main([
    ("sweep: three learning rates on ranks, the best of them found", finds_the_best),
    ("sweep: nothing starts where one value is bad", nothing_starts_where_one_value_is_bad),
    ("sweep: one failure stops no others, and is tried again", one_failure_stops_no_others),
    ("sweep: a run that is killed is a failure", a_killed_run_is_a_failure),
    ("sweep: no more runs at a time than asked for", no_more_at_a_time_than_asked),
    ("sweep: stopped by SIGINT and gone on", stopped_and_gone_on(signal.SIGINT, "single_process")),
    ("sweep: stopped by SIGTERM on ranks and gone on", stopped_and_gone_on(signal.SIGTERM, "ranks")),
    ("sweep: killed and gone on", stopped_and_gone_on(signal.SIGKILL, "single_process")),
    ("sweep: an evaluation that was missed is made", the_missing_evaluation_is_made),
    ("sweep: a folder made with other settings is refused", other_settings_are_refused),
    ("sweep: a job array, task by task", job_array),
    ("sweep: the test set is never touched", test_set_is_never_touched),
])
