# Shared by the scripts in launch/. Sourced, not run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
torch_version=2.11.0
# Shared by all clones of one user: the wheel and its CUDA libraries take 5 GB.
venv=${INTERLOCK_VENV:-${XDG_CACHE_HOME:-$HOME/.cache}/interlock/torch-$torch_version}

say() { printf 'launch: %s\n' "$*" >&2; }
die() {
  say "error: $*"
  exit 1
}

# Prints the root of the LibTorch in use: the user's own if one is named, else the virtual environment's wheel.
# Fails where there is none.
find_libtorch() {
  local named candidate
  for named in "${Torch_DIR:+$Torch_DIR/../../..}" ${CMAKE_PREFIX_PATH:+${CMAKE_PREFIX_PATH//:/ }} "${LIBTORCH_ROOT:-}"; do
    [ -n "$named" ] || continue
    for candidate in "$named" "$named/../.."; do
      if [ -e "$candidate/lib/libtorch_cpu.so" ]; then
        (cd "$candidate" && pwd)
        return
      fi
    done
  done
  for candidate in "$venv"/lib/python3*/site-packages/torch; do
    if [ -e "$candidate/lib/libtorch_cpu.so" ] && [ -e "$venv/complete" ]; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

# Prints the release of a LibTorch, "2.11.0"; nothing where its headers do not say.
libtorch_version() {
  local header=$1/include/torch/headeronly/version.h
  [ -e "$header" ] || header=$1/include/torch/csrc/api/include/torch/version.h # before 2.9
  sed -n 's/^#define TORCH_VERSION_\(MAJOR\|MINOR\|PATCH\) //p' "$header" 2> /dev/null | paste -sd .
}

# ensure_ready [program|tests|benches]: makes sure that it is there, with all that it needs; quiet and quick when it is.
ensure_ready() {
  "$root/launch/setup" --if-needed "${1:-program}"
}
