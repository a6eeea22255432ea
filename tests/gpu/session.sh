#!/usr/bin/env bash
# tests/gpu/session.sh OUT [SECONDS]: what the first machine with a GPU is asked, most telling first, within SECONDS (480). All
# results are in at most eight files of OUT. For a carried build (docs/gpu.md): run it as `build/carry/run tests/gpu/session.sh OUT`;
# in a checkout with the tests built, by itself. INTERLOCK_BENCH_OPTIONS=--small tries the script out.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:?usage: tests/gpu/session.sh OUT [SECONDS]}
seconds=${2:-480}
mkdir -p "$out"
: > "$out/summary.txt"
program=$(command -v interlock || echo "$here/../../build/release/interlock")
python=${PYTHON:-python3}
export INTERLOCK=${INTERLOCK:-$program} INTERLOCK_MPIRUN=${INTERLOCK_MPIRUN:-$here/../../launch/lib/mpirun.sh}
read -ra bench_options <<< "${INTERLOCK_BENCH_OPTIONS:-}"

# part NAME SHARE COMMAND ...: within its share of the time, at most what is left; what it says goes into OUT/NAME.txt.
part() {
  local name=$1 share=$2 left limit code began=$SECONDS
  shift 2
  left=$((seconds - SECONDS))
  limit=$((seconds * share / 100 < left ? seconds * share / 100 : left))
  if [ "$limit" -lt 5 ]; then
    echo "$name: left out, the time is over" >> "$out/summary.txt"
    return
  fi
  timeout --kill-after=5 "$limit" "$@" > "$out/$name.txt" 2>&1
  code=$?
  echo "$name: exit code $code after $((SECONDS - began)) s of $limit" | tee -a "$out/summary.txt"
}

{
  nvidia-smi || true
  "$python" -c "import torch; print(torch.__version__, torch.version.cuda, torch.cuda.is_available(), torch.cuda.nccl.version())"
  "$program" --version
} > "$out/machine.txt" 2>&1
part doctor 10 "$program" doctor
part smoke 10 "$program" train "$here/../../configs/quickstart.yaml" --single-process run.device=cuda training.max_steps=20 run.dir="$(mktemp -d)/run"
part oracle 35 "$python" "$here/oracle_test.py" "$program"
part trouble 15 "$python" "$here/trouble_test.py" "$program" "killed middle"
left=$((seconds - SECONDS))
part bench 60 "$python" "$here/../../bench/gpu.py" --json "$out/bench.json" --steps 10 --budget "$((left > 15 ? left - 10 : 5))" ${bench_options[@]+"${bench_options[@]}"}
cat "$out/summary.txt"
# A part that did not go well is a result as well; only that there is none is a failure.
[ -s "$out/oracle.txt" ]
