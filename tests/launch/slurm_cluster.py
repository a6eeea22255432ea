"""A SLURM cluster for as long as a test lasts: the daemons of Debian's packages, on loopback with this machine as the one
node, or with hosts made of network namespaces (hosts.py) as nodes.

Everything that it writes lies in the folder that it is given; the ports are free ones. The daemons die with this process.
"""

import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import time

from support.runner import Failed

DAEMONS = ("munged", "slurmctld", "slurmd")
CLIENTS = ("sbatch", "srun", "scontrol", "sinfo", "mpirun")
PACKAGES = "slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge"
CPUS = 8  # of each node, that SLURM hands out however many there are
GPUS = ("/dev/null", "/dev/zero")  # likewise; files that are there, and that nothing opens

CONFIG = """
ClusterName=interlock
SlurmctldHost={host}({address})
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire={requeue_seconds}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=pmix
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
TmpFS={folder}/tmp/%n
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
GresTypes=gpu
{nodes}
PartitionName=all Nodes=ALL Default=YES State=UP
"""
REQUEUE_SECONDS = 5  # a requeued job waits until its old credential has expired: two minutes unless told otherwise
_PR_SET_PDEATHSIG = 1


def missing():
    """Why there can be no cluster here; empty if there can."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    absent = [name for name in DAEMONS + CLIENTS if shutil.which(name, path=path) is None]
    if absent:
        return f"{', '.join(absent)} not found (Debian packages {PACKAGES})"
    if os.geteuid() != 0:
        return "SLURM's daemons need root"
    return ""


def _free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _die_with_parent():
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Cluster:
    def __init__(self, folder, network=None):
        self.folder, self.network = folder, network
        self.daemons = []
        self.environment = dict(os.environ, SLURM_CONF=str(folder / "slurm.conf"))
        self.environment["PATH"] = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if len(self.daemons) >= len(DAEMONS):
            self.command("scancel", "--user=root", "--signal=KILL", "--full", timeout=10, check=False)
            self.command("scancel", "--user=root", timeout=10, check=False)
            self._wait_for_no_jobs()
        for daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(5)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()

    def _wait_for_no_jobs(self):
        for _ in range(50):
            if not self.command("squeue", "--noheader", timeout=10, check=False).strip():
                return
            time.sleep(0.1)

    def _start(self):
        self.folder.mkdir()
        self.folder.chmod(0o755)  # munged refuses a socket where others may not go
        (self.folder / "state").mkdir()
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        controller_port, node_port = _free_ports(2)
        host = socket.gethostname().split(".")[0]
        nodes = self.network.addresses() if self.network else {host: "127.0.0.1"}
        lines = [f"NodeName={name} NodeAddr={address} CPUs={CPUS} Gres=gpu:{len(GPUS)} State=UNKNOWN" for name, address in nodes.items()]
        for name in nodes:
            for kind in ("spool", "tmp"):  # nodes share this machine's file system
                (self.folder / kind / name).mkdir(parents=True)
        (self.folder / "slurm.conf").write_text(
            CONFIG.format(host=host, address=self.network.outside() if self.network else "127.0.0.1", folder=self.folder,
                          node_port=node_port, controller_port=controller_port, nodes="\n".join(lines),
                          requeue_seconds=REQUEUE_SECONDS))
        (self.folder / "gres.conf").write_text("".join(f"Name=gpu File={file}\n" for file in GPUS))
        self._daemon("munged", "--foreground", "--force", "--num-threads=1", f"--socket={self.folder}/munge.socket",
                     f"--key-file={key}", f"--pid-file={self.folder}/munged.pid", f"--log-file={self.folder}/munged.log",
                     f"--seed-file={self.folder}/munged.seed")
        self._await("munged", lambda: (self.folder / "munge.socket").exists())
        self._daemon("slurmctld", "-D")
        for name in nodes:
            self._daemon("slurmd", "-D", "-N", name, host=name if self.network else None)
        idle = f"{len(nodes)} idle"
        self._await("node", lambda: idle in self.command("sinfo", "--noheader", "-o", "%D %T", check=False))

    def _daemon(self, name, *arguments, host=None):
        log = open(self.folder / f"{name}{host or ''}.out", "w", encoding="utf-8")
        command = [*(self.network.on(host) if host else []), name, *arguments]
        self.daemons.append(subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                             preexec_fn=_die_with_parent))

    def _await(self, what, ready, seconds=30):
        end = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > end or any(daemon.poll() is not None for daemon in self.daemons):
                logs = "".join(f"--- {log.name}\n{log.read_text()[-2000:]}" for log in self.folder.glob("*.out"))
                raise Failed(f"SLURM does not start: no {what} after {seconds} s, or a daemon died\n{logs}")
            time.sleep(0.1)

    def command(self, *words, timeout=30, check=True, environment=None, cwd=None):
        done = subprocess.run([str(word) for word in words], env={**self.environment, **(environment or {})}, text=True,
                              cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
        if check and done.returncode != 0:
            raise Failed(f"{' '.join(map(str, words))}: exit code {done.returncode}\n{done.stdout}")
        return done.stdout

    def job(self, folder, *words, timeout=90, environment=None, meanwhile=None):
        """Submits with sbatch from `folder` and waits, calling meanwhile(number of the job) now and then. Returns (exit code,
        output, restarts)."""
        output = folder / "job.out"
        number = self.command("sbatch", "--parsable", f"--output={output}", *words, cwd=folder, environment=environment).strip()
        end = time.monotonic() + timeout
        while True:
            facts = self.command("scontrol", "show", "job", number)
            state = re.search(r"JobState=(\S+)", facts)[1]
            if state not in ("PENDING", "RUNNING", "COMPLETING", "CONFIGURING", "REQUEUED"):
                break
            if time.monotonic() > end:
                written = output.read_text() if output.exists() else "no output"
                raise Failed(f"job still {state} after {timeout} s: {facts}\n{written}")
            if meanwhile:
                meanwhile(number)
            time.sleep(0.2)
        code = int(re.search(r" ExitCode=(\d+):", facts)[1])
        return code, output.read_text(), int(re.search(r"Restarts=(\d+)", facts)[1])
