#!/usr/bin/env python3
"""start.py JOB.json: writes what both sides start from into the job's folder: start.safetensors and train.safetensors."""

import json
import os
import sys

import networks
import torch
from safetensors.torch import save_file


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    torch.manual_seed(1)
    samples = 4 * job["batch"]
    targets = torch.randint(0, job["classes"], (samples,))
    targets[0] = job["classes"] - 1  # the number of classes is read off the targets
    if job["kind"] == "resnet":
        inputs = torch.randn(samples, 3, job["image_size"], job["image_size"])
        layers = networks.resnet_layers(job["super_blocks"], job["classes"])
        tensors = {name: tensor.contiguous() for name, tensor in networks.named_tensors(layers).items()}
        save_file(tensors, os.path.join(job["folder"], "start.safetensors"))
    else:
        inputs = torch.randn(samples, job["features"])
    save_file({"inputs": inputs, "targets": targets}, os.path.join(job["folder"], "train.safetensors"))


if __name__ == "__main__":
    main()
