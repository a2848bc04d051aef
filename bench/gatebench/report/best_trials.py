"""The trial of each comparison group that a reader is shown: the confirming one that is best on validation."""

from typing import NamedTuple

from gatebench.records.frame import ComparisonGroup, Frame, comparison_groups


class BestTrial(NamedTuple):
    """The confirming trial of a comparison group that is shown, with the cell that it trained."""

    group: ComparisonGroup
    cell: str
    key: str


def of_groups(frame: Frame) -> list[BestTrial]:
    """Return the confirming trial of each comparison group that has the lowest validation NLL of all cells."""
    first = [(group, rows.sort_values("nll", kind="stable").iloc[0]) for group, rows in comparison_groups(frame.best)]
    return [BestTrial(group, str(row.cell), str(row.key)) for group, row in first]


def predicts_values(frame: Frame, key: str) -> bool:
    """Return whether a trial predicts real numbers, of which its record says how far they are from the true ones."""
    return key in frame.statistics and "squared" in frame.statistics[key].sums
