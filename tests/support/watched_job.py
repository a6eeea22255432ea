"""A job on ranks, looked at from outside: its processes, when a planned fault came, how it ended, what it left behind."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

_MARK = "INTERLOCK_TEST_JOB"
_SIGUSR1_BIT = 1 << (signal.SIGUSR1 - 1)


def _environment_of(pid):
    try:
        items = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return {}
    return dict(item.decode(errors="replace").split("=", 1) for item in items if b"=" in item)


def state_of(pid):
    """The letter of /proc: Z for a zombie, T for a stopped process; "" for none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return ""


class Fault:
    """A line of INTERLOCK_TEST_FAULT_LOG."""

    def __init__(self, line):
        rank, self.point, self.kind, seconds = line.split()
        self.rank, self.seconds = int(rank), float(seconds)


class WatchedJob:
    """Starts `command` under mpirun.sh with a folder of its own for temporary files. Its standard output and error are files."""

    def __init__(self, mpirun, ranks, command, cwd, fault=""):
        self.mark = uuid.uuid4().hex
        self.temporary = Path(tempfile.mkdtemp(prefix="il-"))  # short: sockets lie in it
        self.session = self.temporary / "s"
        self.session.mkdir()
        self.fault_log = self.temporary / "faults"
        self.cwd = Path(cwd)
        self.code, self.ended = None, None
        self._ranks = {}  # rank -> (pid, Open MPI's job in hexadecimal)
        environment = dict(os.environ, TMPDIR=str(self.session), INTERLOCK_TEST_FAULT_LOG=str(self.fault_log))
        environment[_MARK] = self.mark
        if fault:
            environment["INTERLOCK_TEST_FAULT"] = fault
        self.started = time.monotonic()
        self._out, self._err = open(self.temporary / "out", "wb"), open(self.temporary / "err", "wb")
        # A session of its own: a signal to us is none to the job.
        self.process = subprocess.Popen([str(word) for word in (mpirun, ranks, *command)], cwd=cwd, env=environment,
                                        stdin=subprocess.DEVNULL, stdout=self._out, stderr=self._err, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pid in self.alive():
            os.kill(pid, signal.SIGKILL)
        self._out.close()
        self._err.close()
        shutil.rmtree(self.temporary, ignore_errors=True)

    def _processes(self):
        return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()
                and _environment_of(name).get(_MARK) == self.mark]

    def alive(self):
        """Processes of the job that are not zombies."""
        return [pid for pid in self._processes() if state_of(pid) not in ("", "Z")]

    def launcher(self):
        """mpirun's process, which signals are sent to."""
        for pid in self._processes():
            try:
                if Path(f"/proc/{pid}/comm").read_text().strip() in ("mpirun", "orterun"):
                    return pid
            except OSError:
                continue
        return None

    def ranks(self):
        """Process ids by rank, of those that have been seen."""
        for pid in self._processes():
            environment = _environment_of(pid)
            rank = environment.get("OMPI_COMM_WORLD_RANK")
            if rank is not None:
                job = environment.get("OMPI_MCA_ess_base_jobid")
                self._ranks[int(rank)] = (pid, f"{int(job):x}" if job else "not known")
        return {rank: pid for rank, (pid, _) in self._ranks.items()}

    def await_ranks(self, count, listening_to_signals=False, seconds=30):
        """Waits until all ranks run (and take SIGUSR1 for something else than their end). Whether they do."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            ranks = self.ranks()
            if len(ranks) == count and (not listening_to_signals or all(map(_takes_signals, ranks.values()))):
                return True
            time.sleep(0.02)
        return False

    def wait(self, seconds):
        """The exit code, None if it still runs after `seconds`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            code = self.process.poll()
            if code is not None:
                self.code, self.ended = code, time.monotonic()
                return code
            if not self._ranks:
                self.ranks()
            time.sleep(0.02)
        return None

    def faults(self):
        text = self.fault_log.read_text() if self.fault_log.exists() else ""
        return [Fault(line) for line in text.splitlines()]

    def out(self):
        return (self.temporary / "out").read_text(errors="replace")

    def err(self):
        return (self.temporary / "err").read_text(errors="replace")

    def last_line(self):
        lines = [line for line in self.err().splitlines() if line.strip()]
        return lines[-1] if lines else ""

    def leftovers(self, run, patience=5):
        """What is left `patience` seconds after the end at the latest: processes, shared memory, temporary files."""
        end = time.monotonic() + patience
        while True:
            found = self._leftovers(run)
            if not found or time.monotonic() > end:
                return found
            time.sleep(0.1)

    def _leftovers(self, run):
        jobs = {job for _, job in self._ranks.values()}
        found = [f"process {pid}" for pid in self.alive()]
        found += [f"/dev/shm/{name}" for name in os.listdir("/dev/shm") if jobs & set(re.split(r"[._]", name))]
        found += [str(path) for path in self.session.rglob("*") if not path.is_dir()]
        found += [str(path) for path in Path(run).rglob("*.tmp")] if Path(run).exists() else []
        return found


def _takes_signals(pid):
    """Whether SIGUSR1 is blocked (for a signalfd) or caught."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    return any(int(found, 16) & _SIGUSR1_BIT for found in re.findall(r"^Sig(?:Blk|Cgt):\t(\w+)", status, re.MULTILINE))
