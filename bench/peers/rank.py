#!/usr/bin/env python3
"""rank.py JOB.json [RANK]: one rank of a torch.distributed.pipelining job on gloo, one torch thread.

Without RANK, all ranks of the job, forked from one process that has loaded torch: 16 that each load it take a minute on
two cores. Memory is only to be measured on ranks started one by one, as users start them.

Writes rank-<RANK>.json into the job's folder: when each step ended (monotonic clock, the same in all processes of a
host), the loss of each step on the last rank, the CPU time from the end of the first step to the end of the last, and the
process's peak memory.
"""

import json
import os
import resource
import sys
import time
import traceback

import networks
import torch
import torch.distributed as dist
from safetensors.torch import load_file
from torch.distributed.pipelining import PipelineStage, Schedule1F1B, ScheduleGPipe, ScheduleInterleaved1F1B
from torch.nn import functional as F


def stage_modules(job, rank):
    """The modules of this rank by stage number; there are chunks * ranks stages."""
    if job["kind"] == "sleeping":
        seconds = job["forward_ms"] / 1000 / job["chunks"], job["backward_ms"] / 1000 / job["chunks"]
        numbers = [rank + chunk * job["ranks"] for chunk in range(job["chunks"])]
        return {number: networks.SleepingStage(job["features"], *seconds) for number in numbers}
    layers = networks.resnet_layers(job["super_blocks"], job["classes"])
    start = load_file(os.path.join(job["folder"], "start.safetensors"))
    for i, layer in enumerate(layers):
        prefix = f"layers.{i}."
        layer.load_state_dict({name[len(prefix):]: start[name] for name in start if name.startswith(prefix)})
    first = sum(job["counts"][:rank])
    return {rank: torch.nn.Sequential(*layers[first:first + job["counts"][rank]])}


def make_schedule(job, modules):
    stages = [PipelineStage(module, number, job["ranks"] * job["chunks"], torch.device("cpu"))
              for number, module in modules.items()]
    if job["chunks"] > 1:
        return ScheduleInterleaved1F1B(stages, job["micro_batches"], loss_fn=F.cross_entropy)
    kind = {"1f1b": Schedule1F1B, "gpipe": ScheduleGPipe}[job["schedule"]]
    return kind(stages[0], job["micro_batches"], loss_fn=F.cross_entropy)


def train(job, rank):
    modules = stage_modules(job, rank)
    schedule = make_schedule(job, modules)
    parameters = [parameter for module in modules.values() for parameter in module.parameters()]
    optimizer = torch.optim.SGD(parameters, lr=job["lr"], momentum=job["momentum"])
    first, last = rank == 0, rank == job["ranks"] - 1
    data = load_file(os.path.join(job["folder"], "train.safetensors"))
    inputs = data["inputs"].split(job["batch"]) if first else []
    targets = data["targets"].split(job["batch"]) if last else []
    ends, step_losses, cpu = [], [], []
    for step in range(job["steps"]):
        optimizer.zero_grad()
        batch = (inputs[step % len(inputs)],) if first else ()
        if last:
            losses = []
            schedule.step(*batch, target=targets[step % len(targets)], losses=losses, return_outputs=False)
            step_losses.append(sum(loss.item() for loss in losses) / len(losses))
        else:
            schedule.step(*batch, return_outputs=False)
        optimizer.step()
        ends.append(time.monotonic())
        cpu.append(time.process_time())
    return {"step_ends": ends, "losses": step_losses, "cpu_seconds_in_steps": cpu[-1] - cpu[0]}


def run_rank(job, rank):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method="file://" + os.path.join(job["folder"], "rendezvous"), rank=rank,
                            world_size=job["ranks"])
    result = train(job, rank)
    dist.barrier()
    dist.destroy_process_group()
    result["peak_memory_mebibytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with open(os.path.join(job["folder"], f"rank-{rank}.json"), "w", encoding="utf-8") as file:
        json.dump(result, file)


def run_forked(job, rank):
    """Never returns: the child of a fork must not run on in its parent's code."""
    code = 1
    try:
        run_rank(job, rank)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    if len(sys.argv) > 2:
        run_rank(job, int(sys.argv[2]))
        return
    children = []
    for rank in range(job["ranks"]):
        child = os.fork()
        if child == 0:
            run_forked(job, rank)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    sys.exit(any(codes))


if __name__ == "__main__":
    main()
