"""Loads the weights of the quick start into plain PyTorch: python load_quickstart.py WEIGHTS.safetensors

The names of exported tensors count layers through the whole network, whatever the cut, so a Sequential of the same
layers takes them as they are; heads.* are the auxiliary heads, which the trained network does without.
"""

import sys

import torch
from safetensors.torch import load_file


def quickstart_network(channels=(16, 16, 32, 32, 64, 64), image_size=16, classes=10):
    """configs/quickstart.yaml, layer by layer as `interlock check` counts them."""
    layers, below, size = [], 3, image_size
    for i, width in enumerate(channels):
        layers += [torch.nn.Conv2d(below, width, 3, padding=1, bias=False), torch.nn.BatchNorm2d(width), torch.nn.ReLU()]
        below = width
        if i % 2 == 1:
            layers.append(torch.nn.MaxPool2d(2))
            size //= 2
    return torch.nn.Sequential(*layers, torch.nn.Flatten(), torch.nn.Linear(below * size * size, classes))


def main():
    weights = load_file(sys.argv[1])
    network = quickstart_network()
    found = {name[len("layers."):]: tensor for name, tensor in weights.items() if name.startswith("layers.")}
    # The one buffer that interlock has no use for: how many batches batch norm has seen.
    found.update({name: value for name, value in network.state_dict().items() if name.endswith("num_batches_tracked")})
    network.load_state_dict(found, strict=True)
    network.eval()
    with torch.no_grad():
        scores = network(torch.zeros(1, 3, 16, 16))
    parameters = sum(parameter.numel() for parameter in network.parameters())
    print(f"{len(network)} layers, {parameters} parameters loaded; scores of a grey image: {tuple(scores.shape)}")


main()
