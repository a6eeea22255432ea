#!/usr/bin/env python3
"""Step time and memory against torch.distributed.pipelining: the same ResNet, and simulated devices at K = 8 and 16."""

import json
import os
import shutil
import signal
import subprocess
import tempfile

import _common as common

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers")
CLASSES = 10
WARM_UP = 5  # steps that do not count: allocations, shapes, the pipeline filling
STEPS = 30  # steps that do
SIMULATED_WARM_UP = 2
SIMULATED_STEPS = 6

# The most even cut that lies between blocks, by measured CPU time: 54 % and 46 % (4,8 gives 43 % and 57 %).
RESNET = {"kind": "resnet", "super_blocks": "16,3/32,3/64,3", "counts": [5, 7], "ranks": 2, "chunks": 1, "schedule": "1f1b",
          "batch": 64, "image_size": 32, "classes": CLASSES, "lr": 0.01, "momentum": 0.9, "steps": WARM_UP + STEPS}
RESNET_CONFIG = """
model: {kind: resnet, super_blocks: "SUPER_BLOCKS", init: FOLDER/start.safetensors}
partition: {layers: COUNTS}
learning: {horizon: all}
schedule: {micro_batches: MICRO_BATCHES}
data: {kind: tensors, path: FOLDER/train.safetensors, shuffle: false}
optimizer: {kind: sgd, lr: LR, momentum: MOMENTUM}
training: {batch_size: BATCH, epochs: 100000, max_steps: STEPS, eval_every_epochs: 0}
run: {checkpoint: false, threads: 1, dir: FOLDER/run}
"""

# End-to-end needs one pass back for input and weight gradient (2 F); a bounded horizon runs them apart (F and 2 F) and
# pays for a head (0.1 F).
FORWARD_MS = 20
SIMULATED = {"kind": "sleeping", "features": 16, "classes": CLASSES, "lr": 0.01, "momentum": 0,
             "forward_ms": FORWARD_MS, "backward_ms": 2 * FORWARD_MS, "steps": SIMULATED_WARM_UP + SIMULATED_STEPS}
SIMULATED_CONFIG = """
model: {kind: sequential, layers: LAYERS}
partition: {stages: RANKS}
learning: {horizon: 2, head: linear}
schedule: {micro_batches: MICRO_BATCHES, policy: auto}
data: {kind: tensors, path: FOLDER/train.safetensors, shuffle: false}
optimizer: {kind: sgd, lr: LR}
training: {batch_size: BATCH, epochs: 100000, max_steps: STEPS, eval_every_epochs: 0}
run: {device: simulated, simulated: TIMES, checkpoint: false, threads: 1, dir: FOLDER/run}
"""


def torch_python():
    """The Python beside the LibTorch that the program was built with, as the build found it for the tests."""
    python, libtorch = common.cmake_variable("INTERLOCK_PYTHON"), common.cmake_variable("LIBTORCH_ROOT") or "?"
    if not python or not os.path.exists(python):
        raise SystemExit("peers cannot run: the build names no Python that is there; build with launch/setup first")
    probe = subprocess.run([python, "-c", "import safetensors, torch.distributed.pipelining"], capture_output=True, text=True)
    if probe.returncode != 0:
        reason = (probe.stderr.strip().splitlines() or [f"exit code {probe.returncode}"])[-1]
        raise SystemExit(f"peers cannot run: {python} cannot load torch.distributed.pipelining ({reason}); the LibTorch in use, "
                         f"{libtorch}, comes without a Python. Build with the wheel of launch/setup (no Torch_DIR, no LIBTORCH_ROOT)")
    return python


def ours(job, template):
    """Of a run on ranks: seconds a step, CPU seconds a step of all stages, peak MiB of the largest, losses."""
    shutil.rmtree(os.path.join(job["folder"], "run"), ignore_errors=True)
    config = common.write_config(template=template, **job)
    common.run(common.ranks_command(job["ranks"], "train", config))
    lines = common.read_metrics(os.path.join(job["folder"], "run"))
    steps = [line for line in lines if line["kind"] == "step"]
    end = lines[-1]
    return {"step": common.median([step["step_seconds"] for step in steps[job["warm_up"]:]]),
            "cpu": (sum(end["cpu_seconds_in_steps"]) + end["coordinator_cpu_seconds"]) / (len(steps) - 1),
            "memory": max(end["peak_memory_mebibytes"]),
            "losses": [step["loss"][-1] for step in steps]}


def stop(processes):
    """Each is the head of a process group of its own; what has ended is left alone."""
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def theirs(python, job):
    """The same of torch.distributed.pipelining."""
    rendezvous = os.path.join(job["folder"], "rendezvous")
    if os.path.exists(rendezvous):
        os.remove(rendezvous)
    job_file = os.path.join(job["folder"], "job.json")
    with open(job_file, "w", encoding="utf-8") as file:
        json.dump(job, file)
    environment = dict(common.ENVIRONMENT, GLOO_SOCKET_IFNAME="lo", PYTHONDONTWRITEBYTECODE="1")
    errors = os.path.join(job["folder"], "errors.txt")
    with open(errors, "w", encoding="utf-8") as log:
        one_by_one = [[str(rank)] for rank in range(job["ranks"])]
        processes = [subprocess.Popen([python, os.path.join(HERE, "rank.py"), job_file, *rank], env=environment,
                                      stdout=subprocess.DEVNULL, stderr=log, start_new_session=True)
                     for rank in ([[]] if job["kind"] == "sleeping" else one_by_one)]
        try:
            codes = [process.wait(timeout=600) for process in processes]
        except subprocess.TimeoutExpired:
            codes = ["none within 600 s"]
        finally:
            stop(processes)
    if any(code != 0 for code in codes):
        with open(errors, encoding="utf-8") as log:
            raise SystemExit(f"torch.distributed.pipelining: exit codes {codes}; the end of what it said:\n{log.read()[-2000:]}")
    results = []
    for rank in range(job["ranks"]):
        with open(os.path.join(job["folder"], f"rank-{rank}.json"), encoding="utf-8") as file:
            results.append(json.load(file))
    ends = [max(rank["step_ends"][step] for rank in results) for step in range(job["steps"])]
    lengths = [end - start for start, end in zip(ends, ends[1:])]
    return {"step": common.median(lengths[job["warm_up"] - 1:]),
            "cpu": sum(rank["cpu_seconds_in_steps"] for rank in results) / len(lengths),
            "memory": max(rank["peak_memory_mebibytes"] for rank in results),
            "losses": results[-1]["losses"]}


def prepare(python, job):
    job_file = os.path.join(job["folder"], "job.json")
    with open(job_file, "w", encoding="utf-8") as file:
        json.dump(job, file)
    common.run([python, os.path.join(HERE, "start.py"), job_file])


def row(case, mine, others, unit):
    ratios = [a / b for a, b in zip(mine, others)]
    return {"case": case, "ours": common.median(mine), "other": common.median(others), "ratio": common.median(ratios), "unit": unit}


def alternate(python, job, repeats):
    """One of each in turn, so that noise hits both alike."""
    prepare(python, job)
    runs = [(ours(job, RESNET_CONFIG), theirs(python, job)) for _ in range(repeats)]
    return [mine for mine, _ in runs], [other for _, other in runs]


def check_same_start(mine, others):
    """Same weights, same samples, so same losses: else two different networks would be compared."""
    for a, b in zip(mine["losses"][:3], others["losses"][:3]):
        if not abs(a - b) <= 1e-3:
            raise SystemExit(f"the first losses differ, so the networks do: {mine['losses'][:3]} and {others['losses'][:3]}")


def resnet_rows(python, folder, repeats):
    rows = []
    for micro_batches in (4, 8):
        job = dict(RESNET, micro_batches=micro_batches, warm_up=WARM_UP, folder=folder)
        mine, others = alternate(python, job, repeats)
        check_same_start(mine[-1], others[-1])
        # The same job on one image a micro-batch has the program and its libraries in memory and next to nothing else.
        bare = [runs[0]["memory"] for runs in alternate(python, dict(job, batch=micro_batches, steps=3, warm_up=1), 1)]
        name = f"ResNet-20, batch {job['batch']}, K=2, M={micro_batches}, end-to-end against its 1F1B"
        for key, what, unit in (("step", "step (target 0.8)", "s"), ("cpu", "CPU time of all ranks a step", "s"),
                                ("memory", "peak memory of the largest rank (target 1)", "MiB")):
            rows.append(row(f"{name}: {what}", [run[key] for run in mine], [run[key] for run in others], unit))
        rows.append(row(f"{name}: of it, beyond program and libraries", [run["memory"] - bare[0] for run in mine],
                        [run["memory"] - bare[1] for run in others], "MiB"))
    return rows


def simulated_rows(python, folder, repeats):
    rows = []
    times = {"forward_ms": FORWARD_MS, "head_ms": FORWARD_MS / 10, "input_gradient_ms": FORWARD_MS,
             "weight_gradient_ms": 2 * FORWARD_MS}
    for stages in (8, 16):
        for micro_batches in (4, stages, 2 * stages):
            linear = {"linear": {"in": SIMULATED["features"], "out": SIMULATED["features"]}}
            # Its 1F1B refuses fewer micro-batches than stages; GPipe's step takes as long, in more memory.
            straight = "gpipe" if micro_batches < stages else "1f1b"
            job = dict(SIMULATED, ranks=stages, chunks=1, schedule=straight, micro_batches=micro_batches, batch=8 * micro_batches,
                       layers=[linear] * stages, times=times, warm_up=SIMULATED_WARM_UP, folder=folder)
            prepare(python, job)
            mine, others, interleaved = [], [], []
            for _ in range(repeats):
                mine.append(ours(job, SIMULATED_CONFIG)["step"])
                others.append(theirs(python, job)["step"])
                interleaved.append(theirs(python, dict(job, chunks=2))["step"])
            name = f"simulated devices, K={stages}, M={micro_batches}: our N=2 against"
            rows.append(row(f"{name} {'GPipe' if straight == 'gpipe' else '1F1B'}", mine, others, "s"))
            rows.append(row(f"{name} interleaved 1F1B, 2 chunks", mine, interleaved, "s"))
    return rows


def main():
    arguments = common.parse_arguments(__doc__)
    python = torch_python()
    with tempfile.TemporaryDirectory() as folder:
        rows = resnet_rows(python, folder, arguments.repeats) + simulated_rows(python, folder, arguments.repeats)
    common.report("peers", rows, arguments.json)


if __name__ == "__main__":
    main()
