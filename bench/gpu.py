#!/usr/bin/env python3
"""On GPUs: ResNet-50 and a Transformer on 4 ranks for each horizon, against one process and torch.distributed.pipelining."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import _common as common
import peers

RANK = os.path.join(peers.HERE, "gpu_rank.py")
STAGES = 4
HORIZONS = (1, 2, 3, "all")
MICRO_BATCHES = 8
# What the prediction for more GPUs takes a message to cost: 400 Gbit/s and what NCCL needs to start one.
LINK = {"latency_us": 20, "gigabytes_per_second": 50}
PREDICTED = ((8, 1), (8, 4))  # stages, replicas of each; replicas split a batch that is as many times as large

RESNET = {"name": "ResNet-50", "kind": "resnet", "super_blocks": "64,3/128,4/256,6/512,3", "counts": [4, 4, 5, 6], "batch": 256,
          "image_size": 224, "classes": 1000, "precision": "float32", "tf32": True, "lr": 0.01, "momentum": 0.9}
# 8192 tokens: with many more the heads would be larger than the stages they serve.
TRANSFORMER = {"name": "Transformer", "kind": "transformer", "blocks": 12, "width": 768, "attention_heads": 12, "context": 1024,
               "counts": [4, 3, 3, 4], "batch": 32, "classes": 8192, "precision": "bfloat16", "tf32": True, "lr": 1e-4,
               "weight_decay": 0.01}
# The same path on small networks and the CPU: shows that this script runs, not how fast anything is.
REHEARSAL = {"resnet": {"name": "small ResNet", "super_blocks": "8,2/16,2/16,1", "counts": [2, 2, 2, 2], "batch": 16,
                        "image_size": 32, "classes": 10},
             "transformer": {"name": "small Transformer", "blocks": 4, "width": 32, "attention_heads": 2, "context": 16,
                             "counts": [2, 1, 1, 2], "batch": 16, "classes": 64}}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", help="write the rows to this file")
    parser.add_argument("--repeats", type=int, default=1, help="rounds of all runs; medians count")
    parser.add_argument("--steps", type=int, default=20, help="steps that count, of each run")
    parser.add_argument("--budget", type=float, default=float("inf"), metavar="SECONDS",
                        help="start no case that would not end by then; the most telling ones come first")
    parser.add_argument("--model", choices=["resnet", "transformer"], help="only this one")
    parser.add_argument("--rehearse", action="store_true", help="small networks on the CPU, to try out the script")
    parser.add_argument("--small", action="store_true", help="small networks on the GPU, to try out the script")
    return parser.parse_args()


def find_python():
    """The one with the LibTorch of the build; where the program was carried, the one that runs this, if it has PyTorch."""
    if common.cmake_variable("LIBTORCH_ROOT"):
        return peers.torch_python()
    if subprocess.run([sys.executable, "-c", "import torch, safetensors"], capture_output=True).returncode == 0:
        return sys.executable
    raise SystemExit(f"gpu cannot run: {sys.executable} has no torch or no safetensors")


def describe(python, device):
    return json.loads(common.run([python, RANK, "device", device]).splitlines()[-1])


def sections(job, horizon):
    if job["kind"] == "resnet":
        model = {"kind": "resnet", "block": "bottleneck", "stem": "imagenet", "super_blocks": job["super_blocks"]}
        optimizer = {"kind": "sgd", "lr": job["lr"], "momentum": job["momentum"]}
    else:
        model = {"kind": "transformer_lm", "blocks": job["blocks"], "width": job["width"],
                 "attention_heads": job["attention_heads"], "tied": False}
        optimizer = {"kind": "adamw", "lr": job["lr"], "weight_decay": job["weight_decay"]}
    return {"model": {**model, "init": os.path.join(job["folder"], "start.safetensors")},
            "partition": {"layers": job["counts"]},
            "learning": {"horizon": horizon},
            "schedule": {"micro_batches": job["micro_batches"]},
            "data": {"kind": "tensors", "path": os.path.join(job["folder"], "train.safetensors"), "shuffle": False},
            "optimizer": optimizer,
            "training": {"batch_size": job["batch"], "epochs": 100000, "max_steps": job["steps"], "eval_every_epochs": 0,
                         "precision": job["precision"], "tf32": job["tf32"]},
            "run": {"dir": os.path.join(job["folder"], "run"), "device": job["device"], "checkpoint": False}}


def write_config(job, horizon):
    path = os.path.join(job["folder"], "config.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(f"{section}: {json.dumps(keys)}\n" for section, keys in sections(job, horizon).items())
    return path


def ours(job, horizon, single=False):
    """Of one run: mean seconds a step, mean busy fraction of the stages, peak MiB of the largest stage, first loss."""
    shutil.rmtree(os.path.join(job["folder"], "run"), ignore_errors=True)
    config = write_config(job, horizon)
    if single:
        common.run([common.INTERLOCK, "train", config, "--single-process"])
    else:
        common.run(common.ranks_command(job["ranks"], "train", config))
    lines = common.read_metrics(os.path.join(job["folder"], "run"))
    steps = [line for line in lines if line["kind"] == "step"]
    counted = steps[job["warm_up"]:]
    busy = [sum(step["busy_fraction"]) / len(step["busy_fraction"]) for step in counted]
    return {"step": sum(step["step_seconds"] for step in counted) / len(counted), "busy": sum(busy) / len(busy),
            "memory": max(lines[-1]["peak_memory_mebibytes"]), "loss": steps[0]["loss"][-1]}


def theirs(python, job):
    rendezvous = os.path.join(job["folder"], "rendezvous")
    if os.path.exists(rendezvous):
        os.remove(rendezvous)
    job_file = write_job(job)
    environment = dict(common.ENVIRONMENT, GLOO_SOCKET_IFNAME="lo", PYTHONDONTWRITEBYTECODE="1")
    errors = os.path.join(job["folder"], "errors.txt")
    with open(errors, "w", encoding="utf-8") as log:
        processes = [subprocess.Popen([python, RANK, "rank", job_file, str(rank)], env=environment, stdout=subprocess.DEVNULL,
                                      stderr=log, start_new_session=True) for rank in range(job["ranks"])]
        try:
            codes = [process.wait(timeout=600) for process in processes]
        except subprocess.TimeoutExpired:
            codes = ["none within 600 s"]
        finally:
            peers.stop(processes)
    if any(code != 0 for code in codes):
        with open(errors, encoding="utf-8") as log:
            raise SystemExit(f"torch.distributed.pipelining: exit codes {codes}; the end of what it said:\n{log.read()[-2000:]}")
    results = []
    for rank in range(job["ranks"]):
        with open(os.path.join(job["folder"], f"rank-{rank}.json"), encoding="utf-8") as file:
            results.append(json.load(file))
    memory = [result["memory"] for result in results]
    return {"step": max(result["step"] for result in results), "memory": None if None in memory else max(memory),
            "loss": results[-1]["losses"][0]}


def alone(python, job):
    """Eager PyTorch, one process, the same mathematics."""
    common.run([python, RANK, "alone", write_job(job)])
    with open(os.path.join(job["folder"], "rank-0.json"), encoding="utf-8") as file:
        result = json.load(file)
    return {"step": result["step"], "memory": result["memory"], "loss": result["losses"][0], "kernels": result["kernels"]}


def write_job(job):
    path = os.path.join(job["folder"], "job.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(job, file)
    return path


def row(case, device, mine, others):
    middle = sorted(mine, key=lambda run: run["step"])[len(mine) // 2]
    return {"case": case, "ours": common.median([run["step"] for run in mine]),
            "other": common.median([run["step"] for run in others]),
            "ratio": common.median([a["step"] / b["step"] for a, b in zip(mine, others)]), "unit": "s a step", "device": device,
            "step_seconds": middle["step"], "busy_fraction": middle["busy"], "peak_memory_mebibytes": middle["memory"],
            "other_peak_memory_mebibytes": others[0]["memory"], "other_kernel_seconds": others[0].get("kernels")}


def check_same_start(mine, other):
    """Same weights and samples, so the same loss but for rounding: else two different networks would be compared."""
    if not abs(mine["loss"] - other["loss"]) <= 0.01 * abs(other["loss"]):
        raise SystemExit(f"the first losses differ, so the networks do: {mine['loss']} and {other['loss']}")


def one_worker(python, job, device, repeats):
    """K = 1: what cutting nothing costs beside plain PyTorch. One GPU answers it."""
    whole = {**job, "counts": [sum(job["counts"])], "ranks": 1}
    mine, others = [], []
    for _ in range(repeats):
        others.append(alone(python, whole))
        mine.append(ours(whole, "all"))
    check_same_start(mine[0], others[0])
    return [row(f"{job['name']}, K=1, M={job['micro_batches']}: against eager PyTorch", device, mine, others)]


def on_stages(python, job, horizon, device, repeats):
    """One horizon against one process, and against torch.distributed.pipelining; all in turn, so that noise hits them alike."""
    mine, single, pipelining = [], [], []
    for _ in range(repeats):
        pipelining.append(theirs(python, job))
        mine.append(ours(job, horizon))
        single.append(ours(job, horizon, single=True))
    if horizon == "all":
        check_same_start(mine[0], pipelining[0])
    name = f"{job['name']}, K={STAGES}, N={horizon}, M={job['micro_batches']}{job['sharing']}"
    return [row(f"{name}: against one process", device, mine, single),
            row(f"{name}: against torch's 1F1B", device, mine, pipelining)]


def predict(job, horizon, stages, replicas, profile):
    config = write_config(job, horizon)
    file = os.path.join(job["folder"], "plan.json")
    common.run([common.INTERLOCK, "plan", config, "--json", file, "partition.layers=", f"partition.stages={stages}",
                "partition.balance=auto", f"partition.replicas={replicas}", f"training.batch_size={job['batch'] * replicas}",
                f"schedule.costs={profile}", f"schedule.link={json.dumps(LINK)}"])
    with open(file, encoding="utf-8") as plan:
        return json.load(plan)


def predicted_rows(job, device):
    """From the times of each action measured here; ratios of samples a second, bounded horizons over end-to-end."""
    profile = os.path.join(job["folder"], "profile.json")
    common.run([common.INTERLOCK, "profile", write_config(job, 2), "--out", profile])
    rows = []
    for stages, replicas in PREDICTED:
        stages = min(stages, sum(job["counts"]))
        plans = {horizon: predict(job, horizon, stages, replicas, profile) for horizon in HORIZONS}
        for horizon, plan in plans.items():
            busy = [stage["utilisation"] for stage in plan["per_stage"]]
            rate, end_to_end = plan["samples_per_second"], plans["all"]["samples_per_second"]
            rows.append({"case": f"{job['name']}, predicted for {stages * replicas} GPUs ({stages} stages, {replicas} replicas "
                                 f"each), N={horizon}, M={job['micro_batches']}: against end-to-end",
                         "ours": rate, "other": end_to_end, "ratio": rate / end_to_end, "unit": "samples/s, predicted",
                         "device": device, "step_seconds": plan["step_seconds"], "busy_fraction": sum(busy) / len(busy),
                         "peak_memory_mebibytes": None, "other_peak_memory_mebibytes": None, "other_kernel_seconds": None})
    return rows


def cases_of(python, job, name, repeats):
    """(how much it tells: 0 most, what, rows of it), each by itself."""
    cases = [(0, "K=1", lambda: one_worker(python, job, name, repeats))]
    for worth, horizon in enumerate(("all", 2, 1, 3), start=1):
        cases.append((worth, f"K={STAGES}, N={horizon}", lambda h=horizon: on_stages(python, job, h, name, repeats)))
    return [*cases, (9, "prediction", lambda: predicted_rows(job, name))]


def run_cases(cases, budget, write):
    """In order of worth. A case that does not fit into what is left of the budget, as long as the longest so far, is left out;
    one that fails does not end the others. Returns whether all went well."""
    start, longest, well = time.monotonic(), 0.0, True
    for _, what, rows_of in sorted(cases, key=lambda case: case[0]):
        began = time.monotonic()
        if began - start + longest > budget:
            print(f"left out, the budget of {budget:.0f} s ends: {what}", flush=True)
            continue
        try:
            write(rows_of())
        except (Exception, SystemExit) as problem:
            print(f"failed: {what}: {problem}", flush=True)
            well = False
        longest = max(longest, time.monotonic() - began)
        print(f"{what}: {time.monotonic() - began:.0f} s", flush=True)
    return well


def main():
    arguments = parse_arguments()
    python = find_python()
    device = "cpu" if arguments.rehearse else "cuda"
    found = describe(python, device)
    if not found["device"]:
        print("skipped: PyTorch finds no GPU here (--rehearse tries out this script on the CPU)")
        sys.exit(77)
    sharing = "" if arguments.rehearse or found["gpus"] >= STAGES else f", {found['gpus']} GPU(s) shared"
    name = found["device"] + (", rehearsal" if arguments.rehearse else "")
    rows, cases = [], []

    def write(more):
        rows.extend(more)
        common.report("gpu", more, None)
        common.write_rows("gpu", rows, arguments.json)  # what is there so far, whatever happens to the rest

    with tempfile.TemporaryDirectory() as folder:
        for model in (TRANSFORMER, RESNET):
            if arguments.model not in (None, model["kind"]):
                continue
            small = REHEARSAL[model["kind"]] if arguments.rehearse or arguments.small else {}
            warm_up = 2 if small else 8  # steps that do not count: kernels tried out, memory found, pipeline filled
            own = os.path.join(folder, model["kind"])
            os.mkdir(own)
            job = {**model, **small, "ranks": STAGES, "micro_batches": MICRO_BATCHES, "device": device, "folder": own,
                   "sharing": sharing, "warm_up": warm_up, "steps": warm_up + arguments.steps}
            common.run([python, RANK, "start", write_job(job)])
            cases += [(worth, f"{job['name']}, {what}", rows_of)
                      for worth, what, rows_of in cases_of(python, job, name, arguments.repeats)]
        well = run_cases(cases, arguments.budget, write)
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
