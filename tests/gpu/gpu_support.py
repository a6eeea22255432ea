"""What the tests on GPUs share: whether there is one, small networks, and the figures of `interlock verify`."""

import ctypes
import os
import re
import sys
import tempfile
import threading
import time
from pathlib import Path

_TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(_TESTS), str(_TESTS / "command")]

from support.runner import SKIPPED, Interlock, check, check_equal, main, write_config  # noqa: E402

# Between a GPU's float32 and the CPU's, after a few steps. `verify` itself judges gradients, by their norm (docs/gpu.md): where
# rounding puts an activation on the other side of ReLU's zero they differ by more than that.
TOLERANCE = 1e-4
STEPS = 3
# Set (to anything), all that can runs on the CPU: tries out these scripts where there is no GPU.
REHEARSAL = bool(os.environ.get("INTERLOCK_GPU_REHEARSAL"))
SECONDS = 180  # a rank takes some to start CUDA, and all of them share a GPU

CONVOLUTIONS = {
    "model": {"kind": "resnet", "super_blocks": "8,2/16,2"},
    "data": {"kind": "shapes", "train_samples": 96, "eval_samples": 0, "image_size": 16},
    "optimizer": {"kind": "sgd", "lr": 0.01, "momentum": 0.9},
}
TOKENS = {
    "model": {"kind": "transformer_lm", "blocks": 4, "width": 32, "attention_heads": 2, "tied": False},
    "data": {"kind": "text", "path": "text.txt", "context": 16, "cache": "cache"},
    "optimizer": {"kind": "sgd", "lr": 0.1, "momentum": 0.9},
}
TEXT = "".join(f"{i} times {i % 7} makes {i * (i % 7)}, and {i * i} is its square.\n" for i in range(200))


def config(base, stages, horizon, **sections):
    """`base` as a whole config on GPUs: float32, no TF32 (both the default), no checkpoint."""
    whole = {**base, "partition": {"stages": stages}, "learning": {"horizon": horizon}, "schedule": {"micro_batches": 4},
             "training": {"batch_size": 16, "epochs": 1, "eval_every_epochs": 0, "seed": 3},
             "run": {"device": "cuda", "transport": "host_staged", "checkpoint": False, "dir": "run"}}
    if REHEARSAL:
        whole["run"] = {"device": "cpu", "checkpoint": False, "dir": "run"}
    for name, keys in sections.items():
        whole[name] = {**whole.get(name, {}), **keys}
    return whole


def write(interlock, whole, name="config.yaml"):
    (interlock.folder / "text.txt").write_text(TEXT)
    return write_config(interlock.folder / name, whole).name


def ranks_of(whole):
    replicas = whole["partition"].get("replicas", 1)
    stages = whole["partition"]["stages"]
    return 1 + (sum(replicas) if isinstance(replicas, list) else stages * replicas)


def differences(finished, stages):
    """The columns of `verify` for each stage: (loss, weights, gradients)."""
    rows = re.findall(r"^ *(\d+)  +(\S+)  +(\S+)  +(\S+)  +\S", finished.out, re.MULTILINE)
    check_equal([int(row[0]) for row in rows], list(range(stages)), f"stages in {finished}")
    return [tuple(float(number) for number in row[1:]) for row in rows]


def verify(interlock, whole):
    """Ranks on the GPU against the oracle on the CPU. Returns the largest difference of all gradients."""
    name = write(interlock, whole)
    finished = interlock.succeed("verify", name, "--steps", STEPS, ranks=ranks_of(whole), timeout=SECONDS)
    found = differences(finished, whole["partition"]["stages"])
    smooth = [] if whole["model"]["kind"] == "resnet" else [("gradients", 2)]  # no ReLU in a Transformer
    for kind, column in (("losses", 0), ("weights", 1), *smooth):
        check(all(row[column] <= TOLERANCE for row in found), f"{kind} differ by more than {TOLERANCE:g}: {finished}")
    return max(row[2] for row in found)


def processes_below(pid):
    """Of the program, in the order in which they were started."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split() if entry.name.isdigit() else None
            if fields and int(fields[1]) == pid:
                name = (entry / "comm").read_text().strip()
                found += ([int(entry.name)] if name.startswith("interlock") else []) + processes_below(int(entry.name))
        except OSError:
            continue  # ended meanwhile
    return sorted(found)


class Blow:
    """A signal for one rank of a training that this process starts, once it has done some steps."""

    def __init__(self, interlock, whole, rank, blow):
        self.seconds = None  # when it fell, by time.monotonic(); None: it did not
        self._arguments = (interlock.folder / whole["run"]["dir"] / "metrics.jsonl", ranks_of(whole), rank, blow)
        self._thread = threading.Thread(target=self._strike)
        self._thread.start()

    def _strike(self):
        log, count, rank, blow = self._arguments
        for _ in range(10 * SECONDS):
            time.sleep(0.1)
            if log.exists() and log.read_text().count('"step"') > 10:
                break
        ranks = processes_below(os.getpid())
        if len(ranks) == count:
            os.kill(ranks[rank], blow)
            self.seconds = time.monotonic()

    def seconds_until_now(self, finished):
        """Between the blow and now, when the training has ended."""
        now = time.monotonic()
        self._thread.join()
        check(self.seconds is not None, f"no rank was struck: {finished}")
        return now - self.seconds


def count_gpus():
    """(how many GPUs there are, why none), without PyTorch."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0, "there is no NVIDIA driver (libcuda.so.1)"
    error = driver.cuInit(0)
    if error != 0:
        return 0, f"the NVIDIA driver does not start (cuInit: error {error})"
    count = ctypes.c_int()
    driver.cuDeviceGetCount(ctypes.byref(count))
    return count.value, "" if count.value else "the NVIDIA driver shows no GPU (CUDA_VISIBLE_DEVICES?)"


def skip_without_gpu(program, folder):
    """Ends the script as skipped without a GPU or in a build without CUDA; else returns how many GPUs there are. Where the
    driver shows a GPU, a program with CUDA that does not find it fails its tests and skips none."""
    if REHEARSAL:
        return 1
    count, reason = count_gpus()
    if count > 0:
        probe = Interlock(program, folder)
        name = write(probe, config(CONVOLUTIONS, 1, 1))
        refused = probe.run("train", name, "--single-process", "training.max_steps=1", "run.transport=auto", timeout=SECONDS)
        if refused.code == 2 and "without CUDA" in refused.err:
            count, reason = 0, "interlock was built without CUDA"
    if count == 0:
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)
    return count


def share_one_gpu():
    """From here on all ranks that are started see the first GPU alone. Call after skip_without_gpu()."""
    os.environ["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]


def run_cases(cases, prepare=share_one_gpu):
    """As runner.main, but skips the script without a GPU; `prepare` is called once there is one."""
    with tempfile.TemporaryDirectory(prefix="interlock-test-") as folder:
        skip_without_gpu(sys.argv[1], folder)
    prepare()
    main(cases)
