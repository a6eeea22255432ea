"""What the tests on the stand-in GPU share: its settings, and counts of what a process asked of it (standin.h)."""

import contextlib
import os
import struct
import sys
from pathlib import Path

_TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(_TESTS), str(_TESTS / "command"), str(_TESTS / "gpu")]

COUNTS = ("launches", "copies", "stream_waits", "event_waits", "memory_queries", "records", "queries", "allocations",
          "hidden_waits")


@contextlib.contextmanager
def setting(**values):
    """STANDIN_<NAME> in upper case, other variables by their whole name; for processes started meanwhile. None: not set."""
    names = {name if name.isupper() else f"STANDIN_{name.upper()}": value for name, value in values.items()}
    before = {name: os.environ.get(name) for name in names}
    try:
        for name, value in names.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = str(value)
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def counts(path, rank=0):
    return dict(zip(COUNTS, struct.unpack(f"{len(COUNTS)}q", Path(f"{path}.{rank}").read_bytes()), strict=True))


def own_gpus():
    """A GPU for each rank, whatever the case before has left."""
    os.environ.pop("CUDA_VISIBLE_DEVICES", None)
    os.environ["STANDIN_GPUS"] = "8"
