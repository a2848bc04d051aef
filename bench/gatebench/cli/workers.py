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
    import joblib
    from joblib.externals.loky import get_reusable_executor

    threads = str(max(1, joblib.cpu_count() // count))
    limits = {name: os.environ.get(name, threads) for name in THREAD_LIMITS}
    executor = get_reusable_executor(max_workers=count, timeout=IDLE, initializer=_import_all, env=limits)
    if executor not in _started:
        _started.append(executor)
    executor.submit(os.getpid)
    return executor


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
