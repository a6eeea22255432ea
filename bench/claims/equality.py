"""Do ranks train what a single process trains? Every loss and accuracy of both runs, compared as numbers, not as rounded text."""

import dataclasses

import training


def _numbers(run):
    return [(line["kind"], line["step"], line["loss"], line["accuracy"]) for line in training.metrics(run)
            if line["kind"] in ("step", "epoch", "eval")]


def sentences(runs):
    """One for each run with ranks whose single-process twin is done too."""
    found = []
    for run in runs:
        twin = dataclasses.replace(run, ranks=False)
        if not run.ranks or not training.done(run) or not training.done(twin):
            continue
        ours, other = _numbers(run), _numbers(twin)
        differing = sum(a != b for a, b in zip(ours, other)) + abs(len(ours) - len(other))
        verdict = "all equal to the last bit" if differing == 0 else f"**{differing} differ**"
        found.append(f"K = {run.stages}, N = {run.horizon}, {run.stages + 1} ranks against one process: {len(ours)} lines of losses "
                     f"and accuracies, {verdict}.")
    return found
