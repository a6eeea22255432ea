"""torchvision's side of the benchmark `loader`.

image_loader.py measure FOLDER PASSES: as bench_loader, with ImageFolder and Pillow.
image_loader.py make FOLDER: pictures to measure with, where there are none.
"""

import json
import sys
import time
from pathlib import Path

import numpy
import torch
from PIL import Image
from torchvision import transforms
from torchvision.datasets import ImageFolder

NORMALISE = [transforms.ToTensor(), transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]
CASES = {
    "decode": None,
    "decode + training transform": [transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip(), *NORMALISE],
    "decode + evaluation transform": [transforms.Resize(256), transforms.CenterCrop(224), *NORMALISE],
}


def measure(folder, passes):
    torch.set_num_threads(1)
    for name, steps in CASES.items():
        images = ImageFolder(Path(folder) / "train", transforms.Compose(steps) if steps else None)
        for timed in (False, *[True] * passes):
            if not timed:
                seconds = 0.0
            start = time.process_time()
            for i in range(len(images)):
                images[i]
            seconds += (time.process_time() - start) * timed
        print(json.dumps({"case": name, "images": len(images) * passes, "seconds": seconds}))


def make(folder):
    """100 pictures of ImageNet's usual size, smooth with some noise."""
    draw = numpy.random.default_rng(1)
    y, x = numpy.mgrid[0:375, 0:500]
    for i in range(100):
        waves = [numpy.sin(x * draw.uniform(0, 0.1) + y * draw.uniform(0, 0.1)) for _ in range(3)]
        picture = 128 + 90 * numpy.stack(waves, axis=-1) + draw.normal(0, 8, (375, 500, 3))
        path = Path(folder) / "train" / f"class_{i % 4}" / f"{i}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture.clip(0, 255).astype(numpy.uint8)).save(path, quality=90)


if sys.argv[1] == "make":
    make(sys.argv[2])
else:
    measure(sys.argv[2], int(sys.argv[3]))
