"""Where things lie, and how the program is started."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
RUNS = ROOT / "runs/claims"
INTERLOCK = os.environ.get("INTERLOCK", str(ROOT / "build/release/interlock"))
MPIRUN = os.environ.get("INTERLOCK_MPIRUN", str(ROOT / "launch/lib/mpirun.sh"))
ENVIRONMENT = dict(os.environ, OMP_NUM_THREADS="1")
