"""Do ranks train what a single process trains? Every loss and accuracy of both runs, compared as numbers, not as rounded text."""

import dataclasses


def sentences(finished):
    """One for each run with ranks whose single-process twin is done too."""
    single = {one.run: one for one in finished if not one.run.ranks}
    found = []
    for ours in finished:
        other = single.get(dataclasses.replace(ours.run, ranks=False))
        if not ours.run.ranks or other is None or not ours.digest or not other.digest:
            continue
        equal = ours.digest == other.digest
        found.append(f"K = {ours.run.stages}, N = {ours.run.horizon}, {ours.run.stages + 1} ranks against one process: "
                     f"{ours.numbers} lines of losses and accuracies, "
                     + ("all equal to the last bit." if equal else f"**not equal** ({other.numbers} lines of the other)."))
    return found
