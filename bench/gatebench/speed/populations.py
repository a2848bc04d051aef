"""What a population costs as it grows: time of an update, and memory."""

import resource
from collections.abc import Callable

import pandas as pd

from gatebench.speed import data, engines
from gatebench.speed.cases import Case
from gatebench.speed.timing import timed

POPULATIONS = (1, 2, 5, 10, 20, 50, 100)
"""Numbers of members of the populations that are timed."""
COLUMNS = ["cell", "units", "batch", "steps", "population", "ms_per_update", "ms_per_update_per_member", "peak_mb"]
"""Columns of the table of populations: milliseconds, and megabytes of the whole process so far."""


def measure_populations(rounds: int, tell: Callable[[str], None]) -> pd.DataFrame:
    """Time populations of growing size; return the cost of a member, and the peak memory of the process so far."""
    case = Case(data.music, "gru", 46, 32, 100)
    rows = []
    for count in POPULATIONS:
        tell(f"timing {case.cell} {case.units}, a population of {count}")
        seconds = timed({count: engines.call(case, "fused_cpu", count)}, rounds)[count]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rows.append((case.cell, case.units, case.batch, case.steps, count, 1e3 * seconds, 1e3 * seconds / count, peak))
    return pd.DataFrame(rows, columns=COLUMNS)
