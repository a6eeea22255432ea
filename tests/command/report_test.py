"""`interlock report`: pages about real runs, read as a browser would."""

import json
import os
import shutil
import sys
import time
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from small_run import CONFIG, changed, train  # noqa: E402
from support.runner import check, check_equal, main, metrics  # noqa: E402

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """What a page holds: its text, the ids of its figures, what it fetches, and whether its elements are closed in order."""

    def __init__(self, path):
        super().__init__()
        self.text, self.figures, self.fetched, self.tables, self.open = "", [], [], [], []
        self.source = Path(path).read_text(encoding="utf-8")
        self.feed(self.source)
        self.close()
        check(not self.open, f"{path}: never closed: {self.open}")

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "figure":
            self.figures.append(values["id"])
        if tag in ("td", "th"):
            self.tables.append("")
        for name in ("src", "href", "xlink:href", "data", "action"):
            target = values.get(name)
            if target and not target.startswith(("#", "data:")):
                self.fetched.append(target)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        check(self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}")
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text += data
        if self.tables and self.open and self.open[-1] in ("td", "th"):
            self.tables[-1] += data


def check_self_contained(page):
    check_equal(page.fetched, [], "what the page fetches")
    for word in ("@import", "url(http", "fetch(", "XMLHttpRequest"):
        check(word not in page.source, f"the page has {word}")


def report(interlock, *arguments):
    start = time.monotonic()
    finished = interlock.succeed("report", *arguments)
    return finished, time.monotonic() - start


def one_run(interlock):
    run = train(interlock, "run", CONFIG, "training.epochs=3")
    finished, seconds = report(interlock, "run")
    check("run/report.html" in finished.out, f"does not say where: {finished}")
    page = Page(run / "report.html")
    check_self_contained(page)
    last = metrics(run, "eval")[-1]
    check(f"{100 * last['accuracy'][-1]:.1f} %" in page.text, f"accuracy {last['accuracy'][-1]} is not on the page")
    check(f"{last['loss'][-1]:.4g}" in page.text, f"loss {last['loss'][-1]} is not on the page")
    for figure in ("training-loss-epoch", "training-loss-time", "evaluation-epoch", "evaluation-time", "heads",
                   "stage-loss-0", "stage-accuracy-0", "busy", "busy-0", "step-time", "memory", "schedule-0"):
        check(figure in page.figures, f"no figure {figure} among {page.figures}")
    check(len(page.source) < 1_000_000, f"{len(page.source)} bytes")
    check(seconds < 10, f"took {seconds:.1f} s")


def several_runs(interlock):
    for horizon in (1, 2):
        train(interlock, f"n{horizon}", changed({"learning.horizon": horizon}))
    finished, _ = report(interlock, "n1", "n2", "--names", "one <1>,two & more")
    check("report.html" in finished.out, f"does not say where: {finished}")
    page = Page(interlock.folder / "report.html")
    check_self_contained(page)
    check("one <1>" in page.text and "two & more" in page.text, "names are not on the page")
    at = page.tables.index("learning.horizon")
    check_equal(page.tables[at:at + 3], ["learning.horizon", "1", "2"], "difference of the configs")
    check("run.dir" not in page.tables, "run.dir is among the differences")
    report(interlock, "n1", "n2", "--out", "other.html")
    check("n1" in Page(interlock.folder / "other.html").text, "the folder's name is not on the page")


def unfinished_runs(interlock):
    """A killed run leaves no end, a torn line and, in an old one, fewer fields."""
    run = train(interlock, "run", CONFIG, "training.epochs=2")
    lines = (run / "metrics.jsonl").read_text().splitlines()
    kept = [line for line in lines if json.loads(line).get("event") != "end"]
    (run / "metrics.jsonl").write_text("\n".join(kept) + '\n{"kind": "st')
    report(interlock, "run")
    check("is not finished" in Page(run / "report.html").text, "does not say that the run is not finished")

    old = [{key: value for key, value in json.loads(line).items() if key not in ("time", "memory_mebibytes", "lr")}
           for line in kept if json.loads(line)["kind"] != "eval"]
    (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in old))
    (run / "config.yaml").unlink()
    report(interlock, "run")
    check("has no evaluation yet" in Page(run / "report.html").text, "does not say that there are no evaluations")


def traced_run(interlock):
    """The schedule and its costs come from the trace where there is one."""
    train(interlock, "run", CONFIG, "profile.wait=0", "profile.warmup=1", "profile.active=2", ranks=3)
    report(interlock, "run")
    page = Page(interlock.folder / "run/report.html")
    check("as it was trained" in page.text and "measured" in page.text, "the trace is not used")


def refusals(interlock):
    def refused(expected, *arguments, code=2):
        finished = interlock.run("report", *arguments)
        check_equal(finished.code, code, f"exit code of {finished}")
        check(expected in finished.err, f"{expected!r} is not said: {finished}")
        check_equal(len(finished.err.strip().splitlines()), 1, f"lines of the message: {finished}")

    train(interlock, "run", CONFIG)
    refused("did you mean 'run'?", "rum")
    refused("no metrics.jsonl", "run/checkpoints")
    refused("interlock report", ".")
    refused("1 name for 2 runs", "run", "run", "--names", "a")
    (interlock.folder / "empty").mkdir()
    (interlock.folder / "empty/metrics.jsonl").write_text("")
    refused("no finished step", "empty")
    (interlock.folder / "empty/metrics.jsonl").write_text("hello\n")
    refused("metrics.jsonl line 1", "empty", code=3)
    refused("nowhere", "run", "--out", "nowhere/page.html", code=4)


def pictures(interlock):
    train(interlock, "run", CONFIG)
    finished, _ = report(interlock, "run", "--png", "charts")
    drawn = sorted(path.stem for path in (interlock.folder / "charts").glob("*.svg"))
    check("training-loss-time" in drawn and "schedule-0" in drawn, f"charts are {drawn}")
    for name in drawn:
        ElementTree.parse(interlock.folder / f"charts/{name}.svg")
    if shutil.which("rsvg-convert"):
        for name in drawn:
            start = (interlock.folder / f"charts/{name}.png").read_bytes()[:8]
            check_equal(start, b"\x89PNG\r\n\x1a\n", f"start of {name}.png")

    os.environ["PATH"], path = str(interlock.folder), os.environ["PATH"]
    try:
        finished = interlock.run("report", "run", "--png", "without")
    finally:
        os.environ["PATH"] = path
    check_equal(finished.code, 0, f"exit code without rsvg-convert: {finished}")
    check("librsvg2-bin" in finished.err, f"does not say what to install: {finished}")
    check_equal(sorted(file.stem for file in (interlock.folder / "without").glob("*.svg")), drawn, "SVGs without it")


main([("one run", one_run), ("several runs", several_runs), ("unfinished runs", unfinished_runs),
      ("traced run", traced_run), ("refusals", refusals), ("pictures", pictures)])
