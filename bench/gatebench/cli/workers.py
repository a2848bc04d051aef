"""Worker processes of this machine, to which the launcher ``local`` deals jobs.

Importing takes a second or two, and planning a sweep as long. So one process is started before anything else, which imports
what every job needs and then forks into as many workers as are wanted; it also plans, so that the command needs no torch.
"""

import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

from gatebench.cli.worker_process import FORKS, Answer
from gatebench.core import interpreters
from gatebench.core.errors import BadInput

THREAD_LIMITS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
"""Variables that libraries take their number of threads from: one, since engines are told theirs."""
ENVIRONMENT = {**dict.fromkeys(THREAD_LIMITS, "1"), "JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""Variables that workers have where the user has not set them: what is forked must have one thread. That of pyarrow's
memory, which pandas brings along, would be a second one.
"""
_PROGRAM = "import sys; sys.path[:] = {path!r}; from gatebench.cli.worker_process import serve; serve({number})"

Call = tuple[Callable[..., Any], tuple[Any, ...]]
"""A function of a module, and its arguments."""


class WorkerFailure(Exception):
    """A worker ended, or what it was to do ended with an error that is nobody's mistake."""


class Workers:
    """Processes that calls are dealt to, until they are ended by `end`."""

    def __init__(self) -> None:
        self.count = 0
        """How many workers calls are dealt to; 0: none, this process makes them itself."""
        self._processes: list[subprocess.Popen[bytes]] = []
        self._requests: list[socket.socket] = []
        self._connections: list[Connection[Call, Answer]] = []

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return what a function returns in a worker; what it raises is raised here."""
        if not self.count:
            return function(*arguments)
        (connection,) = self._connected(1)
        self._send(connection, (function, arguments))
        return self._received(connection)

    def run(self, chains: Sequence[Sequence[Call]]) -> None:
        """Make all calls. Those of a chain follow one another, as long as they return true.

        Chains are begun in their order, and a worker goes on with what is begun before it begins another. But once those
        that nobody has begun are fewer than the workers, they go first, as the longest: so no worker is idle early.
        """
        if not self.count:
            for chain in chains:
                all(function(*arguments) for function, arguments in chain)
            return
        new, begun = deque(map(deque, chains)), deque[deque[Call]]()
        idle = self._connected(min(self.count, len(chains)))
        busy: dict[Connection[Call, Answer], deque[Call]] = {}
        while new or begun or busy:
            while idle and (new or begun):
                chain = begun.popleft() if begun and not 0 < len(new) < self.count else new.popleft()
                self._send(idle[-1], chain.popleft())
                busy[idle.pop()] = chain
            answered = wait(list(busy))
            for connection in [one for one in busy if one in answered]:
                chain = busy.pop(connection)
                goes_on = self._received(connection)
                if goes_on and chain:
                    begun.append(chain)
                idle.append(connection)

    def end(self) -> None:
        """End all of them at once, whatever they are at; the next call starts others."""
        for end in (*self._connections, *self._requests):
            end.close()
        for process in self._processes:
            process.kill()  # with which those end that it forked
            process.wait()
        self._connections, self._requests, self._processes = [], [], []

    def start(self) -> None:
        """Start a process that imports what every job needs, without waiting for it."""
        ours, theirs = socket.socketpair()
        program = _PROGRAM.format(path=sys.path, number=theirs.fileno())
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # until it ignores it
        try:
            self._processes.append(
                subprocess.Popen(
                    [sys.executable, "-c", program], stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()],
                    env={**ENVIRONMENT, **os.environ, **interpreters.ENVIRONMENT},
                )
            )  # fmt: skip
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            theirs.close()
        self._requests.append(ours)

    def _connected(self, count: int) -> "list[Connection[Call, Answer]]":
        """Return connections to so many workers."""
        while len(self._connections) < count:
            place = 0 if FORKS else len(self._connections)
            if place == len(self._requests):
                self.start()
            ours, theirs = socket.socketpair()
            with theirs:
                try:
                    socket.send_fds(self._requests[place], [b" "], [theirs.fileno()])
                except ConnectionError as error:
                    ours.close()
                    raise self._failure() from error
            self._connections.append(Connection(ours.detach()))
        return self._connections[:count]

    def _send(self, connection: "Connection[Call, Answer]", call: Call) -> None:
        try:
            connection.send(call)
        except ConnectionError as error:
            raise self._failure() from error

    def _received(self, connection: "Connection[Call, Answer]") -> Any:
        """Return the result of a worker's call; what it raised is raised here, after all workers have been ended."""
        try:
            answer: Answer = connection.recv()
        except (EOFError, ConnectionError) as error:
            raise self._failure() from error
        if answer.mistake is None and answer.error is None:
            return answer.result
        self.end()
        if answer.mistake is not None:
            raise BadInput(answer.mistake)
        failure = WorkerFailure(answer.error)
        failure.add_note(answer.details)
        raise failure

    def _failure(self) -> WorkerFailure:
        self.end()
        return WorkerFailure("a worker ended before it was done")
