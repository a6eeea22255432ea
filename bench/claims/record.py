"""What was found, kept with the code, a line of JSON each: what is in here need not be made again on another machine."""

import json
import pathlib

FOLDER = pathlib.Path(__file__).parent / "record"
RUNS, SWEEPS, PLANS, EMA = (FOLDER / f"{name}.jsonl" for name in ("runs", "sweeps", "plans", "ema_heads"))


def read(file):
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def write(file, entries):
    file.parent.mkdir(exist_ok=True)
    file.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
