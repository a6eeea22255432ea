#!/usr/bin/env python3
"""SIGUSR1 and SIGTERM at random moments: exit 75, a whole checkpoint, and the same end as without? (--signals, --seed)"""

import collections
import json
import os
import random
import signal
import tempfile
import time

import _common as common
import _jobs as jobs

REQUEUE = 75
EVERY = 20  # steps between checkpoints
EPOCHS = {"images": 60, "text": 45}  # so many that most of a life is training


def send(job, target, number):
    """To mpirun, or to the rank `target`. mpirun forwards SIGUSR1; SIGTERM it would answer by killing its ranks."""
    pid = job.launcher() if target == "mpirun" else job.ranks()[target]
    if pid is None:
        return False
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def checkpoint_problem(run):
    """The newest checkpoint and the metrics must end at the same step. Stopped before the first one, there is neither."""
    newest, step, steps = jobs.newest_checkpoint(run), 0, []
    if newest:
        with open(os.path.join(newest, "manifest.json"), encoding="utf-8") as file:
            step = json.load(file)["step"]
    if os.path.exists(os.path.join(run, "metrics.jsonl")):
        steps = [line["step"] for line in common.read_metrics(run) if line["kind"] == "step"]
    if steps != list(range(1, step + 1)):
        return f"the checkpoint is of step {step}, the metrics have {len(steps)} steps up to {steps[-1] if steps else 0}"
    return ""


def life(folder, config, draw, seconds, tally):
    """A life with a signal within `seconds` after all ranks take them, if it lives that long. Whether the run is complete."""
    run = os.path.splitext(config)[0]
    with jobs.train_job(folder, config) as job:
        job.await_ranks(jobs.RANKS, listening_to_signals=True)
        time.sleep(draw.uniform(0, seconds))
        target, number = draw.choice([("mpirun", signal.SIGUSR1)] + [(rank, number) for rank in range(jobs.RANKS)
                                                                      for number in (signal.SIGUSR1, signal.SIGTERM)])
        sent = time.monotonic()
        delivered = send(job, target, number)
        code = job.wait(60)
        what = f"{number.name} to {'mpirun' if target == 'mpirun' else f'rank {target}'}"
        if code == 0:  # it was done, or about to be
            return True
        if not delivered or code is None:
            raise SystemExit(f"{'no job to signal' if not delivered else 'hangs after ' + what}\n{job.err()}")
        wrong = checkpoint_problem(run) if code == REQUEUE else f"exit code {code}: {job.last_line()}"
        wrong = wrong or ", ".join(job.leftovers(run))
        tally["signals"] += 1
        tally["right"] += not wrong
        tally["worst"] = max(tally["worst"], job.ended - sent)
        if wrong:
            print(f"{what}: {wrong}", flush=True)
        return False


def run_with_signals(folder, model, horizon, wanted, draw, seconds, tally, expected):
    run = f"{model}-{horizon}-{tally['runs']}"
    tally["runs"] += 1
    config = jobs.write_job(folder, model, horizon, run, EVERY, EPOCHS[model])
    goal = tally["signals"] + wanted
    while tally["signals"] < goal:
        if life(folder, config, draw, seconds, tally):
            break
    else:
        jobs.run_through(folder, config)
    wrong = jobs.differences(jobs.final_state(os.path.join(folder, run)), expected)
    tally["equal"] += not wrong
    if wrong:
        print(f"{run}: {wrong}", flush=True)


def straight(folder, config):
    """An uninterrupted run. Returns the seconds in which signals may come."""
    with jobs.train_job(folder, config) as job:
        job.await_ranks(jobs.RANKS, listening_to_signals=True)
        start = time.monotonic()
        if job.wait(120) != 0:
            raise SystemExit(f"the uninterrupted run failed\n{job.err()}")
        return job.ended - start


def second_signal(folder, model):
    """A rank that hangs keeps the others from stopping in order. Seconds from the second signal to the end."""
    config = jobs.write_job(folder, model, 2, f"second-{model}")
    with jobs.train_job(folder, config, "2:forward:hang:3", "run.watchdog_seconds=60") as job:
        job.await_ranks(jobs.RANKS, listening_to_signals=True)
        while not job.faults() and job.process.poll() is None:
            time.sleep(0.05)
        send(job, "mpirun", signal.SIGUSR1)
        time.sleep(1.5)
        if job.process.poll() is not None:
            raise SystemExit(f"the first of two signals ended the job\n{job.err()}")
        start = time.monotonic()
        send(job, "mpirun", signal.SIGUSR1)
        code = job.wait(20)
        return job.ended - start if code not in (0, REQUEUE, None) else 20.0


def main():
    arguments = common.parse_arguments(__doc__, signals=50, seed=1)
    draw = random.Random(arguments.seed)
    tally = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        for i, model in enumerate(jobs.MODELS):
            name = f"straight-{model}"
            seconds = straight(folder, jobs.write_job(folder, model, 2, name, EVERY, EPOCHS[model]))
            expected = jobs.final_state(os.path.join(folder, name))
            goal = arguments.signals * (i + 1) // len(jobs.MODELS)
            while tally["signals"] < goal:
                run_with_signals(folder, model, 2, min(5, goal - tally["signals"]), draw, seconds, tally, expected)
        second = max(second_signal(folder, model) for model in jobs.MODELS)
    signals, runs, longest = tally["signals"], tally["runs"], float(tally["worst"])
    rows = [{"case": "signals with exit code 75, a checkpoint of the last step and nothing left behind",
             "ours": float(tally["right"]), "other": float(signals), "ratio": tally["right"] / signals,
             "unit": "signals; other = all"},
            {"case": "runs equal to the uninterrupted one to the last bit", "ours": float(tally["equal"]), "other": float(runs),
             "ratio": tally["equal"] / runs, "unit": "runs; other = all"},
            {"case": "longest time from a signal to the end", "ours": longest, "other": 5.0, "ratio": longest / 5,
             "unit": "s; other = for comparison"},
            {"case": "longest time from a second signal to the end", "ours": second, "other": 5.0, "ratio": second / 5,
             "unit": "s; other = the limit"}]
    common.report("signals", rows, arguments.json)


if __name__ == "__main__":
    main()
