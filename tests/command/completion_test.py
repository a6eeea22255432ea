"""`interlock completion`: the bash script in a real bash, function by function and key by key; zsh and fish where they are."""

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.runner import check, check_equal, main  # noqa: E402

HARNESS = r"""
source ./completion.bash
COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDBREAKS=$2
_interlock
printf '%s\n' "${COMPREPLY[@]}"
"""


def prepare(interlock):
    script = interlock.succeed("completion", "bash").out
    (interlock.folder / "completion.bash").write_text(script)
    for name in ("quick.yaml", "notes.txt"):
        (interlock.folder / name).write_text("{}\n")
    (interlock.folder / "runs").mkdir(exist_ok=True)


def offered(interlock, line, wordbreaks=" \t\n\"'><=;|&(:"):
    """What bash would offer at the end of `line`."""
    done = subprocess.run(["bash", "--norc", "-c", HARNESS, "bash", line, wordbreaks], cwd=interlock.folder, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    check(done.returncode == 0 and done.stderr == "", f"'{line}': {done}")
    return [word for word in done.stdout.split("\n") if word]


def commands_and_options(interlock):
    prepare(interlock)
    commands = offered(interlock, "interlock ")
    for name in ("train", "eval", "inspect", "doctor", "config", "completion", "top", "report"):
        check(name in commands, f"{name} is not among {commands}")
    check("doctor-ping" not in commands, "a hidden command is offered")
    check_equal(offered(interlock, "interlock insp"), ["inspect"], "insp")
    check_equal(sorted(offered(interlock, "interlock --")), ["--help", "--version"], "--")
    check_equal(sorted(offered(interlock, "interlock config ")), ["keys", "show"], "config")
    check("--plain" in offered(interlock, "interlock config show a.yaml --"), "options of a command of a command")
    check("--plain" not in offered(interlock, "interlock config keys --"), "options of the other one")
    check_equal(offered(interlock, "interlock inspect x --no"), ["--no-check"], "an option")
    check_equal(sorted(offered(interlock, "interlock export r --format ")), ["gpt2", "interlock", "torchvision"], "values")
    check_equal(offered(interlock, "interlock completion z"), ["zsh"], "a positional of a few")


def options_are_those_of_help(interlock):
    prepare(interlock)
    for command in ("train", "plan", "inspect", "doctor", "export"):
        text = interlock.succeed(command, "--help").out
        for option in offered(interlock, f"interlock {command} --"):
            check(option in text, f"{option} is no option of {command}")
        listed = {word.strip(",") for word in text.split() if word.startswith("--")}
        missing = {word.split("=")[0] for word in listed if word.strip("-").replace("-", "").isalpha()}
        missing -= set(offered(interlock, f"interlock {command} --"))
        check(not [word for word in missing if f"  {word}" in text], f"{command}: {missing} are not offered")


def files_and_keys(interlock):
    prepare(interlock)
    check_equal(sorted(offered(interlock, "interlock train ")), ["quick.yaml", "runs"], "configs and folders")
    check_equal(offered(interlock, "interlock train q"), ["quick.yaml"], "a config")
    check_equal(sorted(offered(interlock, "interlock train quick.yaml data.hold")), ["data.holdout=", "data.holdout_seed="], "keys")
    check_equal(offered(interlock, "interlock config show quick.yaml optimizer.mom"), ["optimizer.momentum="], "keys of show")
    check_equal(sorted(offered(interlock, "interlock train quick.yaml data.kind=te")), ["tensors", "text"], "values")
    check_equal(sorted(offered(interlock, "interlock train quick.yaml data.kind=te", " \t\n")),
                ["data.kind=tensors", "data.kind=text"], "values where '=' ends no word")
    check_equal(sorted(offered(interlock, "interlock train quick.yaml data.flip=")), ["false", "true"], "a switch")
    check_equal(offered(interlock, "interlock train quick.yaml learning.horizon=pair"), ["pairwise"], "a name or number")
    check("notes.txt" in offered(interlock, "interlock inspect "), "any file where no config is wanted")
    check_equal(offered(interlock, "interlock export runs --out no"), ["notes.txt"], "a file for an option")


def typed_at_a_prompt(interlock):
    prepare(interlock)
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(interlock.folder)
        os.environ.update(PS1="> ", TERM="dumb", INPUTRC="/dev/null", HISTFILE="/dev/null")
        os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
    try:
        # Made by itself, each line that completion has finished is printed back by echo.
        os.write(terminal, b"source ./completion.bash\n")
        for keys in (b"interlock exp\t", b"interlock train qu\tdata.ki\timagef\t", b"interlock conf\tsh\tquick.yaml --pl\t"):
            os.write(terminal, keys)
            time.sleep(0.5)
            os.write(terminal, b"\x01echo DONE: \x05\n")  # to the start of the line, and its end
        os.write(terminal, b"exit\n")
        text, deadline = "", time.monotonic() + 30
        while time.monotonic() < deadline:
            if not select.select([terminal], [], [], 1)[0]:
                continue
            try:
                chunk = os.read(terminal, 4096)
            except OSError:
                break
            if not chunk:
                break
            text += chunk.decode(errors="replace")
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)
    for line in ("DONE: interlock export", "DONE: interlock train quick.yaml data.kind=imagefolder",
                 "DONE: interlock config show quick.yaml --plain"):
        check(line in text, f"'{line}' was not completed: {text}")


def other_shells(interlock):
    for shell, check_syntax in (("zsh", ["zsh", "-n"]), ("fish", ["fish", "-n"])):
        script = interlock.folder / f"completion.{shell}"
        script.write_text(interlock.succeed("completion", shell).out)
        check("data.kind" in script.read_text() and "inspect" in script.read_text(), f"{shell}: commands and keys")
        if shutil.which(shell):
            done = subprocess.run([*check_syntax, str(script)], stderr=subprocess.PIPE, text=True, timeout=60)
            check(done.returncode == 0 and done.stderr == "", f"{shell}: {done.stderr}")
    if shutil.which("fish"):
        ask = f"source {interlock.folder}/completion.fish; complete -C "
        for line, wanted in (("interlock insp", "inspect"), ("interlock config sh", "show"),
                             ("interlock train a.yaml data.kind=te", "data.kind=text"), ("interlock export r --form", "--format")):
            done = subprocess.run(["fish", "-c", f"{ask}'{line}'"], stdout=subprocess.PIPE, text=True, timeout=60)
            words = [word.split("\t")[0] for word in done.stdout.splitlines()]
            check(wanted in words, f"fish: '{line}' offers {words}")
    refused = interlock.run("completion", "tcsh")
    check(refused.code == 2 and "tcsh" in refused.err, str(refused))


if __name__ == "__main__":
    main([("commands and options", commands_and_options), ("options are those of --help", options_are_those_of_help),
          ("files and keys", files_and_keys), ("typed at a prompt", typed_at_a_prompt), ("other shells", other_shells)])
