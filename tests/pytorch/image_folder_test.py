"""data.kind: imagefolder against torchvision: the same files in the same order, the same pixels, for every kind of JPEG.

Pixels are compared as bytes, before normalisation, by the mean difference over an image. It is below one byte value
(1/255) against torchvision on Pillow images and on tensors, which round otherwise. Against Pillow resizing columns first
and rows then it is nothing; newer Pillows take whichever of the two orders is quicker.
"""

import math
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.runner import check, check_equal, main, metrics, skip_without, write_config  # noqa: E402

skip_without("torch", "torchvision", "PIL", "safetensors", "numpy")
import numpy  # noqa: E402
import torch  # noqa: E402
import torchvision.transforms as v1  # noqa: E402
import torchvision.transforms.functional as functional  # noqa: E402
import torchvision.transforms.v2 as v2  # noqa: E402
from PIL import Image, ImageOps  # noqa: E402
from safetensors.torch import load_file  # noqa: E402
from torchvision.datasets import ImageFolder  # noqa: E402

PICTURES = Path(__file__).resolve().parents[3] / "shared/data/images"
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
MODEL = {"model": {"kind": "convnet", "channels": [4, 4]}, "training": {"batch_size": 8}}


def upright(path):
    """As torchvision reads it, but turned as its Exif data say."""
    with Image.open(path) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def dump(interlock, folder, epoch=0, **data):
    """What our loader makes of `folder`: tensors by name."""
    config = write_config(interlock.folder / "dump.yaml", {
        **MODEL, "data": {"kind": "imagefolder", "path": str(folder), "broken_limit": 0, **data}})
    out = interlock.folder / "dump.safetensors"
    tool = interlock.program.parent / "tests/image_folder_dump"
    done = subprocess.run([tool, config, out, str(epoch)], text=True, capture_output=True)
    check(done.returncode == 0, f"image_folder_dump: {done.stdout}{done.stderr}")
    return load_file(out)


def bytes_of(sample):
    return (sample * torch.tensor(DEVIATION).view(3, 1, 1) + torch.tensor(MEAN).view(3, 1, 1)) * 255


class Difference:
    """The largest mean difference between images, in byte values, and which image has it."""

    def __init__(self):
        self.worst, self.where = 0.0, ""

    def see(self, path, ours, theirs):
        check_equal(tuple(ours.shape), tuple(theirs.shape), f"shape of {path}")
        mean = (bytes_of(ours) - bytes_of(theirs)).abs().mean().item()
        check(not math.isnan(mean), f"{path}: not a number")
        if mean >= self.worst:
            self.worst, self.where = mean, path

    def at_most(self, limit):
        check(self.worst <= limit, f"{self.where}: mean difference of {self.worst:.3g} byte values, more than {limit}")
        return self.worst


def columns_first(image, left, top, width, height, size):
    """Crops and resizes in two steps, so that the order is known."""
    image = image.crop((left, top, left + width, top + height))
    return image.resize((size[0], height), Image.BILINEAR).resize(size, Image.BILINEAR)


def compare(interlock, folder, resize=256, size=224, epoch=3, flip=True):
    """Both splits of a folder, sample by sample."""
    found = dump(interlock, folder, epoch, resize=resize, image_size=size, flip=flip)
    to_tensor = v1.Compose([v1.ToTensor(), v1.Normalize(MEAN, DEVIATION)])
    evaluation = v1.Compose([v1.Resize(resize), v1.CenterCrop(size), to_tensor])
    on_tensors = v2.Compose([v2.PILToTensor(), v2.Resize(resize, antialias=True), v2.CenterCrop(size),
                             v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, DEVIATION)])
    exact, pillow, tensors = Difference(), Difference(), Difference()
    files = ImageFolder(folder / "val").samples
    check_equal(found["eval_targets"].tolist(), [target for _, target in files], "classes of val")
    for ours, (path, _) in zip(found["eval"], files):
        image = upright(path)
        resized = columns_first(image, 0, 0, *image.size, v1.Resize(resize)(image).size)
        exact.see(path, ours, to_tensor(v1.CenterCrop(size)(resized)))
        pillow.see(path, ours, evaluation(image))
        tensors.see(path, ours, on_tensors(image))
    files = ImageFolder(folder / "train").samples
    check_equal(found["train_targets"].tolist(), [target for _, target in files], "classes of train")
    for ours, (path, _), (left, top, width, height, flipped) in zip(found["train"], files, found["views"].tolist()):
        image = upright(path)
        mirror = v1.RandomHorizontalFlip(flipped)
        exact.see(path, ours, to_tensor(mirror(columns_first(image, left, top, width, height, (size, size)))))
        pillow.see(path, ours, to_tensor(mirror(functional.resized_crop(image, top, left, height, width, [size, size]))))
        on_tensor = functional.resized_crop(functional.pil_to_tensor(image), top, left, height, width, [size, size])
        tensors.see(path, ours, v1.Normalize(MEAN, DEVIATION)(mirror(on_tensor) / 255))
    print(f"  largest mean difference over an image, in byte values: torchvision on Pillow images {pillow.at_most(1):.3g}, "
          f"on tensors {tensors.at_most(1):.3g}")
    return exact.at_most(1e-4)


def real_pictures(interlock, **options):
    if not PICTURES.is_dir():
        print(f"  skipped: there is no folder {PICTURES}")
        return None
    return compare(interlock, PICTURES, **options)


def painting(width, height, seed=0):
    """A colourful image with edges, gradients and noise."""
    draw = numpy.random.default_rng(seed)
    y, x = numpy.mgrid[0:height, 0:width]
    image = numpy.stack([x * 255 // max(1, width - 1), y * 255 // max(1, height - 1), (x // 9 + y // 7) % 2 * 200], axis=-1)
    return Image.fromarray((image * 0.8 + draw.integers(0, 50, image.shape)).astype(numpy.uint8))


def save(folder, name, image, **options):
    for split in ("train", "val"):
        path = Path(folder) / split / "things" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path, **options)


def unusual_files(interlock):
    folder = interlock.folder / "unusual"
    picture = painting(161, 120)
    for orientation in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        save(folder, f"orientation_{orientation}.jpg", picture, exif=exif)
    inks = picture.convert("CMYK")
    numpy_inks = numpy.asarray(inks).copy()
    numpy_inks[..., 3] = numpy.arange(120).reshape(120, 1)  # some black as well
    save(folder, "cmyk.jpg", Image.fromarray(numpy_inks, mode="CMYK"))
    save(folder, "cmyk_progressive.JPEG", inks, progressive=True, quality=60)
    save(folder, "gray.JPG", picture.convert("L"))
    save(folder, "gray_progressive.jpeg", picture.convert("L"), progressive=True)
    for name, subsampling in (("444", 0), ("422", 1), ("420", 2)):
        save(folder, f"{name}.jpg", picture, subsampling=subsampling, quality=40)
        save(folder, f"{name}_progressive.jpg", picture, subsampling=subsampling, progressive=True)
    save(folder, "as_rgb.jpg", picture, keep_rgb=True)
    save(folder, "restarts.jpg", picture, restart_marker_blocks=3)
    for width, height in ((1, 1), (2, 300), (300, 2), (31, 33), (255, 256), (257, 255), (1000, 90)):
        save(folder, f"{width}x{height}.jpg", painting(width, height))
    return max(compare(interlock, folder), compare(interlock, folder, resize=40, size=64, epoch=0),
               compare(interlock, folder, resize=90, size=33, flip=False))


def small_folder(interlock, classes=3, images=8):
    folder = interlock.folder / "pictures"
    for label in range(classes):
        for split, count in (("train", images), ("val", 2)):
            (folder / split / f"class_{label}").mkdir(parents=True)
            for i in range(count):
                image = painting(60 + 7 * i, 50, seed=100 * label + i)
                image.save(folder / split / f"class_{label}" / f"{i}.jpg")
    return folder


def training(folder, **data):
    return {"model": {"kind": "convnet", "channels": [4, 8]}, "partition": {"stages": 2},
            "learning": {"horizon": 1}, "schedule": {"micro_batches": 2},
            "training": {"batch_size": 6, "epochs": 2},
            "data": {"kind": "imagefolder", "path": str(folder), "image_size": 32, "resize": 36, "flip": True, **data}}


def losses(run):
    return [line["loss"] for line in metrics(run) if line["kind"] in ("step", "eval")]


def threads_change_nothing(interlock):
    folder = small_folder(interlock)
    expected = losses(interlock.train("oracle", training(folder, threads=0)))
    check_equal(len(expected), 10, "steps and evaluations")
    for name, threads, ranks in (("oracle_ahead", 3, 0), ("ranks", 0, 3), ("ranks_ahead", 2, 3)):
        found = losses(interlock.train(name, training(folder, threads=threads), ranks=ranks))
        check_equal(found, expected, f"losses of {name}")


def broken_files(interlock):
    folder = small_folder(interlock)
    (folder / "train/class_1/3.jpg").write_bytes(b"")
    whole = (folder / "train/class_0/5.jpg").read_bytes()
    (folder / "train/class_0/5.jpg").write_bytes(whole[:len(whole) // 2])
    painting(40, 40).save(folder / "train/class_2/2.jpg", format="PNG")
    done = interlock.run("train", write_config(interlock.folder / "a.yaml", training(folder, broken_limit=3)), ranks=3)
    check_equal(done.code, 0, f"exit code with as many broken files as allowed: {done}")
    for name, reason in (("class_1/3.jpg", "the file is empty"), ("class_0/5.jpg", "the file ends early"),
                         ("class_2/2.jpg", "it is a PNG file, not a JPEG")):
        check_equal(done.err.count(f"{name}: skipped: {reason}"), 1, f"warnings about {name} in {done.err}")
    for ranks in (0, 3):
        done = interlock.run("train", "a.yaml", "data.broken_limit=2", *([] if ranks else ["--single-process"]), ranks=ranks)
        check_equal(done.code, 3, f"exit code with more broken files than allowed: {done}")
        check("data.broken_limit" in done.err and "class_1/3.jpg" in done.err, f"no files named: {done.err}")


def other_classes(interlock):
    folder = small_folder(interlock)
    (folder / "val/class_1").rename(folder / "val/class_one")
    write_config(interlock.folder / "a.yaml", training(folder))
    for command, ranks in (("train", 3), ("check", 0)):
        done = interlock.run(command, "a.yaml", ranks=ranks)
        check_equal(done.code, 3, f"exit code of {command}: {done}")
        check("class_1" in done.err and "class_one" in done.err, f"classes not named: {done.err}")
    done = interlock.run("train", "a.yaml", "data.holdout=0.25", ranks=3)
    check_equal(done.code, 0, f"a held-out part of train needs no val: {done}")


def absent_folder(interlock):
    done = interlock.run("check", write_config(interlock.folder / "a.yaml", training("nowhere")))
    check_equal(done.code, 3, f"exit code: {done}")
    check("nowhere" in done.err and "train/CLASS" in done.err, f"no help: {done.err}")


main([
    ("real pictures, 256 to 224", real_pictures),
    ("real pictures, 64 to 56, other crops", lambda i: real_pictures(i, resize=64, size=56, epoch=9)),
    ("unusual files: orientations, inks, subsampling, sizes", unusual_files),
    ("threads that load ahead change nothing", threads_change_nothing),
    ("broken files are skipped up to the limit", broken_files),
    ("classes that differ between train and val", other_classes),
    ("a folder that is not there", absent_folder),
])
