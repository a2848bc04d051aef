"""What a verdict says beside: why cells have no score, and which searches ended at an edge."""

import pandas as pd

from gatebench.core.hyperparameters import TUNABLE
from gatebench.records.frame import Frame
from gatebench.report import words
from gatebench.report.words import listed


def missing(trials: pd.DataFrame, cells: list[str]) -> list[str]:
    """Return why these cells have no score, in sentences without a point."""

    def reason(cell: str) -> str:
        of_cell = trials[trials.cell == cell]
        if (of_cell.stage == "confirm").any():
            return f"{cell} is left out, since a seed of it has no score"
        diverged = len(of_cell) and (of_cell.status == "diverged").all()
        return f"Every setting of {cell} diverged" if diverged else f"{cell} is not confirmed yet"

    return [reason(cell) for cell in cells]


def edges(frame: Frame, cells: list[str]) -> list[str]:
    """Return of which cells a setting was selected at an edge of what was searched: there may be a better one beyond."""
    by_cell = {cell: frame.edges[frame.edges.cell == cell] for cell in cells}
    searches = frame.trials.groupby("cell").pipeline.nunique()

    def of_cell(cell: str, of_it: pd.DataFrame) -> str:
        names = listed([TUNABLE[str(name)].label for name in of_it.hyperparameter.unique()])
        of_several = f" in {of_it.pipeline.nunique()} of {searches[cell]} pipelines" if searches[cell] > 1 else ""
        return f"{cell} ({names}{of_several})"

    at_edges = [of_cell(cell, rows) for cell, rows in by_cell.items() if len(rows)]
    if len(at_edges) > words.MOST:
        names = listed([cell for cell, rows in by_cell.items() if len(rows)])
        return [f"{len(at_edges)} of {len(cells)} cells selected at an edge of what was searched ({names})"]
    return [f"Selected at an edge of what was searched: {listed(at_edges)}"] if at_edges else []
