# Shared by the scripts in launch/. Sourced, not run.

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
  local candidate
  for candidate in "${Torch_DIR:+$Torch_DIR/../../..}" ${CMAKE_PREFIX_PATH:+${CMAKE_PREFIX_PATH//:/ }} "${LIBTORCH_ROOT:-}"; do
    [ -n "$candidate" ] || continue
    for candidate in "$candidate" "$candidate/../.."; do
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

# Makes sure that everything is there; quiet and quick when it is.
ensure_ready() {
  "$root/launch/setup" --if-needed
}
