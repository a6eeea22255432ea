"""Reads and writes safetensors with nothing but the standard library, for tests that have no PyTorch at hand.

A tensor is (type, shape, values); the types are those the tests need. Values are Python numbers, flat.
"""

import array
import json
import math
import struct

_CODES = {"F32": "f", "F64": "d", "I64": "q", "I32": "i", "U8": "B"}


def floats(shape, values):
    return "F32", list(shape), list(values)


def integers(values):
    return "I64", [len(values)], list(values)


def write(path, tensors):
    header, blobs, offset = {}, [], 0
    for name, (kind, shape, values) in tensors.items():
        assert len(values) == math.prod(shape), name
        blob = array.array(_CODES[kind], values).tobytes()
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [offset, offset + len(blob)]}
        offset += len(blob)
        blobs.append(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def read_raw(path):
    """Name -> (type, shape, bytes), in the header's order; the bytes make bitwise comparison easy."""
    with open(path, "rb") as file:
        content = file.read()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8:8 + length])
    data = content[8 + length:]
    return {name: (entry["dtype"], entry["shape"], data[slice(*entry["data_offsets"])])
            for name, entry in header.items() if name != "__metadata__"}
