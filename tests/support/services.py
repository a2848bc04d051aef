"""A private PostgreSQL and a private MLflow server, as clusters have them."""

import contextlib
import http.client
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2

from support.daemons import daemon, environment, free_ports, kill_group, short_folder, wait_until


@dataclass(frozen=True)
class Postgres:
    """A database server that trusts whoever is on this machine."""

    port: int

    @property
    def uri(self) -> str:
        """Of the database ``mlflow``, as SQLAlchemy takes it."""
        return f"postgresql+psycopg2://postgres@127.0.0.1:{self.port}/mlflow"


@contextmanager
def running_postgres() -> Iterator[Postgres]:
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
        ) as initdb:  # fmt: skip
            if initdb.wait(60):
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
def running_mlflow_server(folder: Path, backend: str) -> Iterator[MlflowServer]:
    """A running MLflow server with its artifacts below a folder."""
    server = MlflowServer(folder, backend)
    server.start()
    try:
        yield server
    finally:
        server.stop()
