"""The language model on ranks against GPT-2 in plain PyTorch: end-to-end and bounded horizons, tied and untied, on
lines of different length. Ten steps; losses and weights within 1e-5.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.runner import check, check_equal, main, metrics, skip_without  # noqa: E402

skip_without("torch", "safetensors", "numpy")
import torch  # noqa: E402
from language import IGNORED, LanguageModel, lines_as_samples, mean_loss  # noqa: E402
from reference import (add_gradients, batches_of, compare_losses, compare_tensors, factor, losses_of,  # noqa: E402
                       make_optimizer)
from safetensors.torch import load_file, save_file  # noqa: E402

BATCH, CONTEXT, BLOCKS, WIDTH, HEADS, ENTRIES = 4, 12, 3, 16, 2, 256
ADAMW = {"kind": "adamw", "lr": 0.003, "weight_decay": 0.1}
WORDS = ["the", "a", "king", "rose", "and", "fell", "in", "to", "silence", "hear", "me", "speak", "ye", "winds"]


def lines(count):
    """Of one to six words: most are padded, some are cut."""
    generator = torch.Generator().manual_seed(17)
    draw = lambda n: int(torch.randint(n, (1,), generator=generator))  # noqa: E731
    return "".join(" ".join(WORDS[draw(len(WORDS))] for _ in range(1 + draw(6))) + "\n" for _ in range(count))


def make_config(counts, horizon, micro_batches, tied, head, optimizer, **training):
    learning = {"horizon": horizon, **({"head": head} if head else {})}
    return {
        "model": {"kind": "transformer_lm", "blocks": BLOCKS, "width": WIDTH, "attention_heads": HEADS,
                  "tied": tied != "no", "init": "start.safetensors"},
        "partition": {"layers": counts},
        "learning": learning,
        "schedule": {"micro_batches": micro_batches},
        "data": {"kind": "text", "path": "text.txt", "sequences": "lines", "context": CONTEXT, "shuffle": False,
                 "cache": "cache"},
        "optimizer": optimizer,
        "training": {"batch_size": BATCH, **training},
    }


def counted(targets):
    return int((targets != IGNORED).sum())


def forget_key_biases(tensors):
    """A bias of all keys adds the same to every score of a query, which softmax takes out again: its derivative is 0,
    and what Adam makes of the rounding around 0 cannot be compared."""
    for name, tensor in tensors.items():
        if name.endswith("query_key_value.bias"):
            tensor[WIDTH:2 * WIDTH] = 0


def train_end_to_end(network, optimizer, batches, stages):
    history = []
    for inputs, targets in batches:
        optimizer.zero_grad()
        value = mean_loss(network.layers(inputs), targets)
        value.backward()
        optimizer.step()
        history.append([None] * (stages - 1) + [value.item()])
    return history


def train_with_horizon(network, optimizer, batches, horizon, micro_batch):
    stages = len(network.stages)
    factors = [[factor("farthest", l, k, horizon, stages) for k in range(stages)] for l in range(stages)]
    live = [l == stages - 1 or any(factors[l]) for l in range(stages)]
    history = []
    for inputs, targets in batches:
        optimizer.zero_grad()
        sums = [0.0 if used else None for used in live]
        for x, y in zip(inputs.split(micro_batch), targets.split(micro_batch)):
            share = counted(y) / counted(targets)  # the mean is over all tokens of the batch
            losses = losses_of(network, x, y, live, mean_loss)
            add_gradients(network, losses, factors, share)
            sums = [None if total is None else total + share * value.item() for total, value in zip(sums, losses)]
        network.sum_copies()
        optimizer.step()
        history.append(sums)
    return history


def compare(interlock, counts, horizon="all", micro_batches=1, tied="one", head=None, optimizer=ADAMW):
    torch.manual_seed(23)
    network = LanguageModel(ENTRIES, CONTEXT, BLOCKS, WIDTH, HEADS, counts, tied, head)
    text = lines(10 * BATCH - 1)  # the last batch is ragged
    (interlock.folder / "text.txt").write_text(text)
    save_file(network.tensors(), interlock.folder / "start.safetensors")
    run = interlock.train("run", make_config(counts, horizon, micro_batches, tied, head, optimizer),
                          ranks=1 + len(counts))
    ours = [step["loss"] for step in metrics(run, "step")]
    check_equal(len(ours), 10, "steps")

    batches = batches_of(*lines_as_samples(text, CONTEXT), BATCH)
    check(any(counted(targets) < targets.numel() for _, targets in batches), "no line was padded")
    before = network.tensors()
    optimizer = make_optimizer(network.parameters(), optimizer)
    if horizon == "all":
        theirs = train_end_to_end(network, optimizer, batches, len(counts))
    else:
        theirs = train_with_horizon(network, optimizer, batches, horizon, -(-BATCH // micro_batches))
    check(not torch.equal(network.tensors()["layers.0.token.weight"], before["layers.0.token.weight"]),
          "the embedding did not learn, so nothing was tested")
    tensors = load_file(interlock.export("run", "end.safetensors"))
    forget_key_biases(tensors)
    forget_key_biases(dict(network.state_dict()))
    dead = sorted({".".join(name.split(".")[:2]) + "." for name in network.tensors()
                   if name.startswith("heads.") and name not in tensors})
    check(len(dead) == (0 if horizon == "all" else horizon - 1), f"dead heads: {dead}")
    return max(compare_losses(ours, theirs), compare_tensors(tensors, network, untouched=dead))


SGD = {"kind": "sgd", "lr": 0.1, "momentum": 0.9}
main([
    ("end to end, tied, embedding and output alone", lambda i: compare(i, [1, 3, 1])),
    ("end to end, tied, three micro-batches", lambda i: compare(i, [2, 2, 1], micro_batches=3)),
    ("end to end, tied, one stage", lambda i: compare(i, [5])),
    ("end to end, untied, SGD", lambda i: compare(i, [2, 1, 2], tied="no", optimizer=SGD)),
    ("local, untied", lambda i: compare(i, [2, 2, 1], 1, tied="no", head="norm_fc")),
    ("local, tied, heads of their own", lambda i: compare(i, [2, 2, 1], 1, tied="copies", head="norm_fc")),
    ("local, tied, heads share the matrix, three micro-batches",
     lambda i: compare(i, [2, 2, 1], 1, 3, tied="copies", head="norm_unembed")),
    ("pairwise, tied, heads share the matrix", lambda i: compare(i, [2, 1, 2], 2, tied="copies", head="norm_unembed")),
    ("pairwise, untied, a block in each head, two micro-batches",
     lambda i: compare(i, [1, 2, 2], 2, 2, tied="no", head="block_norm_fc")),
    ("3-wise, 4 stages, tied, SGD",
     lambda i: compare(i, [1, 1, 2, 1], 3, 2, tied="copies", head="norm_unembed", optimizer=SGD)),
])
