"""A process that imports what every job needs, then makes the calls that it is sent, until nobody is there to send any."""

import ctypes
import gc
import importlib
import os
import signal
import socket
import sys
import traceback
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from gatebench.core.errors import BadInput

FORKS = sys.platform == "linux"
"""Whether one process imports and forks into the workers; elsewhere, libraries of the system break in what is forked."""
NEEDED = (
    "gatebench.cli.launch", "gatebench.cli.planning", "gatebench.engines.fused_cpu.engine", "gatebench.engines.reference",
    "gatebench.records.mlflow", "gatebench.study.run", "gatebench.training.loop", "safetensors.numpy", "yaml",
)  # fmt: skip
"""Modules that every job needs. No module of a plugin folder is among them: it might start threads, which do not survive."""
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of Linux


class Answer(NamedTuple):
    """What became of a call."""

    result: Any = None
    mistake: str | None = None
    """The line of a `BadInput`, if it was raised."""
    error: str | None = None
    """Another exception in one line."""
    details: str = ""
    """The traceback of that exception."""


def serve(control: int) -> None:
    """Import, then work for everybody whose connection is sent over the socket with this number; ends with the command."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command, which tells its workers
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    gc.disable()
    for name in NEEDED:
        importlib.import_module(name)
    gc.freeze()  # what is there stays: no worker looks through it for garbage, or has pages copied for that
    gc.enable()
    with socket.socket(fileno=control) as requests:
        while numbers := socket.recv_fds(requests, 1, 1)[1]:
            if not FORKS:
                requests.close()
                _work(numbers[0])
                break
            if os.fork() == 0:
                _end_with_parent()
                requests.close()
                _work(numbers[0])
                os._exit(0)  # without what the first process has registered for its own end
            os.close(numbers[0])
    os._exit(0)


def _end_with_parent() -> None:
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before
        os._exit(1)


def _work(number: int) -> None:
    """Answer the calls that come through a connection."""
    with Connection(number) as connection:
        while True:
            try:
                function, arguments = connection.recv()
            except (EOFError, ConnectionError):
                return
            answer = _call(function, arguments)
            sys.stdout.flush()
            sys.stderr.flush()
            try:
                connection.send(answer)
            except ConnectionError:
                return


def _call(function: Any, arguments: tuple[Any, ...]) -> Answer:
    try:
        return Answer(function(*arguments))
    except BadInput as error:
        return Answer(mistake=str(error))
    except Exception as error:  # whatever it is, the command says it
        return Answer(error=f"{type(error).__name__}: {error}", details=traceback.format_exc())
