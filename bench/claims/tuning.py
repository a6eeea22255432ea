"""The learning rate of each rule: from a sweep on samples held out of the training set, once for a study."""

import json
import pathlib
import subprocess

import data
import paths
import record
import study
from origin import origin

SWEEPS = pathlib.Path(__file__).parent / "tuning"
LENGTH = {"resnet20": "training.epochs=2", "convnet": "training.epochs=3", "language": "training.max_steps=400"}
SWEPT = tuple(LENGTH)
OF_STUDY = {"resnet32": "resnet20"}  # no sweep of its own: the same recipe, and stages of the same kind


def _file(name):
    return SWEEPS / f"{OF_STUDY.get(name, name)}.yaml"


def _folder(name):
    return paths.RUNS / "tuning" / _file(name).stem


def _rule(settings):
    return str(settings.get("learning.horizon")), settings.get("learning.mix", "farthest"), settings.get("learning.head", "")


def tune(names):
    """Carries out the sweeps that these studies need, but for those of the record; each goes on where it was."""
    for file in sorted({_file(name) for name in names}):
        if _recorded(file.stem):
            continue
        path = data.path_for(file.stem).relative_to(paths.ROOT)
        command = [paths.INTERLOCK, "sweep", str(file.relative_to(paths.ROOT)), f"data.path={path}", LENGTH[file.stem]]
        subprocess.run(command, cwd=paths.ROOT, env=paths.ENVIRONMENT, check=True)


def _recorded(name):
    return [entry for entry in record.read(record.SWEEPS) if entry["study"] == name]


def _swept(name):
    """The record's kind of entries, of the sweep's folder; none of a sweep that is not through."""
    file = _folder(name) / "results.json"
    runs = json.loads(file.read_text(encoding="utf-8"))["runs"] if file.exists() else []
    if any(run["state"] != "done" for run in runs):
        return []
    found = {}
    for run in runs:
        found.setdefault(_rule(run["settings"]), []).append([run["settings"]["optimizer.lr"], run["score"]])
    return [{"study": _file(name).stem, "rule": rule, "scores": scores} | origin() for rule, scores in found.items()]


def entries(name):
    """What is known of a study's sweep: as its folder says, or else the record."""
    return _swept(name) or _recorded(_file(name).stem)


def scores(name):
    """{(horizon, mix, head): {learning rate: held-out loss}}."""
    return {tuple(entry["rule"]): dict(entry["scores"]) for entry in entries(name)}


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
