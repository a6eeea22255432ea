#!/usr/bin/env python3
"""The paper's claims on real data: quality of every horizon, mix and head, and accuracy against simulated time."""

import argparse
import fnmatch
import os

import document
import efficiency
import outcomes
import pages
import record
import study
import training
import tuning


def parse_arguments():
    parser = argparse.ArgumentParser(prog="launch/bench claims", description=__doc__ + " What is done is not done again.")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="runs whose name fits, such as 'resnet20/*/seed-1'")
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="runs at a time (default: one a core)")
    parser.add_argument("--minutes", type=float, default=1e9, help="train for so long; the same command goes on")
    parser.add_argument("--again", action="store_true", help="also train the runs that bench/claims/record has, and compare")
    parser.add_argument("--list", action="store_true", help="only print the runs and whether they are done")
    parser.add_argument("--write", action="store_true", help="only write the tables and charts of what is done")
    return parser.parse_args()


def write():
    import charts  # only here: training needs no matplotlib

    finished = outcomes.finished(study.all_runs())
    if not finished:
        raise SystemExit("no run is done yet")
    again, differ = outcomes.compare_with_record(finished)
    if again:
        print(f"{again} runs are in the record as well; other evaluations there in: {', '.join(differ) or 'none'}")
    charts.draw(finished)
    document.put(pages.blocks(finished))
    for file, entries in pages.entries(finished).items():
        record.write(file, entries)


def main():
    options = parse_arguments()
    runs = [run for run in study.all_runs() if fnmatch.fnmatch(run.name, options.only)]
    if not runs:
        raise SystemExit(f"no run's name fits '{options.only}'")
    known = {one.run.name for one in outcomes.finished(runs)}
    if options.list:
        for run in runs:
            print("done" if run.name in known else "-   ", run.name)
        return
    if not options.write:
        efficiency.measure()  # first: it wants the machine for itself
        tuning.tune({run.study for run in runs})
        missing = [run for run in runs if options.again or run.name not in known]
        training.train(missing, options.cores, options.minutes * 60)
    write()


main()
