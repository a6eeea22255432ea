"""`plan` and `profile`: predictions, pictures and files of schedules; and what is refused before anything is written."""

import json
import re
import sys
import xml.etree.ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from refusal import DATA, IO, SECONDS, USAGE, check_refused  # noqa: E402
from small_run import CONFIG, DEMANDING, changed, check_same_weights, write_data  # noqa: E402
from support.runner import check, check_equal, main, write_config  # noqa: E402

TIMES = {"forward_ms": 20, "head_ms": 2, "input_gradient_ms": 20, "weight_gradient_ms": 40}
LINEAR = {"linear": {"in": 6, "out": 6}}


def deep(stages, horizon, micro_batches, costs=TIMES, **more):
    """Equal linear layers, one a stage, with costs given; samples of write_data()."""
    return {"model": {"kind": "sequential", "layers": [LINEAR] * stages}, "partition": {"stages": stages},
            "learning": {"horizon": horizon, "head": "linear"},
            "schedule": {"micro_batches": micro_batches, **({"costs": costs} if costs else {}), **more},
            "data": {"kind": "tensors", "path": "train.safetensors"}, "training": {"batch_size": 20},
            "run": {"dir": "run"}}


def plan(interlock, config, *arguments):
    """What `plan` prints, and what it writes with --json."""
    write_data(interlock.folder)
    write_config(interlock.folder / "c.yaml", config)
    out = interlock.succeed("plan", "c.yaml", "--json", "plan.json", *arguments).out
    return out, json.loads((interlock.folder / "plan.json").read_text())


def figures(interlock):
    """Figures that can be worked out by hand: 1F1B end to end, K = 4, M = 4, F = 20, B = 40."""
    link = {"latency_us": 0}
    out, found = plan(interlock, deep(4, "all", 4, policy="1f1b", link=link))
    check(abs(found["step_seconds"] - (4 + 3) * 0.06) < 1e-9, f"step of 1F1B: {found}")
    check(abs(found["bound_seconds"] - 4 * 0.06) < 1e-9, f"bound: {found}")
    check(abs(found["bubble"] - 3 / 7) < 1e-9, f"bubble (K - 1) / (M + K - 1): {found}")
    check(abs(found["samples_per_second"] - 20 / 0.42) < 1e-6, f"samples a second: {found}")
    check_equal([stage["in_flight"] for stage in found["per_stage"]], [4, 3, 2, 1], "in flight")
    check_equal((found["policy"], found["unit"], found["costs"]), ("1f1b", "seconds", "schedule.costs"), "where from")
    for text in ["5 ranks", "420.0 ms", "240.0 ms", "bubble 42.9 %", "47.62 samples a second", "schedule.costs"]:
        check(text in out, f"'{text}' is not in {out}")
    # The same bounded: no bubble, however deep.
    for stages in (4, 12):
        out, found = plan(interlock, deep(stages, 2, 4, link=link))
        check(found["bubble"] < 1e-6 and "bubble 0.0 %" in out, f"bubble of {stages} stages: {out}")
        check(all(stage["in_flight"] <= 3 for stage in found["per_stage"]), f"in flight: {found}")


def unknown_costs(interlock):
    """Where nobody said what an action takes, nothing is shown in seconds."""
    out, found = plan(interlock, deep(3, 2, 4, costs=None))
    check_equal((found["unit"], found["samples_per_second"]), ("forwards", None), "unit")
    check("assumed" in out and " F," in out, f"costs that are assumed: {out}")
    check(" ms" not in out and "samples a second" not in out, f"seconds that nobody knows: {out}")


def timeline(interlock):
    """The picture in the terminal is 100 wide, and programs are printed where they are few or asked for."""
    out, _ = plan(interlock, deep(4, 2, 4))
    lines = re.findall(r"^stage +\d+ \|([FfLlIiWwBbUu.]+)\|$", out, re.M)
    check_equal(len(lines), 4, f"lines of the timeline in {out}")
    check_equal({len(line) for line in out.splitlines() if re.match(r"stage +\d+ \|", line)}, {100}, "width")
    check_equal(len(re.findall(r"^stage \d+: .*F.*W.*U$", out, re.M)), 4, f"programs in {out}")
    out, _ = plan(interlock, deep(50, 2, 4))
    check("more stages" in out and not re.search(r"^stage \d+: ", out, re.M), f"50 stages: {out}")
    out, _ = plan(interlock, deep(50, 2, 4), "--programs")
    check_equal(len(re.findall(r"^stage \d+: .*U$", out, re.M)), 50, "programs with --programs")


def picture(interlock):
    plan(interlock, deep(4, 2, 4), "--svg", "plan.svg")
    text = (interlock.folder / "plan.svg").read_text()
    root = xml.etree.ElementTree.fromstring(text)
    check(root.tag.endswith("svg") and "<script" not in text and "http" not in text.split(">", 1)[1], "a plain SVG")
    tooltips = [element.text for element in root.iter() if element.tag.endswith("title")]
    check(len([tip for tip in tooltips if tip.startswith("W")]) >= 4 * 4 * 2, f"weight gradients in {tooltips}")


def same_schedule_from_file(interlock):
    """plan --write, then schedule.file: the same plan, and the same weights, to the last bit, on ranks."""
    write_data(interlock.folder)
    write_config(interlock.folder / "c.yaml", DEMANDING)
    for horizon in (2, "all"):
        learning = f"learning.horizon={horizon}"
        interlock.succeed("plan", "c.yaml", learning, "--write", "own.txt", "--json", "own.json")
        interlock.succeed("plan", "c.yaml", learning, "schedule.file=own.txt", "--write", "again.txt", "--json",
                          "again.json")
        own, again = [[line for line in (interlock.folder / name).read_text().splitlines() if line[0] != "#"]
                      for name in ("own.txt", "again.txt")]
        check_equal(again, own, "schedule written again")
        check_equal(len(own), 3, "lines of the schedule file")
        before, after = [json.loads((interlock.folder / name).read_text()) for name in ("own.json", "again.json")]
        check_equal(after["step_seconds"], before["step_seconds"], "prediction from the file")
        check_equal(after["policy"], "file", "policy of a file")
        for name, extra in [(f"planned-{horizon}", []), (f"file-{horizon}", ["schedule.file=own.txt"])]:
            interlock.train(name, DEMANDING, learning, *extra, ranks=4)
        check_same_weights(interlock, f"planned-{horizon}", f"file-{horizon}")


def other_order_same_weights(interlock):
    """An order that only a file could ask for changes when things happen, not what comes out."""
    write_data(interlock.folder)
    slow = "stage 0: F0 W0 F1 W1 U\nstage 1: F0 L0 I0@1 W0 F1 L1 I1@1 W1 U\n"
    interlock.train("planned", changed({"learning.horizon": "all"}, {"learning.heads": None}), ranks=3)
    config = changed({"learning.horizon": "all"}, {"learning.heads": None}, {"schedule.file": "slow.txt"})
    (interlock.folder / "slow.txt").write_text("# by hand\n" + slow)
    interlock.train("by-hand", config, ranks=3)
    check_same_weights(interlock, "planned", "by-hand")


def comparison(interlock):
    out, found = plan(interlock, deep(4, 2, 4), "--compare")
    rows = found["plans"]
    check_equal({row["horizon"] for row in rows}, {1, 2, 3, 4}, "horizons")
    # Batches of 20: its own 4, N+2, 2 K and 4 K, each the next that cuts the batch into equal parts.
    check_equal({row["micro_batches"] for row in rows}, {4, 5, 10, 20}, "micro-batches")
    check_equal({row["policy"] for row in rows}, {"planned", "1f1b", "zero_bubble", "gpipe"}, "policies")
    steps = [row["step_seconds"] for row in rows]
    check(all(a <= b * 1.001 for a, b in zip(steps, steps[1:])), f"sorted by step: {steps}")
    own = [row for row in rows if row["configured"]]
    check_equal([(row["horizon"], row["micro_batches"], row["policy"]) for row in own], [(2, 4, "planned")], "own row")
    check_equal(len(re.findall(r"^\* +2 +4 +planned ", out, re.M)), 1, f"the own row's mark in {out}")
    for text in ["fastest: N = 1", "fastest that keeps end-to-end learning: N = 4", "as configured: N = 2"]:
        check(text in out, f"'{text}' is not in {out}")
    # The batch stays: a micro-batch of half the size takes half the time; the work depends on the horizon alone.
    work = {}
    for row in rows:
        if row["policy"] in ("planned", "1f1b") and 20 % row["micro_batches"] == 0:
            work.setdefault(row["horizon"], set()).add(round(row["work_seconds"], 9))
    check(all(len(values) == 1 for values in work.values()), f"work of a batch by horizon: {work}")
    check(max(work[1]) < min(work[2]) and max(work[2]) < min(work[3]), f"work grows with the horizon: {work}")
    single = plan(interlock, deep(4, 2, 4))[1]
    check_equal(single["step_seconds"], own[0]["step_seconds"], "the own row is what plan itself says")


def comparison_under_a_cap(interlock):
    """What does not fit is listed with its reason; the rest is compared."""
    _, free = plan(interlock, deep(4, 2, 4), "--compare")
    bytes_each = sorted({row["activation_bytes"] for row in free["plans"]})
    cap = bytes_each[len(bytes_each) // 2] / 2**20
    out, capped = plan(interlock, deep(4, 2, 4, memory_cap_mib=cap), "--compare")
    check(capped["plans"] and capped["left_out"], f"some fit, some do not: {out}")
    check(all(row["activation_bytes"] <= cap * 2**20 for row in capped["plans"]), f"over the cap: {out}")
    check("left out: schedule.policy: gpipe" in out, f"reasons in {out}")


def comparison_of_heads_given_for_a_cut(interlock):
    out, found = plan(interlock, CONFIG, "--compare")
    check_equal({row["horizon"] for row in found["plans"]}, {1, 2}, f"horizons in {out}")


def profile(interlock):
    """profile measures, plan takes it; another cut and other micro-batches are put together from the layers."""
    write_data(interlock.folder)
    write_config(interlock.folder / "c.yaml", CONFIG)
    out = interlock.succeed("profile", "c.yaml", "--out", "p.json", "--repeats", "3").out
    check("stage 1" in out and "layer 4" in out and "schedule.costs=p.json" in out, f"output of profile: {out}")
    measured = json.loads((interlock.folder / "p.json").read_text())
    check(len(measured["stages"]) == 2 and len(measured["layers"]) == 5, f"profile: {measured}")
    out, own = plan(interlock, CONFIG, "schedule.costs=p.json")
    check("measured: p.json" in out and " samples a second" in out, f"plan from a profile: {out}")
    stage = measured["stages"][0]
    expected = 2 * (stage["forward_ms"] + stage["head_ms"] + stage["weight_gradient_ms"]) + stage["update_ms"]
    check(abs(own["per_stage"][0]["work_seconds"] * 1000 - expected) < 1e-6 * expected, f"work of stage 0: {own}")
    _, other = plan(interlock, CONFIG, "schedule.costs=p.json", "partition.layers=[1, 3, 1]", "learning.heads=")
    check_equal(len(other["per_stage"]), 3, "another cut from the same profile")
    out, _ = plan(interlock, CONFIG, "schedule.costs=p.json", "partition={stages: 2, balance: auto}", "learning.heads=",
                  "--compare")
    check("fastest: " in out, f"comparison with a balanced cut: {out}")


def refusal(name, config, code, fragments, arguments=(), prepare=None):
    """Refused by `plan`, alone and with --compare unless `arguments` says how, before it writes any of its files."""
    def run(interlock):
        write_data(interlock.folder)
        write_config(interlock.folder / "c.yaml", config)
        if prepare:
            prepare(interlock.folder)
        files = ["--svg", "a.svg", "--write", "a.txt", "--json", "a.json"]
        for how in [arguments] if arguments else [files, ["--compare", "--json", "a.json"]]:
            finished = interlock.run("plan", "c.yaml", *how, timeout=SECONDS)
            check_refused(finished, code, fragments)
            left = [name for name in ("a.svg", "a.txt", "a.json", "run") if (interlock.folder / name).exists()]
            check(not left, f"written all the same: {left}")
    return name, run


def content(name, text):
    return lambda folder: (folder / name).write_text(text)


def spoilt_profile(change):
    stage = {**TIMES, "stacked_input_gradient_ms": 20, "backward_ms": 40, "update_ms": 0}
    document = {"micro_batch_size": 5, "cut": [1, 1, 1], "stages": [dict(stage) for _ in range(3)],
                "layers": [{**stage, "head_fits": True, "parameters": 42} for _ in range(3)]}
    change(document)
    return content("p.json", json.dumps(document))


def edited(text):
    """A run with that text as its schedule.file."""
    return {"config": deep(2, "all", 2, file="s.txt"), "prepare": content("s.txt", text)}


MEASURED = deep(3, 2, 4, costs="p.json")

main([
    ("figures that follow by hand", figures),
    ("costs that nobody knows are not shown in seconds", unknown_costs),
    ("the timeline fits the terminal; programs of few stages", timeline),
    ("the picture is plain SVG", picture),
    ("a written schedule gives the same plan and the same weights", same_schedule_from_file),
    ("a schedule by hand gives the same weights", other_order_same_weights),
    ("--compare: every horizon, policy and some M, sorted, with a verdict", comparison),
    ("--compare under a memory cap lists what is left out", comparison_under_a_cap),
    ("--compare with heads given for the cut", comparison_of_heads_given_for_a_cut),
    ("profile, and plans from it", profile),
    refusal("a memory cap that nothing fits", deep(3, 2, 4, memory_cap_mib=1e-5), USAGE,
            ["schedule.memory_cap_mib", "rank 1 (stage 0)", "F0", "micro-batch 0"]),
    refusal("gpipe over the cap", deep(3, 2, 4, policy="gpipe", in_flight=2), USAGE,
            ["gpipe", "rank 1 (stage 0)", "F2", "micro-batch 2"], ["--svg", "a.svg", "--json", "a.json"]),
    refusal("costs that are missing", deep(3, 2, 4, costs={"forward_ms": 1, "head_ms": 1}), USAGE,
            ["c.yaml:", "schedule.costs.input_gradient_ms", "missing"]),
    refusal("costs that are negative", deep(3, 2, 4, costs={**TIMES, "forward_ms": [1, -2, 1]}), USAGE,
            ["c.yaml:", "schedule.costs.forward_ms", "stage 1", "-2"]),
    refusal("costs of other stages", deep(3, 2, 4, costs={**TIMES, "forward_ms": [1, 2]}), USAGE,
            ["schedule.costs.forward_ms", "2 entries", "3 stages"]),
    refusal("a profile that is missing", MEASURED, USAGE, ["schedule.costs", "p.json", "interlock profile"]),
    refusal("a profile that is no JSON", MEASURED, DATA, ["p.json", "not valid JSON"], prepare=content("p.json", "{")),
    refusal("a profile with a negative time", MEASURED, DATA, ["p.json", "stage 1", "forward_ms"],
            prepare=spoilt_profile(lambda p: p["stages"][1].update(forward_ms=-1))),
    refusal("a profile without a time", MEASURED, DATA, ["p.json", "layer 2", "head_ms"],
            prepare=spoilt_profile(lambda p: p["layers"][2].pop("head_ms"))),
    refusal("a profile of another network", MEASURED, USAGE, ["p.json", "2 layers", "has 3"],
            prepare=spoilt_profile(lambda p: p.update({key: p[key][:2] for key in ("cut", "stages", "layers")}))),
    refusal("a profile whose parts do not fit together", MEASURED, DATA, ["p.json", "2 layers"],
            prepare=spoilt_profile(lambda p: p["layers"].pop())),
    refusal("a schedule file that is missing", deep(2, "all", 2, file="s.txt"), USAGE,
            ["schedule.file", "s.txt", "--write"]),
    refusal("a schedule file that is none", code=USAGE, fragments=["s.txt:1", "stage"], **edited("hello\n")),
    refusal("a schedule file with an unknown action", code=USAGE, fragments=["s.txt:2", "'X1'"],
            **edited("# mine\nstage 0: F0 X1 U\nstage 1: F0 L0 B0@1 U\n")),
    refusal("a schedule file edited into a deadlock", code=USAGE,
            fragments=["s.txt", "deadlock", "rank 1", "stage 0", "W0", "micro-batch 0"],
            **edited("stage 0: F0 W0 F1 W1 U\nstage 1: F0 F1 L0 B0@1 L1 B1@1 U\n")),
    refusal("a schedule file over the cap", deep(2, "all", 2, file="s.txt", in_flight=1), USAGE,
            ["s.txt", "rank 1", "stage 0", "F1", "micro-batch 1"],
            prepare=content("s.txt", "stage 0: F0 F1 W0 W1 U\nstage 1: F0 L0 B0@1 F1 L1 B1@1 U\n")),
    refusal("--compare with a picture", deep(2, 1, 2), USAGE, ["--svg", "--compare"], ["--compare", "--svg", "a.svg"]),
    refusal("--ranks with a file", deep(2, 1, 2), USAGE, ["--ranks"], ["--ranks", "--json", "a.json"]),
    refusal("a folder that is not there", deep(2, 1, 2), IO, ["nowhere/a.svg"], ["--svg", "nowhere/a.svg"]),
])
