"""Where the studies find CIFAR-10 and tiny Shakespeare: in data/, or packed in ../shared/data, which is unpacked once."""

import lzma
import os
import tarfile

from paths import ROOT

PACKED = ROOT.parent / "shared/data"
CIFAR10 = ROOT / "data/cifar-10-batches-bin"
SHAKESPEARE = ROOT / "data/tinyshakespeare/input.txt"
CIFAR10_FILES = [f"data_batch_{part}.bin" for part in range(1, 6)] + ["test_batch.bin"]


def _write(path, content):
    """All of it or nothing, also where this is killed."""
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(content)
    os.replace(unfinished, path)


def cifar10():
    missing = [name for name in CIFAR10_FILES if not (CIFAR10 / name).exists()]
    for name in missing:
        packed = PACKED / "cifar10" / f"{name}.xz"
        if not packed.exists():
            raise SystemExit(f"{CIFAR10 / name} is missing: docs/data.md says where CIFAR-10's binary version is")
        CIFAR10.mkdir(parents=True, exist_ok=True)
        _write(CIFAR10 / name, lzma.decompress(packed.read_bytes()))
    return CIFAR10


def shakespeare():
    if not SHAKESPEARE.exists():
        packed = PACKED / "text/tinyshakespeare.tar.xz"
        if not packed.exists():
            raise SystemExit(f"{SHAKESPEARE} is missing: docs/text.md says where tiny Shakespeare is")
        with tarfile.open(packed) as archive:
            text = next(member for member in archive if member.name.endswith("input.txt"))
            SHAKESPEARE.parent.mkdir(parents=True, exist_ok=True)
            _write(SHAKESPEARE, archive.extractfile(text).read())
    return SHAKESPEARE


def path_for(study):
    return shakespeare() if study == "language" else cifar10()
