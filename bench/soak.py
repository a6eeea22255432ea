#!/usr/bin/env python3
"""Random faults, life after life, until each run is complete: is the end equal to the uninterrupted run's? (--faults, --seed)"""

import collections
import os
import random
import tempfile

import _common as common
import _jobs as jobs
import faults

KINDS = (*faults.KINDS, "hang", "throw", "memory")
# Coming by here for the first time in a life is no fault: it tells when the first new step is done on every stage.
MARKS = ",".join(f"{rank}:updated:drop:1" for rank in range(1, jobs.RANKS))
MOST_LIVES = 60  # of a run: more, and it makes no progress
LIFE = 60.0  # seconds: far more than a life takes, so a job that still runs then hangs


class Tally:
    def __init__(self):
        self.runs = self.lives = self.faults = self.hangs = self.unequal = 0
        self.kinds = collections.Counter()
        self.recoveries = []  # seconds from a restart to the first new step


def draw_fault(draw):
    rank = draw.randrange(jobs.RANKS)
    point = draw.choice(sorted(faults.POINTS[rank]))
    return f"{rank}:{point}:{draw.choice(KINDS)}:{draw.randint(1, faults.POINTS[rank][point])}"


def live(folder, config, fault, tally, first):
    """One life: whether it came to the end of the run."""
    with jobs.train_job(folder, config, f"{MARKS},{fault}" if fault else MARKS) as job:
        code = job.wait(LIFE)
        tally.lives += 1
        events = job.faults()
        met = [event for event in events if event.kind != "drop"]
        steps = [event.seconds for event in events if event.kind == "drop"]
        if len(steps) == jobs.STAGES and not first:
            tally.recoveries.append(max(steps) - job.started)
        if met:
            tally.faults += 1
            tally.kinds[met[0].kind] += 1
        if code is None:
            tally.hangs += 1
            print(f"hangs after INTERLOCK_TEST_FAULT={fault}: {config}\n{job.err()[-1500:]}", flush=True)
        elif (code == 0) == bool(met) and not (met and met[0].point == "leave"):  # after `leave` the run is complete
            print(f"exit code {code} after INTERLOCK_TEST_FAULT={fault}: {config}\n{job.err()[-1500:]}", flush=True)
            if not met:
                raise SystemExit("a life without a fault failed")
        return code == 0


def survive(folder, model, horizon, wanted, draw, tally, expected):
    """A run, with a fault in each life while `wanted` more are to come. Its end is compared."""
    before = tally.faults
    run = f"{model}-{horizon}-{tally.runs}"
    config = jobs.write_job(folder, model, horizon, run)
    tally.runs += 1
    for life in range(MOST_LIVES):
        fault = draw_fault(draw) if tally.faults - before < wanted else ""
        if live(folder, config, fault, tally, life == 0):
            break
    else:
        print(f"{run}: no end after {MOST_LIVES} lives", flush=True)
    wrong = jobs.differences(jobs.final_state(os.path.join(folder, run)), expected)
    if wrong:
        tally.unequal += 1
        print(f"{run}: {wrong}", flush=True)


def main():
    arguments = common.parse_arguments(__doc__, faults=100, seed=1)
    draw = random.Random(arguments.seed)
    cases = [(model, horizon) for model in jobs.MODELS for horizon in range(1, jobs.STAGES + 1)]
    rows, total = [], Tally()
    with tempfile.TemporaryDirectory() as folder:
        for number, (model, horizon) in enumerate(cases):
            jobs.run_through(folder, jobs.write_job(folder, model, horizon, f"{model}-{horizon}"))
            expected = jobs.final_state(os.path.join(folder, f"{model}-{horizon}"))
            tally = Tally()
            quota = arguments.faults * (number + 1) // len(cases) - arguments.faults * number // len(cases)
            while tally.faults < quota:
                survive(folder, model, horizon, quota - tally.faults, draw, tally, expected)
            print(f"{model}, N={horizon}: {tally.faults} faults, {tally.runs} runs in {tally.lives} lives, "
                  f"{tally.unequal} unequal, {tally.hangs} hang", flush=True)
            equal = tally.runs - tally.unequal
            rows.append({"case": f"{model}, N={horizon}: runs equal to the uninterrupted one to the last bit, after "
                         f"{tally.faults} faults in {tally.lives} lives", "ours": float(equal), "other": float(tally.runs),
                         "ratio": equal / tally.runs, "unit": "runs; other = all"})
            for name in ("runs", "lives", "faults", "hangs", "unequal"):
                setattr(total, name, getattr(total, name) + getattr(tally, name))
            total.recoveries += tally.recoveries
            total.kinds += tally.kinds
    print("faults: " + ", ".join(f"{count} {kind}" for kind, count in sorted(total.kinds.items())))
    rows.append({"case": f"jobs that hang, of {total.lives}", "ours": float(total.hangs), "other": 0.0,
                 "ratio": float(total.hangs), "unit": "jobs; other = the limit"})
    for name, value in (("median", common.median(total.recoveries)), ("longest", max(total.recoveries))):
        rows.append({"case": f"{name} time from a restart to the first new step, of {len(total.recoveries)}",
                     "ours": value, "other": 15.0, "ratio": value / 15, "unit": "s; other = the limit"})
    common.report("soak", rows, arguments.json)


if __name__ == "__main__":
    main()
