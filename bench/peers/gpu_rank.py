#!/usr/bin/env python3
"""PyTorch's side of the benchmark `gpu`.

gpu_rank.py device [cpu]           prints, as JSON, the device's name, how many there are, and the version of NCCL
gpu_rank.py start JOB.json         writes what both sides start from: start.safetensors, train.safetensors, shapes.json
gpu_rank.py rank JOB.json RANK     one rank of torch.distributed.pipelining (1F1B); writes rank-<RANK>.json
gpu_rank.py alone JOB.json         the whole network in this process, eagerly, micro-batch by micro-batch; writes rank-0.json

Where there is a GPU for every rank messages go by NCCL. Where ranks share one, NCCL refuses, and they go through pinned host
memory and gloo, as ours do. Autocast for bfloat16; weights and gradients float32.
"""

import json
import os
import sys
import time

import gpu_networks as networks
import torch
import torch.distributed as dist
from safetensors.torch import load_file, save_file
from torch.distributed.pipelining import PipelineStage, Schedule1F1B, schedules

BATCHES = 4  # of samples in the file; both sides go round them


def describe(device):
    if device == "cpu":
        return {"device": "CPU", "gpus": 0, "nccl": None}
    if not torch.cuda.is_available():
        return {"device": None, "gpus": 0, "nccl": None}
    return {"device": torch.cuda.get_device_name(0), "gpus": torch.cuda.device_count(),
            "nccl": ".".join(map(str, torch.cuda.nccl.version()))}


class StageModule(torch.nn.Module):
    """Layers under autocast. Images are channels-last inside, and in plain order where they cross to another rank."""

    def __init__(self, layers, job):
        super().__init__()
        self.layers = torch.nn.Sequential(*layers)
        self.bfloat16 = job["precision"] == "bfloat16"
        self.device_type = job["device"]
        self.channels_last = job["kind"] == "resnet" and job["device"] == "cuda"
        if self.channels_last:
            self.to(memory_format=torch.channels_last)

    def forward(self, x):
        if self.channels_last and x.dim() == 4:
            x = x.contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device_type, torch.bfloat16, enabled=self.bfloat16):
            return self.layers(x).contiguous()


class Sent:
    """Keeps what is being sent in memory until it is."""

    def __init__(self, work, host):
        self.work, self.host = work, host

    def wait(self):
        self.work.wait()


class Received(Sent):
    def __init__(self, work, host, tensor):
        super().__init__(work, host)
        self.tensor = tensor

    def wait(self):
        self.work.wait()
        with torch.no_grad():
            self.tensor.copy_(self.host, non_blocking=True)


def staged_batch(operations, desc=None):
    """In place of dist.batch_isend_irecv: through host memory."""
    del desc
    works = []
    for operation in operations:
        tensor = operation.tensor
        host = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=tensor.is_cuda)
        if operation.op is dist.isend:
            host.copy_(tensor.detach(), non_blocking=True)
            if tensor.is_cuda:
                torch.cuda.current_stream().synchronize()
            works.append(Sent(dist.isend(host, operation.peer, group=operation.group), host))
        else:
            works.append(Received(dist.irecv(host, operation.peer, group=operation.group), host, tensor))
    return works


def start(job):
    torch.manual_seed(1)
    samples = BATCHES * job["batch"]
    classes = job["classes"]
    if job["kind"] == "resnet":
        inputs = torch.randint(0, 256, (samples, 3, job["image_size"], job["image_size"]), dtype=torch.uint8)
        targets = torch.randint(0, classes, (samples,))
    else:
        inputs = torch.randint(0, classes, (samples, job["context"]))
        targets = torch.randint(0, classes, (samples, job["context"]))
        inputs[0, 0] = classes - 1  # the number of tokens is read off the data, as that of classes
    targets.view(-1)[0] = classes - 1
    save_file({"inputs": inputs, "targets": targets}, os.path.join(job["folder"], "train.safetensors"))
    layers = networks.make_layers(job)
    tensors = {name: tensor.contiguous() for name, tensor in networks.named_tensors(layers).items()}
    save_file(tensors, os.path.join(job["folder"], "start.safetensors"))

    # What crosses between ranks: torch.distributed.pipelining would find out by messages that gloo cannot send from GPUs.
    x = as_inputs(inputs[:job["batch"] // job["micro_batches"]]).to(job["device"])
    shapes = [(list(x.shape), str(x.dtype))]
    first = 0
    with torch.no_grad():
        for count in job["counts"]:
            x = StageModule(layers[first:first + count], job).to(job["device"])(x)
            shapes.append((list(x.shape), str(x.dtype)))
            first += count
    with open(os.path.join(job["folder"], "shapes.json"), "w", encoding="utf-8") as file:
        json.dump(shapes, file)


def as_inputs(tensor):
    return tensor.float() if tensor.dtype == torch.uint8 else tensor


def empty_like_shape(shape):
    sizes, dtype = shape
    return torch.empty(sizes, dtype=getattr(torch, dtype.split(".")[1]), device="meta")


def make_optimizer(job, parameters):
    fused = job["device"] == "cuda"
    if job["kind"] == "resnet":
        return torch.optim.SGD(parameters, lr=job["lr"], momentum=job["momentum"], fused=fused)
    return torch.optim.AdamW(parameters, lr=job["lr"], weight_decay=job["weight_decay"], fused=fused)


def make_module(job, rank, device):
    layers = networks.make_layers(job)
    weights = load_file(os.path.join(job["folder"], "start.safetensors"))
    first = sum(job["counts"][:rank])
    for i in range(first, first + job["counts"][rank]):
        prefix = f"layers.{i}."
        layers[i].load_state_dict({name[len(prefix):]: weights[name] for name in weights if name.startswith(prefix)})
    return StageModule(layers[first:first + job["counts"][rank]], job).to(device)


def make_schedule(job, rank, device):
    module = make_module(job, rank, device)
    with open(os.path.join(job["folder"], "shapes.json"), encoding="utf-8") as file:
        shapes = json.load(file)
    stage = PipelineStage(module, rank, job["ranks"], device, input_args=empty_like_shape(shapes[rank]),
                          output_args=empty_like_shape(shapes[rank + 1]))
    return module, Schedule1F1B(stage, job["micro_batches"], loss_fn=networks.mean_loss)


def synchronise(device):
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.monotonic()


def batches(job, name, device):
    data = load_file(os.path.join(job["folder"], "train.safetensors"))
    parts = as_inputs(data[name]).split(job["batch"])
    return [part.pin_memory() if device.type == "cuda" else part for part in parts]


def peak_memory(device):
    return torch.cuda.max_memory_allocated(device) / 2**20 if device.type == "cuda" else None


def train_alone(job, device):
    module = make_module(job, 0, device)
    optimizer = make_optimizer(job, module.parameters())
    inputs, targets = batches(job, "inputs", device), batches(job, "targets", device)
    micro_batches = job["micro_batches"]
    losses = []

    def one_step(step):
        optimizer.zero_grad()
        x = inputs[step % BATCHES].to(device, non_blocking=True).chunk(micro_batches)
        y = targets[step % BATCHES].to(device, non_blocking=True).chunk(micro_batches)
        total = 0
        for a, b in zip(x, y):
            loss = networks.mean_loss(module(a), b) / micro_batches
            loss.backward()
            total = total + loss.detach()
        losses.append(total)
        optimizer.step()

    for step in range(job["steps"]):
        if step == job["warm_up"]:
            begin = synchronise(device)
        one_step(step)
    seconds = (synchronise(device) - begin) / (job["steps"] - job["warm_up"])
    return {"step": seconds, "memory": peak_memory(device), "losses": [loss.item() for loss in losses],
            "kernels": kernel_seconds(one_step, device)}


def kernel_seconds(one_step, device, steps=3):
    """The GPU's time in kernels of a step, which does not depend on how quick the host is; None without a GPU."""
    if device.type != "cuda":
        return None
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        for step in range(steps):
            one_step(step)
        synchronise(device)
    return sum(event.self_device_time_total for event in profile.key_averages()) / steps / 1e6


def train(job, rank, device):
    module, schedule = make_schedule(job, rank, device)
    optimizer = make_optimizer(job, module.parameters())
    first, last = rank == 0, rank == job["ranks"] - 1
    inputs = batches(job, "inputs", device) if first else []
    targets = batches(job, "targets", device) if last else []
    losses = []
    for step in range(job["steps"]):
        if step == job["warm_up"]:
            begin = synchronise(device)
        optimizer.zero_grad()
        batch = (inputs[step % BATCHES].to(device, non_blocking=True),) if first else ()
        if last:
            of_step = []
            schedule.step(*batch, target=targets[step % BATCHES].to(device, non_blocking=True), losses=of_step,
                          return_outputs=False)
            losses.append(torch.stack([loss.detach() for loss in of_step]).mean())
        else:
            schedule.step(*batch, return_outputs=False)
        optimizer.step()
    seconds = (synchronise(device) - begin) / (job["steps"] - job["warm_up"])
    return {"step": seconds, "memory": peak_memory(device), "losses": [loss.item() for loss in losses]}


def set_up(job):
    torch.set_num_threads(1)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = job["tf32"]
    torch.backends.cudnn.benchmark = True


def write_result(job, rank, result):
    with open(os.path.join(job["folder"], f"rank-{rank}.json"), "w", encoding="utf-8") as file:
        json.dump(result, file)


def run_alone(job):
    set_up(job)
    write_result(job, 0, train_alone(job, torch.device("cuda", 0) if job["device"] == "cuda" else torch.device("cpu")))


def run_rank(job, rank):
    set_up(job)
    device = torch.device("cpu")
    backend = "gloo"
    if job["device"] == "cuda":
        gpus = torch.cuda.device_count()
        device = torch.device("cuda", rank % gpus)
        torch.cuda.set_device(device)
        if gpus >= job["ranks"]:
            backend = "nccl"
    if backend == "gloo":
        schedules._batch_p2p = staged_batch
    rendezvous = "file://" + os.path.join(job["folder"], "rendezvous")
    dist.init_process_group(backend, init_method=rendezvous, rank=rank, world_size=job["ranks"])
    result = train(job, rank, device)
    dist.barrier()
    dist.destroy_process_group()
    write_result(job, rank, result)


def main():
    if sys.argv[1] == "device":
        print(json.dumps(describe(sys.argv[2] if len(sys.argv) > 2 else "cuda")))
        return
    with open(sys.argv[2], encoding="utf-8") as file:
        job = json.load(file)
    if sys.argv[1] == "start":
        start(job)
    elif sys.argv[1] == "alone":
        run_alone(job)
    else:
        run_rank(job, int(sys.argv[3]))


if __name__ == "__main__":
    main()
