#!/usr/bin/env python3
"""What cutting a run over ranks costs: CPU time against the oracle, and what idle ranks burn."""

import os
import subprocess
import tempfile
import time

import _common as common

MODEL = """
model: {kind: resnet, super_blocks: "16,3/32,3/64,3"}
partition: {CUT}
learning: {horizon: HORIZON, head: conv16_bn_gbpl_fc}
schedule: {SCHEDULE}
data: {kind: shapes, image_size: 32, train_samples: 2048, eval_samples: 16}
optimizer: {kind: sgd, lr: 0.05, momentum: 0.9}
training: {batch_size: 64, epochs: 100, max_steps: STEPS, eval_every_epochs: 0}
run: {checkpoint: false, dir: FOLDER/run}
"""

# Stage 0 does all the work; stage 1 is one small linear layer and waits nearly all the time.
LOPSIDED = """
model: {kind: resnet, super_blocks: "16,3/32,3/64,3"}
partition: {layers: "rest,1"}
learning: {horizon: local}
schedule: {micro_batches: 1}
data: {kind: shapes, image_size: 32, train_samples: 1024, eval_samples: 16}
training: {batch_size: 256, epochs: 1000, eval_every_epochs: 0}
run: {checkpoint: false, dir: FOLDER/run}
"""


STEPS = 40


def profile_file(folder):
    return os.path.join(folder, "profile.json")


def training(folder, horizon, micro_batches, single_process):
    """(CPU seconds of all ranks in the steps after the first, median wall seconds of a step)."""
    config = common.write_config(folder, MODEL, cut="stages: 2, balance: auto", horizon=horizon, steps=STEPS + 1,
                                 schedule=f"micro_batches: {micro_batches}, costs: {profile_file(folder)}")
    arguments = ["train", config]
    command = [common.INTERLOCK, *arguments, "--single-process"] if single_process else common.ranks_command(2, *arguments)
    common.run(command)
    metrics = common.read_metrics(os.path.join(folder, "run"))
    steps = [line["step_seconds"] for line in metrics if line["kind"] == "step"]
    end = metrics[-1]
    return sum(end["cpu_seconds_in_steps"]) + (end["coordinator_cpu_seconds"] or 0), common.median(steps[2:])


def profile(folder, micro_batches):
    """What the balanced cut is made from: measured once, so that every run has the same cut."""
    config = common.write_config(folder, MODEL, cut='layers: "6,rest"', horizon=1, steps=1,
                                 schedule=f"micro_batches: {micro_batches}")
    common.run([common.INTERLOCK, "profile", config, "--out", profile_file(folder)])


def child_ranks(launcher_pid):
    """The processes of the job by rank."""
    ranks = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                environment = dict(item.split(b"=", 1) for item in file.read().split(b"\0") if b"=" in item)
            with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                if not file.read().startswith("interlock"):
                    continue
        except OSError:
            continue
        if environment.get(b"INTERLOCK_BENCH_JOB") == str(launcher_pid).encode():
            ranks[int(environment[b"OMPI_COMM_WORLD_RANK"])] = int(pid)
    return ranks


def idle_fractions(folder, seconds):
    """Share of a core that the coordinator and a waiting stage use while stage 0 computes."""
    config = common.write_config(folder, LOPSIDED)
    job = str(os.getpid())
    process = subprocess.Popen(
        common.ranks_command(2, "train", config),
        env=dict(common.ENVIRONMENT, INTERLOCK_BENCH_JOB=job),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(6)  # start-up, first steps
        ranks = child_ranks(job)
        before = {rank: common.cpu_seconds(pid) for rank, pid in ranks.items()}
        start = time.monotonic()
        time.sleep(seconds)
        elapsed = time.monotonic() - start
        return {rank: (common.cpu_seconds(pid) - before[rank]) / elapsed for rank, pid in ranks.items()}
    finally:
        process.terminate()
        process.wait()


def main():
    arguments = common.parse_arguments(__doc__)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, horizon, micro_batches, wall_limit in (
            ("N=1, M=4", 1, 4, 0.55), ("end-to-end, M=4", "all", 4, None), ("end-to-end, M=8", "all", 8, 0.60)):
            profile(folder, micro_batches)
            ours, oracle = [], []
            for _ in range(arguments.repeats):  # one of each in turn, so that noise hits both alike
                ours.append(training(folder, horizon, micro_batches, False))
                oracle.append(training(folder, horizon, micro_batches, True))
            for i, what, unit, limit in ((0, "CPU time of all ranks", f"s in {STEPS} steps", 1.05), (1, "wall time of a step", "s", wall_limit)):
                ratio = common.median([a[i] / b[i] for a, b in zip(ours, oracle)])
                rows.append({"case": f"{what}, K=2, {name}, against the oracle", "ours": common.median([a[i] for a in ours]),
                             "other": common.median([b[i] for b in oracle]), "ratio": ratio,
                             "unit": unit + (f"; limit {limit}" if limit else "")})
        samples = [idle_fractions(folder, 10) for _ in range(arguments.repeats)]
        for rank, name in ((0, "coordinator"), (2, "waiting stage"), (1, "computing stage")):
            used = common.median([sample[rank] for sample in samples])
            rows.append({"case": f"share of a core: {name}", "ours": used, "other": 0.02 if rank != 1 else 1.0,
                         "ratio": used / (0.02 if rank != 1 else 1.0), "unit": "of a core; other = the limit"})
    common.report("overhead", rows, arguments.json)


if __name__ == "__main__":
    main()
