"""Looks at a growing comparison: whoever tests again with more seeds has more chances to be wrong.

The level is spent over looks, as in group-sequential trials (Lan and DeMets 1983), here as a geometric series: no number of
looks has to be planned, and the bound holds whatever is added between two of them (Bonferroni).
"""

import math


def level(look: int, alpha: float) -> float:
    """Return the level of a look: half of ``alpha`` at the first one, half of the level before at each further one.

    All levels together stay below ``alpha``. Look 0 stands for numbers that are tested once and for all: all of ``alpha``.
    """
    return alpha / 2**look


def adjusted(p: float, look: int) -> float:
    """Return a p value such that ``adjusted(p, look) < alpha`` where ``p < level(look, alpha)``; at most 1."""
    return p if math.isnan(p) else min(1.0, p * 2**look)
