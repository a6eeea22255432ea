"""What the runs' own metrics say: the figures of all tables and charts come from here."""

import dataclasses
import json
import math
import statistics

import training


@dataclasses.dataclass(frozen=True)
class Outcome:
    """A finished run. Accuracy and loss are the last stage's on the evaluation samples."""

    run: object
    steps: tuple  # of the evaluations
    accuracies: tuple
    losses: tuple
    facts: dict  # commit, machine, arguments

    @property
    def accuracy(self):
        return self.accuracies[-1]

    @property
    def loss(self):
        return self.losses[-1]


def outcome(run):
    evals = [line for line in training.metrics(run) if line["kind"] == "eval"]
    facts = json.loads((training.folder(run) / "claim.json").read_text(encoding="utf-8"))
    return Outcome(run, tuple(line["step"] for line in evals), tuple(line["accuracy"][-1] for line in evals),
                   tuple(line["loss"][-1] for line in evals), facts)


def finished(runs):
    return [outcome(run) for run in runs if training.done(run)]


def record(found):
    """A line of JSON a run, to be kept with the tables: its command, origin and evaluations."""
    lines = []
    for one in found:
        facts = {"run": one.run.name} | one.facts | {"steps": one.steps, "accuracies": one.accuracies, "losses": one.losses}
        lines.append(json.dumps(facts) + "\n")
    return "".join(lines)


def by_rule(outcomes):
    """{run with seed 0: outcomes of its seeds}, in the order of the study."""
    groups = {}
    for one in outcomes:
        groups.setdefault(dataclasses.replace(one.run, seed=0), []).append(one)
    return groups


def spread(values):
    """Mean and standard deviation over seeds; none of one."""
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else math.nan
