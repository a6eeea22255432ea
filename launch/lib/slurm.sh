# What launch/slurm/*.sbatch share. Sourced by a batch script with the job's arguments; `root` is the checkout.
#
# Sets: program, config, ranks, arguments (of `interlock train`). Ends the job with exit code 2 where the allocation does
# not fit the run.

program=${INTERLOCK:-$root/build/release/interlock}

say() { printf 'interlock job %s: %s\n' "$SLURM_JOB_ID" "$*" >&2; }
refuse() {
  say "error: $*"
  exit 2
}

# Prints the tasks of each node of the job, one line a node: SLURM writes "9,8" or "8(x3),4".
tasks_of_nodes() {
  local part times
  for part in ${SLURM_TASKS_PER_NODE//,/ }; do
    times=1
    [[ $part != *"(x"* ]] || times=${part#*(x}
    yes "${part%%(*}" | head -n "${times%)}"
  done
}

check_allocation() {
  local workers=$((ranks - 1)) tasks=0 node_tasks node=0 placed=0 here
  for node_tasks in $(tasks_of_nodes); do tasks=$((tasks + node_tasks)); done
  [ -z "${SLURM_GPUS_PER_TASK:-}" ] ||
    refuse "--gpus-per-task would give the coordinator a GPU and hide the GPUs of a node from one another;" \
      "use --gpus-per-node=G --ntasks-per-node=G+1"
  [ "$ranks" -le "$tasks" ] ||
    refuse "$config needs $ranks ranks (a coordinator and $workers workers), but the job has $tasks task(s) on" \
      "${SLURM_JOB_NUM_NODES:-1} node(s); submit with sbatch --ntasks=$ranks (on nodes with G GPUs:" \
      "--nodes=... --ntasks-per-node=G+1 --gpus-per-node=G), or change partition.stages or partition.replicas"
  [ "$ranks" -eq "$tasks" ] || say "$ranks ranks on $tasks tasks: the others stay idle"

  # More workers than GPUs on a node is allowed, and slow.
  [ -n "${SLURM_GPUS_ON_NODE:-}" ] || return 0
  for node_tasks in $(tasks_of_nodes); do
    here=$((ranks - placed < node_tasks ? ranks - placed : node_tasks))
    placed=$((placed + here))
    [ $node -gt 0 ] || here=$((here - 1)) # the coordinator needs no GPU
    node=$((node + 1))
    [ $here -le "$SLURM_GPUS_ON_NODE" ] ||
      say "note: $here workers share ${SLURM_GPUS_ON_NODE} GPU(s) on node $node of the job; --ntasks-per-node=G+1 gives each its own"
  done
}

# Exit code 75: stopped after a checkpoint, so the job is to go on. It keeps its number, its folder and its output file.
requeue() {
  local restarts=${SLURM_RESTART_COUNT:-0} most=${INTERLOCK_REQUEUES:-100}
  if [ "$restarts" -ge "$most" ]; then
    say "stopped after a checkpoint, and requeued $restarts times already (INTERLOCK_REQUEUES): not again"
  elif scontrol requeue "$SLURM_JOB_ID"; then
    say "stopped after a checkpoint: requeued"
  else
    say "stopped after a checkpoint, but SLURM does not requeue this job; submit it again with --resume"
  fi
}

# finish CODE: how every job ends.
finish() {
  [ "$1" -ne 75 ] || requeue
  exit "$1"
}

[ $# -gt 0 ] || refuse "no config: sbatch [options of sbatch] launch/slurm/train.sbatch CONFIG [key=value ...]"
[ -x "$program" ] || refuse "$program is not there; run launch/setup, or set INTERLOCK to the program"
config=$1
arguments=("$@")
overrides=()
for argument in "${@:2}"; do
  [[ $argument == --* ]] || overrides+=("$argument")
  [ "$argument" != --single-process ] || refuse "--single-process needs no ranks: sbatch --wrap '$program train ...'"
done
# A job that SLURM starts again, after exit code 75, a preemption or a node's failure, goes on from its newest checkpoint
# (or from the beginning where there is none yet).
if [ "${SLURM_RESTART_COUNT:-0}" -gt 0 ] && [[ " $* " != *" --resume"* ]]; then arguments+=(--resume); fi
ranks=$("$program" plan --ranks "$config" ${overrides[@]+"${overrides[@]}"}) || exit $? # it has said what is wrong
check_allocation

# One torch thread a rank unless run.threads says otherwise: ranks of a node would fight for its cores.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
say "$ranks ranks on ${SLURM_JOB_NUM_NODES:-1} node(s): ${arguments[*]}"
