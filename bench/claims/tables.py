"""Tables of results.md, from outcomes."""

import math
import statistics

import efficiency
import outcomes
import study

NAMES = {1: "1, local", 2: "2, pairwise", 3: "3", study.END_TO_END: "K, end-to-end"}
DEFAULT_HEAD = {"language": "norm_fc"}  # where a config says nothing; elsewhere linear


def _head(run):
    return run.head or DEFAULT_HEAD.get(run.study, "linear")


def _table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def _plus_minus(values, scale, digits):
    mean, deviation = outcomes.spread(values)
    text = f"{mean * scale:.{digits}f}"
    return text if math.isnan(deviation) else f"{text} ± {deviation * scale:.{digits}f}"


def _beats(ours, other):
    """Whether the means differ by more than either spreads over seeds."""
    (mean, deviation), (base, base_deviation) = outcomes.spread(ours), outcomes.spread(other)
    if math.isnan(deviation) or math.isnan(base_deviation):
        return "one seed"
    if abs(mean - base) <= max(deviation, base_deviation):
        return "within spread"
    return "above" if mean > base else "below"


def quality(study_name, finished):
    """A row a rule: accuracy (loss for text) of the last evaluation, mean and deviation over seeds."""
    groups = {run: group for run, group in outcomes.by_rule(finished).items()
              if run.study == study_name and not run.ranks and not run.varied}
    local = {run.head: [one.accuracy for one in group] for run, group in groups.items() if run.horizon == 1}
    rows = []
    for run, group in sorted(groups.items(), key=lambda item: (item[0].head, str(item[0].horizon), item[0].mix)):
        accuracies = [one.accuracy for one in group]
        whole = run.horizon == study.END_TO_END
        compared = "" if whole or run.horizon == 1 or run.head not in local else _beats(accuracies, local[run.head])
        rows.append([NAMES[run.horizon], "" if whole or run.horizon == 1 else run.mix, "" if whole else _head(run),
                     _rate(group), str(len(group)), _plus_minus(accuracies, 100, 1),
                     _plus_minus([one.loss for one in group], 1, 3), compared])
    return _table(["horizon", "mix", "head", "learning rate", "seeds", "accuracy %", "loss", "against local"], rows)


SHOWN_NAMES = {"resnet20": "ResNet-20", "resnet32": "ResNet-32", "convnet": "conv net", "language": "Transformer"}


def summary(finished):
    """A row a network, cut, head and mix; a column a horizon. For the page that helps to choose one."""
    groups = {run: group for run, group in outcomes.by_rule(finished).items() if not run.ranks and not run.varied}
    whole = {run.study: group for run, group in groups.items() if run.horizon == study.END_TO_END}
    kinds = dict.fromkeys((run.study, run.stages, run.head, run.mix) for run in groups if run.horizon in (2, 3))
    rows = []
    for name, stages, head, mix in kinds:

        def cell(group, text=name == "language"):
            if not group:
                return "-"
            if text:
                return _plus_minus([one.loss for one in group], 1, 2)
            return _plus_minus([one.accuracy for one in group], 100, 1)

        def of(horizon, name=name, stages=stages, head=head, mix=mix):
            return next((group for run, group in groups.items() if (run.study, run.stages, run.head, run.horizon) ==
                         (name, stages, head, horizon) and (horizon == 1 or run.mix == mix)), None)

        rows.append([SHOWN_NAMES[name], str(stages), head or DEFAULT_HEAD.get(name, "linear"), mix,
                     *(cell(of(horizon)) for horizon in (1, 2, 3)), cell(whole.get(name))])
    return _table(["network", "K", "head", "mix", "N = 1", "N = 2", "N = 3", "end-to-end"], rows)


def _rate(group):
    return next(text.split("=")[1] for text in group[0].facts["arguments"] if text.startswith("optimizer.lr="))


def tuning(scores, default_head):
    """Held-out loss of every rule that a sweep tried, a column a learning rate; the best of a rule in bold."""
    rates = sorted({rate for of_rule in scores.values() for rate in of_rule}, reverse=True)
    rows = []
    for (horizon, mix, head), losses in sorted(scores.items(), key=lambda item: min(item[1].values())):
        whole = horizon == study.END_TO_END
        cells = [f"{losses[rate]:.3f}" if rate in losses else "-" for rate in rates]
        best = min(losses, key=losses.get)
        cells[rates.index(best)] = f"**{losses[best]:.3f}**"
        rows.append([NAMES[horizon if whole else int(horizon)], "" if whole or horizon == "1" else mix,
                     "" if whole else head or default_head, *cells])
    return _table(["horizon", "mix", "head", *(f"rate {rate:g}" for rate in rates)], rows)


def depth(finished):
    """ResNet-32: a row a cut and horizon, and those with another number of micro-batches."""
    rows = []
    groups = outcomes.by_rule(one for one in finished if one.run.study == efficiency.STUDY and not one.run.epochs)
    for run, group in sorted(groups.items(), key=lambda item: (str(item[0].horizon) == study.END_TO_END, item[0].stages,
                                                               item[0].head, str(item[0].horizon), item[0].mix)):
        whole = run.horizon == study.END_TO_END
        rows.append(["any" if whole else str(run.stages), NAMES[run.horizon], "" if whole or run.horizon == 1 else run.mix,
                     "" if whole else _head(run), str(run.micro_batches or efficiency.TRAINED_MICRO_BATCHES), _rate(group),
                     str(len(group)), _plus_minus([one.accuracy for one in group], 100, 1),
                     _plus_minus([one.loss for one in group], 1, 3)])
    return _table(["K", "horizon", "mix", "head", "M", "learning rate", "seeds", "accuracy %", "loss"], rows)


EMA_ARMS = {"conv": "a convolution, as in the main row", "ema": "the copy", "ema_conv": "the copy beside a convolution"}


def ema_heads(entries):
    """A row an arm of ema_head.py."""
    rows = []
    for arm, name in EMA_ARMS.items():
        final = [entry["accuracies"][-1] for entry in entries if entry["arm"] == arm]
        if final:
            rows.append([name, str(len(final)), _plus_minus(final, 100, 1)])
    return _table(["local learning with heads of", "seeds", "accuracy %"], rows)


def step_times(all_steps):
    """A row a cut and horizon: a step with the micro-batches of the runs, and with the quickest number of them."""
    rows = []
    for stages in study.DEEP_CUTS:
        for horizon in (1, 2, 3, study.END_TO_END):
            cells = [f"{1000 * all_steps[stages, horizon, m].seconds:.0f}" if (stages, horizon, m) in all_steps else "-"
                     for m in efficiency.MICRO_BATCHES]
            best = efficiency.best(all_steps, stages, horizon)
            rows.append([str(stages), NAMES[horizon], *cells, f"{best.micro_batches}, {best.policy}",
                         f"{best.activation_bytes / 2**20:.1f}"])
    return _table(["K", "horizon", *(f"M = {m}" for m in efficiency.MICRO_BATCHES), "quickest: M, policy",
                   "MiB kept by its worst stage"], rows)


def time_to_accuracy(finished, all_steps, mix, head):
    """A row a cut, target and horizon: simulated seconds, and how many times sooner than end-to-end training."""
    of_study = [one for one in finished if one.run.study == efficiency.STUDY]
    whole = [one for one in of_study if one.run.horizon == study.END_TO_END]
    full = [one.accuracy for one in whole if not one.run.varied]
    if not full:
        return ""
    rows = []
    for stages in study.DEEP_CUTS:
        rules = {horizon: [one for one in of_study if one.run.stages == stages and one.run.horizon == horizon
                           and one.run.head == head and (horizon == 1 or one.run.mix == mix)] for horizon in (1, 2, 3)}
        rules[study.END_TO_END] = whole
        local = [one.accuracy for one in rules[1] if not one.run.varied]
        targets = {"98 % of end-to-end's": 0.98 * statistics.fmean(full)}
        if local:
            targets = {"local learning's": statistics.fmean(local)} | targets
        for name, target in targets.items():
            times = {horizon: _seconds(group, target, stages, horizon, all_steps) for horizon, group in rules.items()}
            for horizon, cells in times.items():
                if not rules[horizon]:
                    continue  # not trained yet
                rows.append([str(stages), f"{name}, {100 * target:.1f} %", NAMES[horizon],
                             *(_cell(time, other) for time, other in zip(cells, times[study.END_TO_END]))])
    return _table(["K", "accuracy to reach", "horizon", "M = 1, as in the paper", f"M = {efficiency.TRAINED_MICRO_BATCHES}, as trained",
                   "each the M that is soonest there"], rows)


def _seconds(group, target, stages, horizon, all_steps):
    """With each of the table's M; None where they do not get there."""
    plans = [plan for (k, n, _), plan in all_steps.items() if (k, n) == (stages, horizon)]
    times = {plan.micro_batches: _time(_trained_with(group, plan.micro_batches), target, plan) for plan in plans}
    return (times.get(1), times.get(efficiency.TRAINED_MICRO_BATCHES),
            min((time for time in times.values() if time is not None), default=None))


def _trained_with(group, micro_batches):
    """The runs with so many micro-batches, or those with the config's number where there are none."""
    return ([one for one in group if one.run.micro_batches == micro_batches]
            or [one for one in group if not one.run.micro_batches])


def _time(group, target, plan):
    needed = efficiency.fewest_steps_to(group, target)
    return None if needed is None else needed * plan.seconds


def _cell(time, other):
    if time is None:
        return "not reached"
    return f"{time:.0f} s" + (f", {other / time:.2f} x" if other else "")
