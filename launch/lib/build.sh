# Configuring and building, for launch/setup. Sourced after common.sh.
# shellcheck shell=bash disable=SC2154

build_folder=$root/build/release
build_log=$root/build-log.txt
kMebibytesAJob=1500 # a batch of files with LibTorch

# Reads ninja's lines and prints before each the tenths of a second that steps of its kind take in the mean with two
# jobs on two cores (docs/results.md#set-up), summed up so far: only what is said of the time depends on it.
weigh() {
  local line sum=0
  while IFS= read -r line; do
    case $line in
      "["*.gch) sum=$((sum + 290)) ;;
      "["*/Unity/*) sum=$((sum + 126)) ;;
      "["*.o) sum=$((sum + 33)) ;;
      "["*) sum=$((sum + 6)) ;;
    esac
    printf '%s %s\n' "$sum" "$line"
  done
}

# Cores, but no more jobs than fit into the memory that is free: a compiler that is killed says nothing that helps.
fitting_jobs() {
  local cores available
  cores=$(nproc)
  available=$(awk '/^MemAvailable:/ {print int($2 / 1024)}' /proc/meminfo)
  local fit=$((available / kMebibytesAJob))
  [ "$fit" -ge 1 ] || fit=1
  echo $((cores < fit ? cores : fit))
}

# Fails with the one line that says what to do where the build cannot work.
check_compiler() {
  local compiler=${CXX:-c++}
  command -v "${compiler%% *}" > /dev/null || die "no C++ compiler '$compiler': install g++, or set CXX to one that knows C++17"
  # shellcheck disable=SC2086
  printf '#include <charconv>\n#include <filesystem>\n#include <optional>\nstatic_assert(__cplusplus >= 201703L);\n' |
    $compiler -std=c++17 -fsyntax-only -x c++ - 2> /dev/null ||
    die "$compiler does not know C++17 with its library: install g++ 9 or newer, or set CXX to such a compiler"
}

# need_space FOLDER MEBIBYTES WHAT
need_space() {
  local folder=$1 free
  while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
  free=$(df -Pm "$folder" | awk 'NR == 2 {print $4}')
  [ "$free" -ge "$2" ] || die "$3 needs $2 MiB in $1, and $free MiB are free there"
}

configure() {
  local libtorch=$1
  if [ -e "$build_folder/build.ninja" ] && grep -q "^LIBTORCH_ROOT:PATH=$libtorch\$" "$build_folder/CMakeCache.txt"; then return; fi
  check_compiler
  say "configuring with LibTorch in $libtorch"
  # A cache of another compiler or LibTorch would be believed.
  rm -rf "$build_folder/CMakeCache.txt" "$build_folder/CMakeFiles/$(cmake --version | sed -n '1s/.* //p')"
  # shellcheck disable=SC2086
  cmake --preset release -DLIBTORCH_ROOT="$libtorch" ${INTERLOCK_CMAKE_ARGS:-} > "$build_log" 2>&1 || {
    rm -f "$build_folder/build.ninja" # what is half configured is not taken for done
    why "$build_log"
    die "configuring failed ($build_log)"
  }
}

# The lines of a log that tell why.
why() {
  if grep -q 'No space left on device' "$1"; then die "no space left on the disk of $root: free some, and run this again"; fi
  if grep -qE 'Killed|internal compiler error: Killed' "$1"; then
    die "a compiler was killed, probably for want of memory: run this again with fewer jobs (INTERLOCK_JOBS=1)"
  fi
  grep -A 12 -E 'error|FAILED|CMake Error' "$1" | head -n 40 >&2 || tail -n 20 "$1" >&2
}

in_minutes() {
  if [ "$1" -lt 90 ]; then echo "$1 s"; else echo "$((($1 + 30) / 60)) min"; fi
}

# show_progress TOTAL: reads what weigh() prints of a build of that weight, and says on one line how far it is: on a terminal again
# and again, else every 30 s.
show_progress() {
  local weight line step last=0 now start=$SECONDS left
  while IFS= read -r line; do
    weight=${line%% *} line=${line#* } # not by `read`, which would take the blanks under which a compiler points
    printf '%s\n' "$line" >> "$build_log"
    [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]] || continue
    step="step ${BASH_REMATCH[1]} of ${BASH_REMATCH[2]}" now=$SECONDS
    [ $((now - start)) -ge 5 ] || continue
    left=$(((now - start) * (weight < $1 ? $1 - weight : 0) / weight))
    if [ -t 2 ]; then
      printf '\rlaunch: building: %s, about %s left \033[K' "$step" "$(in_minutes $left)" >&2
    elif [ $((now - last)) -ge 30 ]; then
      last=$now
      say "building: $step, about $(in_minutes $left) left"
    fi
  done
  if [ -t 2 ] && [ $((SECONDS - start)) -ge 5 ]; then printf '\r\033[K' >&2; fi
}

# The steps that ninja would take, a line each. Asked of build.ninja itself it would only say that folders are to be looked through
# for new files; in a copy of it that is no step.
plan_of() {
  cp "$build_folder/build.ninja" "$build_folder/plan.ninja"
  ninja -C "$build_folder" -f plan.ninja -n "$1" 2> /dev/null | grep '^\[' || true
}

# build WHAT: the program, the tests or the benches, as CMake's targets are called.
build() {
  local what=$1 libtorch planned steps weight jobs start=$SECONDS
  libtorch=$(find_libtorch) || die "LibTorch not found"
  cd "$root" || exit 1
  mkdir -p build
  exec 8> build/setup.lock # another launch/ script of this checkout may be at it
  flock 8
  configure "$libtorch"
  jobs=${INTERLOCK_JOBS:-$(fitting_jobs)}
  # Looks for new files, and configures anew where there are any, or CMake's own have changed.
  ninja -C "$build_folder" build.ninja > "$build_log" 2>&1 || { why "$build_log"; die "configuring failed ($build_log)"; }
  planned=$(plan_of "$what")
  steps=$(grep -c . <<< "$planned" || true)
  weight=$(weigh <<< "$planned" | tail -n 1 | cut -d ' ' -f 1)
  if [ "$steps" -gt 0 ]; then
    need_space "$build_folder" $((steps * 15 + 100)) "building the $what"
    say "building the $what: $steps steps, about $(in_minutes $((weight / 10 / jobs + 1))) with $jobs jobs on $(nproc) cores"
  fi
  : > "$build_log"
  set +o pipefail
  { ninja -C "$build_folder" -j "$jobs" "$what" 2>&1 || echo "interlock-build-failed"; } | weigh | show_progress "$weight"
  set -o pipefail
  if tail -n 1 "$build_log" | grep -qx interlock-build-failed; then
    why "$build_log"
    die "the build failed ($build_log)"
  fi
  exec 8>&-
  if [ "$steps" -gt 0 ]; then say "built in $(in_minutes $((SECONDS - start)))"; fi
}
