"""How far a chosen cell may be above the best one: multiple comparisons with the best (Hsu 1984)."""

import numpy as np

from gatebench.core.intervals import student
from gatebench.report.stats.estimates import Difference


def largest_regret(above: list[Difference], level: float = 0.95) -> float:
    """Return by how much the mean of a chosen cell is above that of the best of all at the most; 0 where it is the best.

    ``above`` are its mean minus that of each other cell. One-sided t intervals share 1 - ``level`` (Bonferroni), so that the
    bound holds whichever cell was chosen by these very scores. NaN where one is of a single repetition.
    """
    each = 1 - 2 * (1 - level) / max(1, len(above))
    return float(np.max([0.0, *(d.mean + student(d.freedom, each) * d.error for d in above)]))
