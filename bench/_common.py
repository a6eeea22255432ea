"""Shared by the benchmarks: running the program, reading its metrics, printing tables."""

import argparse
import json
import os
import re
import statistics
import subprocess

INTERLOCK = os.environ["INTERLOCK"]
MPIRUN = os.environ["INTERLOCK_MPIRUN"]
ENVIRONMENT = dict(os.environ, OMP_NUM_THREADS="1")


def parse_arguments(description, **numbers):
    """`numbers` are further options, each a whole number with its default."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", help="write the rows to this file")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each case; the median counts")
    for name, default in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=default, help=f"(default {default})")
    return parser.parse_args()


def ranks_command(stages, *arguments):
    return [MPIRUN, str(stages + 1), INTERLOCK, *arguments]


def cmake_variable(name):
    """What the build has for it in its cache; None where it has nothing."""
    cache = os.path.join(os.path.dirname(os.path.abspath(INTERLOCK)), "CMakeCache.txt")
    if os.path.exists(cache):
        with open(cache, encoding="utf-8") as lines:
            for line in lines:
                if line.startswith(name + ":"):
                    return line.split("=", 1)[1].strip()
    return None


def run(command):
    done = subprocess.run(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\nexit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def read_metrics(run_dir):
    with open(os.path.join(run_dir, "metrics.jsonl"), encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


# A ResNet-20 on drawn images over two stages, all but the sections `training` and `run`.
RESNET20 = """
model: {kind: resnet, super_blocks: "16,3/32,3/64,3"}
partition: {stages: 2}
learning: {horizon: 1, head: conv16_bn_gbpl_fc}
schedule: {micro_batches: 4}
data: {kind: shapes, image_size: 32, train_samples: 2048, eval_samples: 16}
optimizer: {kind: sgd, lr: 0.05, momentum: 0.9}
"""


def write_config(folder, template, **values):
    """The path of `template` with NAME replaced by values["name"]: as it is if a string, else as JSON. FOLDER is known."""
    values["folder"] = folder

    def value_of(name):
        value = values[name[0].lower()]
        return value if isinstance(value, str) else json.dumps(value)

    path = os.path.join(folder, "config.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(re.sub(r"\b[A-Z_]+\b", value_of, template))  # whole words: BATCH is a part of MICRO_BATCHES
    return path


def write_zeros(path, samples, features):
    """A data file (data.kind: tensors) of zeros, for runs that need not learn anything."""
    inputs = samples * features * 4
    header = json.dumps({
        "inputs": {"dtype": "F32", "shape": [samples, features], "data_offsets": [0, inputs]},
        "targets": {"dtype": "I64", "shape": [samples], "data_offsets": [inputs, inputs + 8 * samples]},
    }).encode()
    with open(path, "wb") as file:
        file.write(len(header).to_bytes(8, "little") + header + bytes(inputs + 8 * samples))


def cpu_seconds(pid):
    """User and system time of a process so far."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def median(values):
    return statistics.median(values)


def write_rows(name, rows, json_file):
    if json_file:
        with open(json_file, "w", encoding="utf-8") as file:
            json.dump({"bench": name, "rows": rows}, file, indent=1)
            file.write("\n")


def report(name, rows, json_file):
    columns = list(rows[0])
    texts = [[f"{row[c]:.4g}" if isinstance(row[c], float) else str(row[c]) for c in columns] for row in rows]
    widths = [max(len(c), *(len(t[i]) for t in texts)) for i, c in enumerate(columns)]
    print("  ".join(c.ljust(w) for c, w in zip(columns, widths)))
    for text in texts:
        print("  ".join(t.ljust(w) for t, w in zip(text, widths)))
    write_rows(name, rows, json_file)
