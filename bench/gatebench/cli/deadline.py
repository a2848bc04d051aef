"""A time by which something is stopped as by Ctrl-C, so that whatever heeds that saves what it is at."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class TimeUp(Exception):
    """It was stopped."""


@contextmanager
def until(end: float) -> Iterator[None]:
    """Stop the body at a time of `time.monotonic` and raise `TimeUp`. The user's own Ctrl-C stays what it is."""
    up = threading.Event()

    def ring() -> None:
        up.set()
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    alarm = threading.Timer(max(0.0, end - time.monotonic()), ring)
    alarm.daemon = True
    try:
        alarm.start()
        yield
    except KeyboardInterrupt:
        if up.is_set():
            raise TimeUp from None
        raise
    finally:
        alarm.cancel()
        signal.signal(signal.SIGINT, before)
