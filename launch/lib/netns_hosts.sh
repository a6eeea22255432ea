#!/usr/bin/env bash
# Several hosts on one machine, for tests and benchmarks of what goes over a network: each host is a network namespace
# with an address, a host name and a /dev/shm of its own, and all hang on one bridge. Root (CAP_SYS_ADMIN) only.
#
#   netns_hosts.sh possible                    exit code 0, or 1 and the reason
#   netns_hosts.sh up NAME COUNT [RATE]        makes hosts NAMEh1 .. NAMEhCOUNT; RATE: what each may send, as tc says it (1gbit)
#   netns_hosts.sh run NAME SLOTS COMMAND ...  mpirun.sh COMMAND on them; SLOTS: ranks of each host, in order ("3,2")
#   netns_hosts.sh on NAMEhI COMMAND ...       COMMAND on one of them
#   netns_hosts.sh addresses NAME              "outside ADDRESS" of this machine, then a line of each host: NAMEhI ADDRESS
#   netns_hosts.sh sent NAME                   the bytes that each host has sent, one line each
#   netns_hosts.sh down NAME                   ends what runs there and removes everything
#
# NAME: il and the process number of whoever calls `down`. `up` removes what such processes left behind when they died.
set -euo pipefail

prefix=10.213 # each set of hosts takes a free /24 of this; the machine itself is .254 on it
self=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/$(basename "${BASH_SOURCE[0]}")

fail() {
  echo "netns_hosts: $*" >&2
  exit 1
}

# Named so that the interface of host I in the outer namespace is NAMEvI: names have at most 15 characters.
bridge() { echo "${1}br"; }
network() { ip -o -4 address show dev "$(bridge "$1")" | awk '{sub(/\.254\/24/, "", $4); print $4}'; }
hosts() { ip netns list | awk -v name="$1" 'index($1, name "h") == 1 {print $1}' | sort -V; }

possible() {
  [ "$(id -u)" = 0 ] || fail "network namespaces need root"
  { command -v ip && command -v tc; } >/dev/null || fail "ip and tc are missing (Debian package iproute2)"
  command -v unshare nsenter >/dev/null || fail "unshare or nsenter is missing (Debian package util-linux)"
  local probe=il$$probe
  ip netns add "$probe" 2>/dev/null || fail "this machine does not allow network namespaces"
  local allowed=yes
  # All that `up` does which a container may lack.
  ip link add "il$$p" type bridge 2>/dev/null && ip link del "il$$p" || allowed=no
  ip link add "il$$a" type veth peer name "il$$b" 2>/dev/null && ip link del "il$$a" || allowed=no
  nsenter "--net=/run/netns/$probe" unshare --uts --mount mount -t tmpfs none /dev/shm 2>/dev/null || allowed=no
  ip netns del "$probe"
  [ $allowed = yes ] || fail "this machine does not allow bridges, veth pairs or mounts in namespaces"
}

free_network() {
  local third
  for third in $(seq 1 250); do
    if ! ip -o -4 address | grep -qF " $prefix.$third."; then
      echo "$prefix.$third"
      return
    fi
  done
  fail "no free network in $prefix.0.0/16"
}

remove_abandoned() {
  local owner
  for owner in $(ip netns list | sed -n 's/^il\([0-9]\+\)h[0-9]\+.*/\1/p' | sort -u); do
    [ -d "/proc/$owner" ] || "$self" down "il$owner"
  done
}

up() {
  local name=$1 count=$2 rate=${3:-} network i
  possible
  remove_abandoned
  network=$(free_network)
  trap 'down "$name"' ERR
  ip link add "$(bridge "$name")" type bridge
  ip address add "$network.254/24" dev "$(bridge "$name")"
  ip link set "$(bridge "$name")" up
  for i in $(seq 1 "$count"); do
    ip netns add "${name}h$i"
    ip link add "${name}v$i" type veth peer name eth0 netns "${name}h$i"
    ip link set "${name}v$i" master "$(bridge "$name")" up
    ip -n "${name}h$i" address add "$network.$i/24" dev eth0
    ip -n "${name}h$i" link set lo up
    ip -n "${name}h$i" link set eth0 up
    if [ -n "$rate" ]; then
      # The bucket holds what the rate passes in about 2 ms; what does not fit in the queue waits in the sender.
      ip netns exec "${name}h$i" tc qdisc add dev eth0 root tbf rate "$rate" burst 256kb latency 100ms
    fi
  done
  trap - ERR
}

down() {
  local host
  for host in $(hosts "$1"); do
    ip netns pids "$host" 2>/dev/null | xargs -r kill -KILL 2>/dev/null || true
    ip netns del "$host" || true # its end of the veth pair goes, and with it the other
  done
  ip link del "$(bridge "$1")" 2>/dev/null || true
}

on() {
  local host=$1
  shift
  # Not `ip netns exec`, which hides what is mounted in /sys.
  # shellcheck disable=SC2016
  exec nsenter "--net=/run/netns/$host" unshare --uts --mount bash -c \
    'hostname "$0" && mount -t tmpfs -o size=1g none /dev/shm && exec "$@"' "$host" "$@"
}

# What mpirun calls as its remote shell: HOST and the words of a command line for a shell there.
agent() {
  local host=$1
  shift
  on "$host" /bin/sh -c "$*"
}

run() {
  local name=$1 slots=$2 ranks=0 list="" network host count
  shift 2
  network=$(network "$name").0/24
  for host in $(hosts "$name"); do
    count=${slots%%,*}
    slots=${slots#*,}
    list+=${list:+,}$host:$count
    ranks=$((ranks + count))
  done
  # As settings, not options, for there are blanks in one.
  export OMPI_MCA_plm_rsh_agent="$self agent" OMPI_MCA_plm_rsh_no_tree_spawn=1 # hosts cannot enter each other
  export OMPI_MCA_pml=ob1 OMPI_MCA_btl=self,vader,tcp                          # shared memory on a host, TCP between them
  export OMPI_MCA_btl_tcp_if_include=$network OMPI_MCA_oob_tcp_if_include=$network
  export INTERLOCK_MPIRUN_OPTIONS="--host $list --oversubscribe"
  exec "$(dirname "$self")/mpirun.sh" "$ranks" "$@"
}

addresses() {
  local network host
  network=$(network "$1")
  echo "outside $network.254"
  for host in $(hosts "$1"); do echo "$host $network.${host##*h}"; done
}

sent() {
  local host
  for host in $(hosts "$1"); do
    ip netns exec "$host" cat /sys/class/net/eth0/statistics/tx_bytes
  done
}

command=${1:-}
shift || true
case $command in
  possible | up | run | on | addresses | sent | down | agent) "$command" "$@" ;;
  *) fail "unknown command '$command' (possible, up, run, on, addresses, sent, down)" ;;
esac
