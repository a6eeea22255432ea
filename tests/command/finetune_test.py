"""Starting from other weights, freezing layers, and holding samples out: the program as users run it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from refusal import ALONE, DATA, EVERYWHERE, USAGE, refused  # noqa: E402
from small_run import DEMANDING, changed, check_same_weights, exported, train, weights  # noqa: E402
from support import tensor_file  # noqa: E402
from support.runner import check, check_equal, main, metrics, write_config  # noqa: E402

# Eight layers with weights among them, batch norm and dropout-free, in four stages.
DEEP = {
    "model": {"kind": "convnet", "channels": [4, 4, 6, 6], "batch_norm": True},
    "partition": {"stages": 4},
    "learning": {"horizon": 2, "head": "gbpl_fc"},
    "schedule": {"micro_batches": 3},
    "data": {"kind": "shapes", "train_samples": 40, "eval_samples": 20, "image_size": 8},
    "optimizer": {"kind": "sgd", "lr": 0.05, "momentum": 0.9},
    "training": {"batch_size": 16, "epochs": 1},
}
DEEP_LAYERS = 16  # 4 x (convolution, norm, relu), 2 pools, flatten, linear; 4 a stage


def deep(freeze, horizon=2, **learning):
    return {**DEEP, "model": {**DEEP["model"], "freeze": freeze},
            "learning": {**DEEP["learning"], "horizon": horizon, **learning}}


def verify(interlock, config, ranks):
    write_config(interlock.folder / "verify.yaml", {**config, "run": {"dir": "verify"}})
    interlock.succeed("verify", "verify.yaml", "--steps", "3", ranks=ranks)


def frozen_runs_equal_the_oracle(interlock):
    for freeze, horizon, learning in [
            ("0-7", "all", {}), ("0-3", 3, {"mix": "sum"}), ("4-7", 2, {}), ("4-7", "all", {}),
            ("0-4,9", 1, {}), ("all_but_last", "all", {}), ("0-7", 2, {"train_all_heads": True}),
            ("0-15", 2, {"train_all_heads": True})]:
        verify(interlock, deep(freeze, horizon, **learning), 5)
    verify(interlock, {**deep("0-7"), "training": {**DEEP["training"], "recompute": True}}, 5)
    for policy, horizon in [("gpipe", 2), ("1f1b", 3), ("zero_bubble", "all")]:
        verify(interlock, {**deep("2-9", horizon), "schedule": {"micro_batches": 4, "policy": policy}}, 5)


def frozen_layers_stay(interlock):
    """From a run on another cut: frozen weights and statistics stay to the last bit, the others learn."""
    interlock.train("first", {**DEEP, "training": {**DEEP["training"], "seed": 5}}, ranks=5)
    config = deep("0-5")
    config["model"]["init"] = "first"
    config["partition"] = {"layers": [6, 10]}
    interlock.train("second", config, ranks=3)
    before, after = exported(interlock, "first"), exported(interlock, "second")
    layers = [name for name in before if name.startswith("layers.")]
    check_equal(sorted(layers), sorted(name for name in after if name.startswith("layers.")), "names")
    for name in layers:
        frozen = int(name.split(".")[1]) <= 5
        check((before[name] == after[name]) == frozen, f"{name} has {'changed' if frozen else 'not changed'}")
    shards = sorted((interlock.folder / "second/checkpoints").iterdir())[-1].glob("*.safetensors")
    state = [name for shard in shards for name in tensor_file.read_raw(shard) if name.startswith("optimizer.")]
    check(state, "no optimizer state at all")
    check(not [name for name in state if name.startswith("optimizer.layers.") and int(name.split(".")[2]) <= 5],
          f"optimizer state of frozen layers: {state}")


def frozen_runs_resume(interlock):
    config = {**DEMANDING, "model": {**DEMANDING["model"], "freeze": "0-3"}}
    interlock.train("once", config, "training.epochs=2", ranks=4)
    interlock.train("twice", config, ranks=4)
    interlock.train("twice", config, "training.epochs=2", "--resume", ranks=4)
    check_same_weights(interlock, "once", "twice")
    interlock.train("alone", config, "training.epochs=2")
    check_same_weights(interlock, "once", "alone")


def new_classifier(interlock):
    """The last layer starts as it would without model.init, the others as in the run's newest checkpoint."""
    train(interlock, "first", changed({"optimizer.lr": 0.3}))
    train(interlock, "still", changed({"model.init": "first"}, {"model.new_classifier": True},
                                      {"optimizer.lr": 1e-30}, {"optimizer.momentum": 0}))
    train(interlock, "random", changed({"optimizer.lr": 1e-30}, {"optimizer.momentum": 0}))
    first, still, random = (exported(interlock, run) for run in ["first", "still", "random"])
    for name, tensor in still.items():
        is_new = name.startswith(("layers.4.", "heads."))
        check_equal(tensor, (random if is_new else first)[name], name)
        check(first[name] != random[name], f"{name} did not learn, so nothing was compared")


def cifar(interlock, **data):
    """Made-up CIFAR-10 files without test_batch.bin."""
    folder = interlock.folder / "cifar"
    folder.mkdir()
    for number in range(1, 6):
        records = b"".join(bytes([i % 10]) + bytes([20 * number + i]) * 3072 for i in range(8))
        (folder / f"data_batch_{number}.bin").write_bytes(records)
    return {"model": {"kind": "convnet", "channels": [4]}, "partition": {"stages": 2}, "learning": {"horizon": 1},
            "data": {"kind": "cifar10", "path": "cifar", "downscale": 4, **data},
            "training": {"batch_size": 10, "epochs": 2}}


def holdout_needs_no_test_set(interlock):
    config = cifar(interlock, holdout=0.25)
    ranks = interlock.train("ranks", config, ranks=3)
    evaluations = metrics(ranks, "eval")
    check_equal(len(evaluations), 2, "evaluations")
    check_equal(metrics(ranks, "step")[-1]["step"], 6, "steps: 30 of 40 samples in batches of 10, twice")
    (interlock.folder / "cifar/test_batch.bin").write_bytes(b"must not be opened")
    alone = interlock.train("alone", config)
    check_equal([line["loss"] for line in metrics(alone, "eval")], [line["loss"] for line in evaluations], "eval losses")
    for seed, same in [(0, True), (1, False)]:
        other = interlock.train(f"seed{seed}", config, f"data.holdout_seed={seed}")
        check((metrics(other, "eval")[0]["loss"] == evaluations[0]["loss"]) == same, f"holdout_seed {seed}")


def torchvision_file(folder):
    tensor_file.write(folder / "start.safetensors", {
        "conv1.weight": tensor_file.floats([1], [0.0]), "layer1.0.conv1.weight": tensor_file.floats([1], [0.0])})


def many_missing(folder):
    tensor_file.write(folder / "start.safetensors", {"layers.0.weight": weights()["layers.0.weight"]})


def other_classifier(folder):
    content = weights()
    content["layers.4.weight"] = tensor_file.floats([7, 16], [0.0] * 112)
    content["layers.4.bias"] = tensor_file.floats([7], [0.0] * 7)
    tensor_file.write(folder / "start.safetensors", content)


INIT = changed({"model.init": "start.safetensors"})
BAD_INPUT = [
    refused("model.init: a ResNet of torchvision for another network", INIT, DATA,
            ["start.safetensors", "ResNet of torchvision", "model.kind is sequential"], EVERYWHERE,
            prepare=torchvision_file),
    refused("model.init: several tensors missing, in both stages", INIT, DATA,
            ["start.safetensors", "5 missing", "'layers.0.bias'", "'layers.4.weight'", "and 1 more"], EVERYWHERE,
            prepare=many_missing),
    refused("model.init: another classifier", INIT, DATA, ["'layers.4.weight'", "[7, 16]", "model.new_classifier: true"],
            EVERYWHERE, prepare=other_classifier),
    refused("model.init: a folder without a checkpoint", changed({"model.init": "nothing"}), DATA,
            ["nothing", "no checkpoint here"], EVERYWHERE, prepare=lambda folder: (folder / "nothing").mkdir()),
    refused("model.freeze: no layer", changed({"model.freeze": "0,two"}), USAGE,
            ["config.yaml:1:", "model.freeze", "'two'", "0-3,5"], EVERYWHERE),
    refused("model.freeze: a layer that is not there", changed({"model.freeze": "3-5"}), USAGE,
            ["model.freeze", "no layer 5", "0 to 4"], EVERYWHERE),
    refused("model.freeze: everything", changed({"model.freeze": "0-4"}), USAGE,
            ["model.freeze", "nothing is left to learn"], EVERYWHERE),
    refused("data.holdout: nothing left to train on",
            changed({"data.holdout": 0.9}, {"data.limit": 2}, {"data.eval_path": None}), USAGE,
            ["data.holdout", "leaves none to train on"], ALONE),
]

main([
    ("frozen runs equal the oracle to the last bit", frozen_runs_equal_the_oracle),
    ("frozen layers stay as they were", frozen_layers_stay),
    ("frozen runs resume", frozen_runs_resume),
    ("a new classifier", new_classifier),
    ("holding out needs no test set", holdout_needs_no_test_set),
    *BAD_INPUT,
])
