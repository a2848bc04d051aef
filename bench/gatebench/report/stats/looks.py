"""Looks at a growing comparison: whoever tests again with more pipelines has more chances to be wrong.

The level is spent over looks, as in group-sequential trials (Lan and DeMets 1983), here as a geometric series: no number of
looks has to be planned, and the bound holds whatever is added between two of them (Bonferroni).
"""

import math

FIRST = 0.2
"""Share of a level that the first look spends: 0.01 of 0.05."""
FURTHER = 1 / 3
"""Level of each further look, as a share of the level of the one before."""
TOGETHER = FIRST / (1 - FURTHER)
"""Share of a level that all looks spend together, however many there are: 0.015 of 0.05.

A comparison may name a wrong winner in 2 of 100 studies. What is left of that is for tests that are not exact, with few
repetitions above all."""


def level(look: int, alpha: float) -> float:
    """Return the level of a look: ``FIRST * alpha`` at the first one, `FURTHER` times the level before at each further one.

    All levels together stay below ``TOGETHER * alpha``. Look 0 stands for numbers that are tested once and for all, of which
    each may be wrong on its own: all of ``alpha``.
    """
    return FIRST * alpha * FURTHER ** (look - 1) if look else alpha


def adjusted(p: float, look: int) -> float:
    """Return a p value such that ``adjusted(p, look) < alpha`` where ``p < level(look, alpha)``; at most 1."""
    return p if math.isnan(p) else min(1.0, p / level(look, 1.0))
