"""README.md, its like and docs/: every command can be run or says why it is not, every option, key, link and picture exists.

A page's blocks run in order in one folder of its own (scene.py); what comments above them mean is in markdown.py.
"""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
import commands  # noqa: E402
import markdown  # noqa: E402
from scene import PLACEHOLDERS, ROOT, environment, make_scene  # noqa: E402
from support.runner import check, main  # noqa: E402

SECONDS = 240
REQUEUE = 75
PAGES = markdown.pages(ROOT)


def all_of(problems):
    check(not problems, "\n  " + "\n  ".join(problems))


def links_lead_somewhere(_):
    anchors = {page.name: page.anchors for page in PAGES}
    problems = []
    for page in PAGES:
        for line, target in page.links:
            if re.match(r"^[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            file = (page.folder / path).resolve() if path else ROOT / page.name
            name = os.path.relpath(file, ROOT)
            if not file.exists():
                problems.append(f"{page.name}:{line}: there is no {target}")
            elif anchor and name in anchors and anchor not in anchors[name]:
                problems.append(f"{page.name}:{line}: {name} has no heading for #{anchor}")
    all_of(problems)


def commands_are_marked(_):
    """A command in a block that is not ```sh would be run by nobody."""
    problems = []
    for page in PAGES:
        for block in page.blocks:
            if block.is_shell and "not run" in block.marks and not block.marks["not run"]:
                problems.append(f"{block}: 'not run' wants its reason")
            if block.is_shell or block.language not in ("", "indented", "text") or "output" in block.marks:
                continue
            problems += [f"{block}: a command in a block that is not ```sh: {line}" for line in block.lines
                         if commands.COMMAND.match(line)]
    all_of(problems)


def options_exist(interlock):
    keys = commands.keys_of(ROOT)
    problems = []
    for page in PAGES:
        lines = [(block.line, line) for block in page.blocks if block.is_shell
                 for line in commands.join_lines(block.text)]
        lines += [(line, code) for line, code in page.code if re.match(r"^(interlock|launch/)", code)]
        for number, line in lines:
            found = commands.mistakes_in(line, str(interlock.program), ROOT, keys)
            problems += [f"{page.name}:{number}: {one}" for one in found]
    all_of(problems)


def prepared(block):
    """The block's text with its placeholders filled in and its overrides added."""
    text = block.text
    for placeholder, value in PLACEHOLDERS.items():
        text = re.sub(rf"(?<![\w/]){re.escape(placeholder)}(?![\w/])", value, text)
    extra = block.marks.get("run with", "")
    if not extra:
        return text
    lines = []
    for line in commands.join_lines(text):
        parts = re.match(r"^(.*?)(\s*(?:[|>]|\s#).*)?$", line)
        training = re.search(r"launch/train|interlock (train|verify|profile|check|plan|sweep)\b", line)
        lines.append(f"{parts.group(1)} {extra}{parts.group(2) or ''}" if training else line)
    return "\n".join(lines)


def interrupt(process, log):
    """Ctrl-C in a terminal reaches all processes of the foreground."""
    end = time.monotonic() + SECONDS
    while "step " not in log.read_text() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)


def run_block(block, folder):
    """Returns its output. A block that fails is told with all that it printed."""
    log = folder / "output.log"
    with open(log, "w") as output:
        process = subprocess.Popen(["bash", "-euo", "pipefail", "-c", prepared(block)], cwd=folder, stdout=output,
                                   stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment(folder),
                                   start_new_session=True)
        try:
            if "interrupt" in block.marks:
                interrupt(process, log)
            code = process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGTERM)
            code = f"none within {SECONDS} s"
    text = log.read_text(errors="replace")
    wanted = REQUEUE if "interrupt" in block.marks else int(block.marks.get("exit code", 0))
    check(code == wanted, f"{block}: exit code {code}, expected {wanted}\n{prepared(block)}\n{text}")
    return text


def shape_of(line):
    """A line without its figures and the width of its columns."""
    line = re.sub(r"(\d+h)?(\d+m)?\d+s\b", "#s", line)
    line = re.sub(r"[-+]?\d[\d.,]*(e[-+]?\d+)?", "#", line)
    line = re.sub(r"# (us|ms|s|KiB|MiB|GiB|B)\b", "# .", line)
    return re.sub(r"[\s#.|▁-█-]+", " ", line).strip()


def check_output(block, printed):
    """Its lines come in this order; '...' stands for any."""
    lines = iter(shape_of(line) for line in printed.splitlines())
    for line in block.lines:
        wanted = shape_of(line)
        if wanted and wanted not in lines:
            check(False, f"{block}: the commands above do not print (any more): {line}\nbut\n{printed}")


def is_run(block):
    return block.is_shell and "not run" not in block.marks


def page_runs(page):
    def run(interlock):
        make_scene(interlock.folder, interlock.program)
        if any("runs/NAME" in prepared(block) for block in page.blocks if is_run(block)):
            interlock.succeed("train", "CONFIG", "--single-process")
        printed = ""
        for block in page.blocks:
            if "output" in block.marks:
                check_output(block, printed)
            elif is_run(block):
                printed = run_block(block, interlock.folder)
            elif block.language == "yaml" and "file" in block.marks:
                (interlock.folder / block.marks["file"]).write_text(block.text + "\n")
    return f"{page.name} runs", run


def has_commands(page):
    return any(is_run(block) for block in page.blocks)


main([("links and pictures are there", links_lead_somewhere),
      ("commands stand in blocks that are run", commands_are_marked),
      ("commands, options and keys exist", options_exist)] + [page_runs(page) for page in PAGES if has_commands(page)])
