"""Running the jobs of a sweep: its launcher, its signals, its workers, its MLflow; and one job, inside a worker."""

import os
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from gatebench.cli import compose, configurations, deadline
from gatebench.cli.configurations import Configuration
from gatebench.core import terminal
from gatebench.core.errors import BadInput, shorten

if TYPE_CHECKING:
    from gatebench.records.schema import Stage
    from gatebench.records.store import Store
    from gatebench.study.cancellation import Cancellation
    from gatebench.study.loaded import Loaded
    from gatebench.study.progress import Display

GRACE = 8.0
"""Seconds that jobs have to save what they are at before they are ended."""
ATTEMPTS = 4
"""Rounds without any progress, each ended by workers that died, before a sweep gives up."""
LOGGING_TIME = 20.0
"""Seconds without a trial logged before a sweep that has ended waits no longer for a tracking server."""


ENVIRONMENT = ("GATEBENCH_SWEEP", "GATEBENCH_COMMAND", "GATEBENCH_FAIL_FAST")
"""Variables that say what a `SweepCommand` holds, in the order of its fields."""


def import_all() -> None:
    """Import what a sweep needs in this process: something to do while its workers import."""
    from gatebench.data import cards  # noqa: F401
    from gatebench.records import follower  # noqa: F401
    from gatebench.study import cancellation, progress  # noqa: F401


@dataclass
class Sweep:
    """A sweep on its way."""

    study: str
    results: Path
    epochs: int
    """Epochs of single trials that are left, at the most."""
    launch: Callable[[], object]
    """Runs every job once, whatever becomes of it."""
    end: Callable[[], object]
    """Ends what runs the jobs at once."""
    batch_system: bool
    """Jobs run in a batch system: they outlive this command and heed its signals alone."""
    tracking: str | None
    """Address of the MLflow store that trials are logged to while the sweep runs; None: none."""
    fail_fast: bool = False
    """Whether the first trial that ends with an error ends the sweep."""

    def run(self) -> None:
        """Run until every trial is finished or failed; `KeyboardInterrupt` or `SystemExit` if a signal ended it."""
        from gatebench.core.files import write_errors
        from gatebench.study import cancellation, progress

        logs = self.results / "logs"
        with write_errors(logs):
            logs.mkdir(parents=True, exist_ok=True)
            # Beside the records, where the workers of any launcher see it.
            progress_folder = tempfile.TemporaryDirectory(prefix="progress-", dir=logs, ignore_cleanup_errors=True)
        with progress_folder as folder:
            # For the workers, wherever they are.
            SweepCommand(Path(folder).resolve(), this_process(), self.fail_fast).to_environment()
            stop = cancellation.Cancellation(Path(folder))
            shown = progress.shown(Path(folder), self.study, self.epochs)
            with shown as display, self._publishing(), self._heeding_signals(stop) as raise_if_signalled:
                self._launch_until_done(stop, display)
                raise_if_signalled()
            raise_if_signalled()  # of a signal that arrived at the very end

    def _launch_until_done(self, stop: "Cancellation", display: "Display") -> None:
        """Launch the jobs, again when workers died: what they had saved goes on."""
        rounds_without_progress = 0
        while True:
            before = self._saved()
            try:
                self.launch()
                return
            except BadInput:
                raise
            except Exception as error:  # the launcher's own; jobs keep theirs
                if stop():
                    return
                rounds_without_progress = 0 if self._saved() != before else rounds_without_progress + 1
                reason = f"{type(error).__name__}: {shorten(error)}"
                if rounds_without_progress == ATTEMPTS:
                    raise BadInput(
                        f"{self.study}: the workers ended {ATTEMPTS} times without any progress ({reason}); is there enough "
                        "memory? fewer workers: hydra.launcher.n_jobs=1, smaller populations: population.max=4"
                    ) from error
                display.workers_ended()
                terminal.say(f"\n{self.study}: a worker died ({reason}); going on from what was saved")

    def _saved(self) -> tuple[int, dict[str, int]]:
        """Return how many records there are, and checkpoint -> its time: it differs once anything was finished or saved."""
        checkpoints: dict[str, int] = {}
        for path in self.results.glob("checkpoints/*/state.safetensors"):
            with suppress(FileNotFoundError):  # another sweep's, finished just now
                checkpoints[path.parent.name] = path.stat().st_mtime_ns
        with os.scandir(self.results / "trials") as entries:
            return sum(not entry.name.startswith(".") for entry in entries), checkpoints

    @contextmanager
    def _heeding_signals(self, stop: "Cancellation") -> Iterator[Callable[[], None]]:
        """Have the jobs save on the first Ctrl-C or SIGTERM; end at once on the second, or when they take too long.

        The block calls what it is given when all jobs have ended, which raises if a signal was the reason.
        """
        received: list[int] = []

        def heed(number: int, _: FrameType | None) -> None:
            if received or self.batch_system:
                _end(received[0] if received else number)
            received.append(number)
            stop.ask("interrupted")
            signal.setitimer(signal.ITIMER_REAL, GRACE)

        def raise_if_signalled() -> None:
            if received:
                _end(received[0])

        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)}
        signal.signal(signal.SIGINT, heed)
        signal.signal(signal.SIGTERM, heed)
        signal.signal(signal.SIGALRM, lambda *_: _end(received[0]))
        try:
            yield raise_if_signalled
        except (KeyboardInterrupt, SystemExit):
            # At a time of our own nobody interrupted: whoever set it says what becomes of what is left.
            how = "its jobs go on in the batch system" if self.batch_system else "the same command goes on from here"
            if not deadline.is_up():
                terminal.say(f"\n{self.study}: interrupted; {how}")
            self.end()
            raise
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            for number, handler in handlers.items():
                signal.signal(number, handler)

    @contextmanager
    def _publishing(self) -> Iterator[None]:
        """Log finished trials to MLflow in the background: a store that is away or slow never holds up a job."""
        if self.tracking is None:
            yield
            return
        from gatebench.records.follower import Follower

        sweep_ended = threading.Event()
        follower = Follower(self.results, self.study, self.tracking, sweep_ended)
        follower.start()
        patience = LOGGING_TIME
        try:
            yield
        except (KeyboardInterrupt, SystemExit):
            patience = 0.0  # whoever ends a sweep waits for no server
            raise
        finally:
            sweep_ended.set()
            logged = -1
            while follower.is_alive() and follower.logged > logged:
                logged = follower.logged
                follower.join(patience)
            if follower.trouble or follower.is_alive():
                reason = follower.trouble or (f"{self.tracking} takes too long" if patience else "there was no time")
                terminal.say(f"gatebench: not all is logged to MLflow ({reason}); later: gatebench publish")


@dataclass(frozen=True)
class SweepCommand:
    """The command that a job is run for, as the processes of any launcher are told of it."""

    folder: Path
    """Folder of the sweep, in which it is told to stop and jobs say how far they are."""
    process: str
    """Name of its process, as `this_process` gives it."""
    fail_fast: bool

    @staticmethod
    def of_environment() -> "SweepCommand":
        """Return what a `Sweep` on its way put into the environment."""
        folder, process, fail_fast = (os.environ[name] for name in ENVIRONMENT)
        return SweepCommand(Path(folder), process, fail_fast == "1")

    def to_environment(self) -> None:
        """Tell the processes that this one starts, and those that a batch system starts for it."""
        os.environ.update(zip(ENVIRONMENT, (str(self.folder), self.process, str(int(self.fail_fast))), strict=True))


def run_job(config: Any) -> None:
    """Run one job, wherever Hydra's launcher does; ``config`` is what Hydra composed."""
    run_point([configurations.of_hydra(config)], SweepCommand.of_environment())


def run_point(of_point: list[Configuration], command: SweepCommand, stage: "Stage | None" = None) -> bool:
    """Run the job of one point of a study, in this process; returns whether what there is to confirm is known.

    What ends it early is on record, and no reason to end others.

    Parameters
    ----------
    of_point
        Several where several sweeps of the study have this point, each with seeds of its own.
    command
        The command that it is run for.
    stage
        What is to be run of it; None: all of it. The stage ``confirm`` is for a job whose stage ``search`` came to its end.

    """
    from gatebench.core.files import Unwritable
    from gatebench.study import cancellation, progress, run
    from gatebench.study.job import united

    (job,) = united([compose.job_of(configuration) for configuration in of_point])
    stop = cancellation.Cancellation(command.folder)
    store, loaded = _shared(command, job.results)
    with nullcontext() if command.process == this_process() else stop.listening():
        report = progress.ProgressReport(command.folder, job.labels.task, job.labels.cell)
        try:
            return run.run(job, store, report, stop, command.fail_fast, loaded, stage)
        except cancellation.Cancelled:
            if command.fail_fast:
                stop.ask("a trial failed")
        except (Unwritable, run.EnvironmentFault) as error:  # said here, since Hydra would print lines of its own around it
            if isinstance(error, Unwritable):
                stop.give_up()
            terminal.say(f"\ngatebench: {error}")
        finally:
            report.end()
    return False


@lru_cache(1)
def _shared(command: SweepCommand, results: Path) -> "tuple[Store, Loaded]":
    """What the jobs of a sweep that run in this process share."""
    from gatebench.records.store import Store
    from gatebench.study.loaded import Loaded

    return Store(results), Loaded(command.folder)  # another command's data may have changed


def this_process() -> str:
    """Return a name of this process that no other has, on any machine."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _end(number: int) -> NoReturn:
    """Raise what ends a process that heeds this signal."""
    raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)
