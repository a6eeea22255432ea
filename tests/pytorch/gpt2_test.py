"""Weights to and from Hugging Face's GPT-2: the same logits, the same loss, the same greedy text."""

import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.runner import check, check_equal, main, metrics, skip_without  # noqa: E402

skip_without("torch", "safetensors", "numpy", "transformers")
import torch  # noqa: E402
from language import LanguageModel, lines_as_samples, mean_loss  # noqa: E402
from safetensors.torch import load_file  # noqa: E402
from transformers import GPT2Config, GPT2LMHeadModel  # noqa: E402

BLOCKS, WIDTH, HEADS, CONTEXT = 3, 32, 4, 16
LINES = ["to be or not to be", "that is the question", "whether tis nobler", "in the mind to suffer"] * 8


def config(tied, **model):
    return {
        "model": {"kind": "transformer_lm", "blocks": BLOCKS, "width": WIDTH, "attention_heads": HEADS, "tied": tied,
                  **model},
        "partition": {"layers": [2, 1, 2]},
        "learning": {"horizon": 2, "head": "norm_fc"},
        "data": {"kind": "text", "path": "text.txt", "eval_path": "text.txt", "sequences": "lines",
                 "context": CONTEXT, "cache": "cache"},
        "optimizer": {"kind": "adamw", "lr": 0.01},
        "training": {"batch_size": 8, "epochs": 3},
    }


def trained(interlock, tied):
    (interlock.folder / "text.txt").write_text("".join(line + "\n" for line in LINES))
    return interlock.train("run", config(tied))


def export_loads(interlock, tied):
    run = trained(interlock, tied)
    interlock.succeed("export", "run", "--out", "hf", "--format", "gpt2")
    theirs, report = GPT2LMHeadModel.from_pretrained(interlock.folder / "hf", output_loading_info=True)
    theirs = theirs.eval()
    missing = [name for name in report["missing_keys"] if not (tied and name == "lm_head.weight")]
    check_equal((missing, report["unexpected_keys"], report["mismatched_keys"]), ([], [], []), "what did not load")

    # Logits of every position: the reference of this folder, with our weights under our names, against theirs.
    ours = LanguageModel(256, CONTEXT, BLOCKS, WIDTH, HEADS, [5], "no")
    weights = load_file(interlock.export("run", "ours.safetensors"))
    ours.load_state_dict({name: tensor for name, tensor in weights.items() if not name.startswith("heads.")})
    inputs, targets = lines_as_samples((interlock.folder / "text.txt").read_text(), CONTEXT)
    with torch.no_grad():
        logits = theirs(inputs).logits
        worst = (ours.layers(inputs) - logits).abs().max().item()
    check(worst <= 1e-4, f"logits differ by {worst:.2g}")

    # The program itself: its evaluation loss, and the text it writes when it always takes the likeliest byte.
    loss = metrics(run, "eval")[-1]["loss"][-1]
    expected = mean_loss(logits, targets).item()
    check(abs(loss - expected) <= 1e-5, f"evaluation loss {loss}, but theirs is {expected}")
    prompt = "to be"
    text = interlock.succeed("generate", "run", "--prompt", prompt, "--temperature", "0", "--tokens", "10").out
    tokens = list(prompt.encode())
    with torch.no_grad():
        while len(tokens) < len(prompt) + 10:
            token = int(theirs(torch.tensor([tokens[-CONTEXT:]])).logits[0, -1].argmax())
            if token == 10:
                break
            tokens.append(token)
    check_equal(text, bytes(tokens).decode() + "\n", "greedy text")
    return worst


def import_loads(interlock, tied):
    """Their model, freshly made, as model.init: evaluated by us and by them."""
    torch.manual_seed(3)
    theirs = GPT2LMHeadModel(GPT2Config(vocab_size=256, n_positions=2 * CONTEXT, n_embd=WIDTH, n_layer=BLOCKS,
                                        n_head=HEADS, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0,
                                        tie_word_embeddings=tied)).eval()
    theirs.save_pretrained(interlock.folder / "theirs")
    (interlock.folder / "text.txt").write_text("".join(line + "\n" for line in LINES))
    # One step so small that it changes nothing to see, then an evaluation.
    settings = config(tied, init="theirs/model.safetensors")
    settings["optimizer"] = {"kind": "sgd", "lr": 1e-12}
    settings["training"]["max_steps"] = 1
    run = interlock.train("run", settings)
    inputs, targets = lines_as_samples((interlock.folder / "text.txt").read_text(), CONTEXT)
    with torch.no_grad():
        expected = mean_loss(theirs(inputs).logits, targets).item()
    loss = metrics(run, "eval")[-1]["loss"][-1]
    check(abs(loss - expected) <= 1e-5, f"evaluation loss {loss}, but theirs is {expected}")
    perplexity = metrics(run, "eval")[-1]["perplexity"][-1]
    check(math.isclose(perplexity, math.exp(loss), rel_tol=1e-9), f"perplexity {perplexity} of loss {loss}")
    return abs(loss - expected)


def rotary_is_refused(interlock):
    (interlock.folder / "text.txt").write_text("".join(line + "\n" for line in LINES))
    interlock.train("run", config(True, positions="rotary"))
    refused = interlock.run("export", "run", "--out", "hf", "--format", "gpt2")
    check(refused.code == 2 and "learned positions" in refused.err, str(refused))
    check(not (interlock.folder / "hf").exists(), "a refused export left a folder")


main([
    ("exported weights load, tied", lambda i: export_loads(i, True)),
    ("exported weights load, untied", lambda i: export_loads(i, False)),
    ("their weights load, tied", lambda i: import_loads(i, True)),
    ("their weights load, untied", lambda i: import_loads(i, False)),
    ("rotary positions have no place there", rotary_is_refused),
])
