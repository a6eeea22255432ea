"""Cases of bad input: what is run, and what a refusal looks like.

A case runs under `check`, `train --single-process` and, where ranks could behave differently, `train` on ranks. Each
must end by itself, report once, and not start a run.
"""

from small_run import CONFIG, RANKS, write_data
from support.runner import check, check_equal, write_config

USAGE, DATA, IO = 2, 3, 4
SECONDS = 60
CHECK, SINGLE, ON_RANKS = "check", "single", "ranks"
ALONE = (CHECK, SINGLE)
EVERYWHERE = (CHECK, SINGLE, ON_RANKS)
TRAINING = (SINGLE, ON_RANKS)


def check_refused(finished, code, fragments):
    check_equal(finished.code, code, f"exit code of {finished}")
    errors = [line for line in finished.err.splitlines() if line.startswith("interlock: ") and "error:" in line]
    check(len(errors) == 1, f"{len(errors)} lines of error where one is expected: {finished}")
    for fragment in fragments:
        check(fragment in errors[0], f"'{fragment}' is not in the message: {finished}")
    for trace in ["terminate called", "what():", "Exception raised from", "Traceback"]:
        check(trace not in finished.err, f"'{trace}' in the output: {finished}")


def invoke(interlock, how, arguments=(), ranks=RANKS):
    if how == CHECK:
        return interlock.run("check", "config.yaml", *arguments, timeout=SECONDS)
    if how == SINGLE:
        return interlock.run("train", "config.yaml", "--single-process", *arguments, timeout=SECONDS)
    return interlock.run("train", "config.yaml", *arguments, ranks=ranks, timeout=SECONDS)


def refused(name, config, code, fragments, how=(CHECK,), arguments=(), ranks=RANKS, prepare=None):
    """A case: `config` is sections, or YAML text as it stands; `prepare` spoils the files in the folder."""
    def run(interlock):
        write_data(interlock.folder)
        if isinstance(config, str):
            (interlock.folder / "config.yaml").write_text(config)
        else:
            write_config(interlock.folder / "config.yaml", config)
        if prepare:
            prepare(interlock.folder)
        for one in how:
            check_refused(invoke(interlock, one, arguments, ranks), code, fragments)
            check(not (interlock.folder / "run/metrics.jsonl").exists(), "a run was started all the same")
    return name, run


def command(name, words, code, fragments, prepare=None, ranks=0):
    """A case of a whole command line."""
    def run(interlock):
        write_data(interlock.folder)
        write_config(interlock.folder / "config.yaml", CONFIG)
        if prepare:
            prepare(interlock.folder)
        check_refused(interlock.run(*words, ranks=ranks, timeout=SECONDS), code, fragments)
    return name, run
