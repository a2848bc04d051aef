"""Degrees of freedom of a sum of estimated variances."""

from collections.abc import Sequence

from scipy import special

_UPPER_QUARTILE = 0.25
"""Probability with which a part is larger than what it is weighed at."""


def freedom(parts: Sequence[tuple[float, float]]) -> float:
    """Return the degrees of freedom of a sum of independent variances, each given with its own; 1 if all are zero.

    Satterthwaite (1946), who takes estimated shares for the true ones. A part that rests on two or three runs often comes
    out far too small, and the sum then seems to be known well: of intervals that should hold 95%, 87% do. So each part is
    weighed at the upper quartile of its confidence distribution, which changes little from ten degrees of freedom on.
    """
    weighed = [(part * degrees / float(special.chdtri(degrees, 1 - _UPPER_QUARTILE)), degrees) for part, degrees in parts]
    below = sum(part**2 / degrees for part, degrees in weighed)
    return sum(part for part, _ in weighed) ** 2 / below if below else 1.0
