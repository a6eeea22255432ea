"""Charts of results.md, as SVG files without dates in them: the same runs give the same files."""

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot  # noqa: E402

import efficiency  # noqa: E402
import outcomes  # noqa: E402
import paths  # noqa: E402
import study  # noqa: E402
import tables  # noqa: E402

IMAGES = paths.ROOT / "docs/images"
COLOURS = {1: "#999999", 2: "#0072b2", 3: "#009e73", study.END_TO_END: "#d55e00"}  # told apart by colour-blind readers too
pyplot.rcParams.update({"svg.hashsalt": "interlock", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False,
                        "figure.facecolor": "white", "svg.fonttype": "path"})


def _save(figure, name):
    IMAGES.mkdir(parents=True, exist_ok=True)
    figure.savefig(IMAGES / name, metadata={"Date": None}, bbox_inches="tight")
    pyplot.close(figure)


def _curve(group):
    """Mean accuracy over the seeds at each evaluation."""
    return group[0].steps, [100 * value for value in outcomes.mean_curve(group)]


def draw(finished):
    _quality(finished)
    for number, (mix, head) in enumerate(study.RECIPES.values(), 1):
        if steps := efficiency.steps(head):  # else not measured yet
            _by_time(finished, steps, mix, head, f"claims_time_{number}.svg")


def _quality(finished):
    """Accuracy by step for the rules of ResNet-20."""
    groups = {run: group for run, group in outcomes.by_rule(finished).items()
              if run.study == "resnet20" and not run.ranks}
    figure, axes = pyplot.subplots(figsize=(6, 3.4))
    styles = {("farthest", study.CONVOLUTIONAL): "-", ("farthest", ""): ":", ("sum", ""): "--"}
    for run, group in groups.items():
        whole = run.horizon == study.END_TO_END
        style = "-" if whole else styles.get((run.mix, run.head))
        if style is None:
            continue
        label = f"N = {tables.NAMES[run.horizon]}" + f", {run.mix}" * (run.horizon in (2, 3))
        label += "" if whole else ", conv heads" if run.head else ", linear heads"
        axes.plot(*_curve(group), style, color=COLOURS[run.horizon], label=label, marker="o", markersize=3)
    axes.set_xlabel("optimizer step")
    axes.set_ylabel("accuracy, %")
    axes.legend(frameon=False, fontsize=7, handlelength=4, loc="center left", bbox_to_anchor=(1, 0.5))
    _save(figure, "claims_quality.svg")


def _by_time(finished, steps, mix, head, name):
    """Accuracy against simulated time, a panel a cut: as trained; end-to-end training with its quickest M too, as a broken line."""
    groups = {run: group for run, group in outcomes.by_rule(finished).items() if run.study == efficiency.STUDY and not run.varied}
    figure, panels = pyplot.subplots(1, len(study.DEEP_CUTS), figsize=(9.5, 3.2), sharey=True)
    for axes, stages in zip(panels, study.DEEP_CUTS):
        for run, group in groups.items():
            whole = run.horizon == study.END_TO_END
            if not whole and (run.stages != stages or run.head != head or (run.horizon > 1 and run.mix != mix)):
                continue
            done, accuracies = _curve(group)
            plans = [("-", steps[stages, run.horizon, efficiency.TRAINED_MICRO_BATCHES])]
            quickest = efficiency.best(steps, stages, run.horizon)
            if whole and quickest.micro_batches != efficiency.TRAINED_MICRO_BATCHES:
                plans.append(("--", quickest))
            for style, plan in plans:
                axes.plot([step * plan.seconds for step in done], accuracies, style, color=COLOURS[run.horizon], marker="o",
                          markersize=3, label=f"N = {tables.NAMES[run.horizon]}, M = {plan.micro_batches}")
        axes.set_title(f"K = {stages}")
        axes.set_xlabel("simulated seconds")
        axes.legend(frameon=False, fontsize=7, handlelength=3, loc="lower right")
    panels[0].set_ylabel("accuracy, %")
    _save(figure, name)
