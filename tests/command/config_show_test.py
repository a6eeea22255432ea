"""`interlock config`: the resolved config with the origin of each value, and the list of keys."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.runner import check, check_equal, main  # noqa: E402

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
EXAMPLE = """\
model: {kind: transformer_lm}
partition:
  layers: [2, 2, 2]
data:
  kind: text
  path: "a # b.txt"
optimizer: {kind: adamw, schedule: inverse_sqrt}
schedule:
  link: {latency_us: 3}
"""


def origins(text):
    """section.key -> comment"""
    found, section = {}, ""
    for line in text.splitlines():
        if not line.startswith(" "):
            section = line.split(":")[0]
        elif not line.startswith("   "):
            found[f"{section}.{line.split(':')[0].strip()}"] = line.rsplit("  # ", 1)[-1]
    return found


def shows_origins(interlock):
    (interlock.folder / "a.yaml").write_text(EXAMPLE)
    shown = interlock.succeed("config", "show", "a.yaml", "data.context=16", "schedule.link.gigabytes_per_second=2").out
    found = origins(shown)
    expected = {"model.kind": "a.yaml:1", "partition.layers": "a.yaml:3", "partition.stages": "default, from partition.layers",
                "learning.head": "default, from model.kind", "learning.mix": "default", "data.path": "a.yaml:6",
                "data.context": "command line", "optimizer.lr": "default, from optimizer.kind",
                "optimizer.schedule": "a.yaml:7", "schedule.link": "a.yaml:9, command line",
                "run.dir": "default, from the file's name"}
    for key, comment in expected.items():
        check_equal(found.get(key), comment, f"origin of {key} in {shown}")
    (interlock.folder / "b.yaml").write_text("data: {kind: imagefolder, path: x}\n")
    check_equal(origins(interlock.succeed("config", "show", "b.yaml").out)["data.image_size"], "default, from data.kind", "image_size")


def is_a_config(interlock):
    """What is shown, with comments or without, is a config that resolves to itself."""
    (interlock.folder / "a.yaml").write_text(EXAMPLE)
    files = [interlock.folder / "a.yaml", *sorted(CONFIGS.glob("*.yaml")), *sorted(CONFIGS.glob("paper/*.yaml"))]
    compared = 0
    for file in files:
        needed = [] if "data:" in file.read_text() else ["data.kind=shapes"]
        plain = interlock.run("config", "show", file, "--plain", *needed)
        if plain.code == 2:  # a sweep, or a config whose path the user has to give
            continue
        check_equal(plain.code, 0, str(plain))
        check("#" not in plain.out.replace("a # b", ""), f"comments in {plain.out}")
        for name, text in (("plain.yaml", plain.out), ("shown.yaml", interlock.succeed("config", "show", file, *needed).out)):
            (interlock.folder / name).write_text(text)
            check_equal(interlock.succeed("config", "show", name, "--plain").out, plain.out, f"{file} by way of {name}")
        compared += 1
    check(compared >= 5, f"only {compared} configs were compared")
    piped = interlock.run("config", "show", "/dev/stdin")
    check(piped.code == 0 and "model:" in piped.out, f"an empty pipe is a config: {piped}")


def lists_keys(interlock):
    keys = interlock.succeed("config", "keys").out.splitlines()
    check(len(keys) > 100, f"{len(keys)} keys")
    for line, parts in (("data.kind", ["name", "shapes", "imagefolder"]), ("training.batch_size", ["whole number", "128"]),
                        ("run.simulated.forward_ms", ["number or list"]), ("optimizer.schedule.gamma", ["0.1", "at most 1"])):
        row = next((key for key in keys if key.split()[0] == line), "")
        check(all(part in row for part in parts), f"row of {line}: '{row}'")
    section = interlock.succeed("config", "keys", "profile").out.splitlines()
    check_equal([row.split()[0] for row in section[1:]], ["profile.wait", "profile.warmup", "profile.active", "profile.operators"], "keys")
    one = interlock.succeed("config", "keys", "run.keep_best").out
    check("switch" in one and "checkpoint" in one and "`" not in one, one)
    refused = interlock.run("config", "keys", "optimiser")
    check(refused.code == 2 and "did you mean 'optimizer'?" in refused.err, str(refused))


def refuses(interlock):
    (interlock.folder / "bad.yaml").write_text("data: {kinds: x}\n")
    bad = interlock.run("config", "show", "bad.yaml")
    check(bad.code == 2 and "bad.yaml:1" in bad.err and "did you mean 'kind'?" in bad.err, str(bad))
    missing = interlock.run("config", "show", "none.yaml")
    check(missing.code == 2 and "none.yaml" in missing.err, str(missing))
    bare = interlock.run("config")
    check(bare.code == 2 and len(bare.err.splitlines()) == 1, str(bare))


if __name__ == "__main__":
    main([("shows origins", shows_origins), ("is a config", is_a_config), ("lists keys", lists_keys), ("refuses", refuses)])
