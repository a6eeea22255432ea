#!/usr/bin/env bash
# mpirun.sh RANKS PROGRAM [ARGUMENT ...]: mpirun on this one host, with the settings that matter, each with its reason.
# A cluster run sets its own: see docs/running.md.
set -euo pipefail
ranks=$1
shift
# One torch thread a rank: else the ranks fight for the cores. (run.threads decides in the program itself.)
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
options=(--oversubscribe)            # more ranks than cores is normal here
options+=(--bind-to none)            # Open MPI would pin every rank of a small job to the first cores
options+=(--mca pml ob1 --mca btl "self,vader")  # shared memory only: ranks open no listening socket
if [ "$(id -u)" = 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
exec mpirun "${options[@]}" -np "$ranks" "$@"
