#!/usr/bin/env bash
# mpirun.sh RANKS PROGRAM [ARGUMENT ...]: mpirun on this one host, with the settings that matter, each with its reason.
# On several: INTERLOCK_MPIRUN_OPTIONS="--hostfile hosts", and whatever else the site needs; the folder where this is called
# must then be on a file system that all hosts share.
# Signals: USR1 stops a run with a checkpoint (exit code 75), TERM and INT end it at once. Where ranks fail, the last
# line on standard error and the exit code are the job's own, not mpirun's.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/job.sh"
ranks=$1
shift
# One torch thread a rank: else the ranks fight for the cores. (run.threads decides in the program itself.)
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
# Open MPI 5 has another launcher than 4, which takes other options.
release=$(mpirun --version 2> /dev/null | sed -n '1s/.*(Open MPI) \([0-9]*\).*/\1/p') || true # where there is none, starting it says so
options=(--bind-to none)             # Open MPI would pin every rank of a small job to the first cores
shared_memory=sm
if [ "${release:-4}" -lt 5 ]; then
  options+=(--quiet)                 # the job says itself who failed; mpirun would only add that somebody did
  shared_memory=vader
else
  options+=(--mca osc "^ucx")        # complains on every rank that it cannot be used; no window of ours needs it
fi
if [ -z "${INTERLOCK_MPIRUN_OPTIONS:-}" ]; then
  options+=(--oversubscribe)         # more ranks than cores is normal here
  options+=(--mca pml ob1 --mca btl "self,$shared_memory")  # shared memory only: ranks open no listening socket
  shared=${TMPDIR:-/tmp}
else
  options+=(--map-by slot)           # rank after rank onto the first host, then the next: neighbouring stages are near
  options+=(-x OMP_NUM_THREADS -x INTERLOCK_FAILURE_FILE)  # mpirun gives ranks of other hosts only what it is told to
  read -r -a given <<< "$INTERLOCK_MPIRUN_OPTIONS"
  options+=("${given[@]}")
  shared=$PWD
fi
if [ "$(id -u)" = 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

INTERLOCK_FAILURE_FILE=$(mktemp "$shared/interlock-failure.XXXXXX")
export INTERLOCK_FAILURE_FILE
trap 'rm -f "$INTERLOCK_FAILURE_FILE"' EXIT

# Should this script be killed, mpirun must not go on alone.
with_parent=()
if command -v setpriv > /dev/null; then with_parent=(setpriv --pdeathsig TERM); fi
${with_parent[@]+"${with_parent[@]}"} mpirun "${options[@]}" -np "$ranks" "$@" <&0 &
mpirun=$!
for signal in USR1 USR2 TERM INT; do
  # mpirun knows no difference between INT and TERM, and would ignore INT as it runs in the background.
  # shellcheck disable=SC2064
  trap "kill -${signal/INT/TERM} $mpirun 2> /dev/null || true" "$signal"
done
await_launcher "$mpirun"

# Open MPI 5's launcher ends its last words without the end of a line.
if [ "${release:-4}" -ge 5 ] && [ -s "$INTERLOCK_FAILURE_FILE" ]; then echo >&2; fi
if ! take_failure && [ "$code" -gt 128 ]; then
  echo "interlock: error: mpirun ended with code $code (a signal's number and 128), and no rank could say why" >&2
  code=5
fi
exit "$code"
