"""Finds the program's commands in lines of shell, and what is wrong with them: unknown commands, options, keys, files."""

import functools
import re
import subprocess

# Up to the end of the command: a pipe, a bracket, a comment.
_CALL = re.compile(r"(?:^|[\s($])(?:\S*/)?interlock\s+([a-z][a-z-]*)([^|;&)#]*)")
_KEY = re.compile(r"(?:^|[\s'\"])([a-z_]+(?:\.[a-z_]+)+)=")
_LAUNCH = re.compile(r"(?:^|[\s($])(launch/[\w/.-]+)(?:\s+(\w+))?")
COMMAND = re.compile(r"^(\$ |(\S*/)?interlock [a-z]|launch/|mpirun |srun |sbatch |cmake |ctest |ninja |python3? |pip )")


@functools.lru_cache(maxsize=None)
def _help(program, *words):
    done = subprocess.run([program, *words, "--help"], capture_output=True, text=True, timeout=60)
    return done.stdout if done.returncode == 0 else ""


@functools.lru_cache(maxsize=None)
def _known_commands(program):
    text = _help(program).partition("Subcommands:")[2]
    return set(re.findall(r"^  ([a-z][a-z-]*)\s", text, re.MULTILINE))


def _options(program, *words):
    return set(re.findall(r"--[a-z][a-z-]*", _help(program, *words)))


def join_lines(text):
    return re.sub(r"\\\n\s*", " ", text).splitlines()


def mistakes_in(line, program, root, keys):
    """What is wrong with the commands of one line, in words."""
    found = []
    line = re.sub(r"(^|\s)#.*", "", line)
    for name, rest in _CALL.findall(line):
        if name in ("mpirun", "srun"):
            continue  # a container image called interlock, and what to start in it
        if name not in _known_commands(program):
            found.append(f"there is no command '{name}'")
            continue
        words = [name]
        nested = rest.split()[:1]
        if nested and _help(program, name).partition("Subcommands:")[2].find(f"\n  {nested[0]} ") >= 0:
            words.append(nested[0])
        known = _options(program, *words) | _options(program, name)
        for option in re.findall(r"(?:^|\s|\[)(--[a-z][a-z-]*)", rest):
            if option not in known:
                found.append(f"`interlock {' '.join(words)}` has no option {option}")
        for key in _KEY.findall(rest):
            if key not in keys:
                found.append(f"there is no key {key}")
    for script, argument in _LAUNCH.findall(line):
        if not (root / script).exists():
            found.append(f"there is no {script}")
        elif script == "launch/bench" and argument and not _is_bench(root / "bench" / argument):
            found.append(f"there is no bench {argument}")
    return found


def _is_bench(path):
    """A script or a folder of them, as launch/bench finds it."""
    return path.with_suffix(".py").exists() or (path / "__main__.py").exists()


def keys_of(root):
    """All that docs/config.md lists."""
    text = (root / "docs/config.md").read_text()
    return set(re.findall(r"^\| `([a-z_]+(?:\.[a-z_]+)+)`", text, re.MULTILINE))
