#!/usr/bin/env python3
"""fuzz/make_corpus.py: writes the first inputs of every fuzz target into fuzz/corpus, and the words that the config's
mutations are made of. Needs nothing but Python; the same files every time. `fuzz/run --merge` adds what it finds."""

import gzip
import json
import re
import struct
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


def put(target, **files):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def config():
    layers = ("model:\n  kind: sequential\n  layers:\n    - linear: {in: 8, out: 16}\n    - relu\n"
              "    - linear: {in: 16, out: 4, bias: false}\npartition: {layers: [2, rest]}\n"
              "learning: {horizon: 2, mix: [0.5, 0.5], heads: [[{linear: {in: 16, out: 4}}]]}\n"
              "data: {kind: tensors, path: a.safetensors, shuffle: false}\n"
              "optimizer: {kind: adam, lr: 1e-4, betas: [0.9, 0.98], schedule: {kind: multistep, milestones: [3, 5]}}\n")
    put("config", layers=layers,
        overrides="partition: {stages: 4}\0training.epochs=2\0run={device: simulated}\0run.simulated.forward_ms=[1,2,3,4]"
                  "\0model.dropout=",
        aliases="data: &d {mean: [0.5, 0.5, 0.5]}\nrun: {threads: 2}\n",
        anchors="learning: {head: linear}\nmodel: {layers: &l [relu, relu], kind: sequential}\n",
        broken="model: [\n  - {a: 'b\n", tagged="run: !!python/object:os.system {dir: \"x\\x07\"}\n",
        simulated="run: {device: simulated, simulated: {forward_ms: 20, head_ms: [4, 4], update_ms: 1}}\n"
                  "schedule: {costs: {forward_ms: 1}, link: {latency_us: 5, gigabytes_per_second: 1.5}}\n"
                  "partition: {stages: 2, replicas: [1, 2]}\n",
        language="model: {kind: transformer_lm, blocks: 4, freeze: '0-3,5'}\n"
                 "data: {kind: text, tokens: words, sequences: lines, context: 16, path: t, holdout: 0.1}\n"
                 "training: {precision: float16, clip_scope: global, clip_norm: 1, nonfinite: skip}\n")
    # docs/config.md names every key and value.
    text = (ROOT / "docs/config.md").read_text()
    words = sorted({w for quoted in re.findall(r"`([^`\n]+)`", text) for w in re.findall(r"[A-Za-z_][A-Za-z_0-9]+", quoted)})
    extra = ["{", "}", "[", "]", ": ", "- ", "&a", "*a", "<<: *a", "|\n ", "\\x00", "1e999", ".inf", "-1", "9223372036854775807"]
    lines = [json.dumps(w).replace("\\n", "\\x0a").replace("\\\\x00", "\\x00") for w in words + extra]
    (HERE / "config.dict").write_text("\n".join(lines) + "\n")


def schedule():
    put("schedule", two="# two stages\nstage 0: F0 L0 I0@0 W0 U\nstage 1: F0 L0 I0@1 W0 U\n", one="stage 0: F0 L0 W0 U\n",
        all="stage 0: F0 F1 B0@1 B1@1 U\nstage 1: F0 L0 I0@0-1 W0 F1 L1 I1@1 W1 U\n", broken="stage 0: F0 X1@2-1\nstage 7:",
        numbers="stage 0: F2147483647 L0 I0@0-2147483647 I0@2147483646-2147483647 W0 U\n")


def profile():
    names = ["forward_ms", "head_ms", "input_gradient_ms", "weight_gradient_ms", "backward_ms", "update_ms",
             "stacked_input_gradient_ms"]
    costs = {name: 1.5 for name in names}
    layer = {**costs, "head_fits": True, "parameters": 3}
    whole = {"micro_batch_size": 8, "cut": [1, 1], "stages": [costs, costs], "layers": [layer, layer]}
    put("profile", whole=json.dumps(whole), huge=json.dumps(whole).replace("8", "1e300", 1),
        wrong=json.dumps({**whole, "cut": [1, -1], "stages": {"a": 1}}))


def tensor(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def safetensors(header, data):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def tensors():
    header = {"__metadata__": {"a": "b"}, "inputs": tensor("F32", [2, 2], 0, 16), "targets": tensor("I64", [2], 16, 32)}
    data = struct.pack("<4f2q", 1, 2, 3, 4, 0, 1)
    put("safetensors_header", samples=struct.pack("<H", 32) + json.dumps(header).encode(),
        empty=b"\0\0{}", types=struct.pack("<H", 19) + json.dumps({
            "a": tensor("BOOL", [0, 5], 0, 0), "b": tensor("F64", [], 0, 8), "c": tensor("BF16", [4], 8, 16),
            "d": tensor("U8", [3, 1], 16, 19)}).encode(),
        wrong=b"\x08\0" + json.dumps({"a": tensor("F32", [2**62, 8], 0, 8), "a\u001b": 1.5}).encode())
    tokens = {"inputs": tensor("I32", [2, 2], 0, 16), "targets": tensor("I64", [2, 2], 16, 48)}
    put("tensors", samples=safetensors(header, data), cut=safetensors(header, data[:-1]),
        tokens=safetensors(tokens, struct.pack("<4i4q", 3, 0, 1, 2, 0, 1, -100, 2)),
        floats=safetensors({"inputs": tensor("F16", [1, 2], 0, 4), "targets": tensor("F64", [1, 1], 4, 12)},
                           struct.pack("<2ed", 1, float("nan"), 2)),
        flags=safetensors({"inputs": tensor("BOOL", [2], 0, 2), "targets": tensor("U8", [2], 2, 4)}, b"\0\1\0\1"),
        long=struct.pack("<Q", 1 << 40) + b"{}")


def manifest():
    """The first byte: even for the file as it is, odd for its content without its checksum."""
    shard = {"file": "stage-0-0123456789abcdef.safetensors", "bytes": 5, "xxh3_128": "0" * 32}
    whole = {"version": 2, "step": 1, "epochs": 0, "batch_size": 8, "steps_per_epoch": 3, "seed": 1, "recorder": "{}",
             "shards": [shard]}

    def of(**changed):
        return b"\1" + json.dumps({**whole, **changed}).encode()
    put("manifest", whole=of(), none=of(shards=[]), outside=of(shards=[{**shard, "file": "../outside"}]),
        twice=of(shards=[shard, shard]), hex=of(shards=[{**shard, "xxh3_128": "-" + "0" * 31}]), old=b'\0{"version": 1}',
        negative=of(step=-1), fraction=of(step=1.5), sealed=b"\0" + json.dumps({"checksum": "0" * 32, **whole}, indent=2).encode(),
        huge=b'\0{"step": 1e999}', nested=b"\0" + b"[" * 500)


def shard():
    header = {"__metadata__": {"xxh3_64:a": "0123456789abcdef", "step": "1"}, "a": tensor("F32", [2], 0, 8)}
    put("shard", whole=safetensors(header, bytes(8)), bare=safetensors({"a": tensor("F32", [2], 0, 8)}, bytes(8)),
        digits=safetensors({"__metadata__": {"xxh3_64:a": "-123456789abcdef"}, "a": tensor("U8", [1], 0, 1)}, b"x"))


def images():
    put("cifar", ten=bytes(7) + bytes([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]), hundred=bytes([1] + 6 * [0]) + bytes([1, 99, 2, 98]),
        cut=bytes([2, 7, 14, 0, 0, 0, 21]) + bytes(12), label=bytes(7) + bytes(5) + b"\x0a")
    pictures = struct.pack(">4I", 0x803, 2, 2, 3) + bytes(range(12))
    labels = struct.pack(">2I", 0x801, 2) + b"\x01\x09"

    def pair(choice, first):
        return bytes([choice]) + struct.pack("<H", len(first)) + first + labels
    packed = gzip.compress(pictures, mtime=0)
    put("idx", plain=pair(0, pictures), packed=pair(1, packed), flipped=pair(1, packed[:-6] + b"\0" + packed[-5:]),
        claims=pair(0, struct.pack(">4I", 0x803, 0xFFFFFFFF, 0x7FFF, 0x7FFF) + b"a"), twice=pair(1, packed + packed))


# Made once with libjpeg-turbo: 8 x 8 grey pixels, 9 x 7 coloured ones in several passes, 5 x 4 of four inks.
GREY = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb0043001b12141714111b1716171e1c1b2028422b28252528513a3d3042605565645f"
    "555d5b6a7899816a7190735b5d85b586909ea3abadab6780bcc9baa6c799a8aba4ffc0000b080008000801011100ffc40014000100000000"
    "000000000000000000000001ffc40017100003010000000000000000000000000000030562ffda0008010100003f00170b07ffd9")
PASSES = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb004300281c1e231e19282321232d2b28303c64413c37373c7b585d4964918099968f"
    "808c8aa0b4e6c3a0aadaad8a8cc8ffcbdaeef5ffffff9bc1fffffffaffe6fdfff8ffdb0043012b2d2d3c353c76414176f8a58ca5f8f8f8f8"
    "f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8f8ffc20011080007000903"
    "012200021101031101ffc4001500010100000000000000000000000000000001ffc4001501010100000000000000000000000000000002ff"
    "da000c030100021003100000019457ffc4001510010100000000000000000000000000000012ffda0008010100010502843fffc400151101"
    "0100000000000000000000000000000011ffda0008010301013f018fffc400161100030000000000000000000000000000000112ffda0008"
    "010201013f01b67fffc40014100100000000000000000000000000000010ffda0008010100063f023fffc400151001010000000000000000"
    "0000000000000110ffda0008010100013f2127ffda000c03010002000300000010f3ffc40015110101000000000000000000000000000000"
    "11ffda0008010301013f1087ffc400161100030000000000000000000000000000000151ffda0008010201013f10773fffc4001710000301"
    "0000000000000000000000000000015111ffda0008010100013f104446223fffd9")
INKS = bytes.fromhex(
    "ffd8ffee000e41646f626500640000000000ffdb004300281c1e231e19282321232d2b28303c64413c37373c7b585d4964918099968f808c"
    "8aa0b4e6c3a0aadaad8a8cc8ffcbdaeef5ffffff9bc1fffffffaffe6fdfff8ffc000140800040005044311004d11005911004b1100ffc400"
    "1500010100000000000000000000000000000504ffc400191000020301000000000000000000000000000102031131ffda000e0443004d00"
    "59004b00003f00ba56cf7a22ec96f42d450beb3fffd9")

def jpeg():
    def exif(order, orientation):
        e = ">" if order == b"MM" else "<"
        data = order + struct.pack(e + "HIHHHIHHI", 42, 8, 1, 0x0112, 3, 1, orientation, 0, 0)
        return b"\xff\xe1" + struct.pack(">H", 8 + len(data)) + b"Exif\0\0" + data
    put("jpeg", grey=GREY, passes=PASSES, inks=INKS, turned=GREY[:2] + exif(b"MM", 6) + GREY[2:], mirrored=GREY[:2] + exif(b"II", 2) + GREY[2:],
        cut=GREY[:-2], exif=exif(b"II", 8)[10:], png=b"\x89PNG\r\n")


def text():
    put("text_reader", lines=b"\x04one two\n\nthree\r\nlast", long=b"\0" + b"a" * 20 + "\u00e9\u4e16".encode() * 4, bad=b"\0\x80\x80\x80\x80\x80\n\n")
    put("word_list", words="<unk>\n</s>\nthe\na\n", counts="<unk> 3\n</S> 2\nb 1\n", broken="<unk>\n</s>\n\nb\nb\n", two="a b c\n")

    def token_file(choice, width, tokens, lines, key=b"0123456789abcdef" * 2, size=9):
        body = b"".join(t.to_bytes(width, "little") for t in tokens)
        body += bytes(-len(body) % 8) + b"".join(struct.pack("<Q", start) for start in lines)
        trailer = struct.pack("<IIQQQ", 1, width, len(tokens), max(0, len(lines) - 1), size) + key + bytes(16)
        return bytes([choice]) + b"interlock-token\n" + body + trailer
    put("token_file", stream=token_file(1, 2, [1, 2, 3, 4, 5], []), lines=token_file(1, 4, [0, 1, 2, 3], [1, 3, 4]),
        unfit=token_file(0, 2, [1, 2], []), key=token_file(1, 2, [1], [], b"x" * 32),
        beyond=token_file(1, 2, [1, 2, 3, 4], [9, 1, 4]), vocabulary=token_file(1, 2, [1, 300], []))


for make in (config, schedule, profile, tensors, manifest, shard, images, jpeg, text):
    make()
