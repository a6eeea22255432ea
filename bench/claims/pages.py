"""Every table of the pages, from what is done."""

import efficiency
import equality
import outcomes
import record
import study
import tables
import tuning


def _origins(finished):
    """Which commits and machines the figures come from."""
    commits = sorted({one.facts["commit"] for one in finished})
    machines = sorted({one.facts["machine"] for one in finished})
    done = f"{len(finished)} of {len(study.all_runs())} runs"
    return f"`launch/bench claims`, {done}; commit {', '.join(commits)}; {'; '.join(machines)}."


def blocks(finished):
    """{name of a place: its text}."""
    texts = {f"quality {name}": tables.quality(name, finished) for name in tuning.SWEPT}
    texts |= {f"tuning {name}": tables.tuning(tuning.scores(name), tables.DEFAULT_HEAD.get(name, "linear")) for name in tuning.SWEPT}
    texts |= {"origin": _origins(finished), "depth": tables.depth(finished), "summary": tables.summary(finished),
              "ema heads": tables.ema_heads(record.read(record.EMA)), "equality": "\n".join(equality.sentences(finished))}
    for recipe, (mix, head) in study.RECIPES.items():
        steps = efficiency.steps(head)
        if steps:  # else not measured yet
            texts |= {f"steps, {recipe}": tables.step_times(steps),
                      f"time, {recipe}": tables.time_to_accuracy(finished, steps, mix, head)}
    return texts


def entries(finished):
    """{file of the record: its entries}."""
    return {record.RUNS: list(map(outcomes.entry_of, finished)),
            record.SWEEPS: [entry for name in tuning.SWEPT for entry in tuning.entries(name)],
            record.PLANS: [entry for head in efficiency.HEADS for entry in efficiency.entries(head)]}
