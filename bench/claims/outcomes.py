"""What the runs' own metrics say: the figures of all tables and charts come from here."""

import dataclasses
import functools
import hashlib
import json
import math
import statistics

import record
import training


@dataclasses.dataclass(frozen=True)
class Outcome:
    """A finished run. Accuracy and loss are the last stage's on the evaluation samples."""

    run: object
    steps: tuple  # of the evaluations
    accuracies: tuple
    losses: tuple
    facts: dict  # commit, machine, arguments
    numbers: int = 0  # lines of losses and accuracies: of steps, epochs and evaluations
    digest: str = ""  # of these lines; equal where every number is, to the last bit

    @property
    def accuracy(self):
        return self.accuracies[-1]

    @property
    def loss(self):
        return self.losses[-1]


def outcome(run):
    """Of a run whose folder is there."""
    metrics = training.metrics(run)
    evals = [line for line in metrics if line["kind"] == "eval"]
    # Doubles have one shortest text each, so equal texts are equal bits.
    numbers = [json.dumps([line["kind"], line["step"], line["loss"], line["accuracy"]]) for line in metrics
               if line["kind"] in ("step", "epoch", "eval")]
    facts = json.loads((training.folder(run) / "claim.json").read_text(encoding="utf-8"))
    return Outcome(run, tuple(line["step"] for line in evals), tuple(line["accuracy"][-1] for line in evals),
                   tuple(line["loss"][-1] for line in evals), facts, len(numbers),
                   hashlib.sha256("\n".join(numbers).encode()).hexdigest())


@functools.cache
def recorded():
    """{name: entry} of the runs that the repository's record has."""
    return {entry["run"]: entry for entry in record.read(record.RUNS)}


def _of_record(run, entry):
    parts = {key: tuple(entry[key]) for key in ("steps", "accuracies", "losses")}
    facts = {key: entry[key] for key in ("commit", "machine", "arguments", "ranks")}
    return Outcome(run, facts=facts, numbers=entry.get("numbers", 0), digest=entry.get("digest", ""), **parts)


def finished(runs):
    """What is done: as its folder says, or else the record."""
    found = []
    for run in runs:
        if training.done(run):
            found.append(outcome(run))
        elif run.name in recorded():
            found.append(_of_record(run, recorded()[run.name]))
    return found


def entry_of(one):
    """What the record keeps of a run: its command, origin and evaluations."""
    return ({"run": one.run.name} | one.facts
            | {"steps": list(one.steps), "accuracies": list(one.accuracies), "losses": list(one.losses)}
            | {"numbers": one.numbers, "digest": one.digest})


def compare_with_record(found):
    """(runs that are here and in the record, names of those whose evaluations differ)."""
    again = [one for one in found if one.run.name in recorded() and training.done(one.run)]
    differ = [one.run.name for one in again if any(entry_of(one)[key] != recorded()[one.run.name][key]
                                                   for key in ("steps", "accuracies", "losses"))]
    return len(again), differ


def by_rule(outcomes):
    """{run with seed 0: outcomes of its seeds}, in the order of the study."""
    groups = {}
    for one in outcomes:
        groups.setdefault(dataclasses.replace(one.run, seed=0), []).append(one)
    return groups


def mean_curve(group):
    """Accuracy over the seeds at each evaluation."""
    return tuple(statistics.fmean(values) for values in zip(*(one.accuracies for one in group)))


def spread(values):
    """Mean and standard deviation over seeds; none of one."""
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else math.nan
