"""Timing calls side by side: medians over rounds, in each of which all calls are made one after another."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import torch

from gatebench.speed.machine import THREADS
from gatebench.training.machine import SIDE

Name = TypeVar("Name")
"""Whatever tells calls apart that are timed together."""
WARM = 0.04
"""Seconds of untimed calls before those that are timed."""
LEAST_ROUNDS = 3
"""Rounds that are made however long they take."""
MOST_SECONDS = 4.0
"""After so many seconds no further round begins."""


@dataclass(frozen=True)
class TimedCall:
    """A function to time."""

    call: Callable[[], object]
    updates: int = 1
    """Updates (or whatever is counted) per call, of a population or of one model."""
    compile_seconds: float | None = None
    """Seconds that its library took to compile it; None: it compiles nothing, or keeps what it compiled."""


def timed(runs: dict[Name, TimedCall], rounds: int) -> dict[Name, float]:
    """Return the median seconds per update of each call, over at most so many rounds.

    Before it is timed, each is called untimed: its caches are warm then, and the threads of the call before, which spin a
    while, sleep. Of a call that takes longer than that, the first of all is untimed.
    """
    taken: dict[Name, list[float]] = {name: [] for name in runs}
    started = time.perf_counter()
    for number in range(rounds):
        if number >= LEAST_ROUNDS and time.perf_counter() - started > MOST_SECONDS:
            break
        for name, run in runs.items():
            if not taken[name] or taken[name][-1] * run.updates < WARM:
                repeated(run, WARM)
            calls, seconds = repeated(run, WARM / 2)
            taken[name].append(seconds / calls / run.updates)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def repeated(run: TimedCall, least: float) -> tuple[int, float]:
    """Call until so many seconds have passed; returns the number of calls and the seconds."""
    started, calls = time.perf_counter(), 0
    while True:
        run.call()
        calls += 1
        seconds = time.perf_counter() - started
        if seconds > least:
            return calls, seconds


def matrix_product() -> TimedCall:
    """Return torch's product of two large matrices, whose `PRODUCT_FLOPS` a second are the yardstick."""
    a, b = torch.ones(SIDE, SIDE), torch.ones(SIDE, SIDE)

    def run() -> None:
        torch.set_num_threads(THREADS)
        torch.mm(a, b)

    return TimedCall(run)


PRODUCT_FLOPS = 2 * SIDE**3
"""FLOPs of the multiplications and additions of one `matrix_product`."""
