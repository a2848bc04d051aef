"""Running the jobs of a sweep: its launcher, its signals, its workers, its MLflow."""

import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from gatebench.core.errors import BadInput, shorten

GRACE = 8.0
"""Seconds that jobs have to save what they are at before they are ended."""
ATTEMPTS = 4
"""Rounds without any progress, each ended by workers that died, before a sweep gives up."""
LOGGING_TIME = 20.0
"""Seconds without a trial logged before a sweep that has ended waits no longer for a tracking server."""


@dataclass
class Sweep:
    """A sweep on its way."""

    study: str
    results: Path
    epochs: int
    launch: Callable[[], Any]
    """Runs every job once, whatever becomes of it."""
    batch_system: bool
    """Jobs run in a batch system: they outlive this command and heed its signals alone."""
    tracking: str | None
    """Address of the MLflow store that trials are logged to while the sweep runs; None: none."""
    fail_fast: bool = False

    def run(self) -> None:
        """Until every trial is there or failed. Raises `KeyboardInterrupt` or `SystemExit` if a signal ended it."""
        from gatebench.core.files import write_errors
        from gatebench.study import cancellation, progress

        logs = self.results / "logs"
        with write_errors(logs):
            logs.mkdir(parents=True, exist_ok=True)
            # Beside the records, where the workers of any launcher see it.
            place = tempfile.TemporaryDirectory(prefix="progress-", dir=logs, ignore_cleanup_errors=True)
        with place as folder:
            # For the workers, wherever they are.
            os.environ["GATEBENCH_SWEEP"] = str(Path(folder).resolve())
            os.environ["GATEBENCH_COMMAND"] = this_process()
            os.environ["GATEBENCH_FAIL_FAST"] = str(int(self.fail_fast))
            stop = cancellation.Cancellation(Path(folder))
            with self._publishing(), progress.bar(Path(folder), self.study, self.epochs), self._signals(stop) as ended:
                self._rounds(stop)
                ended()

    def _rounds(self, stop: Callable[[], bool]) -> None:
        """Launch the jobs again when workers died: what they had saved goes on."""
        without = 0
        while True:
            before = self._reached()
            try:
                self.launch()
                return
            except BadInput:
                raise
            except Exception as error:  # the launcher's own; jobs keep theirs
                if stop():
                    return
                without = 0 if self._reached() != before else without + 1
                reason = f"{type(error).__name__}: {shorten(error)}"
                if without == ATTEMPTS:
                    raise BadInput(
                        f"{self.study}: the workers ended {ATTEMPTS} times without any progress ({reason}); is there enough "
                        "memory? fewer workers: hydra.launcher.n_jobs=1, smaller populations: population.max=4"
                    ) from error
                print(f"\n{self.study}: a worker died ({reason}); going on from what was saved", file=sys.stderr)

    def _reached(self) -> set[tuple[str, int]]:
        """What would be different had anything been finished or saved."""
        saved = [*self.results.glob("checkpoints/*/state.safetensors"), *self.results.glob("trials/*/record.json")]
        there = set()
        for path in saved:
            try:
                there.add((path.parent.name, path.stat().st_mtime_ns))
            except FileNotFoundError:  # another sweep's, finished just now
                continue
        return there

    @contextmanager
    def _signals(self, stop: Any) -> Iterator[Callable[[], None]]:
        """Have the jobs save on the first Ctrl-C or SIGTERM; end at once on the second, or when they take too long.

        The body calls what it is given when all jobs have ended, which raises if a signal was the reason.
        """
        asked: list[int] = []

        def heed(number: int, _: FrameType | None) -> None:
            if asked or self.batch_system:
                _end(asked[0] if asked else number)
            asked.append(number)
            stop.ask("interrupted")
            signal.setitimer(signal.ITIMER_REAL, GRACE)

        def ended() -> None:
            if asked:
                _end(asked[0])

        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)}
        signal.signal(signal.SIGINT, heed)
        signal.signal(signal.SIGTERM, heed)
        signal.signal(signal.SIGALRM, lambda *_: _end(asked[0]))
        try:
            yield ended
        except (KeyboardInterrupt, SystemExit):
            how = "its jobs go on in the batch system" if self.batch_system else "the same command goes on from here"
            print(f"\n{self.study}: interrupted; {how}", file=sys.stderr)
            _end_workers()
            raise
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def _publishing(self) -> Iterator[None]:
        """Log finished trials to MLflow in the background: a store that is away or slow never holds up a job."""
        if self.tracking is None:
            yield
            return
        from gatebench.records import mlflow

        over = threading.Event()
        follower = mlflow.Follower(self.results, self.study, self.tracking, over)
        follower.start()
        waits = LOGGING_TIME
        try:
            yield
        except (KeyboardInterrupt, SystemExit):
            waits = 0.0  # whoever ends a sweep waits for no server
            raise
        finally:
            over.set()
            logged = -1
            while follower.is_alive() and follower.logged > logged:
                logged = follower.logged
                follower.join(waits)
            if follower.trouble or follower.is_alive():
                reason = follower.trouble or (f"{self.tracking} takes too long" if waits else "there was no time")
                print(f"gatebench: not all is logged to MLflow ({reason}); later: gatebench publish", file=sys.stderr)


def this_process() -> str:
    """A name for this process that no other has, on any machine."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _end(number: int) -> NoReturn:
    """End as a process does that heeds this signal."""
    raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)


def _end_workers() -> None:
    """Local workers would go on with their jobs."""
    if "joblib" in sys.modules:
        from joblib.externals.loky import get_reusable_executor

        get_reusable_executor().shutdown(wait=True, kill_workers=True)
