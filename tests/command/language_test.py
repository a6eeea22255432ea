"""Language models as users train them: text in, perplexity and samples out, and what is refused."""

import math
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support import tensor_file  # noqa: E402
from support.runner import check, check_equal, main, metrics, write_config  # noqa: E402

LINES = ["to be or not to be", "that is the question", "whether tis nobler in the mind", "to suffer"] * 10
WORDS = sorted({word for line in LINES for word in line.split()})


def config(**data):
    return {
        "model": {"kind": "transformer_lm", "blocks": 2, "width": 16, "attention_heads": 2},
        "partition": {"layers": [2, 2]},
        "learning": {"horizon": 1, "head": "norm_unembed"},
        "schedule": {"micro_batches": 2},
        "data": {"kind": "text", "path": "text.txt", "context": 12, "cache": "cache", **data},
        "optimizer": {"kind": "adamw", "lr": 0.01},
        "training": {"batch_size": 4, "epochs": 2},
    }


def write_text(interlock):
    (interlock.folder / "text.txt").write_text("".join(line + "\n" for line in LINES))
    (interlock.folder / "words.txt").write_text("".join(word + "\n" for word in ["<unk>", "</s>", *WORDS]))


def trained(interlock, ranks=0, **data):
    write_text(interlock)
    return interlock.train("run", config(**data), ranks=ranks)


def perplexity_per_stage(interlock):
    run = trained(interlock, ranks=3, eval_path="text.txt", sequences="lines")
    for line in metrics(run, "eval"):
        for loss, perplexity in zip(line["loss"], line["perplexity"]):
            check(math.isclose(perplexity, math.exp(loss), rel_tol=1e-9), f"perplexity in {line}")
    tokens = sum(min(12, len(line) + 1) for line in LINES)
    steps = metrics(run, "step")[:10]
    counted = sum(step["tokens_per_second"] * step["step_seconds"] for step in steps)
    check(abs(counted - tokens) < 0.01, f"{counted} tokens counted, but an epoch has {tokens}")
    check(metrics(run, "eval")[-1]["loss"][-1] < math.log(256), "nothing was learned")


def ranks_equal_the_oracle(interlock):
    for sequences in ["stream", "lines"]:
        trained(interlock, sequences=sequences)
        out = interlock.succeed("verify", "run.yaml", ranks=3).out
        check("bit" in out, out)


def samples(interlock):
    trained(interlock)
    generate = lambda *options: interlock.succeed("generate", "run", "--tokens", "30", *options).out  # noqa: E731
    text = generate("--prompt", "to be", "--seed", "4")
    check(text.startswith("to be"), text)
    check_equal(generate("--prompt", "to be", "--seed", "4"), text, "the same seed")
    check(generate("--prompt", "to be", "--seed", "5") != text, "another seed gives the same text")
    three = generate("--prompt", "to be", "--seed", "3", "--samples", "3").split("\n---\n")
    check_equal((len(three), three[1] + "\n"), (3, text), "the second of three samples")
    greedy = generate("--temperature", "0")
    check_equal(generate("--top-k", "1"), greedy, "the likeliest token by temperature 0 and by top-k 1")


def words_end_with_their_line(interlock):
    trained(interlock, tokens="words", vocabulary="words.txt", sequences="lines")
    out = interlock.succeed("generate", "run", "--prompt", "to be", "--tokens", "500", "--samples", "3").out
    for line in out.split("\n---\n"):
        check(set(line.split()) <= {*WORDS, "<unk>"}, f"not words of the vocabulary: {line}")
        check(len(line.split()) < 400, "no line came to its end")


def another_vocabulary_is_refused(interlock):
    """As many words, but other ones: the tensors fit, their meaning does not."""
    trained(interlock, tokens="words", vocabulary="words.txt", sequences="lines")
    (interlock.folder / "words.txt").write_text("".join(word + "\n" for word in ["<unk>", "</s>", *reversed(WORDS)]))
    for command in [["train", "run.yaml", "--single-process", "--resume", "training.epochs=3"],
                    ["generate", "run", "data.vocabulary=words.txt"], ["train", "run.yaml", "--single-process", "model.init=run", "run.dir=other"]]:
        refused = interlock.run(*command)
        check(refused.code == 3 and "vocabulary" in refused.err, str(refused))
    check(not (interlock.folder / "other").exists(), "a refused run left a folder")
    interlock.succeed("generate", "run")  # the run has kept its own


def a_run_needs_its_text_no_more(interlock):
    """A vocabulary that was made from the text is kept with the weights."""
    for tokens in ["words", "sentencepiece"]:
        write_text(interlock)
        run = interlock.train(tokens, config(tokens=tokens, vocabulary_size=300))
        shutil.rmtree(interlock.folder / "cache")
        (interlock.folder / "text.txt").unlink()
        check(interlock.succeed("generate", tokens, "--tokens", "5").out.strip() != "", "nothing was generated")
        check((run / ("vocabulary.txt" if tokens == "words" else "vocabulary.model")).exists(), "no vocabulary kept")


def what_cannot_be_generated(interlock):
    write_text(interlock)
    interlock.train("run", config())
    for options, code, words in [(["run", "--checkpoint", "nowhere"], 3, "nowhere"),
                                 (["run", "run.dir=empty"], 3, "no checkpoint"),
                                 (["run", "--top-k", "0"], 2, "top-k"),
                                 (["run", "--temperature", "-1"], 2, "temperature"),
                                 (["run", "model.width=32"], 3, "layers.0.token.weight")]:
        refused = interlock.run("generate", *options)
        check(refused.code == code and words in refused.err, str(refused))
    (interlock.folder / "images.yaml").write_text("data: {kind: shapes}\n")
    refused = interlock.run("generate", "images.yaml")
    check(refused.code == 2 and "shapes" in refused.err, str(refused))


def tokens_past_the_vocabulary(interlock):
    """A checkpoint of bytes says nothing about words: another number of entries."""
    trained(interlock)
    refused = interlock.run("eval", "run", "data.tokens=words", "data.vocabulary=words.txt", "data.eval_path=text.txt")
    check(refused.code == 3, str(refused))


def a_plan_knows_tied_weights(interlock):
    """Copies of one matrix are updated together: the plan says so, and what it costs."""
    write_text(interlock)
    write_config(interlock.folder / "plan.yaml", config())
    tied = interlock.succeed("plan", "plan.yaml").out
    check("stages 0, 1 hold copies" in tied and "bubble 0.0 %" not in tied, tied)
    untied = interlock.succeed("plan", "plan.yaml", "model.tied=false", "learning.head=norm_fc").out
    check("hold copies" not in untied and "bubble 0.0 %" in untied, untied)


def tokens_out_of_range(interlock):
    """Tokens as tensors: of a table of eight entries, the data has the ninth."""
    def tokens(*values):
        return "I64", [2, 3], values

    targets = tokens(1, 2, 3, 4, 5, -100)
    settings = {
        "model": {"layers": [{"token_embedding": {"entries": 8, "width": 4}}, {"lm_output": {"width": 4, "entries": 8}}]},
        "data": {"kind": "tensors", "path": "t.safetensors"},
        "training": {"batch_size": 2},
    }
    for inputs, words in [(tokens(0, 1, 2, 3, 4, 8), "token 8"), (tokens(0, 1, -2, 3, 4, 7), "sample 0 has token -2")]:
        tensor_file.write(interlock.folder / "t.safetensors", {"inputs": inputs, "targets": targets})
        write_config(interlock.folder / "t.yaml", settings)
        for command in [["check", "t.yaml"], ["train", "t.yaml", "--single-process"]]:
            refused = interlock.run(*command)
            check(refused.code == 3 and words in refused.err and "t.safetensors" in refused.err, str(refused))
    tensor_file.write(interlock.folder / "t.safetensors",
                      {"inputs": tokens(0, 1, 2, 3, 4, 7), "targets": targets})
    step = metrics(interlock.train("run", settings), "step")[0]
    check(0 < step["loss"][0] < 10, f"{step}")


main([
    ("losses have a perplexity on every stage, and rates count real tokens", perplexity_per_stage),
    ("ranks equal the oracle on streams and on lines", ranks_equal_the_oracle),
    ("samples follow the seed, temperature and top-k", samples),
    ("words end with their line", words_end_with_their_line),
    ("a run needs its text no more", a_run_needs_its_text_no_more),
    ("a plan knows tied weights", a_plan_knows_tied_weights),
    ("tokens out of range are refused", tokens_out_of_range),
    ("another vocabulary is refused", another_vocabulary_is_refused),
    ("a checkpoint of another kind of tokens is refused", tokens_past_the_vocabulary),
    ("what cannot be generated from is refused", what_cannot_be_generated),
])
