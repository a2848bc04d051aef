"""Daemons of a test's own: they end with it however it ends, and disturb nothing that the machine runs already."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


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
        for listening in sockets:
            listening.bind(("127.0.0.1", 0))
        return [listening.getsockname()[1] for listening in sockets]


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
