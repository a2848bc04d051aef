"""Threads that work with the calling one on what is so short that a pool of threads would take as long to begin."""

import threading
import weakref
from collections.abc import Callable


class Team:
    """Further threads, each waiting for its next call until the team is no longer used."""

    def __init__(self, threads: int, prepare: Callable[[], None]) -> None:
        """Start the threads that a team of this size needs besides the calling one; each calls ``prepare`` first."""
        self.size, self._calls = threads, [_Calls() for _ in range(threads - 1)]
        for number, calls in enumerate(self._calls, 1):
            threading.Thread(target=calls.answer, args=(number, prepare), name=f"team_{number}", daemon=True).start()
        weakref.finalize(self, _end, self._calls)

    def call(self, function: Callable[[int], None]) -> None:
        """Have every thread call a function with its number, from 1, and do not wait for any of them.

        A thread that comes late may find everything done, or call the function once for two calls.
        """
        for calls in self._calls:
            calls.make(function)

    def raise_errors(self) -> None:
        """Raise the error of a thread, if there was one since this was last asked."""
        for calls in self._calls:
            error, calls.error = calls.error, None
            if error is not None:
                raise error


class _Calls:
    """What one thread is called for."""

    def __init__(self) -> None:
        self.functions: list[Callable[[int], None]] = []
        """The function to call, if there is one; no thread that waits may keep it, and its engine, from being freed."""
        self.error: Exception | None = None
        self.is_over = False
        self._idle = threading.Lock()
        """Locked but between a call and its answer: a lock wakes the thread that waits for it sooner than anything else."""
        self._idle.acquire()

    def make(self, function: Callable[[int], None]) -> None:
        self.functions[:] = [function]
        self._wake()

    def end(self) -> None:
        self.is_over = True
        self._wake()

    def _wake(self) -> None:
        if self._idle.locked():
            self._idle.release()

    def answer(self, number: int, prepare: Callable[[], None]) -> None:
        prepare()
        while not self.is_over:
            self._idle.acquire()
            while self.functions:
                try:
                    self.functions.pop()(number)
                except Exception as error:
                    self.error = error


def _end(calls: list[_Calls]) -> None:
    for of_thread in calls:
        of_thread.end()
