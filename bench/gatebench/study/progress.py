"""How far a sweep is: each job writes where it is, the main process adds up and draws a line a worker.

Reports are small files in the folder of the sweep, so that jobs on other machines are seen as well.
"""

import json
import math
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gatebench.core import terminal

if TYPE_CHECKING:
    from gatebench.records.schema import Stage
    from gatebench.training.loop import Population

EVERY = 0.5
"""Seconds between two reports of a job."""
PLAIN_EVERY = 60.0
"""Seconds between two lines where stderr is no terminal."""
LONG_SILENCE = 10.0
"""Seconds without a report after which it is said how long there was none."""


@dataclass
class Whereabouts:
    """Where a job is, as its report says it."""

    worker: str = ""
    """Name of the process, which no other has on any machine."""
    task: str = ""
    cell: str = ""
    done: float = 0.0
    """Epochs of single trials that are done."""
    further: float = 0.0
    """Epochs that nobody could know of when the sweep was planned."""
    stage: str = ""
    """Stage of the population that is trained; nothing before the first and after the last one."""
    trials: int = 0
    """Members of the population that have not stopped."""
    epoch: int = 0
    epochs: int = 0
    """Epochs of each member at the most."""
    update: int = 0
    nll: float | None = None
    """The best validation NLL of any member so far, in nats."""
    rate: float = 0.0
    """Epochs of single trials a second, since the population was begun; 0 before one is over."""
    left: float = 0.0
    """Epochs of single trials that are left of the population, at the most."""


class Progress:
    """Whom a job tells how far it is: here, nobody."""

    def __call__(self, epochs: float) -> None:
        """Some more epochs of single trials are done."""

    def further(self, epochs: float) -> None:
        """Some more epochs are to be done than anybody could know of: those of an extension of a search."""

    def at(self, stage: "Stage", population: "Population") -> None:
        """A population of a stage is between two updates, or between two epochs."""


class ProgressReport(Progress):
    """How far one job is; a file in the sweep's progress folder."""

    def __init__(self, folder: Path, task: str = "", cell: str = "") -> None:
        worker = f"{socket.gethostname()}-{os.getpid()}"
        self._path = folder / f"{worker}-{time.monotonic_ns()}.json"
        self._where = Whereabouts(worker, task, cell)
        self._written = 0.0
        self._population: Population | None = None
        self._began = (0.0, 0.0)
        """When the population was begun here, and how many epochs of its trials were done then."""

    def __call__(self, epochs: float) -> None:
        """Some more epochs of single trials are done."""
        self._where.done += epochs
        self._write()

    def further(self, epochs: float) -> None:
        """Some more epochs are to be done than anybody could know of: those of an extension of a search."""
        self._where.further += epochs
        self._write()

    def at(self, stage: "Stage", population: "Population") -> None:
        """A population of a stage is between two updates, or between two epochs."""
        is_new = population is not self._population
        if not is_new and not self._is_due():
            return
        done = self._epochs_done(population)
        if is_new:
            self._population, self._began = population, (time.monotonic(), done)
        seconds = time.monotonic() - self._began[0]
        where, best = self._where, float(population.best_nll.min())
        where.stage, where.trials, where.epoch = stage, len(population.active), population.epoch
        where.epochs, where.update = population.training.epochs, int(population.updates.max())
        where.nll = best if math.isfinite(best) else None
        where.rate = (done - self._began[1]) / seconds if seconds else 0.0
        where.left = len(population.members) * where.epochs - done
        self._write()

    def end(self) -> None:
        """The job is over, or stopped."""
        self._population, self._where.stage, self._written = None, "", 0.0
        with suppress(OSError):  # of a full disk others have spoken
            self._write()

    def _epochs_done(self, population: "Population") -> float:
        stopped = sum(status != "running" for status in population.status)
        over = population.epoch - (population.under_way is not None)
        return over * len(population.active) + population.training.epochs * stopped

    def _is_due(self) -> bool:
        return time.monotonic() - self._written > EVERY

    def _write(self) -> None:
        # Jobs of a batch system may outlive the command that draws.
        if self._is_due() and self._path.parent.is_dir():
            self._written = time.monotonic()
            partial = self._path.with_suffix(".partial")
            partial.write_text(json.dumps(asdict(self._where)), encoding="utf-8")
            partial.replace(self._path)  # whole, and not flushed: nobody needs it once the sweep is over


class Display:
    """What is shown of a sweep."""

    def __init__(self, folder: Path, name: str, total: int) -> None:
        self._folder, self._name, self._total = folder, name, total
        self._started = time.monotonic()
        self._over: set[str] = set()
        """Names of reports whose workers ended."""
        self._heard: dict[str, tuple[Whereabouts, float]] = {}
        """Report -> what it said last, and when that was new."""

    def workers_ended(self) -> None:
        """All workers that there were have ended, whatever their reports say."""
        self._over |= {path.name for path in self._folder.glob("*.json")}

    def lines(self) -> list[str]:
        """Return a line about the sweep, and one for each worker that trains something."""
        now = time.monotonic()
        reports = {
            path.name: Whereabouts(**json.loads(path.read_text(encoding="utf-8")))
            for path in sorted(self._folder.glob("*.json"))
        }
        for name, where in reports.items():
            if name not in self._heard or self._heard[name][0] != where:
                self._heard[name] = (where, now)
        working = [name for name, where in reports.items() if where.stage and name not in self._over]
        at_work = {reports[name].worker: name for name in working}  # of each worker its last report
        several = len({reports[name].task for name in at_work.values()}) > 1
        rows = [_row(reports[name], now - self._heard[name][1], several) for name in at_work.values()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        about_workers = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        return [self._about_sweep(list(reports.values()), now), *(f"  {line}" for line in about_workers)]

    def _about_sweep(self, reports: list[Whereabouts], now: float) -> str:
        total = self._total + int(sum(where.further for where in reports))
        done, seconds = max(0, min(total, int(sum(where.done for where in reports)))), now - self._started
        line = f"{self._name}: {done:,} of at most {total:,} epochs, {_clock(seconds)} so far"
        return f"{line}, at most {_clock((total - done) * seconds / done)} left" if done else line


def _row(where: Whereabouts, silence: float, with_task: bool) -> list[str]:
    """Return the columns of a worker's line: cell, stage, epoch, trials, NLL, rate, time left."""
    return [
        f"{where.task} {where.cell}" if with_task else where.cell,
        where.stage,
        f"epoch {where.epoch} of {where.epochs}",
        f"{where.trials} trial" + "s" * (where.trials != 1) if where.trials else "testing",
        f"update {where.update:,}" if where.nll is None else f"NLL {where.nll:.4g}",
        f"{where.rate:.3g} epochs/s" if where.rate else "",
        f"no news for {_clock(silence)}" if silence > LONG_SILENCE
        else f"at most {_clock(where.left / where.rate)} left" if where.rate and where.trials else "",
    ]  # fmt: skip


def _clock(seconds: float) -> str:
    """Return a time as ``1:02:03``, or ``2:03``."""
    minutes, rest = divmod(math.ceil(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


@contextmanager
def shown(folder: Path, name: str, total: int) -> Iterator[Display]:
    """Show how far the jobs are that report to a folder, while the body runs: live on a terminal, else a line a minute."""
    display, stop = Display(folder, name, total), threading.Event()

    def print_lines() -> None:
        while not stop.wait(PLAIN_EVERY):
            about_sweep, *about_workers = (" ".join(line.split()) for line in display.lines())
            print("; ".join([about_sweep, *about_workers]), file=sys.stderr, flush=True)

    if terminal.is_live():
        with terminal.drawn(display.lines):
            yield display
        return
    watcher = threading.Thread(target=print_lines, daemon=True)
    watcher.start()
    try:
        yield display
    finally:
        stop.set()
        watcher.join()
