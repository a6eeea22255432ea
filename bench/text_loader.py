#!/usr/bin/env python3
"""Text: samples from the token cache against the 10 million tokens a second they must reach, and tokenising."""

import array
import collections
import json
import os
import tempfile
import time

import _common as common

PROGRAM = os.path.join(os.path.dirname(common.INTERLOCK), "bench_text_loader")
LIMIT = 10e6


def characters_in_python(path):
    """Tokens a second of a loop over characters, the way small scripts prepare text."""
    start = time.process_time()
    with open(path, encoding="utf-8") as file:
        text = file.read()
    numbers = {character: number for number, character in enumerate(sorted(set(text)))}
    tokens = array.array("H", [numbers[character] for character in text])
    return len(tokens) / (time.process_time() - start)


def words_in_python(path, vocabulary_size=8000):
    """Tokens a second of a dictionary of the same size over the same words (making it is not counted)."""
    with open(path, encoding="utf-8") as file:
        counts = collections.Counter(word for line in file for word in line.split())
    numbers = {word: number + 2 for number, (word, _) in enumerate(counts.most_common(vocabulary_size - 2))}
    start = time.process_time()
    tokens = array.array("H")
    with open(path, encoding="utf-8") as file:
        for line in file:
            tokens.extend([numbers.get(word, 0) for word in line.split()])
            tokens.append(1)
    return len(tokens) / (time.process_time() - start)


def row(case, ours, other, unit):
    ours, other = common.median(ours), common.median(other)
    return {"case": case, "ours": ours, "other": other, "ratio": ours / other, "unit": unit}


def main():
    arguments = common.parse_arguments(__doc__)
    rates = collections.defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        for repeat in range(arguments.repeats):
            place = os.path.join(folder, str(repeat))
            os.mkdir(place)
            for line in common.run([PROGRAM, place]).splitlines():
                case = json.loads(line)
                rates[case["case"], case["tokens"], case["sequences"], case["context"]] += case["rates"]
            text = os.path.join(place, "text")
            rates["python", "bytes"].append(characters_in_python(text))
            rates["python", "words"].append(words_in_python(text))
    rows = []
    for key, ours in rates.items():
        if key[0] == "load":
            unit = "tokens/s a core; other = the limit"
            rows.append(row(f"load {key[1]}, {key[2]}, T = {key[3]}", ours, [LIMIT], unit))
    for tokens in ("bytes", "words"):
        ours = rates["tokenise", tokens, "stream", 64]
        rows.append(row(f"tokenise {tokens}, text to cache", ours, rates["python", tokens],
                        "tokens/s a core; other = Python"))
    key = ("sentencepiece", "stream", 64)
    rows.append(row("tokenise sentencepiece, text to cache", rates[("tokenise", *key)], rates[("library", *key)],
                    "tokens/s a core; other = its library alone, in memory"))
    key = ("bytes", "stream", 64)
    ours, other = ([rate / 1e9 for rate in rates[(case, *key)]] for case in ("open", "read"))
    rows.append(row("open a cache, checksum and all", ours, other, "GB/s; other = read()"))
    common.report("text_loader", rows, arguments.json)


if __name__ == "__main__":
    main()
