"""Trains what a study lists: one run a core, each going on where it was stopped. What is done is left alone."""

import json
import signal
import subprocess
import time

import data
import tuning
from origin import origin
from paths import ENVIRONMENT, INTERLOCK, MPIRUN, ROOT, RUNS


def folder(run):
    return RUNS / run.name


def metrics(run):
    path = folder(run) / "metrics.jsonl"
    if not path.exists():
        return []
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.endswith("\n")]


def done(run):
    return any(line["kind"] == "run" and line["event"] == "end" for line in metrics(run)[-1:])


def settings(run):
    """The keys that make `run` of its study's config."""
    keys = {"learning.horizon": run.horizon, "learning.mix": run.mix, "training.seed": run.seed,
            "optimizer.lr": tuning.learning_rate(run)}
    if run.head:
        keys["learning.head"] = run.head
    if run.epochs:
        keys["training.epochs"] = run.epochs
    if run.micro_batches:
        keys["schedule.micro_batches"] = run.micro_batches
    return keys | dict(run.settings)


def arguments(run):
    """What follows the program's name: the command that anyone can repeat, from the repository's root."""
    of_data = {"data.path": data.path_for(run.study), "run.dir": folder(run)}
    keys = settings(run) | {key: path.relative_to(ROOT) for key, path in of_data.items()}
    return (["train"] + ["--single-process"] * (not run.ranks) + [str(run.config.relative_to(ROOT))]
            + [f"{key}={value}" for key, value in keys.items()])


def command(run):
    return [MPIRUN, str(run.stages + 1)] * run.ranks + [INTERLOCK] + arguments(run)


class _Job:
    def __init__(self, run):
        self.run = run
        self.cores = run.stages if run.ranks else 1
        folder(run).parent.mkdir(parents=True, exist_ok=True)
        self.log = folder(run).parent / f"{folder(run).name}.txt"
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(command(run), cwd=ROOT, env=ENVIRONMENT, stdout=log, stderr=subprocess.STDOUT)

    def finish(self):
        """After the process: what the tables need to know of it lies beside its metrics."""
        if self.process.returncode not in (0, 75):
            raise SystemExit(f"{self.run.name}: exit code {self.process.returncode}; see {self.log}")
        if done(self.run):
            facts = origin() | {"arguments": arguments(self.run), "ranks": self.run.ranks}
            (folder(self.run) / "claim.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def _end(_signal, _frame):
    raise SystemExit(75)


def train(runs, cores, seconds):
    """Trains `runs` in their order, as many at a time as there are cores, for at most about `seconds`. True when all are done."""
    origin()
    signal.signal(signal.SIGTERM, _end)
    end = time.monotonic() + seconds
    waiting = [run for run in runs if not done(run)]
    total, jobs = len(waiting), []
    print(f"{len(runs) - total} runs are done, {total} to go", flush=True)
    try:
        while (waiting or jobs) and time.monotonic() < end:
            for job in [job for job in jobs if job.process.poll() is not None]:
                jobs.remove(job)
                job.finish()
                print(f"[{total - len(waiting) - len(jobs)}/{total}] {job.run.name}", flush=True)
            busy = sum(job.cores for job in jobs)
            if waiting and (not jobs or busy + (waiting[0].stages if waiting[0].ranks else 1) <= cores):
                jobs.append(_Job(waiting.pop(0)))
            else:
                time.sleep(0.5)
    finally:
        for job in jobs:
            job.process.send_signal(signal.SIGTERM)  # writes a checkpoint and ends with exit code 75
        for job in jobs:
            job.process.wait()
            job.finish()
    return not waiting and all(done(run) for run in runs)
