"""Mistakes that people make: each is refused with the promised exit code and one line that says what is wrong, where,
and what to do.

A row is a command line as it is typed, in a folder that holds a small config, its data, two runs and a run on text. The
same mistakes seen from the reader of the message: docs/troubleshooting.md. INTERLOCK_SHOW_MISTAKES=1 prints what each
row says.
"""

import fcntl
import functools
import json
import os
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from refusal import DATA, IO, SECONDS, USAGE  # noqa: E402
from small_run import FEATURES, RANKS, samples, write_data  # noqa: E402
from support import tensor_file  # noqa: E402
from support.runner import Interlock, check, check_equal, main  # noqa: E402

FAILED = 5
CONFIG = """\
model:
  layers:
    - linear: {in: 6, out: 16}
    - relu
    - linear: {in: 16, out: 16}
    - relu
    - linear: {in: 16, out: 4}
partition: {layers: [2, 3]}
learning:
  horizon: 1
  heads: [[{linear: {in: 16, out: 4}}]]
schedule:
  micro_batches: 2
data:
  kind: tensors
  path: train.safetensors
  eval_path: eval.safetensors
optimizer:
  kind: sgd
  momentum: 0.9
training:
  batch_size: 8
  epochs: 1
run: {dir: run}
"""
IMAGES = "model.layers= model.kind=convnet partition.layers= partition.stages=2 learning.heads= data.eval_path="
TEXT = "model: {kind: transformer_lm, blocks: 2, width: 16}\npartition: {stages: 2}\ndata: {kind: text, path: text.txt, " \
       "context: 8, limit: 24}\nrun: {dir: text}\n"
GRID = "base: config.yaml\nmode: single_process\ngrid: {optimizer.lr: [0.1, 0.2]}\n"


@functools.lru_cache(maxsize=None)
def folder_of_runs(program):
    """Made once, copied for every row. Its name is kept alive by the cache."""
    holder = tempfile.TemporaryDirectory(prefix="interlock-mistakes-")
    interlock = Interlock(program, holder.name)
    folder = interlock.folder
    write_data(folder)
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "wide.yaml").write_text(CONFIG.replace("out: 16", "out: 20").replace("in: 16", "in: 20")
                                      .replace("dir: run", "dir: wide"))
    (folder / "lm.yaml").write_text(TEXT)
    (folder / "grid.yaml").write_text(GRID)
    (folder / "text.txt").write_text("to be or not to be, that is the question\n" * 40)
    for config in ("config.yaml", "wide.yaml", "lm.yaml"):
        interlock.succeed("train", config, "--single-process")
    interlock.succeed("plan", "config.yaml", "--write", "schedule.txt")
    return holder


def check_one_line(finished, code, fragments):
    if os.environ.get("INTERLOCK_SHOW_MISTAKES"):
        print(f"$ {' '.join(finished.command[-6:])}\n{finished.err}")
    check_equal(finished.code, code, f"exit code of {finished}")
    lines = finished.err.splitlines()
    errors = [line for line in lines if line.startswith("interlock: error: ")]
    check_equal(len(errors), 1, f"lines of error in {finished}")
    others = [line for line in lines if line not in errors and not line.startswith("interlock: ")]
    check(not others, f"more than our own lines: {others} in {finished}")
    for fragment in fragments:
        check(fragment in errors[0], f"'{fragment}' is not in the message: {finished}")


def mistake(name, command, code, *, what, where, todo, prepare=None, ranks=0, variables=None):
    """`what`, `where` and `todo` are each a fragment of the line, or a list of them."""
    fragments = [one for part in (what, where, todo) for one in ([part] if isinstance(part, str) else part)]

    def run(interlock):
        shutil.copytree(folder_of_runs(str(interlock.program)).name, interlock.folder, dirs_exist_ok=True)
        if prepare:
            prepare(interlock.folder)
        before = dict(os.environ)
        os.environ.update(variables or {})
        try:
            finished = interlock.run(*shlex.split(command), ranks=ranks, timeout=SECONDS)
        finally:
            os.environ.clear()
            os.environ.update(before)
        check_one_line(finished, code, fragments)
    return name, run


# What spoils the folder.

def edit(old, new, file="config.yaml"):
    def prepare(folder):
        text = (folder / file).read_text()
        check(old in text, f"'{old}' is not in {file}")
        (folder / file).write_text(text.replace(old, new, 1))
    return prepare


def write(file, content):
    return lambda folder: (folder / file).write_text(content)


def make_folder(name):
    return lambda folder: (folder / name).mkdir(parents=True)


def cut_data(folder):
    path = folder / "train.safetensors"
    path.write_bytes(path.read_bytes()[:300])


def spoil_checkpoint(folder):
    for shard in (folder / "run/checkpoints").glob("*/stage-1-*"):
        content = bytearray(shard.read_bytes())
        content[-1] ^= 0xFF
        shard.write_bytes(content)


def write_nan(folder):
    tensors = samples(1)
    tensors["inputs"][2][17 * FEATURES] = float("nan")
    tensor_file.write(folder / "train.safetensors", tensors)


def occupy_run(folder):
    """Another job's lock, held until this script ends."""
    occupy_run.held = open(folder / "run/.lock", "w")
    fcntl.flock(occupy_run.held, fcntl.LOCK_EX)


NO_GPU = {"CUDA_VISIBLE_DEVICES": ""}
TIMES = {name: 1 for name in ("forward_ms", "head_ms", "input_gradient_ms", "stacked_input_gradient_ms",
                              "weight_gradient_ms", "backward_ms", "update_ms")}
PROFILE = {"micro_batch_size": 4, "cut": [1], "stages": [TIMES], "layers": [{**TIMES, "head_fits": True, "parameters": 4}]}

WRITING_A_CONFIG = [
    mistake("a key misspelt", "check config.yaml", USAGE, prepare=edit("horizon", "horizn"),
            what="learning.horizn: unknown key", where="config.yaml:10:3", todo="did you mean 'horizon'?"),
    mistake("a value misspelt", "check config.yaml", USAGE, prepare=edit("kind: sgd", "kind: sdg"),
            what="unknown value 'sdg'", where=["config.yaml:19:9", "optimizer.kind"], todo="did you mean 'sgd'?"),
    mistake("a word for a number", "check config.yaml", USAGE, prepare=edit("epochs: 1", "epochs: many"),
            what="got 'many'", where=["config.yaml:23:11", "training.epochs"], todo="wants a whole number from 1"),
    mistake("a decimal comma", "check config.yaml optimizer.lr=0,1", USAGE,
            what="got '0,1'", where="optimizer.lr", todo="wants a number above 0"),
    mistake("yes for true", "check config.yaml data.shuffle=yes", USAGE,
            what="got 'yes'", where="data.shuffle", todo="true or false"),
    mistake("a section misspelt", "check config.yaml", USAGE, prepare=edit("training:", "trainning:"),
            what="unknown section", where="config.yaml:21:1: trainning", todo="did you mean 'training'?"),
    mistake("a key given twice", "check config.yaml", USAGE,
            prepare=edit("run: {dir: run}", "run: {dir: run}\nrun: {dir: x}"),
            what="given twice", where="config.yaml:25:1: run", todo="the first is at config.yaml:24:1"),
    mistake("a tab", "check config.yaml", USAGE, prepare=edit("  epochs: 1", "\tepochs: 1"),
            what="not valid YAML", where="config.yaml:23:", todo="indent with spaces"),
    mistake("a bracket left open", "check config.yaml", USAGE, prepare=edit("[2, 3]}", "[2, 3"),
            what="not valid YAML", where="config.yaml:", todo="a [ has no ]"),
    mistake("two keys on a line", "check config.yaml", USAGE,
            prepare=edit("  batch_size: 8\n", "  batch_size: 8 seed: 1\n"),
            what="not valid YAML", where="config.yaml:22:", todo="one key a line"),
    mistake("an option of another optimizer", "check config.yaml", USAGE, prepare=edit("kind: sgd", "kind: adam"),
            what="optimizer.momentum", where="config.yaml:20:", todo=["optimizer.kind: sgd", "remove"]),
    mistake("a layer misspelt", "check config.yaml", USAGE, prepare=edit("- linear: {in: 6", "- linaer: {in: 6"),
            what="unknown layer 'linaer'", where="config.yaml:3:7", todo="did you mean 'linear'?"),
]

COMMAND_LINES = [
    mistake("a command misspelt", "trian config.yaml", USAGE,
            what="unknown command", where="'trian'", todo="did you mean 'train'?"),
    mistake("an option misspelt", "train config.yaml --single-proces", USAGE,
            what="no such option", where="--single-proces", todo="did you mean '--single-process'?"),
    mistake("an option of another command", "check config.yaml --resume", USAGE,
            what="`interlock check` has no such option", where="--resume", todo="`interlock train` has"),
    mistake("no config", "train", USAGE, what="CONFIG is required", where="interlock train",
            todo="configs/quickstart.yaml"),
    mistake("an override where the config belongs", "train training.epochs=2", USAGE,
            what="it is an override", where="training.epochs=2", todo="the config comes before it"),
    mistake("a config that is not there", "check confg.yaml", USAGE,
            what="No such file", where="confg.yaml", todo="did you mean 'config.yaml'?"),
    mistake("a folder without a config", "check empty", USAGE, prepare=make_folder("empty"),
            what="this folder has none", where="empty/config.yaml", todo="give a config file, or the folder of a run"),
    mistake("data where the config belongs", "check train.safetensors", USAGE,
            what="not of text", where="train.safetensors", todo="a config is a YAML file"),
    mistake("an override with dashes", "train config.yaml --training.epochs=2", USAGE,
            what="looks like an override", where="--training.epochs=2", todo="no dashes: training.epochs=2"),
    mistake("an override with spaces", "check config.yaml training.epochs = 2", USAGE,
            what="not an override", where="training.epochs", todo="key.path=value without spaces"),
    mistake("a list without quotes", "check config.yaml partition.layers=[2, 3]", USAGE,
            what="not valid YAML", where="command line: partition.layers", todo="quote the whole of key=value"),
    mistake("an override of an unknown key", "check config.yaml training.epoch=2", USAGE,
            what="unknown key", where="command line: training.epoch", todo="did you mean 'epochs'?"),
    mistake("an override without its section", "check config.yaml epochs=2", USAGE,
            what="unknown section", where="command line: epochs", todo="did you mean 'training.epochs'?"),
    mistake("an override of one item of a list", "check config.yaml partition.layers.0=2", USAGE,
            what="is a list", where=["partition.layers.0", "config.yaml:8:"], todo="give the whole of it"),
    mistake("the path of --resume without =", "train config.yaml --single-process --resume run/checkpoints/step-00000003",
            USAGE, what="not an override", where="run/checkpoints/step-00000003", todo="--option=PATH"),
    mistake("a format that is none", "export run --out w --format onnx", USAGE,
            what="onnx", where="--format", todo="interlock,torchvision,gpt2"),
]

FILES = [
    mistake("data that is not there", "check config.yaml data.path=trian.safetensors", DATA,
            what="No such file", where="command line: data.path", todo="did you mean 'train.safetensors'?"),
    mistake("data in a home folder", "check config.yaml", DATA, prepare=edit("path: train", "path: ~/data/train"),
            what="No such file", where="config.yaml:16:9: data.path", todo=["'~'", "write the whole path"]),
    mistake("a folder for a file of data", "check config.yaml data.path=.", DATA,
            what="is a folder", where="data.path", todo="a safetensors file with inputs and targets"),
    mistake("a data folder without data", f"check config.yaml {IMAGES} data.kind=cifar10 data.path=d", DATA,
            prepare=make_folder("d"), what="no such file", where="d/data_batch_1.bin",
            todo="data.path must be the folder of CIFAR-10's binary version"),
    mistake("a folder of images without classes", f"check config.yaml {IMAGES} data.kind=imagefolder data.path=d", DATA,
            prepare=make_folder("d/train"), what="has no folders", where="d/train", todo="one for each class"),
    mistake("data cut short", "check config.yaml", DATA, prepare=cut_data,
            what="tensor 'inputs'", where="train.safetensors: byte 17", todo="is the file complete?"),
    mistake("text too short for a sample", "check lm.yaml data.context=8000", USAGE,
            what="too few for one sample", where="data.context", todo="lower data.context"),
    mistake("a vocabulary that is not there", "check lm.yaml data.tokens=sentencepiece data.vocabulary=spm.model", DATA,
            what="No such file", where=["data.vocabulary", "spm.model"], todo="relative paths start at"),
    mistake("another vocabulary than the weights'", "eval text data.tokens=words data.eval_path=text.txt", DATA,
            what="another vocabulary", where="text/checkpoints/step-00000001", todo="use the data.tokens"),
    mistake("initial weights that are not there", "check config.yaml model.init=run/weights.safetensors", DATA,
            what="no such file", where=["model.init", "run/weights.safetensors"], todo="relative paths start at"),
    mistake("a NaN in the data", "train config.yaml --single-process run.dir=fresh", FAILED, prepare=write_nan,
            what="the input data is NaN or infinite", where="sample 17", todo=["Repair", "training.nonfinite: skip"]),
    mistake("labels beyond the network's outputs", "check config.yaml", DATA,
            prepare=edit("{in: 16, out: 4}\npartition", "{in: 16, out: 3}\npartition"),
            what="class 3", where="train.safetensors", todo="give it 4"),
]

NETWORKS = [
    mistake("a cut that leaves a stage empty", "check config.yaml", USAGE, prepare=edit("[2, 3]", "[5, 0]"),
            what="leaves stage 1 empty", where=["config.yaml:8:", "partition.layers"],
            todo="each stage needs 1 layer or more"),
    mistake("a cut that does not add up", "check config.yaml", USAGE, prepare=edit("[2, 3]", "[2, 2]"),
            what="add up to 4, but the network has 5 layers", where="config.yaml:8:", todo=["change a count", "rest"]),
    mistake("more stages than layers", "check config.yaml partition.layers= partition.stages=6 learning.heads=", USAGE,
            what="6 stages", where="partition.stages", todo="use 5 or fewer"),
    mistake("a horizon beyond the last stage", "check config.yaml learning.horizon=3", USAGE,
            what="only 2 stages", where="command line: learning.horizon", todo="wants 1 to 2, or all"),
    mistake("a head that does not fit", "check config.yaml", USAGE,
            prepare=edit("[[{linear: {in: 16", "[[{linear: {in: 7"),
            what="takes 7 features", where=["config.yaml:11:", "heads.0.0"], todo="write in: 16"),
    mistake("a head for images on flat layers", "check config.yaml learning.heads= learning.head=conv128_bn_fc", USAGE,
            what="needs [channels, height, width]", where="learning.head", todo="use linear"),
    mistake("layers that do not fit", "check config.yaml", USAGE, prepare=edit("{in: 6,", "{in: 5,"),
            what="takes 5 features", where=["config.yaml:3:", "layers.0"], todo="write in: 6"),
    mistake("a language model on vectors", "check config.yaml model.layers= model.kind=transformer_lm partition.layers= "
            "partition.stages=2 learning.heads=", USAGE,
            what="predicts the next token", where="model.kind", todo="data.kind: text"),
    mistake("more micro-batches than samples", "check config.yaml schedule.micro_batches=9", USAGE,
            what="more than training.batch_size", where=["command line: schedule.micro_batches", "config.yaml:22:"],
            todo="needs a sample"),
    mistake("replicas that do not divide", "check config.yaml partition.replicas=3", USAGE,
            what="3 replicas cannot share", where="partition.replicas", todo="choose a number"),
    mistake("the schedule of another cut",
            "check config.yaml schedule.file=schedule.txt 'partition.layers=[2, 2, 1]' learning.heads=",
            USAGE, what="has 2 stages, but the config has 3", where="schedule.txt", todo="interlock plan CONFIG --write"),
    mistake("the schedule of other micro-batches", "check config.yaml schedule.file=schedule.txt schedule.micro_batches=4",
            USAGE, what="weight gradients are missing", where="schedule.txt", todo="interlock plan CONFIG --write"),
    mistake("a profile that is not there", "plan config.yaml schedule.costs=profile.json", USAGE,
            what="No such file", where="schedule.costs: profile.json",
            todo="interlock profile CONFIG --out profile.json"),
    mistake("a profile of another network", "plan config.yaml schedule.costs=profile.json", USAGE,
            prepare=write("profile.json", json.dumps(PROFILE)),
            what="a network of 1 layers, this one has 5", where="schedule.costs: profile.json",
            todo="interlock profile CONFIG"),
]

STARTING = [
    mistake("too few ranks", "train config.yaml", USAGE, ranks=2,
            what="2 ranks launched", where="partition.stages: 2", todo="mpirun -np 3"),
    mistake("too many ranks", "train config.yaml", USAGE, ranks=4,
            what="4 ranks launched", where="partition.stages: 2", todo="mpirun -np 3"),
    mistake("mpirun forgotten", "train config.yaml", USAGE,
            what="1 rank launched", where="partition.stages: 2", todo=["mpirun -np 3", "--single-process"]),
    mistake("a single process under mpirun", "train config.yaml --single-process", USAGE, ranks=RANKS,
            what="would train the same run several times", where="--single-process under mpirun",
            todo="start it without"),
    mistake("a GPU that is not there", "train config.yaml --single-process run.device=cuda", USAGE, variables=NO_GPU,
            what="there is no GPU", where="run.device", todo="run.device=cpu"),
    mistake("a GPU that is not there, on ranks", "train config.yaml run.device=cuda", USAGE, ranks=RANKS,
            variables=NO_GPU,
            what="there is no GPU", where="run.device", todo="run.device=cpu"),
    mistake("a transport for GPUs between CPUs", "train config.yaml run.transport=nccl", USAGE, ranks=RANKS,
            variables=NO_GPU,
            what="nccl moves tensors of GPUs", where="run.transport", todo="remove run.transport"),
    mistake("a run folder below a file", "train config.yaml --single-process run.dir=train.safetensors/run", IO,
            what="cannot create the folder", where="train.safetensors/run", todo="choose another path"),
    mistake("a full disk", "train config.yaml --single-process run.dir=full", IO,
            variables={"INTERLOCK_TEST_FAULT": "*:file_write:no_space"},
            what="No space left on device", where="full/config.yaml", todo="make room"),
    mistake("a full disk at a checkpoint of ranks", "train config.yaml run.dir=full", IO, ranks=RANKS,
            variables={"INTERLOCK_TEST_FAULT": "1:file_write:no_space"},
            what="No space left on device", where=["rank 1 (stage 0)", "full/checkpoints/step-00000003/stage-0-"],
            todo="make room or give permission, then the same command goes on"),
    mistake("two jobs in one folder", "train config.yaml --single-process --resume training.epochs=2", USAGE,
            prepare=occupy_run, what="another job is training in this folder", where="run", todo="give another run.dir"),
]

CHECKPOINTS = [
    mistake("the checkpoint of another network",
            "train config.yaml --single-process --resume=wide/checkpoints/step-00000003",
            DATA, what=["another network", "'layers.0.weight'", "[20, 6]", "[16, 6]"],
            where="wide/checkpoints/step-00000003", todo="--resume=none"),
    mistake("a damaged checkpoint", "train config.yaml --single-process --resume training.epochs=2", DATA,
            prepare=spoil_checkpoint, what="damaged: the checksum", where="run/checkpoints/step-00000003/stage-1-",
            todo="--resume=sound"),
    mistake("evaluating a damaged checkpoint", "eval run", DATA, prepare=spoil_checkpoint,
            what="damaged", where="stage-1-", todo="--checkpoint=PATH"),
    mistake("a checkpoint that is not there", "train config.yaml --single-process --resume=run/checkpoints/step-9", DATA,
            what="is no checkpoint", where="--resume: run/checkpoints/step-9", todo="give a folder such as"),
    mistake("evaluating before training", "eval config.yaml run.dir=fresh", DATA,
            what="no checkpoint", where="fresh/checkpoints", todo="train first"),
    mistake("the best of a run that kept none", "eval run --checkpoint best", DATA,
            what="none was noted", where="run/checkpoints", todo="run.keep_best=true"),
    mistake("exporting a config", "export config.yaml --out w.safetensors", DATA,
            what="no checkpoint here", where="config.yaml", todo="give a run's folder"),
    mistake("exporting into a folder that is not there", "export run --out missing/w.safetensors", IO,
            what="cannot create", where="missing/w.safetensors", todo="make the folder missing first"),
    mistake("exporting a network as another", "export run --out w --format torchvision", USAGE,
            what="is not a ResNet", where="--format torchvision: run", todo="--format interlock"),
    mistake("text from an image model", "generate run --prompt hello", USAGE,
            what="data.kind: tensors, not text", where="run/config.yaml", todo="give the run of a language model"),
    mistake("text from a run that is not there", "generate txt --prompt hello", USAGE,
            what="No such file", where="txt", todo="did you mean 'text'?"),
]

LOOKING = [
    mistake("a report on a run that is not there", "report runn", USAGE,
            what="no such folder of a run", where="runn", todo="did you mean 'run'?"),
    mistake("a report on a config", "report config.yaml", USAGE,
            what="is no folder of a run", where="config.yaml", todo="give run.dir of its config"),
    mistake("the trace of a run that took none", "trace run", DATA,
            what="no trace was taken", where="run:", todo="train with profile.active=3"),
    mistake("watching a run that is not there", "top runn --once", USAGE,
            what="no such folder", where="runn", todo="give a run's folder"),
    mistake("a trace of a folder that is not there", "trace nowhere", USAGE,
            what="no such folder", where="nowhere:", todo="give a run's folder"),
    mistake("looking into what is not there", "inspect nowhere", DATA,
            what="not found", where="nowhere", todo="give a run's folder, a checkpoint's folder or a safetensors file"),
    mistake("a stage that the checkpoint has not", "inspect run --stage 7", USAGE,
            what="has stages 0 to 1", where="run/checkpoints/step-00000003", todo="--stage 7"),
    mistake("a command of a command misspelt", "config shw config.yaml", USAGE,
            what="unknown command", where="'shw'", todo="did you mean 'show'?"),
    mistake("completion for another shell", "completion tcsh", USAGE,
            what="tcsh", where="SHELL", todo="bash,zsh,fish"),
]

SWEEPS = [
    mistake("a grid over an unknown key", "sweep grid.yaml", USAGE,
            prepare=edit("optimizer.lr", "optimizer.lrr", "grid.yaml"),
            what="optimizer.lrr: unknown key", where="grid.yaml:3:", todo="did you mean 'lr'?"),
    mistake("a grid of a config that is not there", "sweep grid.yaml", USAGE,
            prepare=edit("config.yaml", "confg.yaml", "grid.yaml"),
            what="there is no config confg.yaml", where="grid.yaml:1:7: base", todo="did you mean 'config.yaml'?"),
    mistake("a config for a grid", "sweep config.yaml", USAGE,
            what="this is a config", where="config.yaml:1:1", todo="a grid names it as its base"),
    mistake("a grid for a config", "train grid.yaml --single-process", USAGE,
            what="this is a grid", where="grid.yaml:1:1", todo="interlock sweep"),
]

if __name__ == "__main__":
    main(WRITING_A_CONFIG + COMMAND_LINES + FILES + NETWORKS + STARTING + CHECKPOINTS + LOOKING + SWEEPS)
