"""Where the commands of a page are run: a folder that looks like a checkout, with small data beside it."""

import gzip
import os
import random
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "command"))
from small_run import write_data  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
LINKS = ("configs", "bench", "cmake", "docs", "examples", "fuzz", "packaging", "src", "tests", "CMakeLists.txt",
         "CMakePresets.json", "README.md", "LICENSE")
CONFIG = """\
# Drawn images, two stages, a few steps.
model: {kind: convnet, channels: [4, 8], batch_norm: true}
partition: {stages: 2}
learning: {horizon: 1}
schedule: {micro_batches: 2}
data: {kind: shapes, train_samples: 64, eval_samples: 32, image_size: 8}
training: {batch_size: 16, epochs: 1}
run: {dir: runs/NAME}
"""
GRID = "base: CONFIG\nmode: single_process\ngrid: {optimizer.lr: [0.1, 0.01]}\n"
# As readers are told to put names of their own in.
PLACEHOLDERS = {"[key=value ...]": "", "GRID.yaml": "grid.yaml", "RUN...": "runs/NAME", "RUN": "runs/NAME"}


def write_cifar(folder):
    folder.mkdir(parents=True)
    generator = random.Random(7)
    for name in [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]:
        records = [bytes([i % 10]) + generator.randbytes(3072) for i in range(40)]
        (folder / name).write_bytes(b"".join(records))


def write_digits(folder):
    folder.mkdir(parents=True)
    for name, count in (("train", 80), ("t10k", 20)):
        pixels = random.Random(3).randbytes(count * 28 * 28)
        header = b"\0\0\x08\x03" + b"".join(number.to_bytes(4, "big") for number in (count, 28, 28))
        (folder / f"{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(header + pixels))
        labels = bytes(i % 10 for i in range(count))
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01" + count.to_bytes(4, "big") + labels)


def make_scene(folder, program):
    """Set-up has been done: its script is a stand-in, so that no test starts a build."""
    folder = Path(folder)
    for name in LINKS:
        if (ROOT / name).exists():
            (folder / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "launch", folder / "launch")
    (folder / "launch/setup").write_text("#!/bin/sh\nexit 0\n")
    (folder / "build/release").mkdir(parents=True)
    (folder / "bin").mkdir()
    for link in ("build/release/interlock", "bin/interlock"):
        (folder / link).symlink_to(Path(program).resolve())
    write_data(folder)
    write_cifar(folder / "data/cifar-10-batches-bin")
    write_digits(folder / "data/mnist")
    words = "To be, or not to be: that is the question\nROMEO: a horse, a horse\n".split(" ")
    generator = random.Random(2)
    (folder / "input.txt").write_text(" ".join(generator.choice(words) for _ in range(20000)))
    (folder / "CONFIG").write_text(CONFIG)
    (folder / "grid.yaml").write_text(GRID)


def environment(folder):
    """Any number of ranks on any machine, also as root in a container."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("OMPI_", "PMIX_", "INTERLOCK_"))}
    return {**own, "PATH": f"{folder}/bin:{own['PATH']}", "OMPI_ALLOW_RUN_AS_ROOT": "1",
            "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1",
            "OMPI_MCA_pml": "ob1", "OMPI_MCA_btl": "self,vader", "OMPI_MCA_hwloc_base_binding_policy": "none"}
