"""bench/claims: what is done is not trained again, what was stopped goes on, and the figures are what the metrics say."""

import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench/claims")]
from support.runner import check, check_equal, main  # noqa: E402

import document  # noqa: E402
import efficiency  # noqa: E402
import equality  # noqa: E402
import outcomes  # noqa: E402
import pages  # noqa: E402
import record  # noqa: E402
import study  # noqa: E402
import tables  # noqa: E402
import training  # noqa: E402
import tuning  # noqa: E402

# Stands in for interlock: is stopped the first time, done the second; counts its starts.
PROGRAM = """#!/usr/bin/env python3
import json, pathlib, sys
folder = pathlib.Path(next(a.split("=", 1)[1] for a in sys.argv if a.startswith("run.dir=")))
folder.mkdir(parents=True, exist_ok=True)
starts = len(list(folder.glob("start-*"))) + 1
(folder / f"start-{starts}").touch()
if starts == 1:
    sys.exit(75)
lines = [{"kind": "eval", "step": 10, "loss": [None, 2.0], "accuracy": [None, 0.25]},
         {"kind": "eval", "step": 20, "loss": [None, 1.0], "accuracy": [None, 0.75]},
         {"kind": "run", "event": "end"}]
(folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\\n" for line in lines))
"""


def use(folder):
    program = folder / "program"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    training.INTERLOCK, training.ROOT, training.RUNS = str(program), ROOT, ROOT / os.path.relpath(folder / "runs", ROOT)
    record.FOLDER = folder / "record"
    record.RUNS, record.SWEEPS, record.PLANS = (record.FOLDER / name for name in ("runs", "sweeps", "plans"))
    outcomes.recorded.cache_clear()
    training.data.cifar10 = lambda: ROOT / "data/cifar-10-batches-bin"
    tuning.learning_rate = lambda run: 0.1


def starts(run):
    return len(list(training.folder(run).glob("start-*")))


def runs_are_resumed(interlock):
    use(interlock.folder)
    runs = [study.Run("resnet20", 4, horizon, 1) for horizon in (1, 2)]
    check(not training.train(runs, cores=2, seconds=60), "both were stopped")
    check(not any(map(training.done, runs)), "nothing is done yet")
    check(training.train(runs, cores=2, seconds=60), "both go on")
    check(training.train(runs, cores=2, seconds=60), "both are done")
    check_equal([starts(run) for run in runs], [2, 2], "starts")
    one = outcomes.outcome(runs[1])
    check_equal((one.accuracy, one.loss, one.steps), (0.75, 1.0, (10, 20)), "the last stage's figures")
    check("learning.horizon=2" in one.facts["arguments"], f"{one.facts}")


def the_record_stands_in_for_folders(interlock):
    use(interlock.folder)
    runs = [study.Run("resnet20", 4, horizon, 3) for horizon in (1, 2)]
    training.train(runs[:1], cores=1, seconds=60)
    training.train(runs[:1], cores=1, seconds=60)
    here = outcomes.finished(runs)
    check_equal([one.run for one in here], runs[:1], "what is done")
    check(here[0].numbers == 2 and len(here[0].digest) == 64, f"{here[0]}")
    record.write(record.RUNS, map(outcomes.entry_of, here))
    outcomes.recorded.cache_clear()
    check_equal(outcomes.compare_with_record(here), (1, []), "the same again")
    other = [entry | {"losses": [2.0, 1.0 + 1e-15]} for entry in record.read(record.RUNS)]
    record.write(record.RUNS, other)
    outcomes.recorded.cache_clear()
    check_equal(outcomes.compare_with_record(here), (1, [runs[0].name]), "another last bit")
    training.folder(runs[0]).rename(interlock.folder / "elsewhere")
    there = outcomes.finished(runs)
    check_equal([(one.run, one.losses, one.facts, one.digest) for one in there],
                [(runs[0], (2.0, 1.0 + 1e-15), here[0].facts, here[0].digest)], "what the record says")


def sweeps_and_plans_come_from_the_record(interlock):
    use(interlock.folder)
    tuning.paths.RUNS = interlock.folder / "runs"
    efficiency.FOLDER = interlock.folder / "efficiency"
    record.write(record.SWEEPS, [{"study": "convnet", "rule": ["2", "sum", ""], "scores": [[0.1, 1.5], [0.01, 1.25]]}])
    check_equal(tuning.scores("convnet"), {("2", "sum", ""): {0.1: 1.5, 0.01: 1.25}}, "scores")
    sweep = tuning.paths.RUNS / "tuning/convnet/results.json"
    sweep.parent.mkdir(parents=True)
    done = {"state": "done", "settings": {"learning.horizon": "all", "optimizer.lr": 0.1}, "score": 1.0}
    sweep.write_text(json.dumps({"runs": [done, done | {"state": "failed"}]}))
    check_equal(list(tuning.scores("convnet")), [("2", "sum", "")], "a sweep that is not through says nothing")
    sweep.write_text(json.dumps({"runs": [done]}))
    check_equal(tuning.scores("convnet"), {("all", "farthest", ""): {0.1: 1.0}}, "its folder goes first")
    step = {"stages": 4, "horizon": 1, "micro_batches": 4, "policy": "planned", "seconds": 0.5, "bubble": 0.0, "activation_bytes": 1.0}
    record.write(record.PLANS, [step | {"head": "", "commit": "c", "machine": "m"}])
    check_equal(efficiency.steps(""), {(4, 1, 4): efficiency.Step(**step)}, "plans")
    check_equal(efficiency.steps("fc"), {}, "other heads")


def outcome_of(accuracies, seed=1, **rule):
    run = study.Run("resnet32", rule.pop("stages", 4), rule.pop("horizon", 1), seed, **rule)
    steps = tuple(100 * (i + 1) for i in range(len(accuracies)))
    return outcomes.Outcome(run, steps, tuple(accuracies), tuple(1 - a for a in accuracies), {"arguments": ["optimizer.lr=0.1"]})


def time_to_an_accuracy(_):
    one = outcome_of((0.2, 0.4, 0.3, 0.8))
    check_equal(efficiency.steps_to(one, 0.4), 200, "at an evaluation")
    check(abs(efficiency.steps_to(one, 0.3) - 150) < 1e-9, "between two")
    check(abs(efficiency.steps_to(one, 0.1) - 50) < 1e-9, "before the first")
    check(efficiency.steps_to(one, 0.9) is None, "never")
    check_equal(efficiency.fewest_steps_to([one, outcome_of((0.1, 0.1), epochs=2), outcome_of((0.4,), epochs=1)], 0.4), 100, "of several")
    check_equal(efficiency.fewest_steps_to([outcome_of((0.25, 0.75)), outcome_of((0.25, 0.25), seed=2)], 0.5), 200, "of the mean over seeds")
    check(efficiency.fewest_steps_to([outcome_of((0.1,))], 0.4) is None, "of none")


def tables_compare_with_the_spread(_):
    check_equal(tables._beats([0.5, 0.52], [0.4, 0.41]), "above", "apart")
    check_equal(tables._beats([0.5, 0.52], [0.6, 0.61]), "below", "apart")
    check_equal(tables._beats([0.5, 0.6], [0.51, 0.57]), "within spread", "close")
    check_equal(tables._beats([0.5], [0.1, 0.2]), "one seed", "nothing to say")
    steps = {(k, n, m): efficiency.Step(k, n, m, "planned", 0.5, 0.0, 1.0)
             for k in study.DEEP_CUTS for n in (1, 2, 3, study.END_TO_END) for m in efficiency.MICRO_BATCHES}
    finished = [outcome_of((0.3, 0.5), stages=4), outcome_of((0.6, 0.7), stages=4, horizon=study.END_TO_END)]
    table = tables.time_to_accuracy(finished, steps, "sum", "")
    # End-to-end training is at 50 % after 250/3 steps of half a second, local learning after 200.
    check("| 4 | local learning's, 50.0 % | 1, local | 100 s, 0.42 x |" in table, table)
    check("| K, end-to-end | 42 s, 1.00 x |" in table, table)
    check("| 4 | 98 % of end-to-end's, 68.6 % | 1, local | not reached |" in table, table)
    check("| 8 | 98 % of end-to-end's, 68.6 % | 2, pairwise |" not in table, f"nobody trained that: {table}")


def times_are_of_runs_with_their_number_of_micro_batches(_):
    step = efficiency.Step(4, study.END_TO_END, 8, "zero_bubble", 0.5, 0.0, 1.0)
    steps = {(4, study.END_TO_END, 8): step}
    as_configured = outcome_of((0.6, 0.7), horizon=study.END_TO_END)
    with_eight = outcome_of((0.3, 0.6), horizon=study.END_TO_END, micro_batches=8)
    times = tables._seconds([as_configured, with_eight], 0.6, 4, study.END_TO_END, steps)
    check_equal(times, (None, None, 100.0), "the run with 8 needs 200 steps, the other 100")
    check_equal(tables._seconds([as_configured], 0.6, 4, study.END_TO_END, steps)[2], 50.0, "none with 8")
    steps[4, study.END_TO_END, 4] = efficiency.Step(4, study.END_TO_END, 4, "zero_bubble", 0.75, 0.0, 1.0)
    times = tables._seconds([as_configured, with_eight], 0.6, 4, study.END_TO_END, steps)
    check_equal(times, (None, 75.0, 75.0), "the M that is soonest there, though its steps are longer")


def disturbed_measurements_do_not_count(_):
    def profile(forward, head):
        return {"checksum": "x", "cut": [1], "stages": [{"forward_ms": forward, "head_ms": head}]}

    merged = efficiency.quickest([profile(3, 2), profile(2, 4)], [profile(1, 1)])
    check_equal(merged, {"cut": [1], "stages": [{"forward_ms": 1, "head_ms": 2}]}, "the quickest; heads only of the same kind")


def sweeps_show_the_best_rate(_):
    scores = {("all", "farthest", ""): {0.1: 1.5, 0.01: 1.7}, ("2", "sum", ""): {0.1: 1.6, 0.01: 1.4}}
    check_equal(tables.tuning(scores, "linear").split("\n")[2:], ["| 2, pairwise | sum | linear | 1.600 | **1.400** |",
                                                                 "| K, end-to-end |  |  | **1.500** | 1.700 |"], "the table")


def other_heads_have_their_table(_):
    entries = [{"arm": "ema", "seed": seed, "accuracies": [0.1, last]} for seed, last in ((1, 0.5), (2, 0.6))]
    check_equal(tables.ema_heads(entries).split("\n")[2:], ["| the copy | 2 | 55.0 ± 7.1 |"], "the table")


def equality_is_of_every_number(interlock):
    use(interlock.folder)
    ranks = study.Run("resnet20", 4, 2, 7, ranks=True)
    twin = study.Run("resnet20", 4, 2, 7)
    end = {"kind": "eval", "step": 1, "loss": [0.5], "accuracy": [0.5]}, {"kind": "run", "event": "end"}
    for run, loss in ((ranks, 0.1), (twin, 0.1 + 1e-16)):
        training.folder(run).mkdir(parents=True)
        lines = [{"kind": "step", "step": 1, "loss": [loss], "accuracy": [0.5]}, *end]
        (training.folder(run) / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        (training.folder(run) / "claim.json").write_text(json.dumps({"commit": "c", "machine": "m", "arguments": [], "ranks": run.ranks}))
    sentence, = equality.sentences(outcomes.finished([ranks, twin]))
    check("2 lines" in sentence and "not equal" in sentence, sentence)
    (training.folder(twin) / "metrics.jsonl").write_bytes((training.folder(ranks) / "metrics.jsonl").read_bytes())
    sentence, = equality.sentences(outcomes.finished([ranks, twin]))
    check("2 lines" in sentence and "all equal" in sentence, sentence)
    check_equal(equality.sentences(outcomes.finished([ranks])), [], "nothing to compare with")


def documents_keep_what_is_theirs(interlock):
    page = interlock.folder / "results.md"
    document.PAGES = [page]
    page.write_text("before\n<!-- claims: a -->\nold\n<!-- claims: end -->\nafter \\1\n")
    document.put({"a": "new \\1"})
    check_equal(page.read_text(), "before\n<!-- claims: a -->\nnew \\1\n<!-- claims: end -->\nafter \\1\n", "the file")
    try:
        document.put({"b": "x"})
    except SystemExit as problem:
        check("place for 'b'" in str(problem), str(problem))
    else:
        check(False, "a block without a place")


def pages_say_what_the_record_says(interlock):
    """In a checkout that has trained nothing, so that no figure can be typed by hand."""
    training.RUNS = tuning.paths.RUNS = ROOT / os.path.relpath(interlock.folder / "nothing", ROOT)
    efficiency.FOLDER = interlock.folder / "nothing"
    for name, text in pages.blocks(outcomes.finished(study.all_runs())).items():
        check_equal(document.text(name), text + "\n", f"docs: {name}")


def every_run_has_its_own_folder(_):
    names = [run.name for run in study.all_runs()]
    check_equal(len(names), len(set(names)), "names")
    main_row = [run for run in study.all_runs() if run.study == "resnet20" and not run.ranks
                and (run.horizon == study.END_TO_END or (run.mix, run.head) == ("farthest", study.CONVOLUTIONAL))]
    check(all(sum(run.horizon == horizon for run in main_row) == 3 for horizon in (1, 2, 3, study.END_TO_END)), "3 seeds a horizon")


if __name__ == "__main__":
    main([
        ("the tables of the pages are what the record says", pages_say_what_the_record_says),
        ("runs that were stopped go on, done ones are left alone", runs_are_resumed),
        ("the record stands in for runs whose folders are elsewhere, and is compared with", the_record_stands_in_for_folders),
        ("sweeps and plans come from the record too", sweeps_and_plans_come_from_the_record),
        ("the time to an accuracy is read between evaluations", time_to_an_accuracy),
        ("tables say more than the spread only where it is", tables_compare_with_the_spread),
        ("times are those of runs with as many micro-batches, where there are any", times_are_of_runs_with_their_number_of_micro_batches),
        ("of several measurements the quickest counts", disturbed_measurements_do_not_count),
        ("tables of sweeps show the best rate", sweeps_show_the_best_rate),
        ("heads with a copy of the next block have their table", other_heads_have_their_table),
        ("ranks and single process are compared number by number", equality_is_of_every_number),
        ("only what stands between the marks is written", documents_keep_what_is_theirs),
        ("no two runs share a folder, and the main row has three seeds", every_run_has_its_own_folder),
    ])
