"""Accuracy against time on K devices: the steps that runs took, times what the simulator says that a step takes.

Nothing here has K devices. Costs of actions are measured on this machine's cores, for every size of micro-batch, the quickest of
several rounds; the planner's simulation, which `launch/bench planner` and `depth` hold against real ranks, makes the time of a step
of them.
"""

import dataclasses
import json
import subprocess

import data
import outcomes
import paths
import record
import study
from origin import origin

STUDY = "resnet32"
BATCH = 128
TRAINED_MICRO_BATCHES = 4
MICRO_BATCHES = (1, 2, 4, 8, 16)
LINK = "schedule.link={latency_us: 50, gigabytes_per_second: 10}"
FOLDER = paths.RUNS / "efficiency"
HEADS = [head for _, head in study.RECIPES.values()]
ROUNDS = 3


@dataclasses.dataclass(frozen=True)
class Step:
    """The quickest plan of a horizon for one number of micro-batches."""

    stages: int
    horizon: int
    micro_batches: int
    policy: str
    seconds: float
    bubble: float
    activation_bytes: float


def _interlock(command, stages, micro_batches, *more):
    settings = [f"data.path={data.path_for(STUDY)}", f"partition.layers={study.DEEP_CUTS[stages]}",
                f"schedule.micro_batches={micro_batches}", "learning.horizon=3"]
    subprocess.run([paths.INTERLOCK, *command, str(study.CONFIGS / f"{STUDY}.yaml"), *settings, *more],
                   cwd=paths.ROOT, env=paths.ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)


def _file(stages, micro_batches, head, what):
    return FOLDER / (f"K={stages},M={micro_batches}" + f",{head}" * bool(head) + f",{what}.json")


def _profile(stages, micro_batches, head, number):
    file = _file(stages, micro_batches, head, f"profile-{number}")
    if not file.exists():
        heads = [f"learning.head={head}"] * bool(head)
        _interlock(["profile"], stages, micro_batches, *heads, "--repeats", "5", "--out", str(file))
    return json.loads(file.read_text(encoding="utf-8"))


def quickest(profiles, others):
    """One profile of several, each action as quick as it ever was: what disturbs a measurement only makes it longer. `others`
    are profiles of the same stages with other heads, whose actions but the head's are the same."""
    merged = {key: value for key, value in profiles[0].items() if key != "checksum"}
    merged["stages"] = [
        {name: min(profile["stages"][k][name] for profile in (profiles if name == "head_ms" else profiles + others))
         for name in stage} for k, stage in enumerate(profiles[0]["stages"])]
    return merged


def _make_plans(stages, micro_batches, head):
    """Of all horizons and policies, with costs measured for this very size of micro-batch."""
    plans = _file(stages, micro_batches, head, "plans")
    if plans.exists():
        return
    profiles = {of: [_profile(stages, micro_batches, of, number) for number in range(ROUNDS)] for of in HEADS}
    costs = _file(stages, micro_batches, head, "costs")
    others = [profile for of in HEADS if of != head for profile in profiles[of]]
    costs.write_text(json.dumps(quickest(profiles[head], others)), encoding="utf-8")
    heads = [f"learning.head={head}"] * bool(head)
    _interlock(["plan", "--compare"], stages, micro_batches, *heads, f"schedule.costs={costs}", LINK, "--json", str(plans))


def measure():
    """Makes the plans that the record does not have. Takes a quarter of an hour; the machine should be idle."""
    if all(map(_recorded, HEADS)):
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    settings = [(stages, micro_batches, head) for stages in study.DEEP_CUTS for micro_batches in MICRO_BATCHES for head in HEADS]
    for number in range(ROUNDS):  # outermost, so that the measurements of one setting lie minutes apart
        for setting in settings:
            _profile(*setting, number)
    for setting in settings:
        _make_plans(*setting)


def _recorded(head):
    return [entry for entry in record.read(record.PLANS) if entry["head"] == head]


def _measured(head):
    """The record's kind of entries, of the plans' files; none unless they are all there."""
    found = {}
    for stages in study.DEEP_CUTS:
        for micro_batches in MICRO_BATCHES:
            file = _file(stages, micro_batches, head, "plans")
            if not file.exists():
                return []
            for plan in json.loads(file.read_text(encoding="utf-8"))["plans"]:
                horizon = study.END_TO_END if plan["horizon"] == stages else plan["horizon"]
                if plan["micro_batches"] != micro_batches or horizon not in (1, 2, 3, study.END_TO_END):
                    continue
                step = Step(stages, horizon, micro_batches, plan["policy"], plan["step_seconds"], plan["bubble"],
                            plan["activation_bytes"])
                key = (stages, horizon, micro_batches)
                if key not in found or step.seconds < found[key].seconds:
                    found[key] = step
    return [{"head": head} | dataclasses.asdict(step) | origin() for step in found.values()]


def entries(head):
    """What is known of the plans with these heads: as their files say, or else the record."""
    return _measured(head) or _recorded(head)


def steps(head):
    """{(stages, horizon, micro_batches): Step} with these heads."""
    names = [field.name for field in dataclasses.fields(Step)]
    found = [Step(**{name: entry[name] for name in names}) for entry in entries(head)]
    return {(step.stages, step.horizon, step.micro_batches): step for step in found}


def best(all_steps, stages, horizon):
    """With the number of micro-batches that is quickest."""
    return min((step for (k, n, _), step in all_steps.items() if (k, n) == (stages, horizon)), key=lambda step: step.seconds)


def steps_to(outcome, accuracy):
    """Optimizer steps until the evaluations reach `accuracy`, on the straight line between two of them; None where they never do."""
    before_step, before = 0, 0.0
    for step, value in zip(outcome.steps, outcome.accuracies):
        if value >= accuracy:
            return before_step + (step - before_step) * (accuracy - before) / (value - before)
        before_step, before = step, value
    return None


def fewest_steps_to(found, accuracy):
    """Over long and short schedules of one rule; the mean over seeds of each must reach it."""
    curves = [dataclasses.replace(group[0], accuracies=outcomes.mean_curve(group)) for group in outcomes.by_rule(found).values()]
    return min((steps for curve in curves if (steps := steps_to(curve, accuracy)) is not None), default=None)
