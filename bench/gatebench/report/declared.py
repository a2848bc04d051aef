"""What was shown of the contrasts that a study declared, where it does not test its lowest cell against every other one."""

from gatebench.records.frame import Frame
from gatebench.report import families
from gatebench.report.comparisons import Pair
from gatebench.report.words import interval, listed, listed_or_counted, sentences


def sentence(frame: Frame, pairs: list[Pair]) -> str:
    """Return in sentences which cells of one comparison group are lower, alike, not told apart and higher.

    ``pairs``: all pairs of the group; those that are tested are spoken of.
    """
    reference = frame.declared.contrasts.against
    by_heading: dict[str, list[str]] = {}
    for pair in pairs:
        if pair.tested:
            heading, cells = _against(pair, reference) if reference else _listed(pair)
            by_heading.setdefault(heading, []).append(cells)
    parts = [
        f"{heading}: {listed(cells) if heading.startswith(('lower', 'higher')) else listed_or_counted(cells, 'others')}"
        for heading, cells in by_heading.items()
    ]
    return f"Of {families.counted(frame)}: {sentences(parts) or 'none, since no two of its cells are here'}."


def _against(pair: Pair, reference: str) -> tuple[str, str]:
    """Return what is said of a cell beside the one that all are tested against, and the cell."""
    cell = pair.lower if pair.other == reference else pair.other
    if pair.verdict == "better":
        return f"{'lower' if cell == pair.lower else 'higher'} than {reference}", f"{cell} by {_size(pair)}"
    if pair.verdict == "equivalent":
        return f"equivalent to {reference} within {pair.margin:.3g}", cell
    return f"not told apart from {reference}", cell


def _listed(pair: Pair) -> tuple[str, str]:
    """Return what is said of the two cells of a pair, and the two."""
    if pair.verdict == "better":
        return "lower", f"{pair.lower} than {pair.other} by {_size(pair)}"
    both = f"{pair.lower} and {pair.other}"
    return (f"equivalent within {pair.margin:.3g}" if pair.verdict == "equivalent" else "not told apart"), both


def _size(pair: Pair) -> str:
    d = pair.difference
    return interval(-d.mean, -d.high, -d.low)
