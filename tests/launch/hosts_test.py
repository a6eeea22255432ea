"""Ranks on several hosts (network namespaces of this machine) train what ranks of one host train, to the last bit."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/command"), str(ROOT / "tests/launch")]

import hosts
from small_run import CONFIG, DEMANDING, check_same_weights, losses, train, write_data
from support.runner import check, check_equal, main, write_config

def same_run_on_hosts(interlock, config, slots, rate="", environment=None):
    ranks = sum(slots)
    here = train(interlock, "here", config, ranks=ranks)
    with hosts.Hosts(len(slots), rate) as network:
        before = network.sent()
        there = train(network.program(interlock, slots, environment), "there", config, ranks=ranks)
        sent = [after - was for after, was in zip(network.sent(), before)]
    check_equal(losses(there), losses(here), "losses of each step")
    check_same_weights(interlock, there, here)
    return sent


def two_hosts(interlock):
    data = {**DEMANDING["data"], "train_samples": 64, "image_size": 32}
    sent = same_run_on_hosts(interlock, {**DEMANDING, "data": data}, [2, 2])
    # Stage 0 sends 4 channels to the other host and gets as much gradient back: proof that they took the network and
    # no shared memory. Control messages are some ten thousand bytes.
    activations = data["train_samples"] * 4 * 32 * 32 * 4
    check(all(count > activations for count in sent), f"only {sent} bytes went over the network, not {activations}")


def three_hosts_slow_link(interlock):
    """One rank a host but for the coordinator, on a slow link that also delays: slower, never different."""
    sent = same_run_on_hosts(interlock, DEMANDING, [2, 1, 1], "50mbit", {"INTERLOCK_TEST_LINK_DELAY_MS": 3})
    check(all(count > 10_000 for count in sent), f"only {sent} bytes went over the network")


def error_on_other_host(interlock):
    """Exit code and message of a rank on another host reach the user."""
    write_data(interlock.folder)
    (interlock.folder / "run").mkdir()
    (interlock.folder / "run/checkpoints").write_text("a file where a folder must be made")
    write_config(interlock.folder / "config.yaml", CONFIG)
    with hosts.Hosts(2) as network:
        finished = network.program(interlock, [1, 2]).run("train", "config.yaml", ranks=3, timeout=60)
    check_equal(finished.code, 4, f"exit code of {finished}")
    check("(stage " in finished.err and "run/checkpoints" in finished.err, f"no stage and path in {finished}")


if __name__ == "__main__":
    hosts.skip_where_missing()
    main([
        ("two hosts train the same as one, over the network", two_hosts),
        ("three hosts on a slow link train the same as one", three_hosts_slow_link),
        ("an error on another host ends the job with its exit code and message", error_on_other_host),
    ])
