"""What the commands promise when nothing is wrong: files, names, figures and lines of text."""

import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from small_run import (CLASSES, CONFIG, DEMANDING, FEATURES, RANKS, STAGES, STEPS, changed, check_same_weights,  # noqa: E402
                       exported, train, weights, write_data)
from support import tensor_file  # noqa: E402
from support.runner import check, check_equal, main, metrics, write_config  # noqa: E402

NAMES = {"layers.0.weight": [16, FEATURES], "layers.0.bias": [16], "layers.2.weight": [16, 16], "layers.2.bias": [16],
         "layers.4.weight": [CLASSES, 16], "layers.4.bias": [CLASSES], "heads.0.0.weight": [CLASSES, 16],
         "heads.0.0.bias": [CLASSES]}


def check_number(line, key, low, high=float("inf")):
    check(isinstance(line[key], (int, float)) and low <= line[key] <= high, f"{key} in {line}")


def check_per_stage(line, key, low, high=float("inf")):
    check_equal(len(line[key]), STAGES, f"stages of {key} in {line}")
    for value in line[key]:
        check(value is not None and low <= value <= high, f"{key} in {line}")


def metrics_fields(interlock):
    for how, ranks in [("ranks", RANKS), ("single", 0)]:
        run = train(interlock, how, CONFIG, "training.epochs=2", ranks=ranks)
        lines = metrics(run)  # a checkpoint's comes when it is on disk: at any time
        check_equal([line["step"] for line in lines if line.get("event") == "checkpoint"], [STEPS, 2 * STEPS], "checkpoints")
        kinds = [line["kind"] for line in lines if line.get("event") != "checkpoint"]
        check_equal(kinds, ["run", *(["step"] * STEPS + ["epoch", "eval"]) * 2, "run"], "kinds of lines")
        for number, step in enumerate(metrics(run, "step"), start=1):
            check_equal((step["step"], step["epoch"]), (number, (number - 1) // STEPS + 1), f"place of {step}")
            check_equal(step["lr"], 0.1, "learning rate")
            check_per_stage(step, "loss", 0.01, 10)
            check_per_stage(step, "busy_fraction", 0, 1)
            check_number(step, "step_seconds", 1e-9, 60)
            check_number(step, "samples_per_second", 1e-3)
            samples = 6 if number % STEPS == 0 else 8
            check(abs(step["samples_per_second"] * step["step_seconds"] - samples) < 1e-3, f"rate and time in {step}")
        for number, epoch in enumerate(metrics(run, "epoch"), start=1):
            check_equal((epoch["step"], epoch["epoch"]), (number * STEPS, number), f"place of {epoch}")
            check_per_stage(epoch, "loss", 0.01, 10)
            check_per_stage(epoch, "accuracy", 0, 1)
            mine = metrics(run, "step")[(number - 1) * STEPS:number * STEPS]
            for stage in range(STAGES):  # the mean over samples, not over batches
                mean = sum(step["loss"][stage] * size for step, size in zip(mine, [8, 8, 6])) / 22
                check(abs(mean - epoch["loss"][stage]) < 1e-6, f"mean loss of stage {stage} in {epoch}")
        for number, line in enumerate(metrics(run, "eval"), start=1):
            check_equal((line["step"], line["epoch"]), (number * STEPS, number), f"place of {line}")
            check_per_stage(line, "loss", 0.01, 10)
            check_per_stage(line, "accuracy", 0, 1)
        start, *_, end = metrics(run, "run")
        for line, event, steps in [(start, "start", 0), (end, "end", 2 * STEPS)]:
            check_equal([line[key] for key in ["event", "stages", "horizon", "micro_batches", "steps"]],
                        [event, STAGES, 1, 2, steps], f"facts of {line}")
        check_number(end, "seconds", 1e-6, 100)


def dead_losses_are_null(interlock):
    run = train(interlock, "run", changed({"learning.horizon": 2}))
    for line in metrics(run):
        if "loss" in line:
            check(line["loss"][0] is None and line["loss"][1] > 0, f"losses in {line}")
    check_equal([name for name in exported(interlock, "run") if name.startswith("heads.")], [], "heads end-to-end")


def folder_of_a_run(interlock):
    run = train(interlock, "run", CONFIG, "training.epochs=3", "run.keep_checkpoints=2")
    files = sorted(path.name for path in run.iterdir())
    check_equal(files, [".lock", "checkpoints", "config.yaml", "live.json", "logs", "metrics.jsonl", "schedule.txt", "tensorboard"], "files")
    checkpoints = sorted(path.name for path in (run / "checkpoints").iterdir())
    check_equal(checkpoints, ["step-00000006", "step-00000009"], "checkpoints kept")
    newest = run / "checkpoints" / checkpoints[-1]
    manifest = json.loads((newest / "manifest.json").read_text())
    shards = [f"stage-{stage}-{manifest['shards'][stage]['xxh3_128'][:16]}.safetensors" for stage in range(2)]
    check_equal(sorted(path.name for path in newest.iterdir()), ["manifest.json", *shards], "files of a checkpoint")
    check_equal((manifest["step"], manifest["epochs"]), (9, 3), "place in the manifest")
    # The resolved config is a config: the same run again.
    interlock.succeed("train", "run/config.yaml", "--single-process", "run.dir=again")
    check_same_weights(interlock, "run", "again")


def second_run_sets_the_first_aside(interlock):
    first = train(interlock, "run", CONFIG)
    before = (first / "metrics.jsonl").read_text()
    write_config(interlock.folder / "run.yaml", changed({"training.seed": 9}))
    for ranks, how, aside in [(RANKS, [], "run.1"), (0, ["--single-process", "--resume=none"], "run.2")]:
        finished = interlock.succeed("train", "run.yaml", *how, ranks=ranks)
        check(f"moved to {aside}" in finished.err, f"the move is not announced: {finished}")
        check((interlock.folder / aside / "metrics.jsonl").exists(), f"{aside} is not there")
        events = [line["event"] for line in metrics(first, "run") if line["event"] != "checkpoint"]
        check_equal(events, ["start", "end"], "runs in metrics.jsonl")
    check_equal((interlock.folder / "run.1/metrics.jsonl").read_text(), before, "metrics of the first run")


def same_command_goes_on(interlock):
    """Without --resume: what is done is not done again, another experiment does not go on in its place."""
    run = train(interlock, "run", CONFIG)
    again = interlock.succeed("train", "run.yaml", ranks=RANKS)
    check("going on from" in again.err and "nothing left to do" in again.out, f"what was found is not said: {again}")
    check_equal(len(metrics(run, "step")), STEPS, "steps of the same command, twice")
    interlock.succeed("train", "run.yaml", "training.epochs=2", "--single-process")
    check_equal([step["step"] for step in metrics(run, "step")], list(range(1, 2 * STEPS + 1)), "steps of a longer run")
    other = interlock.succeed("train", "run.yaml", "training.seed=9", ranks=RANKS)
    check("training.seed is 9, was" in other.err and "moved to run.1" in other.err, f"no word of the difference: {other}")
    check_equal(len(metrics(run, "step")), STEPS, "steps of another experiment")
    over = interlock.succeed("train", "run.yaml", "training.seed=9", "--resume=none", ranks=RANKS)
    check("moved to run.2" in over.err, f"--resume=none does not start over: {over}")
    refused = interlock.run("train", "run.yaml", "training.seed=9", "training.batch_size=3", "--resume", ranks=RANKS)
    check_equal(refused.code, 2, f"exit code of {refused}")
    check("training.batch_size" in refused.err and "model.init=" in refused.err, f"no way out is named: {refused}")


def initial_weights_round_trip(interlock):
    """What `export` writes, `model.init` reads: training with lr ~ 0 gives the same tensors back."""
    tensor_file.write(interlock.folder / "start.safetensors", weights())
    config = changed({"model.init": "start.safetensors"}, {"optimizer.lr": 1e-30}, {"optimizer.momentum": 0})
    train(interlock, "run", config)
    ours = exported(interlock, "run")
    check_equal(ours, {name: content for name, content in
                       tensor_file.read_raw(interlock.folder / "start.safetensors").items()}, "tensors")


def export_names(interlock):
    train(interlock, "run", CONFIG)
    found = exported(interlock, "run")
    check_equal({name: shape for name, (_, shape, _) in found.items()}, NAMES, "exported tensors")
    check_equal({kind for kind, _, _ in found.values()}, {"F32"}, "types")
    interlock.succeed("export", "run/checkpoints/step-00000003", "--out", "again.safetensors")
    check_equal(tensor_file.read_raw(interlock.folder / "again.safetensors"), found,
                "export of the checkpoint's folder")
    # Names count layers through the network, whatever the cut.
    train(interlock, "other", changed({"partition.layers": [4, 1]}))
    check_equal(sorted(exported(interlock, "other")), sorted(NAMES), "names with another cut")


def plan_ranks(interlock):
    write_data(interlock.folder)
    for stages in (1, 2, 5):
        write_config(interlock.folder / "c.yaml", changed({"partition.layers": None}, {"partition.stages": stages},
                                                          {"learning.heads": None}))
        check_equal(interlock.succeed("plan", "--ranks", "c.yaml").out, f"{stages + 1}\n", "number of ranks")
    write_config(interlock.folder / "c.yaml", CONFIG)
    check_equal(interlock.succeed("plan", "c.yaml", "--ranks", "partition.layers=[2, 2, 1]", "learning.heads=").out,
                "4\n",
                "number of ranks with an override")
    plan = interlock.succeed("plan", "c.yaml").out
    check_equal(len(re.findall(r"^stage \d+: .*F.*W.*U", plan, re.M)), STAGES, f"stages in {plan}")


def check_finds_nothing(interlock):
    write_data(interlock.folder)
    write_config(interlock.folder / "c.yaml", CONFIG)
    out = interlock.succeed("check", "c.yaml").out
    check("22 samples of [6]" in out and "no problem found" in out and "mpirun -np 3" in out, f"output of check: {out}")
    check(not (interlock.folder / "run").exists(), "check made the run's folder")


def verify(interlock):
    write_data(interlock.folder)
    for config, ranks in [(CONFIG, RANKS), (DEMANDING, 4)]:
        write_config(interlock.folder / "c.yaml", config)
        out = interlock.succeed("verify", "c.yaml", ranks=ranks).out
        equal = len(re.findall(r"^ +\d .*equal to the last bit", out, re.M))
        check_equal(equal, ranks - 1, f"stages that are equal in {out}")


def progress_lines(interlock):
    """Standard output is no terminal here: plain lines, at most about ten an epoch."""
    write_data(interlock.folder)
    write_config(interlock.folder / "c.yaml", changed({"training.batch_size": 2}, {"training.epochs": 2}))
    line = (r"epoch (\d)/2  step (\d+)/22  loss \d\.\d{4} \d\.\d{4}  acc [\d.]+ %  "
            r"busy \d+ \d+ %  mem [\d.]+ [MG]iB  \d+ samples/s  \S.* left$")
    for ranks, how in [(RANKS, []), (0, ["--single-process", "--resume=none"])]:
        out = interlock.succeed("train", "c.yaml", *how, ranks=ranks).out
        check("\r" not in out and "\x1b" not in out, f"terminal codes in {out!r}")
        steps = [int(match[1]) for match in re.findall(line, out, re.M)]
        check(steps == sorted(set(steps)) and steps[-1] == 22 and 2 <= len(steps) <= 24, f"steps shown in {out}")
        check_equal(len(re.findall(r"^evaluation after epoch \d: loss .* accuracy stage 0 [\d.]+ %, stage 1 ", out,
                                   re.M)), 2,
                    f"evaluations in {out}")
        check("done: 22 steps" in out and "interlock export run" in out, f"summary in {out}")
    out = interlock.succeed("train", "c.yaml", "--single-process", "run.log_every=11", "--resume=none").out
    check_equal([int(match[1]) for match in re.findall(line, out, re.M)], [11, 22], "steps shown with run.log_every")


def help_texts(interlock):
    for words in (["--help"], *[[name, "--help"] for name in ["train", "eval", "plan", "verify", "check", "export"]]):
        finished = interlock.succeed(*words)
        check(len(finished.out) > 100 and not finished.err, f"help: {finished}")
    check(re.match(r"interlock \d+\.\d+", interlock.succeed("--version").out), "version")


main([
    ("metrics.jsonl has the promised lines and fields", metrics_fields),
    ("losses that nobody computes are null", dead_losses_are_null),
    ("a run's folder holds what is promised", folder_of_a_run),
    ("a second run sets the first one's folder aside", second_run_sets_the_first_aside),
    ("the same command goes on, another one starts over", same_command_goes_on),
    ("export writes the promised names", export_names),
    ("export and model.init are inverse", initial_weights_round_trip),
    ("plan prints the number of ranks and a schedule", plan_ranks),
    ("check finds nothing wrong and leaves no trace", check_finds_nothing),
    ("verify finds ranks and one process equal", verify),
    ("progress is plain lines where there is no terminal", progress_lines),
    ("every command has a help text", help_texts),
])
