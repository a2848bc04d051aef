"""The cells of one comparison group as a table of numbers and as a figure, for whoever goes on computing with them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from gatebench.records.frame import ComparisonGroup, Frame
from gatebench.report import comparisons, repetitions, style
from gatebench.report.figures import results

COLUMNS = ["cell", "nll", "low", "high", "above", "above_low", "above_high", "beside_lowest", "n", "units",
           "parameters_recurrent", "seconds"]  # fmt: skip
"""Columns of the `table` of a group."""


def of_group(frame: Frame, group: ComparisonGroup, cells: list[str]) -> Frame:
    """Return the part of a study that is of one comparison group and of some of its cells."""

    def within(rows: pd.DataFrame) -> pd.DataFrame:
        return rows[(rows[list(ComparisonGroup._fields)] == list(group)).all(axis=1) & rows.cell.isin(cells)]

    baselines = frame.baselines[frame.baselines.task == group.task]
    return replace(frame, trials=within(frame.trials), edges=within(frame.edges), baselines=baselines)


def table(frame: Frame) -> pd.DataFrame:
    """Return a row for each cell, the lowest mean first, and one for each baseline, whose name is in brackets: `COLUMNS`.

    ``nll`` is the mean test NLL over ``n`` repetitions, ``low`` and ``high`` its 95% interval over repetitions and test
    sequences; ``above`` is how far it lies above the lowest mean, with the interval of this difference, and
    ``beside_lowest`` what is said of the two: ``better`` is the lowest one, ``equivalent``, ``undecided`` or ``untested``.
    """
    trials_by_cell = style.by_cell(frame.confirmed("test"))
    ranked, pairs = comparisons.ranked(trials_by_cell), comparisons.pairs(frame)
    rows: list[dict[str, object]] = []
    for cell in [*ranked, *(cell for cell in trials_by_cell if cell not in ranked)]:
        trials = trials_by_cell[cell]
        first = trials.iloc[0]
        row = {"cell": cell, "n": len(repetitions.scores(trials)), "seconds": trials.seconds.mean()}
        row |= {name: first[name] for name in ("units", "parameters_recurrent")}
        if cell in ranked:
            estimate = comparisons.interval(frame, trials)
            row |= {"nll": estimate.mean, "low": estimate.low, "high": estimate.high}
        if cell in ranked[1:]:
            pair = next(pair for pair in pairs if pair.lower == ranked[0] and pair.other == cell)
            above = -pair.difference
            row |= {"above": above.mean, "above_low": above.low, "above_high": above.high, "beside_lowest": pair.verdict}
        rows.append(row)
    test = frame.baselines[frame.baselines.split == "test"].sort_values("nll")
    rows += [{"cell": f"[{row.baseline}]", "nll": row.nll} for row in test.itertuples()]
    return pd.DataFrame(rows, columns=COLUMNS)


def plot(frame: Frame) -> Figure:
    """Return a figure of every confirming trial on test, with the means of the cells and their intervals.

    The figure belongs to no window, so that a notebook shows it once.
    """
    with unchanged_matplotlib():
        style.apply_style()
        figure = results.draw(results.numbers(frame), frame)
        plt.close(figure)
    return figure


@contextmanager
def unchanged_matplotlib() -> Iterator[None]:
    """Restore matplotlib's settings and its backend after a block that draws without a screen: they are the caller's."""
    backend = dict.get(mpl.rcParams, "backend")  # as it stands: to ask for it would choose one where there is none yet
    try:
        with mpl.rc_context():
            yield
    finally:
        if isinstance(backend, str) and backend != dict.get(mpl.rcParams, "backend"):
            mpl.use(backend)
