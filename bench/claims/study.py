"""What is trained to see the paper's claims: every run with its config and seed. Data only."""

import dataclasses
import pathlib

CONFIGS = pathlib.Path(__file__).parent / "configs"
SEEDS = (1, 2, 3)
END_TO_END = "all"  # learning.horizon

# ResNet-32 has 18 layers: the stem, 15 blocks, pooling, classifier. Equal numbers of blocks a stage.
DEEP_CUTS = {4: "4,4,4,rest", 8: ",".join(["2"] * 7) + ",rest", 16: ",".join(["1"] * 15) + ",rest"}


@dataclasses.dataclass(frozen=True)
class Run:
    """One training. Its folder is its name, so a run that is there already is never trained again."""

    study: str  # also the config's file name
    stages: int
    horizon: object  # 1, 2, 3 or END_TO_END
    seed: int
    mix: str = "farthest"
    head: str = ""  # "" is the config's
    epochs: int = 0  # 0 is the config's; the schedule of the learning rate shrinks with it
    micro_batches: int = 0  # 0 is the config's
    settings: tuple = ()  # further (key, value) pairs
    ranks: bool = False  # with a rank a stage; else in a single process, which gives the same bits

    @property
    def name(self):
        parts = [f"K={self.stages}", f"N={self.horizon}"]
        parts += [self.mix] * (self.mix != "farthest") + [self.head] * bool(self.head)
        parts += [f"epochs={self.epochs}"] * bool(self.epochs) + [f"M={self.micro_batches}"] * bool(self.micro_batches)
        parts += ["ranks"] * self.ranks
        return f"{self.study}/{','.join(parts)}/seed-{self.seed}"

    @property
    def varied(self):
        """Whether it is there beside the main rows: not to be averaged or compared with them."""
        return bool(self.epochs or self.micro_batches)

    @property
    def config(self):
        return CONFIGS / f"{self.study}.yaml"


CONVOLUTIONAL = "conv32_bn_gbpl_fc"  # learning.head; the config's is linear
POOLED = "pool_" + CONVOLUTIONAL  # a quarter of its cost: on 16 stages a convolution at full size is as much work as a stage
A_BLOCK = "block_norm_fc"  # the language model's counterpart: a Transformer block of the head's own; the config's is norm_fc
# How bounded horizons are trained in the deep study: by the farthest loss through good heads, or by all losses through simple ones.
RECIPES = {"farthest, pooled convolutional heads": ("farthest", POOLED), "sum, linear heads": ("sum", "")}
# Epochs, where not the config's 6: who wants a modest accuracy soon trains with a short schedule, and who has quick steps can take
# more of them in the same time.
SHORT, LONG = 3, 8


def _deep(seed, recipe, cuts, horizons=(2, 1, 3), **changes):
    mix, head = RECIPES[recipe]
    rules = {1: {"head": head}, 2: {"mix": mix, "head": head}, 3: {"mix": mix, "head": head}}
    return [Run("resnet32", stages, horizon, seed, settings=(("partition.layers", DEEP_CUTS[stages]),), **rules[horizon], **changes)
            for horizon in horizons for stages in cuts]


def _whole(seed, **changes):
    """End-to-end training of ResNet-32: the same whatever the cut."""
    return [Run("resnet32", 4, END_TO_END, seed, settings=(("partition.layers", DEEP_CUTS[4]),), **changes)]


def _mixes(seed):
    """ResNet-20 with linear heads: what the main row has with convolutional ones, and the other mixes."""
    return ([Run("resnet20", 4, horizon, seed) for horizon in (1, 2, 3)]
            + [Run("resnet20", 4, horizon, seed, mix) for mix in ("sum", "mean") for horizon in (2, 3)])


def _small(seed):
    """The language model and the conv net."""
    runs = [Run("language", 4, horizon, seed) for horizon in (1, 2, 3, END_TO_END)]
    runs += [Run("language", 4, horizon, seed, "sum") for horizon in (2, 3)]
    return runs + [Run("convnet", 4, horizon, seed) for horizon in (1, 2, 3, END_TO_END)]


def _small_variants(seed):
    """Better heads for the language model, the other mix for the conv net."""
    return ([Run("language", 4, horizon, seed, head=A_BLOCK) for horizon in (2, 1, 3)]
            + [Run("convnet", 4, horizon, seed, "sum") for horizon in (2, 3)])


def _heads(seed):
    """Convolutional heads of every loss, and pooled ones."""
    return ([Run("resnet20", 4, horizon, seed, head=POOLED) for horizon in (2, 1, 3)]
            + [Run("resnet20", 4, horizon, seed, "sum", CONVOLUTIONAL) for horizon in (2, 3)])


def all_runs():
    """In the order in which they are worth having. Local and end-to-end learning have no mix, end-to-end no heads."""
    farthest, summed = RECIPES
    runs = [Run("resnet20", 4, END_TO_END, seed) for seed in SEEDS]
    runs += [Run("resnet20", 4, horizon, seed, head=CONVOLUTIONAL) for seed in SEEDS for horizon in (1, 2, 3)]
    runs += [Run("resnet20", 4, 2, 1, head=CONVOLUTIONAL, ranks=True), Run("resnet20", 4, END_TO_END, 1, ranks=True)]
    runs += _whole(1) + _deep(1, farthest, (8, 16)) + _mixes(1) + _small(1)
    # The numbers of micro-batches that are quickest: batch norm sees other samples with them.
    runs += _whole(1, micro_batches=8) + _deep(1, farthest, (16, 8), (2,), micro_batches=2)
    runs += _deep(1, farthest, (8,), (2,), epochs=LONG) + _deep(1, farthest, (4,)) + _mixes(2) + _small_variants(1)
    runs += _mixes(3) + _whole(1, epochs=SHORT) + _whole(1, micro_batches=8, epochs=SHORT)
    runs += _deep(1, farthest, (8, 16), (2, 3), epochs=SHORT) + _deep(1, farthest, (16,), (2,), epochs=LONG) + _heads(1)
    runs += _deep(1, summed, DEEP_CUTS) + _deep(1, farthest, (8, 16), (3,), epochs=LONG)
    runs += _small(2) + _small(3) + _small_variants(2) + _small_variants(3)
    for seed in SEEDS[1:]:
        runs += _whole(seed) + _deep(seed, farthest, DEEP_CUTS) + _deep(seed, summed, DEEP_CUTS) + _heads(seed)
    return list(dict.fromkeys(runs))
