"""A time by which something is stopped as by Ctrl-C, so that whatever heeds that saves what it is at."""

import os
import signal
import threading
import time
from contextlib import AbstractContextManager
from types import FrameType, TracebackType

LONGEST_WAY = 10.0
"""Seconds that a signal to this process may take, far more than any was seen to."""
STEP = 0.001
"""Seconds between two looks whether it has arrived."""


_under_way: "list[_Alarm]" = []
"""Those whose blocks have begun and not ended."""


class TimeUp(Exception):
    """The block was stopped, since its time was up."""


def until(end: float) -> AbstractContextManager[None]:
    """Stop the block at a time of `time.monotonic` and raise `TimeUp`. The user's own Ctrl-C stays what it is."""
    return _Alarm(end)


def is_up() -> bool:
    """Whether the time of a block that is under way is up: what ends now, nobody interrupted."""
    return any(alarm.rang for alarm in _under_way)


class _Alarm:
    """Interrupts this process as Ctrl-C does, once, and never after its block.

    A class and no generator: of these two methods it is known when a signal arrives in them, of what `contextlib` runs
    around a generator it is not.
    """

    def __init__(self, end: float) -> None:
        self.rang = False
        self._was_heard = False
        self._armed = True
        self._lock = threading.Lock()
        self._timer = threading.Timer(max(0.0, end - time.monotonic()), self.ring)
        self._timer.daemon = True
        self._handler = signal.getsignal(signal.SIGINT)

    def __enter__(self) -> None:
        _under_way.append(self)
        signal.signal(signal.SIGINT, self.heed)
        try:
            self._timer.start()
        except KeyboardInterrupt as error:  # it went off already
            self.__exit__(KeyboardInterrupt, error, None)
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.disarm()
        self._timer.cancel()
        was_interrupted = kind is KeyboardInterrupt
        # What the block put in place of this handler may have heeded the signal.
        self._was_heard = self._was_heard or was_interrupted
        self.await_signal()
        signal.signal(signal.SIGINT, self._handler)
        _under_way.remove(self)
        if was_interrupted and self.rang:
            raise TimeUp from None

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
        if not self.rang or (self._armed and not self._is_ending(frame)):
            signal.default_int_handler(number, frame)

    def _is_ending(self, frame: FrameType | None) -> bool:
        """Whether a frame is that of `__exit__` of this very alarm, or of what it calls."""
        while frame and not (frame.f_code is _Alarm.__exit__.__code__ and frame.f_locals["self"] is self):
            frame = frame.f_back
        return frame is not None

    def await_signal(self) -> None:
        """Return once a signal that was sent has arrived: on a busy machine it may be on its way for a while."""
        for _ in range(round(LONGEST_WAY / STEP)):
            if self._was_heard or not self.rang:
                return
            time.sleep(STEP)
