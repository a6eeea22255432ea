"""`interlock inspect`: runs, checkpoints, files, differences; nothing crashes it, and damage is named."""

import json
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from refusal import check_refused  # noqa: E402
from small_run import CONFIG, STEPS, changed, train, write_data  # noqa: E402
from support import tensor_file  # noqa: E402
from support.runner import check, check_equal, main, write_config  # noqa: E402

DATA, USAGE = 3, 2


def looked_at(interlock, *arguments):
    return json.loads(interlock.succeed("inspect", *arguments, "--json").out)


def checkpoints_of(run):
    return sorted(path for path in (run / "checkpoints").iterdir() if path.is_dir())


def norm(values):
    return sum(value * value for value in values) ** 0.5


def a_run(interlock):
    config = changed({"run.keep_best": True, "training.epochs": 2})
    run = train(interlock, "run", config)
    found = looked_at(interlock, run)
    check_equal((found["state"], found["steps"], found["epochs"], found["stages"], found["horizon"]), ("done", 2 * STEPS, 2, 2, 1), "facts")
    check_equal(found["cut"], ["0..1", "2..4"], "cut")
    check_equal(found["heads"], ["heads.0 after layer 1"], "heads")
    check_equal((found["layers"], found["parameters"], found["head_parameters"]), (5, 6 * 16 + 16 + 16 * 16 + 16 + 16 * 4 + 4, 16 * 4 + 4), "sizes")
    check_equal([kept["step"] for kept in found["checkpoints"]], [STEPS, 2 * STEPS], "checkpoints")
    check_equal([kept["newest"] for kept in found["checkpoints"]], [False, True], "newest")
    check(sum(kept["best"] for kept in found["checkpoints"]) == 1, "one is the best")
    check(len(found["evaluation"]["loss"]) == 2, "evaluation")
    text = interlock.succeed("inspect", run).out
    for words in ("run: done", "2 stages: layers 0..1, 2..4", "horizon     1 of 2", "newest", "best", "accuracy"):
        check(words in text, f"'{words}' in {text}")


def states(interlock):
    write_data(interlock.folder)
    fresh = interlock.folder / "fresh"
    fresh.mkdir()
    write_config(fresh / "config.yaml", CONFIG)
    check_equal(looked_at(interlock, fresh)["state"], "not started", "state")
    (fresh / "metrics.jsonl").write_text('{"kind":"run","event":"start","stages":2,"horizon":1,"steps":0,"seconds":0}\n')
    check_equal(looked_at(interlock, fresh)["state"], "interrupted", "state")
    (fresh / "failure.json").write_text('{"message": "rank 2 (stage 1) died: killed by SIGKILL"}')
    failed = looked_at(interlock, fresh)
    check_equal((failed["state"], failed["failure"]), ("failed", "rank 2 (stage 1) died: killed by SIGKILL"), "failure")
    (fresh / "failure.json").write_text('{"mess')
    check_equal(looked_at(interlock, fresh)["failure"], "failure.json is damaged", "failure")
    (fresh / "config.yaml").write_text("model: {kind: unheard_of}\n")
    (fresh / "metrics.jsonl").write_text("nonsense\n")
    spoilt = looked_at(interlock, fresh)
    check("unheard_of" in spoilt["config_problem"] and spoilt["metrics_problem"], f"problems: {spoilt}")
    interlock.succeed("inspect", fresh)


def a_checkpoint(interlock):
    run = train(interlock, "run", CONFIG)
    checkpoint = checkpoints_of(run)[-1]
    found = looked_at(interlock, checkpoint)
    check_equal((found["kind"], found["step"], found["seed"], found["batch_size"], found["problem"]), ("checkpoint", STEPS, 3, 8, None), "manifest")
    check_equal([(file["stage"], file["first_layer"], file["last_layer"]) for file in found["files"]], [(0, 0, 1), (1, 2, 4)], "stages")
    weights = tensor_file.read_raw(interlock.export(run, "weights.safetensors"))
    by_name = {tensor["name"]: tensor for tensor in found["tensors"]}
    for name, (kind, shape, content) in weights.items():
        values = tensor_file.array.array("f", content)
        ours = by_name[name]
        check_equal((ours["type"], ours["shape"], ours["nan"], ours["infinite"]), (kind, shape, 0, 0), name)
        for key, expected in (("norm", norm(values)), ("min", min(values)), ("max", max(values))):
            check(abs(ours[key] - expected) <= 1e-9 + 1e-9 * abs(expected), f"{key} of {name}: {ours[key]}, expected {expected}")
    check(any(name.startswith("optimizer.") for name in by_name), "optimizer state")
    # The same by way of the run, of which a part.
    part = looked_at(interlock, run, "--stage", "0", "--filter", "weight")
    check_equal({tensor["stage"] for tensor in part["tensors"]}, {0}, "stages")
    check(all("weight" in tensor["name"] for tensor in part["tensors"]), "filter")
    text = interlock.succeed("inspect", checkpoint).out
    for words in ("every checksum is right", "layers.0", "heads.0", "optimizer.momentum"):
        check(words in text, f"'{words}' in {text}")
    text = interlock.succeed("inspect", checkpoint, "--tensors", "--no-check").out
    check("not read (--no-check)" in text and "layers.4.bias" in text, text)
    file = looked_at(interlock, "weights.safetensors")
    check_equal((file["kind"], len(file["tensors"])), ("safetensors", len(weights)), "a file")


def differences(interlock):
    ours = train(interlock, "ours", CONFIG)
    again = train(interlock, "again", CONFIG, ranks=0)
    same = looked_at(interlock, ours, again, "--diff")
    check(same["tensors"] and all(tensor["equal"] for tensor in same["tensors"]), f"one seed, one run: {same}")
    check("run.dir" in [difference["key"] for difference in same["config"]], "config")
    other = train(interlock, "other", changed({"training.seed": 4}))
    found = {tensor["name"]: tensor for tensor in looked_at(interlock, ours, other, "--diff")["tensors"]}
    first, second = (tensor_file.read_raw(interlock.export(run, f"{run.name}.safetensors")) for run in (ours, other))
    for name in first:
        left, right = (tensor_file.array.array("f", which[name][2]) for which in (first, second))
        apart = [abs(a - b) for a, b in zip(left, right)]
        check(abs(found[name]["largest_difference"] - max(apart)) < 1e-12, f"{name}: {found[name]}")
        check(abs(found[name]["relative_difference"] - norm(apart) / norm(left)) < 1e-9, f"{name}: {found[name]}")
        check_equal(found[name]["different"], sum(a != b for a, b in zip(left, right)), name)
    text = interlock.succeed("inspect", ours, other, "--diff").out
    check("training.seed: 3 against 4" in text and "0 of" in text and "relative" in text, text)
    check_refused(interlock.run("inspect", ours, other), USAGE, ["--diff"])
    check_refused(interlock.run("inspect", ours, "--diff"), USAGE, ["two paths"])


def damage(interlock):
    run = train(interlock, "run", CONFIG)
    sound = checkpoints_of(run)[-1]
    shard = sorted(path.name for path in sound.glob("stage-1-*"))[0]

    def spoilt(spoil, name=shard):
        copy = interlock.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(sound, copy)
        content = bytearray((copy / name).read_bytes())
        content = spoil(content) or content
        (copy / name).write_bytes(content)
        return copy

    def flip(at):
        def spoil(content):
            content[at] ^= 1
        return spoil

    copy = spoilt(flip(-1))  # in the last tensor
    finished = interlock.run("inspect", copy)
    check_refused(finished, DATA, [shard, "tensor '", "damaged"])
    check("DAMAGED" in finished.out and "layers.0" in finished.out, f"the rest is shown: {finished}")
    check_equal(json.loads(interlock.run("inspect", copy, "--json").out)["problem"] is not None, True, "problem")
    interlock.succeed("inspect", copy, "--no-check")  # headers are sound
    interlock.succeed("inspect", copy, "--stage", "0")
    check_refused(interlock.run("inspect", copy, sound, "--diff"), DATA, [shard, "damaged"])
    for spoil in (flip(3), flip(20), flip(200)):
        finished = interlock.run("inspect", spoilt(spoil))
        check_refused(finished, DATA, [shard])
        check("layers.0" in finished.out, f"the other stage is shown: {finished}")
    check_refused(interlock.run("inspect", spoilt(lambda content: content[:-5])), DATA, [shard])
    check_refused(interlock.run("inspect", spoilt(flip(40), "manifest.json")), DATA, ["manifest.json"])
    # Every byte of a header, and cuts at every place: an error or an answer, never a crash.
    small = interlock.folder / "small.safetensors"
    tensor_file.write(small, {"layers.0.weight": tensor_file.floats([2], [1, 2])})
    whole = small.read_bytes()
    for at in range(0, len(whole), 3):
        for content in (whole[:at], whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1:]):
            small.write_bytes(content)
            code = interlock.run("inspect", small).code
            check(code in (0, DATA), f"exit code {code} for byte {at}")


def refusals(interlock):
    (interlock.folder / "empty").mkdir()
    check_refused(interlock.run("inspect", "nothing"), DATA, ["nothing: not found", "give a run's folder"])
    check_refused(interlock.run("inspect", "empty"), DATA, ["no checkpoint in this folder"])
    (interlock.folder / "text").write_text("hello")
    check_refused(interlock.run("inspect", "text"), DATA, ["text"])
    check_refused(interlock.run("inspect"), USAGE, ["PATH"])
    tensor_file.write(interlock.folder / "bad.safetensors", {"x": tensor_file.floats([3], [float("nan"), float("inf"), 3])})
    (row,) = looked_at(interlock, "bad.safetensors")["tensors"]
    check_equal((row["nan"], row["infinite"], row["norm"], row["max"]), (1, 1, 3, 3), "numbers that are none")
    check("1 NaN, 1 infinite" in interlock.succeed("inspect", "bad.safetensors").out, "said in words")


if __name__ == "__main__":
    main([("a run", a_run), ("states", states), ("a checkpoint", a_checkpoint), ("differences", differences), ("damage", damage),
          ("refusals", refusals)])
