"""Every config that the repository offers is one that the program accepts."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.runner import check, main  # noqa: E402

CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def runs(interlock):
    files = [path for path in sorted(CONFIGS.rglob("*.yaml")) if "base:" not in path.read_text()]
    check(len(files) >= 11, f"only {len(files)} configs found")
    for path in files:
        ranks = int(interlock.succeed("plan", "--ranks", path).out)
        check(2 <= ranks <= 64, f"{path}: {ranks} ranks")


def grids(interlock):
    files = [path for path in sorted(CONFIGS.rglob("*.yaml")) if "base:" in path.read_text()]
    check(len(files) >= 3, f"only {len(files)} grids found")
    for path in files:
        interlock.succeed("sweep", path, "--dry-run")


main([("configs", runs), ("grids of sweeps", grids)])
