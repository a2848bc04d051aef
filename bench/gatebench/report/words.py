"""Numbers and names in sentences."""

import math

MOST = 3
"""How many things of a kind a verdict spells out with all their numbers; of more it is one, and the count of the others."""


MANY = 12
"""How many names without numbers a sentence has; more of them are counted, and stand in a table."""


HUGE = 1e6
"""Numbers from here on are of what went astray, and have no digits to read."""


def listed(names: list[str]) -> str:
    """Join names as in ``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def listed_or_counted(names: list[str], of: str) -> str:
    """Join names, or count them if there are many, as in ``43 others``: ``of`` is the word behind the count."""
    return listed(names) if len(names) <= MANY else f"{len(names)} {of}"


def sentences(parts: list[str]) -> str:
    """Join sentences that have neither a point nor a capital, as they follow a colon: the first one begins small."""
    return ". ".join([*parts[:1], *(part[:1].upper() + part[1:] for part in parts[1:])])


def fixed(number: float, digits: int = 3, sign: str = "") -> str:
    """Write a number with so many digits behind the point; one of very many before it in powers of ten."""
    return f"{number:{sign}.{digits}f}" if not abs(number) >= HUGE else f"{number:{sign}.3g}"


def interval(mean: float, low: float, high: float) -> str:
    """Write a number with its interval, to two digits of half the interval, and at least three behind the point."""
    half_width = (high - low) / 2
    if math.isnan(half_width):
        return f"{fixed(mean)} (one seed)"
    digits = min(8, max(3, 1 - math.floor(math.log10(half_width)))) if half_width > 0 else 3
    return f"{fixed(mean, digits)} [{fixed(low, digits)}, {fixed(high, digits)}]"


def measured(mean: float, low: float, high: float) -> str:
    """Write a number of any size with its interval, to two digits of half the interval and to three of the number."""
    half_width = (high - low) / 2
    if math.isnan(half_width):
        return f"{mean:.4g} (one seed)"
    behind = [digits - 1 - math.floor(math.log10(size)) for digits, size in ((2, half_width), (3, abs(mean))) if size > 0]
    digits = min(8, max(0, *behind)) if behind else 3
    return f"{fixed(mean, digits)} [{fixed(low, digits)}, {fixed(high, digits)}]"


def duration(seconds: float) -> str:
    """Write about how long something takes, in seconds or minutes."""
    return f"about {seconds / 60:.0f} minutes" if seconds > 90 else f"about {math.ceil(seconds)} seconds"
