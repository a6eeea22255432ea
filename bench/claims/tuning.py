"""The learning rate of each rule: from a sweep on samples held out of the training set, once for a study."""

import json
import pathlib
import subprocess

import data
import paths
import study

SWEEPS = pathlib.Path(__file__).parent / "tuning"
LENGTH = {"resnet20": "training.epochs=2", "convnet": "training.epochs=3", "language": "training.max_steps=400"}
OF_STUDY = {"resnet32": "resnet20"}  # no sweep of its own: the same recipe, and stages of the same kind


def _file(name):
    return SWEEPS / f"{OF_STUDY.get(name, name)}.yaml"


def _folder(name):
    return paths.RUNS / "tuning" / _file(name).stem


def _rule(settings):
    return str(settings.get("learning.horizon")), settings.get("learning.mix", "farthest"), settings.get("learning.head", "")


def tune(names):
    """Carries out the sweeps that these studies need; each goes on where it was."""
    for file in sorted({_file(name) for name in names}):
        path = data.path_for(file.stem).relative_to(paths.ROOT)
        command = [paths.INTERLOCK, "sweep", str(file.relative_to(paths.ROOT)), f"data.path={path}", LENGTH[file.stem]]
        subprocess.run(command, cwd=paths.ROOT, env=paths.ENVIRONMENT, check=True)


def scores(name):
    """{(horizon, mix, head): {learning rate: held-out loss}} of what the sweep has."""
    file = _folder(name) / "results.json"
    if not file.exists():
        return {}
    found = {}
    for run in json.loads(file.read_text(encoding="utf-8"))["runs"]:
        if run["state"] == "done":
            found.setdefault(_rule(run["settings"]), {})[run["settings"]["optimizer.lr"]] = run["score"]
    return found


def learning_rate(run):
    """The best of the rule's own sweep. A rule without one takes that of its neighbour: the same with plain convolutional heads,
    then with linear ones, then the horizon's under the paper's rule."""
    found = scores(run.study)
    horizon = str(run.horizon)
    neighbours = [(horizon, run.mix, run.head)] + [(horizon, mix, study.CONVOLUTIONAL) for mix in (run.mix, "farthest") if run.head]
    for rule in neighbours + [(horizon, run.mix, ""), (horizon, "farthest", "")]:
        if rule in found:
            return min(found[rule], key=found[rule].get)
    raise SystemExit(f"{run.name}: no learning rate in {_folder(run.study)}; launch/bench claims makes one")
