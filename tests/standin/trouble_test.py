"""What goes wrong on GPUs, on the stand-in: peers that die or hang under NCCL, a GPU that disappears, libraries that
do not fit. Ends within the promised seconds, with the culprit's name and the promised exit code; nothing hangs."""

import os
import signal

from standin_support import own_gpus, setting  # first: it says where the others are

from gpu_support import SECONDS, TOKENS, Blow, config, ranks_of, write
from refusal import check_refused
from support.runner import check, check_equal, main

PEER_DIED, HANG = 5, 6
PROMISED = 15  # seconds from a death to the end of the job


def long_run(transport="nccl", **sections):
    return config(TOKENS, 3, 2, **{"run": {"transport": transport, "watchdog_seconds": 5}, "training": {"epochs": 100000},
                                   **sections})


def struck(blow, names, code, transport="nccl", rank=2):
    """A rank of a run that goes on is struck; the job ends soon, with this code, and says who it was."""
    def run(interlock):
        whole = long_run(transport)
        strike = Blow(interlock, whole, rank, blow)
        finished = interlock.run("train", write(interlock, whole), ranks=ranks_of(whole), timeout=SECONDS)
        took = strike.seconds_until_now(finished)
        check(took < PROMISED, f"went on for {took:.0f} s: {finished}")
        check_equal(finished.code, code, f"exit code of {finished}")
        last = finished.err.strip().splitlines()[-1]
        check(names in last, f"'{names}' is not in the last line: {finished}")
    return run


def ends(code, names, ranks=None, whole=None, within=60, **settings):
    """Under these settings of the stand-in a run ends with this code, within so many seconds, and its words hold `names`."""
    def run(interlock):
        chosen = whole or long_run()
        with setting(**settings):
            finished = interlock.run("train", write(interlock, chosen), ranks=ranks or ranks_of(chosen), timeout=SECONDS)
        check_equal(finished.code, code, f"exit code of {finished}")
        for name in names:
            check(name in finished.err, f"'{name}' is not said: {finished}")
        check(finished.seconds < within, f"{finished.seconds:.0f} s: {finished}")
    return run


def refused(code, fragments, whole=None, **settings):
    """Before anything is trained, in one line of error."""
    def run(interlock):
        chosen = whole or long_run()
        with setting(**settings):
            finished = interlock.run("train", write(interlock, chosen), ranks=ranks_of(chosen), timeout=SECONDS)
        check_refused(finished, code, fragments)
        check(not (interlock.folder / "run/metrics.jsonl").exists(), "a run was started all the same")
    return run


def kernels_that_do_not_load(interlock):
    """LibTorch's CUDA library is broken: said, not computed on the CPU in silence, with device: auto too."""
    folder = interlock.folder / "broken"
    folder.mkdir()
    (folder / "libtorch_cuda.so").write_text("no library\n")
    path = f"{folder}:{os.environ.get('LD_LIBRARY_PATH', '')}"
    for device in ("cuda", "auto"):
        whole = config(TOKENS, 2, 1, run={"transport": "auto", "device": device})
        with setting(STANDIN_KERNELS="null", LD_LIBRARY_PATH=path):
            finished = interlock.run("train", write(interlock, whole), "--single-process", timeout=SECONDS)
        check_refused(finished, 2, ["LibTorch's CUDA kernels cannot be loaded", "libtorch_cuda.so", "run.device=cpu"])


def operators_are_there(interlock):
    """Without the operators' library nothing but the program itself loads LibTorch's CUDA kernels, which do nothing here."""
    whole = config(TOKENS, 2, 1, run={"transport": "auto"}, training={"batch_size": 16, "epochs": 1, "max_steps": 2,
                                                                      "eval_every_epochs": 0, "seed": 3})
    with setting(STANDIN_KERNELS="null"):
        interlock.succeed("train", write(interlock, whole), "--single-process", timeout=SECONDS)
        interlock.succeed("train", "config.yaml", "run.dir=ranks", ranks=3, timeout=SECONDS)


own_gpus()
main([
    ("the program loads LibTorch's CUDA kernels by itself", operators_are_there),
    ("CUDA kernels that cannot be loaded are refused", kernels_that_do_not_load),
    ("a rank killed under NCCL is named", struck(signal.SIGKILL, "stage 1", PEER_DIED)),
    ("a rank killed under host-staged messages is named", struck(signal.SIGKILL, "stage 1", PEER_DIED, "host_staged")),
    ("a rank stopped under NCCL is named", struck(signal.SIGSTOP, "stage 1", HANG)),
    ("an error that NCCL reports ends the run and names the link",
     ends(PEER_DIED, ["NCCL", "remote process exited", "from stage"], nccl_error_rank=2, nccl_error_after=40)),
    ("a GPU that disappears ends the run and names the stage",
     ends(PEER_DIED, ["stage 1", "CUDA"], lost_rank=2, lost_after=2000)),
    ("a GPU that disappears under host-staged messages ends the run and names the stage",
     ends(PEER_DIED, ["stage 1", "CUDA"], whole=long_run("host_staged"), lost_rank=2, lost_after=2000)),
    ("NCCL that does not start is told", ends(PEER_DIED, ["NCCL does not start", "no network device", "host_staged"],
                                              nccl_broken=1)),
    ("more ranks than GPUs with NCCL demanded: exit 2", refused(2, ["run.transport", "3 workers share 1 GPU", "host_staged"],
                                                                STANDIN_GPUS=1)),
    ("another NCCL on one rank: exit 2", refused(2, ["different versions of NCCL", "2.27.3", "same build"],
                                                 nccl_version_rank=2, nccl_version=22703)),
])
