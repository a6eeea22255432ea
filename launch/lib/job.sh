# What the scripts that start ranks share: how a job ends. Sourced by mpirun.sh and slurm.sh.
# shellcheck shell=bash disable=SC2034
#
# The rank that ends a failed job leaves its exit code and last line in the file INTERLOCK_FAILURE_FILE, which must be where
# all hosts see it: a launcher replaces the code of a job in which a rank was killed, and speaks last.

kSecondsToEnd=10 # what a launcher needs after the failure of its job is about two

# await_launcher PID: waits for it, whatever signals come meanwhile, and sets `code`. A launcher that waits for a host which is
# gone would do so for a quarter of an hour: it is ended.
await_launcher() {
  local launcher=$1 watcher again
  end_if_stuck "$launcher" < /dev/null > /dev/null 2>&1 &
  watcher=$!
  code=0
  wait "$launcher" 2> /dev/null || code=$?   # where it is killed, the shell would say so
  while kill -0 "$launcher" 2> /dev/null; do # a trapped signal has ended the wait
    code=0
    wait "$launcher" 2> /dev/null || code=$?
  done
  again=0
  wait "$launcher" 2> /dev/null || again=$? # such a signal may have come just as the launcher ended
  [ $again -eq 127 ] || code=$again
  kill "$watcher" 2> /dev/null || true
}

end_if_stuck() {
  local seconds=0
  while kill -0 "$1"; do
    if [ -s "$INTERLOCK_FAILURE_FILE" ]; then seconds=$((seconds + 1)); fi
    [ $seconds -lt $kSecondsToEnd ] || kill -KILL "$1" # at SIGTERM it would try again to tell the host that is gone
    sleep 1
  done
}

# Prints the last line of a failed job and sets `code` to its own; false where no rank has left one.
take_failure() {
  local line
  [ -s "$INTERLOCK_FAILURE_FILE" ] || return 1
  { read -r code && read -r line; } < "$INTERLOCK_FAILURE_FILE"
  printf '%s\n' "$line" >&2
}
