# What launch/slurm/*.sbatch share. Sourced by a batch script with the job's arguments; `root` is the checkout.
# shellcheck shell=bash disable=SC2154
#
# Sets: program, config, ranks, arguments (of `interlock train`). Ends the job with exit code 2 where the allocation does
# not fit the run, 93 where it has come back again and again without getting further.

program=${INTERLOCK:-$root/build/release/interlock}
if [ -z "${INTERLOCK:-}" ] && [ ! -x "$program" ] && [ -x "$root/../../bin/interlock" ]; then
  program=$root/../../bin/interlock # installed: root is PREFIX/share/interlock
fi
source "$root/launch/lib/job.sh"
kMostLivesInVain=3
kGivesUp=93

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

# The step of the run's newest checkpoint; 0 where there is none. A checkpoint's folder counts once its manifest is there.
newest_step() {
  local manifest newest=0 step
  for manifest in "$folder"/checkpoints/step-*/manifest.json; do
    step=${manifest%/manifest.json}
    step=${step##*/step-}
    [[ ! $step =~ ^[0-9]+$ ]] || newest=$((10#$step > newest ? 10#$step : newest))
  done
  echo "$newest"
}

# A job keeps count of its lives beside the run's folder, until it ends for good: the newest step when this life began, and
# how many lives before it, one after the other, got no further. SLURM too starts jobs again, so both are counted at the start.
begin_life() {
  local before=-1
  lives_file=$folder.$SLURM_JOB_ID.lives
  in_vain=0
  step_at_start=$(newest_step)
  if [ "${SLURM_RESTART_COUNT:-0}" -gt 0 ] && [ -e "$lives_file" ]; then
    read -r before in_vain <"$lives_file"
    in_vain=$((step_at_start > before ? 0 : in_vain + 1))
  fi
  [ "$in_vain" -lt $kMostLivesInVain ] || give_up
  mkdir -p "$(dirname "$lives_file")"
  echo "$step_at_start $in_vain" >"$lives_file"
}

give_up() {
  say "$kMostLivesInVain lives without a newer checkpoint than that of step $(newest_step): given up, exit code $kGivesUp"
  end_for_good $kGivesUp
}

end_for_good() {
  rm -f "$lives_file" "$INTERLOCK_FAILURE_FILE"
  exit "$1"
}

# Exit code 75, or another of INTERLOCK_REQUEUE_CODES: the job is to go on. It keeps its number, folder and output file.
requeue() {
  local restarts=${SLURM_RESTART_COUNT:-0} most=${INTERLOCK_REQUEUES:-100}
  if [ "$(newest_step)" -le "$step_at_start" ] && [ $((in_vain + 1)) -ge $kMostLivesInVain ]; then
    give_up
  elif [ "$restarts" -ge "$most" ]; then
    say "ended with exit code $1, and requeued $restarts times already (INTERLOCK_REQUEUES): not again"
  elif scontrol requeue "$SLURM_JOB_ID"; then
    say "ended with exit code $1: requeued"
    exit "$1"
  else
    say "ended with exit code $1, but SLURM does not requeue this job; submit it again"
  fi
}

# finish CODE: how every job ends.
finish() {
  [[ " ${INTERLOCK_REQUEUE_CODES:-75} " != *" $1 "* ]] || requeue "$1"
  end_for_good "$1"
}

# SLURM's warning (#SBATCH --signal), or a preemption's SIGTERM: the ranks are told by SIGUSR1, which mpirun and srun pass on to
# them; SIGTERM would end mpirun, and with it the ranks, before they have written a checkpoint.
pass_on() {
  say "signal $1: training is to stop after a checkpoint"
  warned=1
  [ -z "$child" ] || kill -USR1 "$child"
}
child="" warned=""
trap 'pass_on USR1' USR1
trap 'pass_on TERM' TERM

# start COMMAND ...: carries it out and finishes with its exit code, or that of the rank that ended the job. A shell runs its traps
# only while it waits, so the command runs beside it.
start() {
  [ -z "$warned" ] || finish 75 # before anything began
  : >"$INTERLOCK_FAILURE_FILE"
  "$@" &
  child=$!
  await_launcher "$child"
  take_failure || true
  finish "$code"
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
folder=$("$program" plan --folder "$config" ${overrides[@]+"${overrides[@]}"}) || exit $?
check_allocation
export INTERLOCK_FAILURE_FILE=$folder.$SLURM_JOB_ID.failure
begin_life

# One torch thread a rank unless run.threads says otherwise: ranks of a node would fight for its cores.
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
say "$ranks ranks on ${SLURM_JOB_NUM_NODES:-1} node(s): ${arguments[*]}"
