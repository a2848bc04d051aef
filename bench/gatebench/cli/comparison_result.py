"""What a comparison says to a Python program: its verdict, its numbers, a figure, and the best model."""

import html
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from gatebench.core.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

    from gatebench.models.prediction import TrainedModel
    from gatebench.records.frame import Frame
    from gatebench.report.ranking import Figure

ROWS_SHOWN = 20
"""Rows of the table that a notebook shows, at the most."""


class ComparisonResult(list[str]):
    """The result of ``gatebench.compare``: a list of the verdict's lines, with all that they are about.

    As a text it is these lines; in a notebook it shows them over its table. What it has of numbers is about the cells that
    were compared, on the pipelines that every cell finished.
    """

    def __init__(self, lines: Iterable[str], frame: "Frame", results: Path, report: Path) -> None:
        """Take the lines of the verdict, the trials that it is about, the results folder, and the page of the report."""
        super().__init__(lines)
        self._frame, self._results = frame, results
        self.report = report
        """The page of the report."""

    @property
    def verdict(self) -> list[str]:
        """The lines of the verdict, which say the best cell, by how much and at what cost."""
        return [*self]

    @cached_property
    def table(self) -> "pd.DataFrame":
        """A row for each cell, the lowest mean test NLL first, then baselines in brackets (`gatebench.report.ranking`)."""
        from gatebench.report import ranking

        return ranking.table(self._frame)

    @property
    def trials(self) -> "pd.DataFrame":
        """The trials, a row for each of them and split, with the columns of `gatebench.records.frame`."""
        return self._frame.trials

    def plot(self) -> "Figure":
        """Return a matplotlib figure of the test NLL of every confirming trial, and of the means of the cells."""
        from gatebench.report import ranking

        return ranking.plot(self._frame)

    @cached_property
    def best(self) -> "TrainedModel":
        """The trained model that is best on validation; its ``predict`` takes sequences as they stand in the data."""
        from gatebench.models.export import trained_trial
        from gatebench.models.prediction import TrainedModel

        best = self._frame.best.sort_values("nll", kind="stable")
        if best.empty:
            raise BadInput(
                "every confirming trial diverged, so that there is no model; compare other cells, or more of them"
            )
        return TrainedModel(trained_trial.find_trial(self._results, str(best.key.iloc[0])))

    def export(self, folder: str | Path) -> Path:
        """Write the `best` model as plain PyTorch to a folder that must not exist, and return the folder."""
        return self.best.export(folder)

    def __str__(self) -> str:
        return "\n".join(self)

    def __repr__(self) -> str:
        return f"{self}\n{self.table.to_string(index=False, float_format='{:.4g}'.format, na_rep='')}"

    def _repr_html_(self) -> str:
        """Return what a notebook shows; all texts are escaped, since names come from the user's data."""
        lines = "".join(f"<p>{html.escape(line)}</p>" for line in self)
        table = self.table.head(ROWS_SHOWN).to_html(index=False, float_format="{:.4g}".format, na_rep="", border=0)
        return f"{lines}{table}<p>report: {html.escape(str(self.report))}</p>"
