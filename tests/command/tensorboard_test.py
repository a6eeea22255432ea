"""Event files, read back by the real TensorBoard: every number of metrics.jsonl, once, at its step and time."""

import math
import shutil
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from small_run import CONFIG, RANKS, STEPS, changed, train  # noqa: E402
from support.runner import check, check_equal, main, metrics, skip_without  # noqa: E402

skip_without("tensorboard")
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # noqa: E402
from tensorboard.backend.event_processing.plugin_event_accumulator import (  # noqa: E402
    EventAccumulator as PluginAccumulator)


def single(value):
    """As a float of 32 bits holds it."""
    return struct.unpack("f", struct.pack("f", value))[0]


def expected_scalars(run):
    """tag -> [(step, time, value)] of metrics.jsonl."""
    found = {}

    def add(line, tag, value):
        if value is not None:
            found.setdefault(tag, []).append((line["step"], line["time"], single(value)))

    def add_stages(line, group, key):
        for stage, value in enumerate(line.get(key, [])):
            add(line, f"{group}/stage_{stage}", value)

    for line in metrics(run):
        if line["kind"] == "step":
            for key in ("accuracy", "lr", "step_seconds", "samples_per_second", "tokens_per_second"):
                add(line, key, line.get(key))
            for group, key in (("loss", "loss"), ("busy", "busy_fraction"), ("memory", "memory_mebibytes")):
                add_stages(line, group, key)
        elif line["kind"] == "epoch":
            add_stages(line, "epoch/loss", "loss")
            add_stages(line, "epoch/accuracy", "accuracy")
            add(line, "epoch/samples_per_second", line["samples_per_second"])
        elif line["kind"] == "eval":
            for key in ("loss", "accuracy", "perplexity"):
                add_stages(line, f"eval/{key}", key)
    return found


def read_back(run):
    """The same from the event files, as TensorBoard puts them together."""
    events = EventAccumulator(str(run / "tensorboard"), size_guidance={"scalars": 0, "tensors": 0})
    events.Reload()
    return {tag: [(event.step, event.wall_time, event.value) for event in events.Scalars(tag)]
            for tag in events.Tags()["scalars"]}


def check_agrees(run):
    expected, found = expected_scalars(run), read_back(run)
    check_equal(sorted(found), sorted(expected), "tags")
    for tag, points in expected.items():
        check_equal(found[tag], points, f"points of {tag}")


def runs_of_each_kind(interlock):
    for name, config, ranks in [("ranks", CONFIG, RANKS), ("single", CONFIG, 0),
                                ("last-loss", changed({"learning.horizon": "all"}, {"learning.heads": None}), RANKS)]:
        run = train(interlock, name, config, "training.epochs=2", ranks=ranks)
        check_agrees(run)
        check_equal(len(read_back(run)["lr"]), 2 * STEPS, "points of the learning rate")


def resumed(interlock):
    """Killed after its checkpoint, the run repeats steps: each stands once, and `eval` adds a point."""
    run = train(interlock, "run", CONFIG, "training.epochs=2")
    # As if the run had been killed in epoch 2, with everything of it already written.
    shutil.rmtree(run / "checkpoints" / f"step-{2 * STEPS:08}")
    train(interlock, "run", CONFIG, "training.epochs=3")
    files = sorted((run / "tensorboard").iterdir())
    check_equal(len(files), 2, "event files")
    check_equal([step for step, _, _ in read_back(run)["loss/stage_1"]], list(range(1, 3 * STEPS + 1)), "steps")
    check_agrees(run)
    interlock.succeed("eval", "run")
    check_equal(len(read_back(run)["eval/loss/stage_1"]), len(metrics(run, "eval")), "evaluations")


def config_is_shown(interlock):
    run = train(interlock, "run", CONFIG)
    events = PluginAccumulator(str(run / "tensorboard"))
    events.Reload()
    check("config" in events.PluginTagToContent("text"), "the config is not among the texts")
    text = events.Tensors("config")[0].tensor_proto.string_val[0].decode()
    check("partition:" in text and text.startswith("```yaml\n"), f"config in {text!r}")
    points = events.Tensors("loss/stage_1")
    check_equal([point.step for point in points], [1, 2, 3], "steps as the web page gets them")
    values = [point.tensor_proto.float_val[0] for point in points]
    for value, line in zip(values, metrics(run, "step")):
        check(math.isclose(value, line["loss"][1], rel_tol=1e-6), f"{value} in place of {line['loss'][1]}")


def switched_off(interlock):
    run = train(interlock, "run", CONFIG, "run.tensorboard=false")
    check(not (run / "tensorboard").exists(), "event files all the same")


def folder_that_cannot_be_written(interlock):
    """TensorBoard's file is no reason to stop: one warning, and the run goes on."""
    train(interlock, "run", CONFIG)
    blocked = interlock.folder / "blocked"
    blocked.mkdir()
    (blocked / "tensorboard").write_text("in the way")
    finished = interlock.succeed("train", "run.yaml", "run.dir=blocked", ranks=RANKS)
    check_equal(finished.err.count("TensorBoard gets no more of this run"), 1, f"warnings in {finished.err}")
    check_equal(len(metrics(blocked, "step")), STEPS, "steps")


main([
    ("every scalar equals metrics.jsonl", runs_of_each_kind),
    ("a resumed run is one curve", resumed),
    ("the config is shown, and the web page's reader agrees", config_is_shown),
    ("run.tensorboard: false writes none", switched_off),
    ("a file that cannot be written only warns", folder_that_cannot_be_written),
])
