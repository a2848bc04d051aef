"""A time by which something is stopped as by Ctrl-C, so that whatever heeds that saves what it is at."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

LONGEST_WAY = 10.0
"""Seconds that a signal to this process may take, far more than any was seen to."""
STEP = 0.001
"""Seconds between two looks whether it has arrived."""


class TimeUp(Exception):
    """The block was stopped, since its time was up."""


class _Alarm:
    """Interrupts this process as Ctrl-C does, once, and never after it was disarmed."""

    def __init__(self) -> None:
        self.rang = False
        self._was_heard = False
        self._armed = True
        self._lock = threading.Lock()

    def ring(self) -> None:
        """Send SIGINT to this process, unless the alarm is disarmed. Called by another thread than the main one."""
        with self._lock:
            if self._armed:
                self.rang = True
                os.kill(os.getpid(), signal.SIGINT)

    def disarm(self) -> None:
        """Return once no signal will be sent any more."""
        with self._lock:
            self._armed = False

    def heed(self, number: int, frame: FrameType | None) -> None:
        """Handle SIGINT: raise ``KeyboardInterrupt``, unless it is the alarm's own, which arrives after its block ended."""
        self._was_heard = True
        if self._armed or not self.rang:
            signal.default_int_handler(number, frame)

    def await_signal(self) -> None:
        """Return once a signal that was sent has arrived: on a busy machine it may be on its way for a while."""
        for _ in range(round(LONGEST_WAY / STEP)):
            if self._was_heard or not self.rang:
                return
            time.sleep(STEP)


@contextmanager
def until(end: float) -> Iterator[None]:
    """Stop the block at a time of `time.monotonic` and raise `TimeUp`. The user's own Ctrl-C stays what it is."""
    alarm = _Alarm()
    timer = threading.Timer(max(0.0, end - time.monotonic()), alarm.ring)
    timer.daemon = True
    handler = signal.signal(signal.SIGINT, alarm.heed)
    try:
        timer.start()
        try:
            yield
        finally:
            alarm.disarm()  # in here, so that a signal that it waits for still becomes TimeUp
    except KeyboardInterrupt:
        if alarm.rang:
            raise TimeUp from None
        raise
    finally:
        timer.cancel()
        alarm.await_signal()
        signal.signal(signal.SIGINT, handler)
