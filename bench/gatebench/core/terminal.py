"""Lines at the end of a terminal that change, while whatever else is printed stays above them.

The cursor waits at the first of these lines. So what another process prints takes their place, and they are drawn below it;
and where a command is killed, nothing has to be undone. There are no colours, which ``NO_COLOR`` could be against.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

from gatebench.core.errors import visible, without_passwords

EVERY = 0.5
"""Seconds between two drawings."""


def is_live() -> bool:
    """Whether stderr is a terminal on which lines can be drawn again."""
    return sys.stderr.isatty() and os.environ.get("TERM", "") not in ("", "dumb")


def say(text: str) -> None:
    """Print a line on stderr, where lines may be changing: on a terminal it takes their place, without blanks before it.

    Passwords in addresses are not shown.
    """
    text = without_passwords(text)
    sys.stderr.write(f"\r\x1b[J{text.lstrip()}\n" if is_live() else f"{text}\n")
    sys.stderr.flush()


def draw(lines: list[str]) -> None:
    """Draw lines in the place of those that were drawn before, as far as the terminal has place for them."""
    columns, rows = _size()
    shown = [visible(line)[: columns - 1] for line in lines[: max(1, rows - 1)]]
    up = f"\x1b[{len(shown) - 1}A" if len(shown) > 1 else ""
    sys.stderr.write("\r" + "\x1b[K\n".join(shown) + f"\x1b[J{up}\r")
    sys.stderr.flush()


def _size() -> tuple[int, int]:
    """Return columns and rows; a terminal that does not know them is an ordinary one."""
    columns, rows = os.get_terminal_size(sys.stderr.fileno())
    return columns or 80, rows or 24


@contextmanager
def drawn(lines: Callable[[], list[str]]) -> Iterator[None]:
    """Draw what a function returns, again and again while the body runs, on a terminal that can; then remove it."""
    if not is_live():
        yield
        return
    stop = threading.Event()

    def watch() -> None:
        with suppress(OSError, ValueError):  # the terminal is gone
            while not stop.is_set():
                draw(lines())
                stop.wait(EVERY)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()
        with suppress(OSError, ValueError):
            sys.stderr.write("\r\x1b[J")
            sys.stderr.flush()


def busy(what: str) -> AbstractContextManager[None]:
    """Show what the body does, and for how long it has, on a terminal that can."""
    started = time.monotonic()
    return drawn(lambda: [f"{what}, {time.monotonic() - started:.0f} s"])
