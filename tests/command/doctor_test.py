"""`interlock doctor` on this machine, and on machines made worse: low limits, no mpirun, another one, one that hangs."""

import json
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.runner import check, check_equal, main  # noqa: E402

LEVELS = {"ok", "warning", "problem"}


def examine(interlock, *arguments, before="", **variables):
    """Exit code, findings; `before` is shell that goes before the program."""
    environment = {**os.environ, **variables}
    done = subprocess.run(["bash", "-c", f'{before} exec "$@"', "bash", str(interlock.program), "doctor", "--json", *arguments],
                          cwd=interlock.folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        check(False, f"no report: {done}")
    check_equal(report["exit_code"], done.returncode, "exit code")
    for finding in report["findings"]:
        check(finding["level"] in LEVELS, f"level of {finding}")
        check((finding["advice"] is None) == (finding["level"] == "ok"), f"what to do: {finding}")
    return done.returncode, report["findings"]


def said(findings, level, words):
    for finding in findings:
        if finding["level"] == level and words in finding["what"]:
            return finding
    check(False, f"no {level} with '{words}' in {json.dumps(findings, indent=1)}")


def program(folder, name, script):
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return folder


def without_mpirun(folder):
    """A PATH with the shell's tools but no mpirun."""
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    for name in ("sh", "bash", "env"):
        if not (tools / name).exists():
            (tools / name).symlink_to(shutil.which(name))
    return str(tools)


def this_machine(interlock):
    code, findings = examine(interlock)
    problems = [finding for finding in findings if finding["level"] == "problem"]
    check(code == 0 and not problems, f"tests run here, so it is fit: {problems}")
    sections = [finding["section"] for finding in findings]
    for section in ("program", "MPI", "ping", "GPUs", "machine", "limits", "shared memory", "disk", "environment"):
        check(section in sections, f"section {section} in {sections}")
    said(findings, "ok", "LibTorch 2.")
    said(findings, "ok", "as the library")
    said(findings, "ok", "2 ranks on 1 host")
    check(any("us for a small message" in finding["what"] for finding in findings), "a ping")
    text = interlock.run("doctor", "--no-ping")
    check(text.code == 0 and "no problems" in text.out and "us for a small" not in text.out, str(text))


def low_limits(interlock):
    code, findings = examine(interlock, "--no-ping", before="ulimit -n 64; ulimit -s 512;")
    check("ulimit -n" in said(findings, "problem", "open files: 64")["advice"], "what to do")
    said(findings, "warning", "stack: 512.0 KiB")
    check_equal(code, 4, "exit code")
    code, findings = examine(interlock, "--no-ping", before="ulimit -n 512; ulimit -f 2048;")
    said(findings, "warning", "open files: 512")
    said(findings, "warning", "largest file: 2.0 MiB")
    check_equal(code, 0, "exit code")


def no_mpirun(interlock):
    code, findings = examine(interlock, PATH=without_mpirun(interlock.folder))
    check("openmpi-bin" in said(findings, "problem", "mpirun is not in PATH")["advice"], "what to do")
    said(findings, "ok", "LibTorch 2.")
    check_equal(code, 5, "exit code")


def another_mpirun(interlock):
    path = f"{program(interlock.folder / 'mpich', 'mpirun', 'echo HYDRA build details:')}:{os.environ['PATH']}"
    code, findings = examine(interlock, PATH=path)
    said(findings, "problem", "is not Open MPI's")
    said(findings, "problem", "could not talk")
    check_equal(code, 5, "exit code")
    newer = "echo 'mpirun (Open MPI) 9.9.9'"
    path = f"{program(interlock.folder / 'newer', 'mpirun', newer)}:{os.environ['PATH']}"
    said(examine(interlock, PATH=path)[1], "problem", "of Open MPI 9.9.9")
    broken = 'case $1 in --version) echo "mpirun (Open MPI) 4.1.4" ;; *) echo "mpirun: error: no route to daemon" >&2; exit 1 ;; esac'
    path = f"{program(interlock.folder / 'broken', 'mpirun', broken)}:{os.environ['PATH']}"
    said(examine(interlock, PATH=path)[1], "problem", "could not talk: mpirun: error: no route to daemon")


def a_hang(interlock):
    """A broken MPI cannot hang doctor, and nothing of it stays behind."""
    hang = 'case $1 in --version) echo "mpirun (Open MPI) 4.1.4" ;; *) trap "" TERM; echo $$ > pid; while :; do sleep 1; done ;; esac'
    path = f"{program(interlock.folder / 'hangs', 'mpirun', hang)}:{os.environ['PATH']}"
    start = time.monotonic()
    code, findings = examine(interlock, "--patience", "3", PATH=path)
    check(time.monotonic() - start < 60, "it took too long")
    said(findings, "problem", "did not answer within 3 s")
    check_equal(code, 6, "exit code")
    pid = int((interlock.folder / "pid").read_text())
    for _ in range(50):
        if not Path(f"/proc/{pid}/stat").exists() or ") Z " in Path(f"/proc/{pid}/stat").read_text():
            return
        time.sleep(0.1)
    check(False, "the hanging mpirun is still there")


def little_shared_memory(interlock):
    """Where this user may mount: in a namespace of its own."""
    mount = "mount -t tmpfs -o size=8m tmpfs /dev/shm"
    allowed = subprocess.run(["unshare", "-m", "sh", "-c", mount], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if allowed.returncode != 0:
        print("  (not tried: no permission to mount a small /dev/shm)")
        return
    code, findings = examine(interlock, "--no-ping", before=f"[ -n \"$INSIDE\" ] || INSIDE=1 exec unshare -m bash -c '{mount}; exec \"$@\"' bash \"$@\";")
    check("--shm-size" in said(findings, "problem", "/dev/shm: 8.0 MiB")["advice"], "what to do")
    check_equal(code, 5, "exit code")


def no_temporary_folder(interlock):
    code, findings = examine(interlock, "--no-ping", TMPDIR="/nowhere/at/all")
    check("TMPDIR" in said(findings, "problem", "/nowhere/at/all is missing")["advice"], "what to do")
    check_equal(code, 4, "exit code")


def under_mpirun(interlock):
    finished = interlock.run("doctor", ranks=3)
    check(finished.code in (0, 5), str(finished))
    check_equal(finished.out.count("\nprogram\n") + finished.out.startswith("program\n"), 1, f"one report: {finished}")
    for words in ("3 ranks on 1 host", "rank 0 to rank 1", "rank 0 to rank 2", "shared memory"):
        check(words in finished.out, f"'{words}' in {finished}")


def old_gpu_driver(interlock):
    """A library in NVML's place, made here."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        print("  (not tried: no C compiler)")
        return
    source = interlock.folder / "nvml.c"
    source.write_text("""
#include <string.h>
int nvmlInit_v2(void) { return 0; }
int nvmlShutdown(void) { return 0; }
int nvmlSystemGetDriverVersion(char* text, unsigned n) { strncpy(text, "535.1", n); return 0; }
int nvmlSystemGetCudaDriverVersion_v2(int* version) { *version = 12020; return 0; }
int nvmlDeviceGetCount_v2(unsigned* count) { *count = 1; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned i, void** device) { *device = (void*)1; return 0; }
int nvmlDeviceGetName(void* device, char* text, unsigned n) { strncpy(text, "Test GPU", n); return 0; }
int nvmlDeviceGetMemoryInfo(void* device, unsigned long long* m) { m[0] = 8ull << 30; m[1] = 7ull << 30; m[2] = 1ull << 30; return 0; }
""")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(interlock.folder / "libnvidia-ml.so.1"), str(source)], check=True)
    folders = f"{interlock.folder}:{os.environ.get('LD_LIBRARY_PATH', '')}"
    code, findings = examine(interlock, "--no-ping", LD_LIBRARY_PATH=folders)
    said(findings, "warning", "GPU 0: Test GPU, 8.0 GiB, 7.0 GiB free")
    cuda = any("with CUDA" in finding["what"] for finding in findings)
    if cuda:
        check_equal(code, 2, "exit code")
        said(findings, "problem", "driver 535.1, which runs CUDA up to 12.2, but LibTorch has CUDA")


if __name__ == "__main__":
    main([("this machine", this_machine), ("low limits", low_limits), ("no mpirun", no_mpirun), ("another mpirun", another_mpirun),
          ("a hang", a_hang), ("little shared memory", little_shared_memory), ("no temporary folder", no_temporary_folder),
          ("under mpirun", under_mpirun), ("old GPU driver", old_gpu_driver)])
