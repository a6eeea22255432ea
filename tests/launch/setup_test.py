"""launch/setup where something is missing or breaks off: one line that says what to do, and nothing half-done is taken for done.

The tools that it calls (apt-get, python3, pip, cmake, ninja, df, a compiler) are stand-ins, which leave a trace and fail on demand.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.runner import check, check_equal, main  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
WHEEL = "lib/python3.11/site-packages/torch"
TOOLS = {
    "dpkg-query": '[ -n "${NO_PACKAGES:-}" ] || echo "install ok installed"',
    "apt-get": 'echo "E: Could not resolve host" >&2; exit 100',
    "nproc": "echo 2",
    "df": 'echo header; echo "disk 1 1 ${FREE:-99999} 1% /"',
    "python3": """
[ "$1 $2" = "-m venv" ] || exit 9
mkdir -p "$3/bin"
cat > "$3/bin/pip" <<'PIP'
#!/bin/bash
echo "$$ pip starts" >> "$TRACE"
here=$(dirname "$(dirname "$0")")
case ${PIP:-} in
  offline) echo "ERROR: No matching distribution found for torch" >&2; exit 1 ;;
  full) echo "OSError: [Errno 28] No space left on device" >&2; exit 1 ;;
  slow) mkdir -p "$here/WHEEL/lib"; touch "$here/WHEEL/lib/libtorch_cpu.so" "$here/half"; sleep "${SLOW:-30}" ;;
esac
mkdir -p "$here/WHEEL/lib" "$here/WHEEL/include/torch/headeronly"
touch "$here/WHEEL/lib/libtorch_cpu.so"
printf '#define TORCH_VERSION_MAJOR 2\\n#define TORCH_VERSION_MINOR 11\\n#define TORCH_VERSION_PATCH 0\\n' \\
  > "$here/WHEEL/include/torch/headeronly/version.h"
echo "$$ pip ends" >> "$TRACE"
PIP
chmod +x "$3/bin/pip"
""".replace("WHEEL", WHEEL),
    "cmake": """
[ "$1" != --version ] || { echo "cmake version 3.25.1"; exit 0; }
echo "cmake $*" >> "$TRACE"
mkdir -p build/release
for word in "$@"; do case $word in -DLIBTORCH_ROOT=*) echo "LIBTORCH_ROOT:PATH=${word#*=}" > build/release/CMakeCache.txt ;; esac; done
touch build/release/build.ninja
[ -z "${CMAKE_FAILS:-}" ] || { echo "CMake Error at CMakeLists.txt:1: no such thing"; exit 1; }
""",
    "ninja": """
case " $* " in
  *" build.ninja "*) exit 0 ;;
  *" -f plan.ninja -n "*) [ -e build/release/built ] || printf '[1/2] a\\n[2/2] b\\n'; exit 0 ;;
  *" -n "*) printf '[0/2] Re-checking globbed directories...\\n[1/2] Re-running CMake...\\n'; exit 0 ;; # as ninja does, always
esac
echo "ninja $*" >> "$TRACE"
printf '[1/2] a\\n'
case ${NINJA:-} in
  full) echo "fatal error: error writing to x.s: No space left on device"; exit 1 ;;
  killed) echo "g++: fatal error: Killed signal terminated program cc1plus"; exit 1 ;;
  wrong) echo "FAILED: a.o"; echo "a.cpp:3: error: expected ';'"; exit 1 ;;
  slow) touch half; sleep 30 ;;
esac
printf '[2/2] b\\n'
touch build/release/built
""",
    "old-c++": "exit 1",
}


class Clone:
    """A checkout's launch/ with stand-ins for the tools it calls, and a folder for LibTorch that clones may share."""

    def __init__(self, folder, name="clone", venv=None):
        self.folder, self.venv = folder / name, venv or folder / "venv"
        shutil.copytree(ROOT / "launch", self.folder / "launch")
        (self.folder / "tests").mkdir()
        (self.folder / "tests/requirements.txt").write_text("numpy\n")
        self.trace = folder / "trace"
        tools = self.folder / "bin"
        tools.mkdir()
        for tool, script in TOOLS.items():
            (tools / tool).write_text(f"#!/bin/bash\n{script}\n")
            (tools / tool).chmod(0o755)
        own = {name: value for name, value in os.environ.items()
               if not name.startswith("INTERLOCK_") and name not in ("Torch_DIR", "CMAKE_PREFIX_PATH", "LIBTORCH_ROOT", "CXX")}
        self.environment = {**own, "PATH": f"{tools}:{own['PATH']}", "TRACE": str(self.trace), "INTERLOCK_VENV": str(self.venv)}

    def start(self, **variables):
        return subprocess.Popen([self.folder / "launch/setup"], env={**self.environment, **variables}, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)

    def run(self, **variables):
        process = self.start(**variables)
        out, _ = process.communicate(timeout=60)
        return process.returncode, out

    def traced(self):
        return self.trace.read_text().splitlines() if self.trace.exists() else []


def refused(clone, *words, **variables):
    code, out = clone.run(**variables)
    check(code not in (0, None), f"exit code {code} with {variables}: {out}")
    last = out.strip().splitlines()[-1]
    check("error: " in last and all(word in last for word in words), f"the last line should say {words}: {out}")
    return out


def works(clone, **variables):
    code, out = clone.run(**variables)
    check_equal(code, 0, f"exit code of set-up: {out}")
    check((clone.folder / "build/release/built").exists(), f"nothing was built: {out}")
    return out


def first_time(interlock):
    clone = Clone(interlock.folder)
    out = works(clone)
    check("building the program: 2 steps, about" in out and "2 cores" in out, f"what it will take is not said: {out}")
    clone.trace.unlink()
    out = works(clone)
    check("building" not in out, f"built is built: {out}")
    check(not any("pip" in line or "cmake" in line for line in clone.traced()), f"done again: {clone.traced()}")


def no_network(interlock):
    clone = Clone(interlock.folder)
    refused(clone, "is there a network?", "Torch_DIR", PIP="offline")
    works(clone)
    if os.geteuid() == 0:
        refused(clone, "is there a network?", "install them by hand", "catch2", NO_PACKAGES="1")


def no_disk(interlock):
    clone = Clone(interlock.folder)
    refused(clone, "LibTorch needs 6000 MiB", "50 MiB are free", FREE="50")
    refused(clone, "no space left for LibTorch", "INTERLOCK_VENV", PIP="full")
    refused(clone, "no space left on the disk", NINJA="full")
    refused(clone, "building the program needs", "50 MiB are free", FREE="50")
    works(clone)


def compilers(interlock):
    clone = Clone(interlock.folder)
    refused(clone, "does not know C++17", "CXX", CXX="old-c++")
    refused(clone, "no C++ compiler", "CXX", CXX="no-such-compiler")
    out = refused(clone, "the build failed", "build-log.txt", NINJA="wrong")
    check("expected ';'" in out, f"the compiler's words are missing: {out}")
    refused(clone, "for want of memory", "INTERLOCK_JOBS=1", NINJA="killed")
    works(clone)


def another_libtorch(interlock):
    clone = Clone(interlock.folder)
    other = interlock.folder / "libtorch"
    (other / "lib").mkdir(parents=True)
    (other / "lib/libtorch_cpu.so").touch()
    (other / "include/torch/headeronly").mkdir(parents=True)
    (other / "include/torch/headeronly/version.h").write_text(
        "#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR 4\n#define TORCH_VERSION_PATCH 1\n")
    refused(clone, "is 2.4.1", "written for 2.11.0", "INTERLOCK_ANY_LIBTORCH", LIBTORCH_ROOT=str(other))
    works(clone, LIBTORCH_ROOT=str(other), INTERLOCK_ANY_LIBTORCH="1")


def interrupted(interlock):
    """What was broken off is made again: half an environment, half a build."""
    clone = Clone(interlock.folder)
    for variables, sign in (({"PIP": "slow"}, clone.venv / "half"), ({"NINJA": "slow"}, clone.folder / "half")):
        process = clone.start(**variables)
        end = time.monotonic() + 30
        while not sign.exists() and time.monotonic() < end:
            time.sleep(0.02)
        check(sign.exists(), f"never came to {sign}")
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=30)
        check(process.returncode != 0, "an interrupted set-up ended with exit code 0")
    check(not (clone.venv / "half").exists(), "half an environment was kept")
    works(clone)


def failed_configuration(interlock):
    clone = Clone(interlock.folder)
    out = refused(clone, "configuring failed", "build-log.txt", CMAKE_FAILS="1")
    check("no such thing" in out, f"CMake's words are missing: {out}")
    works(clone)
    check_equal(len([line for line in clone.traced() if line.startswith("cmake")]), 2, "times that it was configured")


def two_clones(interlock):
    """LibTorch is installed once, by the first of them; the other waits."""
    clones = [Clone(interlock.folder, name) for name in ("one", "two")]
    processes = [clone.start(PIP="slow", SLOW="1") for clone in clones]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    check_equal([process.returncode for process in processes], [0, 0], f"exit codes: {outputs}")
    check_equal(len([line for line in clones[0].traced() if "pip" in line]), 2, f"times that pip was at work: {clones[0].traced()}")


main([
    ("the first time it says what it will take; then there is nothing to do", first_time),
    ("no network", no_network),
    ("no disk", no_disk),
    ("compilers that cannot, or do not", compilers),
    ("a LibTorch of another release", another_libtorch),
    ("an interrupted set-up", interrupted),
    ("a configuration that failed", failed_configuration),
    ("two clones at once", two_clones),
])
