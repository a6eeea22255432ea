"""bfloat16 messages against float32: bytes sent, and the loss curve beside its spread over seeds."""

import argparse
import os
import tempfile

import _common as common

# ResNet-20 at half resolution over three stages, pairwise (configs/cifar10_resnet20.yaml).
SETTINGS = ["data.downscale=2", "data.limit=12800", "training.epochs=3", "run.checkpoint=false"]
SEEDS = [1, 2, 3]
WIRES = ["float32", "bfloat16"]
CONFIG = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "configs", "cifar10_resnet20.yaml")


def train(folder, data, wire, seed):
    """Training loss of the last stage by epoch, and bytes that all stages sent."""
    run_dir = os.path.join(folder, f"{wire}-{seed}")
    common.run(common.ranks_command(3, "train", CONFIG, *SETTINGS, f"data.path={data}", f"training.seed={seed}",
                                    f"schedule.wire_dtype={wire}", f"run.dir={run_dir}"))
    lines = common.read_metrics(run_dir)
    losses = [line["loss"][-1] for line in lines if line["kind"] == "epoch"]
    return losses, sum(lines[-1]["sent_bytes"])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="folder with CIFAR-10's binary batches")
    parser.add_argument("--json", help="write the rows to this file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs = {(wire, seed): train(folder, arguments.data, wire, seed) for seed in SEEDS for wire in WIRES}
    sent = {wire: runs[wire, SEEDS[0]][1] for wire in WIRES}
    rows = [{"case": "bytes sent", "ours": sent["bfloat16"], "other": sent["float32"],
             "ratio": sent["bfloat16"] / sent["float32"], "unit": "bytes"}]
    for epoch in range(len(runs["float32", SEEDS[0]][0])):
        plain = [runs["float32", seed][0][epoch] for seed in SEEDS]
        short = [runs["bfloat16", seed][0][epoch] for seed in SEEDS]
        spread = max(plain) - min(plain)
        difference = max(abs(a - b) for a, b in zip(short, plain))
        rows.append({"case": f"training loss, epoch {epoch + 1}: largest difference of a seed, spread over seeds",
                     "ours": difference, "other": spread, "ratio": difference / spread, "unit": "nats"})
    common.report("wire", rows, arguments.json)


if __name__ == "__main__":
    main()
