"""Worker processes of this machine, to which the launcher ``local`` deals jobs.

They are started before a sweep is planned: what they import takes as long as the planning does.
"""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from joblib.externals.loky.process_executor import ProcessPoolExecutor

IDLE = 60
"""Seconds after which a worker ends that has nothing to do."""
THREAD_LIMITS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
"""Variables that libraries take their number of threads from, which for all workers together is that of the cores."""

_started: "list[ProcessPoolExecutor]" = []
"""Workers that were started and not ended; the last ones are those that would be given work."""


def start(count: int) -> "ProcessPoolExecutor | None":
    """Start so many workers, if they are not there, without waiting for them; of none, this process does the work: None."""
    if not count:
        return None
    if not (_started and _can_work(_started[-1], count)):
        _started.append(_new(count))
    _started[-1].submit(os.getpid)
    return _started[-1]


def _new(count: int) -> "ProcessPoolExecutor":
    """Return so many workers that are to be started; they are none of those that joblib keeps for itself."""
    import joblib
    from joblib.externals.loky.process_executor import ProcessPoolExecutor

    threads = str(max(1, joblib.cpu_count() // count))
    limits = {name: os.environ.get(name, threads) for name in THREAD_LIMITS}
    return ProcessPoolExecutor(count, timeout=IDLE, initializer=_import_all, env=limits)


def _can_work(executor: "ProcessPoolExecutor", count: int) -> bool:
    """Whether workers are as many as are wanted, and none of them has died."""
    return executor._max_workers == count and not (executor._flags.broken or executor._flags.shutdown)


def run(count: int, function: Callable[..., None], calls: Sequence[tuple[Any, ...]]) -> None:
    """Call a function with each of these arguments, in workers, or here if there are none; what ends a worker is raised."""
    executor = start(count)
    if executor is None:
        for arguments in calls:
            function(*arguments)
        return
    for result in [executor.submit(function, *arguments) for arguments in calls]:
        result.result()


def end() -> None:
    """End the workers at once, whatever they are at."""
    while _started:
        _started.pop().shutdown(wait=True, kill_workers=True)


def _import_all() -> None:
    """Import what every job needs."""
    from gatebench.study import run  # noqa: F401
    from gatebench.training import loop  # noqa: F401
