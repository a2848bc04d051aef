"""Services as clusters have them, each a private one: Slurm, PostgreSQL and the MLflow server.

Each has its own ports on 127.0.0.1, sockets, files and folder, so what the machine runs already is not disturbed, and each
ends exactly what it started, also where its start fails halfway.
"""

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2

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
KILL_WAIT = 15
"""Seconds between SIGTERM and SIGKILL for a job that is to leave."""


def wait_until(condition: Callable[[], object], seconds: float, what: str, every: float = 0.1) -> None:
    """Wait for a condition, or say what did not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(every)


def free_ports(count: int) -> list[int]:
    """Different ports of 127.0.0.1 that nobody listens on."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def environment(*without: str, **values: str) -> dict[str, str]:
    """This process's environment, but for variables that begin so: nobody's job, server or database is meant."""
    return {name: value for name, value in os.environ.items() if not name.startswith(without)} | values


@contextmanager
def short_folder() -> Iterator[Path]:
    """A folder that every user may pass through.

    pytest's own are closed to others, which neither munged nor another user's database bears with, and too long for sockets.
    """
    folder = Path(tempfile.mkdtemp(prefix="gatebench-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def daemon(
    command: Sequence[str | Path], log: Path, env: dict[str, str], user: str | None = None, stop: int = signal.SIGTERM
) -> Iterator[subprocess.Popen]:
    """A process in the foreground of a group of its own; it ends with the block, and with this process however that ends."""
    identity = ["--reuid", user, "--regid", user, "--init-groups"] if user else []
    with log.open("ab") as out:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", signal.Signals(stop).name[3:], *identity, *command],
            env=env, cwd="/", stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            process.send_signal(stop)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                kill_group(process.pid)


def kill(processes: Sequence[int]) -> None:
    """End what is still there of them."""
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def kill_group(group: int, number: int = signal.SIGKILL) -> None:
    """Send a signal to whoever is left of a process group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


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
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            # Processes come and go while one looks.
            with contextlib.suppress(OSError):
                settings = (place / "environ").read_bytes().split(b"\0")
                # Debian's /usr/sbin/slurmd is a link to slurmd-wlm.
                part = os.path.basename(os.readlink(place / "exe")).startswith(("munged", "slurm"))
                inside = any(setting.startswith(b"SLURM_JOB_ID=") for setting in settings)
                if f"SLURM_CONF={self.env['SLURM_CONF']}".encode() in settings and (daemons if part else inside):
                    found.append(int(place.name))
        return found

    def logs(self) -> str:
        """The end of what each daemon said."""
        return "\n".join(f"--- {log.name}\n{log.read_text()[-3000:]}" for log in sorted(self.folder.glob("*.log")))


@contextmanager
def slurm() -> Iterator[Slurm]:
    """A Slurm that takes jobs."""
    with short_folder() as folder:
        controller_port, node_port = free_ports(2)
        # Last of the environment on purpose: a step writes its title over the first variables.
        made = Slurm(folder, environment("SLURM", "SBATCH", "SRUN", "SQUEUE", SLURM_CONF=str(folder / "slurm.conf")))
        host = socket.gethostname().partition(".")[0]
        ports = {"controller_port": controller_port, "node_port": node_port}
        conf = SLURM_CONF.format(host=host, folder=folder, cpus=CPUS, kill_wait=KILL_WAIT, **ports)
        (folder / "slurm.conf").write_text(conf)
        for name in ("munge", "state", "spool"):
            (folder / name).mkdir(mode=0o755)
        secret, gate = folder / "munge" / "key", folder / "munge" / "socket"
        made.run("mungekey", "--create", "--keyfile", secret)
        try:
            with contextlib.ExitStack() as running:
                started = []

                def start(*command: str | Path) -> None:
                    log = folder / f"{Path(command[0]).name}.log"
                    started.append(running.enter_context(daemon(command, log, made.env)))

                def settled(what: Callable[[], object]) -> bool:
                    for each in started:
                        if each.poll() is not None:
                            raise ChildProcessError(f"{each.args[3]} ended with {each.returncode}")
                    return bool(what())

                def up() -> bool:
                    return "is UP" in made.run("scontrol", "ping", check=False)

                def idle() -> bool:
                    return made.run("sinfo", "--noheader", "--format=%T", check=False) == "idle"

                try:
                    start(
                        "munged", "--foreground", "--socket", gate, "--key-file", secret,
                        "--pid-file", folder / "munge" / "pid", "--seed-file", folder / "munge" / "seed",
                    )  # fmt: skip
                    wait_until(lambda: settled(gate.exists), 10, "munged")
                    start("slurmctld", "-D", "-c")
                    # Without a controller, slurmd neither starts nor ends quickly.
                    wait_until(lambda: settled(up), 10, "slurmctld")
                    start("slurmd", "-D", "-N", "node")
                    wait_until(lambda: settled(idle), 30, "an idle node")
                except (TimeoutError, ChildProcessError) as error:
                    raise RuntimeError(f"Slurm does not start: {error}\n{made.logs()}") from None
                try:
                    yield made
                finally:
                    made.end_jobs()
        finally:
            # Steps of jobs outlive slurmd by design, and jobs may outlive their step.
            kill(made.processes())
            wait_until(lambda: not made.processes(), 10, "the end of Slurm's processes")


@dataclass(frozen=True)
class Postgres:
    """A database server that trusts whoever is on this machine."""

    port: int

    @property
    def uri(self) -> str:
        """Of the database ``mlflow``, as SQLAlchemy takes it."""
        return f"postgresql+psycopg2://postgres@127.0.0.1:{self.port}/mlflow"


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL with an empty database ``mlflow``."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))[-1]
    with short_folder() as folder:
        (port,) = free_ports(1)
        home, log = folder / "home", folder / "postgres.log"
        home.mkdir(mode=0o700)
        # PostgreSQL refuses to run as root.
        shutil.chown(home, "postgres", "postgres")
        env = environment("PG")
        with daemon(
            [programs / "initdb", "-D", home / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
            log, env, "postgres",
        ) as made:  # fmt: skip
            if made.wait(60):
                raise RuntimeError(f"initdb fails\n{log.read_text()}")
        settings = {
            "listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": home, "fsync": "off",
        }  # fmt: skip
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        # SIGINT: without waiting for clients that stay.
        with daemon([programs / "postgres", "-D", home / "data", *options], log, env, "postgres", signal.SIGINT):

            def answers() -> bool:
                with contextlib.suppress(psycopg2.OperationalError):
                    psycopg2.connect(host="127.0.0.1", port=port, user="postgres", dbname="postgres").close()
                    return True
                return False

            try:
                wait_until(answers, 30, "a connection")
            except TimeoutError as error:
                raise RuntimeError(f"PostgreSQL does not start: {error}\n{log.read_text()}") from None
            create = [programs / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "mlflow"]
            subprocess.run(create, env=env, check=True, timeout=60)
            yield Postgres(port)


@dataclass
class MlflowServer:
    """An MLflow server over a database; it can be away, or slow beyond all bounds."""

    folder: Path
    backend: str
    port: int = field(default_factory=lambda: free_ports(1)[0])
    process: subprocess.Popen | None = None

    @property
    def uri(self) -> str:
        """For ``MLFLOW_TRACKING_URI``."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def artifacts(self) -> Path:
        """What the server keeps and serves; clients do not look in here."""
        return self.folder / "artifacts"

    def healthy(self) -> bool:
        """Whether it answers, within a second."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def start(self) -> None:
        """Start it, or start it again at the same place."""
        if self.process:
            raise RuntimeError("the server is there already")
        log = self.folder / "server.log"
        command = [
            sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1",
            "--backend-store-uri", self.backend, "--serve-artifacts", "--artifacts-destination", str(self.artifacts),
        ]  # fmt: skip
        settings = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                command, env=environment("MLFLOW_", "_MLFLOW_", **settings), cwd=self.folder,
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip
        try:
            wait_until(lambda: self.process is None or self.process.poll() is not None or self.healthy(), 90, "its health")
            if self.process.poll() is not None:
                raise ChildProcessError(f"it ended with {self.process.returncode}")
        except (TimeoutError, ChildProcessError) as error:
            self.stop()
            raise RuntimeError(f"MLflow's server does not start: {error}\n{log.read_text()[-5000:]}") from None

    def stop(self) -> None:
        """End it without a farewell, as a power cut does."""
        if self.process:
            kill_group(self.process.pid)
            self.process.wait()
            self.process = None
            # Workers are not ours to wait for; they may hold the port for a moment.
            wait_until(self._nobody_listens, 10, "the end of the server's workers")

    def pause(self) -> None:
        """Stay there, take connections and never answer."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Answer again, also what was asked meanwhile."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        if not self.process:
            raise RuntimeError("the server is away")
        kill_group(self.process.pid, number)

    def _nobody_listens(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) != 0


@contextmanager
def mlflow_server(folder: Path, backend: str) -> Iterator[MlflowServer]:
    """A running MLflow server with its artifacts below a folder."""
    server = MlflowServer(folder, backend)
    server.start()
    try:
        yield server
    finally:
        server.stop()
