"""The batch scripts under a real SLURM: launch/slurm/*.sbatch, and the arrays that `interlock sweep --slurm` writes."""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/command"), str(ROOT / "tests/launch")]

import hosts
import slurm_cluster
from small_run import CONFIG, RANKS, STEPS, changed, check_same_weights, losses, train, write_data
from support.runner import SKIPPED, check, check_equal, main, metrics, write_config

SCRIPTS = ("train.sbatch", "train_srun.sbatch")


def submit(interlock, cluster, script, *words, program=None, options=(), **more):
    # Of two equal options sbatch takes the last.
    return cluster.job(interlock.folder, f"--ntasks={RANKS}", *options, ROOT / "launch/slurm" / script, *words,
                       environment={"INTERLOCK": str(program or interlock.program)}, **more)


def with_cluster(case):
    def run(interlock, network=None):
        interlock.folder = interlock.folder.resolve()
        write_data(interlock.folder)
        write_config(interlock.folder / "config.yaml", CONFIG)
        with slurm_cluster.Cluster(interlock.folder / "slurm", network) as cluster:
            return case(interlock, cluster)
    return run


def trains_on_two_nodes(interlock):
    reason = hosts.missing()
    if reason:
        print(f"left out: {reason}")
        return
    with hosts.Hosts(2) as network:
        with_cluster(two_nodes)(interlock, network)


def two_nodes(interlock, cluster):
    here = train(interlock, "here", CONFIG)
    for script in SCRIPTS:
        name = "under_" + script.split(".")[0]
        before = cluster.network.sent()
        code, output, _ = submit(interlock, cluster, script, "config.yaml", f"run.dir={name}",
                                 options=["--nodes=2", "--ntasks-per-node=2", "--ntasks=4"])
        sent = [after - was for after, was in zip(cluster.network.sent(), before)]
        check_equal(code, 0, f"exit code of {script}: {output}")
        check("3 ranks on 2 node(s)" in output, output)
        check(min(sent) > 10_000, f"{sent} bytes between the nodes")
        check_equal(losses(interlock.folder / name), losses(here), f"losses under {script}")
        check_same_weights(interlock, interlock.folder / name, here)


def trains(interlock, cluster):
    here = train(interlock, "here", CONFIG)
    for script in SCRIPTS:
        name = "under_" + script.split(".")[0]  # exported to a file of that name, which must not be that of the data
        code, output, _ = submit(interlock, cluster, script, "config.yaml", f"run.dir={name}", "run.threads=2",
                                 options=["--cpus-per-task=2"])
        check_equal(code, 0, f"exit code of {script}: {output}")
        there = interlock.folder / name
        check_equal(len(metrics(there, "step")), STEPS, f"steps of {script}")
        check_equal(losses(there), losses(here), f"losses under {script}")
        check_same_weights(interlock, there, here)


def too_few_tasks(interlock, cluster):
    for script in SCRIPTS:
        code, output, _ = submit(interlock, cluster, script, "config.yaml", options=["--ntasks=2"])
        check_equal(code, 2, f"exit code of {script}: {output}")
        for words in (f"needs {RANKS} ranks", "2 workers", "2 task", f"--ntasks={RANKS}"):
            check(words in output, f"{script} does not say '{words}': {output}")
        check(not (interlock.folder / "run").exists(), f"{script} started something")


def more_tasks(interlock, cluster):
    for script in SCRIPTS:
        code, output, _ = submit(interlock, cluster, script, "config.yaml", "training.max_steps=1", options=["--ntasks=5"])
        check_equal(code, 0, f"exit code of {script}: {output}")
        check(f"{RANKS} ranks on 5 tasks" in output, f"{script} does not say that tasks stay idle: {output}")


def mistakes(interlock, cluster):
    for script in SCRIPTS:
        code, output, _ = submit(interlock, cluster, script)
        check_equal(code, 2, f"exit code of {script} without a config: {output}")
        check("no config" in output, output)
    code, output, _ = submit(interlock, cluster, SCRIPTS[0], "config.yaml", "training.epoch=2")
    check_equal(code, 2, f"exit code for a key that there is not: {output}")
    check("training.epoch" in output, output)
    code, output, _ = submit(interlock, cluster, SCRIPTS[0], "config.yaml", program="/nowhere/interlock")
    check_equal(code, 2, f"exit code without a program: {output}")
    check("launch/setup" in output, output)


def gpus(interlock, cluster):
    """Nodes with GPUs as far as SLURM is concerned: what the script says about the allocation."""
    for options, code, words in ((["--gpus-per-node=2"], 0, ""), (["--gpus-per-node=1"], 0, "2 workers share 1 GPU(s) on node 1"),
                                 (["--gpus-per-task=1", "--ntasks=2"], 2, "--gpus-per-node=G")):
        found, output, _ = submit(interlock, cluster, SCRIPTS[0], "config.yaml", "run.device=cpu", options=options)
        check_equal(found, code, f"exit code with {options}: {output}")
        check(words in output and (words or "GPU" not in output), f"does not say '{words}' with {options}: {output}")


def failing_rank(interlock, cluster):
    for script in SCRIPTS:
        (interlock.folder / script / "checkpoints").mkdir(parents=True)
        (interlock.folder / script / f"checkpoints/step-{STEPS:08}").write_text("a file where a folder must be made")
        code, output, _ = submit(interlock, cluster, script, "config.yaml", f"run.dir={script}")
        check_equal(code, 4, f"exit code of {script}: {output}")
        check("(stage " in output and f"{script}/checkpoints" in output, f"no stage and path from {script}: {output}")


def requeues(interlock, cluster):
    """Exit code 75 sends the job back into the queue, and it then goes on from its checkpoint."""
    stand_in = interlock.folder / "stand_in"
    stand_in.write_text(f"""#!/bin/sh
[ "$1" != plan ] || exec {interlock.program} "$@"
[ "${{OMPI_COMM_WORLD_RANK:-$SLURM_PROCID}}" != 0 ] || echo "called with: $*"
case "$*" in *--resume*) exit 0 ;; esac
sleep 1
exit 75
""")
    stand_in.chmod(0o755)
    for script in SCRIPTS:
        code, output, restarts = submit(interlock, cluster, script, "config.yaml", program=stand_in)
        check_equal(code, 0, f"exit code of {script}: {output}")
        check_equal(restarts, 1, f"restarts of {script}: {output}")
        check("called with: train config.yaml --resume" in output, f"{script} does not resume: {output}")


def warned(interlock, cluster):
    """SLURM's warning in the middle of training: a checkpoint, requeued, and the second life ends as one life would have."""
    long = changed({"training.epochs": 200})
    straight = train(interlock, "straight", long, ranks=RANKS)
    for script in SCRIPTS:
        name = "warned_" + script.split(".")[0]
        write_config(interlock.folder / "long.yaml", long)
        log = interlock.folder / name / "metrics.jsonl"
        sent = []

        def warn(number, log=log, sent=sent):
            if not sent and log.exists() and log.read_text().count('"kind":"step"') > 10:
                cluster.command("scancel", "--batch", "--signal=USR1", number)
                sent.append(number)

        code, output, restarts = submit(interlock, cluster, script, "long.yaml", f"run.dir={name}", meanwhile=warn)
        check(sent, f"no warning was sent to {script}: {output}")
        check_equal((code, restarts), (0, 1), f"exit code and restarts of {script}: {output}")
        check("after a checkpoint" in output and "requeued" in output, output)
        check_equal(losses(interlock.folder / name), losses(straight), f"losses of both lives of {script}")
        check_same_weights(interlock, interlock.folder / name, straight)
        check_equal(list(interlock.folder.glob("*.lives")), [], f"files left by {script}")


def sweep_array(interlock, cluster):
    grid = {"base": "config.yaml", "grid": {"optimizer.lr": [0.1, 0.01]}, "dir": "swept"}
    (interlock.folder / "grid.yaml").write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in grid.items()))
    interlock.succeed("sweep", "grid.yaml", "--slurm", "sweep.sh")
    text = cluster.command("sbatch", "--wait", interlock.folder / "sweep.sh", cwd=interlock.folder, timeout=120, check=False)
    outputs = "".join(path.read_text() for path in sorted(interlock.folder.glob("*_*.out")))
    table = interlock.succeed("sweep", "grid.yaml", "--table").out
    check_equal(len(re.findall(r"\bdone\b", table)), 2, f"runs that are done: {text}\n{outputs}\n{table}")


if __name__ == "__main__":
    reason = slurm_cluster.missing()
    if reason:
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)
    main([("both scripts train over two nodes", trains_on_two_nodes)] + [(name, with_cluster(case)) for name, case in [
        ("both scripts train what mpirun trains by hand", trains),
        ("too few tasks: exit 2 and how to ask for more", too_few_tasks),
        ("more tasks than ranks are fine", more_tasks),
        ("mistakes: exit 2 with what to do", mistakes),
        ("GPUs: shared ones are named, GPUs by task refused", gpus),
        ("a failing rank: its exit code and message", failing_rank),
        ("exit code 75: requeued, and resumed", requeues),
        ("a warning: checkpoint, requeued, the same end", warned),
        ("an array of sweep --slurm carries out all its runs", sweep_array),
    ]])
