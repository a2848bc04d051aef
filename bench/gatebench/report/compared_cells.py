"""What a verdict is about: the cells of one comparison group, ranked and compared."""

from dataclasses import dataclass, replace

import pandas as pd

from gatebench.records.frame import ComparisonGroup, Frame
from gatebench.report import asides, baselines, comparisons, repetitions, style, words
from gatebench.report.comparisons import Pair, Verdict
from gatebench.report.stats.estimates import mean_interval


@dataclass(frozen=True)
class ComparedCells:
    """The cells of one comparison group and what is known of them."""

    frame: Frame
    """Trials of this comparison group and these cells alone."""
    trials_by_cell: dict[str, pd.DataFrame]
    """Confirming trials of each cell on the test split."""
    ranked: list[str]
    """Cells of which every run has a score, the lowest mean first."""
    pairs: list[Pair]
    """Every two of the ranked cells, compared."""
    aside: str
    """Why the other cells are not ranked, and which searches ended at an edge: sentences without the last point, or none."""
    baseline: tuple[str, float] | None
    """Name of the best baseline on the test split, and its NLL."""
    task: str
    """The task of all of them."""
    unit: str
    """Unit of the scores, such as ``nats per time step``."""

    @property
    def best(self) -> str:
        """Return the cell with the lowest mean."""
        return self.ranked[0]

    def of_best(self, verdict: Verdict) -> list[Pair]:
        """Return the pairs of the best cell and another one of which this is said."""
        return [pair for pair in self.pairs if pair.lower == self.best and pair.verdict == verdict]

    def runs(self, cell: str) -> pd.DataFrame:
        """Return the confirming trials of a cell on the test split."""
        return self.trials_by_cell[cell]

    def mean(self, cell: str) -> float:
        """Return the mean score of a cell."""
        return float(repetitions.scores(self.runs(cell)).mean())

    def scored(self, cell: str) -> str:
        """Write a cell's mean with its interval over repetitions."""
        estimate = mean_interval(repetitions.scores(self.runs(cell)))
        return words.interval(estimate.mean, estimate.low, estimate.high)

    def repeated(self) -> str:
        """Write how many repetitions there are of each cell."""
        counts = {len(repetitions.scores(self.runs(cell))) for cell in self.ranked}
        return f"{min(counts) if len(counts) == 1 else f'{min(counts)} to {max(counts)}'} {self.unit_of_repetition()}s"

    def unit_of_repetition(self) -> str:
        """Return what is repeated: pipelines only if it is so for every cell."""
        return "seed" if any(repetitions.unit(self.runs(cell)) == "seed" for cell in self.ranked) else "pipeline"


def of_group(frame: Frame, group: ComparisonGroup, cells: list[str]) -> ComparedCells:
    """Rank and compare these cells of a comparison group."""
    in_group = (frame.trials[list(ComparisonGroup._fields)] == list(group)).all(axis=1)
    edges_in_group = (frame.edges[list(ComparisonGroup._fields)] == list(group)).all(axis=1)
    frame = replace(
        frame,
        trials=frame.trials[in_group & frame.trials.cell.isin(cells)],
        edges=frame.edges[edges_in_group & frame.edges.cell.isin(cells)],
    )
    trials_by_cell = style.by_cell(frame.confirmed("test"))
    ranked = comparisons.ranked(trials_by_cell)
    return ComparedCells(
        frame=frame,
        trials_by_cell=trials_by_cell,
        ranked=ranked,
        pairs=comparisons.pairs(frame),
        aside=". ".join(asides.missing(frame.trials, [c for c in cells if c not in ranked]) + asides.edges(frame, cells)),
        baseline=baselines.lowest(frame, group.task),
        task=group.task,
        unit=f"nats per {frame.predicted(group.task)}",
    )
