"""A private Slurm, as clusters have it: a controller and one node on ports, sockets and files of its own."""

import contextlib
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.daemons import daemon, environment, free_ports, kill, short_folder, wait_until

SLURM_CONF = """\
ClusterName=gatebench
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
# 127.0.0.1 only: whoever reaches a Slurm daemon may try to run jobs as root.
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
SlurmdUser=root
# A requeued job waits until the credential of its last run expired (2 minutes by default; 5 seconds are the least).
AuthInfo=socket={folder}/munge/socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
# No cgroups: a container may not have them, and nothing here needs them.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
MailProg=/bin/true
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
JobRequeue=1
KillWait={kill_wait}
MinJobAge=3600
ReturnToService=2
# More than there may be, so that tasks of an array run at once: they sleep or train something tiny.
SlurmdParameters=config_overrides
NodeName=node NodeHostname={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=16000 State=UNKNOWN
PartitionName=main Nodes=node Default=YES MaxTime=INFINITE State=UP
"""
CPUS = 4
"""Of the one node, whatever the machine has."""
KILL_WAIT = 15
"""Seconds between SIGTERM and SIGKILL for a job that is to leave."""


@dataclass(frozen=True)
class Slurm:
    """A controller and one node of 4 CPUs, without accounting."""

    folder: Path
    env: dict[str, str]
    """For subprocesses: the client commands find this Slurm."""

    def run(self, *command: str | Path, check: bool = True) -> str:
        """What a client command prints."""
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=60)
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr or done.stdout}")
        return done.stdout.strip()

    def job(self, job_id: str) -> dict[str, str]:
        """What the controller knows about a job, or a task of an array as ``job_task``."""
        words = self.run("scontrol", "show", "job", "--oneliner", job_id).split()
        return dict(word.split("=", 1) for word in words if "=" in word)

    def state(self, job_id: str) -> str:
        """PENDING, RUNNING, COMPLETED, ..."""
        return self.job(job_id)["JobState"]

    def end_jobs(self) -> None:
        """End what runs and forget what waits, without the time to leave that a job is otherwise given."""
        self.run("scancel", "--partition=main", check=False)

        def gone() -> bool:
            kill(self.processes(daemons=False))
            return not self.run("squeue", "--noheader", check=False)

        with contextlib.suppress(TimeoutError):
            wait_until(gone, 10, "the end of all jobs")

    def processes(self, daemons: bool = True) -> list[int]:
        """What runs inside jobs, and the daemons with the steps; not what merely talks to them."""
        ids = []
        for place in Path("/proc").glob("[0-9]*"):
            # Processes come and go while one looks.
            with contextlib.suppress(OSError):
                settings = (place / "environ").read_bytes().split(b"\0")
                # Debian's /usr/sbin/slurmd is a link to slurmd-wlm.
                part = os.path.basename(os.readlink(place / "exe")).startswith(("munged", "slurm"))
                inside = any(setting.startswith(b"SLURM_JOB_ID=") for setting in settings)
                if f"SLURM_CONF={self.env['SLURM_CONF']}".encode() in settings and (daemons if part else inside):
                    ids.append(int(place.name))
        return ids

    def logs(self) -> str:
        """The end of what each daemon said."""
        return "\n".join(f"--- {log.name}\n{log.read_text()[-3000:]}" for log in sorted(self.folder.glob("*.log")))


@contextmanager
def running_slurm() -> Iterator[Slurm]:
    """A Slurm that takes jobs; it and whatever its jobs left end with the block."""
    with short_folder() as folder:
        controller_port, node_port = free_ports(2)
        # Last of the environment on purpose: a step writes its title over the first variables.
        cluster = Slurm(folder, environment("SLURM", "SBATCH", "SRUN", "SQUEUE", SLURM_CONF=str(folder / "slurm.conf")))
        host = socket.gethostname().partition(".")[0]
        ports = {"controller_port": controller_port, "node_port": node_port}
        conf = SLURM_CONF.format(host=host, folder=folder, cpus=CPUS, kill_wait=KILL_WAIT, **ports)
        (folder / "slurm.conf").write_text(conf)
        for name in ("munge", "state", "spool"):
            (folder / name).mkdir(mode=0o755)
        secret, gate = folder / "munge" / "key", folder / "munge" / "socket"
        cluster.run("mungekey", "--create", "--keyfile", secret)
        try:
            with contextlib.ExitStack() as running:
                started = []

                def start(*command: str | Path) -> None:
                    log = folder / f"{Path(command[0]).name}.log"
                    started.append(running.enter_context(daemon(command, log, cluster.env)))

                def holds(condition: Callable[[], object]) -> bool:
                    for process in started:
                        if process.poll() is not None:
                            raise ChildProcessError(f"{process.args[3]} ended with {process.returncode}")
                    return bool(condition())

                def up() -> bool:
                    return "is UP" in cluster.run("scontrol", "ping", check=False)

                def idle() -> bool:
                    return cluster.run("sinfo", "--noheader", "--format=%T", check=False) == "idle"

                try:
                    start(
                        "munged", "--foreground", "--socket", gate, "--key-file", secret,
                        "--pid-file", folder / "munge" / "pid", "--seed-file", folder / "munge" / "seed",
                    )  # fmt: skip
                    wait_until(lambda: holds(gate.exists), 10, "munged")
                    start("slurmctld", "-D", "-c")
                    # Without a controller, slurmd neither starts nor ends quickly.
                    wait_until(lambda: holds(up), 10, "slurmctld")
                    start("slurmd", "-D", "-N", "node")
                    wait_until(lambda: holds(idle), 30, "an idle node")
                except (TimeoutError, ChildProcessError) as error:
                    raise RuntimeError(f"Slurm does not start: {error}\n{cluster.logs()}") from None
                try:
                    yield cluster
                finally:
                    cluster.end_jobs()
        finally:
            # Steps of jobs outlive slurmd by design, and jobs may outlive their step.
            kill(cluster.processes())
            wait_until(lambda: not cluster.processes(), 10, "the end of Slurm's processes")
