"""The recipes for containers, as far as they can be checked without a container engine: what they copy is there, both do the
same, and nothing in them repeats what is said elsewhere. docs/install.md says what was built besides.
"""

import fnmatch
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.runner import check, check_equal, main

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGING = REPOSITORY / "packaging"


def instructions():
    """Of the Dockerfile: [(instruction, its words)], with continued lines joined."""
    text = (PACKAGING / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(words[0], words[1:]) for words in lines]


def sections():
    """Of Apptainer's recipe: [(stage, section, lines)]."""
    stage, found = "", []
    for line in (PACKAGING / "interlock.def").read_text().splitlines():
        if line.startswith("Bootstrap:"):
            found.append(("", "header", []))
        if line.startswith("Stage:"):
            stage = line.split()[1]
        if line.startswith("%"):
            found.append((stage, line[1:], []))
        elif line.strip() and not line.startswith("#"):
            found[-1][2].append(line.strip())
    return found


def what_is_run():
    """The scripts that a recipe runs, in order."""
    docker = [words[0] for name, words in instructions() if name == "RUN"]
    apptainer = [line for _, section, lines in sections() if section == "post" for line in lines]
    return docker, apptainer


def base_images():
    docker = [words[0] for name, words in instructions() if name == "ARG" and words[0].startswith("BASE=")]
    apptainer = [line for _, section, lines in sections() if section == "header" for line in lines if "From:" in line]
    return {image.split("=")[1] for image in docker}, {line.split()[1] for line in apptainer}


def copied(_):
    """Every file that is copied from the source tree is there, and not kept out by .dockerignore."""
    ignored = (REPOSITORY / ".dockerignore").read_text().split()
    for name, words in instructions():
        if name != "COPY" or words[0].startswith("--from"):
            continue
        for source in words[:-1]:
            check((REPOSITORY / source).exists(), f"the Dockerfile copies {source}, which is not there")
            check(not any(fnmatch.fnmatch(source, pattern) for pattern in ignored), f".dockerignore keeps out {source}")
    for needed in ("src", "cmake", "launch", "packaging", "configs", "docs", "examples", "CMakePresets.json"):
        check((REPOSITORY / needed).exists() and needed not in ignored, f"the build needs {needed}")


def the_same_steps(_):
    """Docker and Apptainer run the same scripts in the same order, on the same image, and copy the same things."""
    docker, apptainer = what_is_run()
    check_equal(apptainer, docker, "the scripts of Apptainer's recipe")
    check(len(docker) == 3, f"scripts that are run: {docker}")
    docker, apptainer = base_images()
    check_equal(apptainer, docker, "the images that Apptainer's recipe begins with")
    between = [tuple(words[1:]) for name, words in instructions() if name == "COPY" and words[0] == "--from=build"]
    final = [tuple(line.split()) for stage, section, lines in sections() if section == "files from build" for line in lines]
    check(set(between) <= set(final), f"Docker hands on {between}, Apptainer {final}")


def the_user(_):
    """Nothing runs as root in the image."""
    users = [words[0] for name, words in instructions() if name == "USER"]
    check_equal(users, ["1000:1000"], "users")
    check("useradd --create-home --uid 1000 " in (PACKAGING / "image/install.sh").read_text(), "user 1000 is not made")


def scripts(interlock):
    """The scripts are executable and well-formed; what they call of the source tree exists; versions and packages are said
    in one place, launch/setup."""
    for script in (PACKAGING / "image").glob("*.sh"):
        text = script.read_text()
        check(script.stat().st_mode & 0o100, f"{script.name} is not executable")
        done = subprocess.run(["bash", "-n", script], text=True, capture_output=True, timeout=60)
        check_equal(done.returncode, 0, f"bash -n {script.name}: {done.stderr}")
        for path in re.findall(r"\$(?:root|here)/((?:\.\./)*launch/[a-z/.]+)", text):
            base = REPOSITORY if not path.startswith("..") else script.parent
            check((base / path).exists(), f"{script.name} uses {path}, which is not there")
        check(not re.search(r"torch==[0-9]|lib[a-z0-9-]+-dev", text), f"{script.name} repeats what launch/setup says")
    checker = shutil.which("hadolint") or shutil.which("hadolint", path=Path(sys.executable).parent)
    if checker:
        done = subprocess.run([checker, "--ignore", "DL3006", PACKAGING / "Dockerfile"], text=True, capture_output=True, timeout=60)
        check_equal(done.returncode, 0, f"hadolint: {done.stdout}{done.stderr}")


main([
    ("what recipes copy", copied),
    ("Docker and Apptainer do the same", the_same_steps),
    ("the user", the_user),
    ("scripts", scripts),
])
