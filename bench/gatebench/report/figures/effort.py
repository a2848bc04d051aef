"""What tuning buys: the best of n settings, in the median with a band, or in expectation."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from gatebench.records.frame import ComparisonGroup, Frame, comparison_groups
from gatebench.report import style
from gatebench.report.stats.expected_best import expected_best
from gatebench.report.stats.median_best import median_best

ORDER = 120
TITLE = "Effort of tuning"
BY_GROUP = True
CAPTION = (
    "Lowest validation NLL of n settings of the search. Where two curves cross, the better cell depends on how much "
    "one is ready to tune. Where settings are independent draws (search.sampling=independent) the line is the median "
    "of the best of n, from the draws of all pipelines without what extended a search. The shade is the 95% "
    "confidence band of each cell's curve, which holds for all n at once (Lourie, Cho and He 2024, by order "
    "statistics). Where it reaches the edge of the panel the draws do not bound the curve. Of an even sequence there "
    "is no band: the line is the expected lowest of n settings drawn from those of the search without replacement, in "
    "the unbiased form of Dodge et al. (2019). A setting that failed (diverged, or is worse than every baseline) "
    "counts as infinitely high: a curve begins where it is finite. Single runs, each with the seed of its pipeline."
)
COLUMNS = [*ComparisonGroup._fields, "cell", "settings", "nll", "low", "high", "curve"]
"""Columns of the numbers: ends of a band are infinite where nothing bounds it, NaN where there is none."""


def numbers(frame: Frame) -> pd.DataFrame | None:
    """Return one row per comparison group, cell and number of settings; None where nothing was searched for."""
    search = frame.trials[(frame.trials.stage == "search") & (frame.trials.split == "valid")]
    baselines = frame.baselines[frame.baselines.split == "valid"].groupby("task").nll.max()
    tables = []
    for group, trials in comparison_groups(search):
        highest = float(baselines.get(group.task, np.inf))
        for cell, cell_trials in style.by_cell(trials).items():
            independent = cell_trials[cell_trials.key.isin(list(frame.independent))]
            curve = _median(independent, highest) if len(independent) else _expected(cell_trials, highest)
            tables.append(curve.assign(**group._asdict(), cell=cell)[COLUMNS])
    numbers = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)
    numbers = numbers[np.isfinite(numbers.nll.to_numpy(float))]
    return numbers.reset_index(drop=True) if len(numbers) else None


def _median(trials: pd.DataFrame, highest: float) -> pd.DataFrame:
    """Return the curve up to as many settings as one search draws."""
    most = int(trials.groupby("pipeline").size().max())
    curve = median_best(_learned(trials, highest), most)
    ends = {"nll": curve.median, "low": curve.low, "high": curve.high}
    return pd.DataFrame({"settings": range(1, most + 1), **ends, "curve": "median"})


def _expected(trials: pd.DataFrame, highest: float) -> pd.DataFrame:
    expected = expected_best(_learned(trials, highest))
    ends = {"nll": expected, "low": np.nan, "high": np.nan}
    return pd.DataFrame({"settings": range(1, len(expected) + 1), **ends, "curve": "expected"})


def _learned(trials: pd.DataFrame, highest: float) -> pd.Series:
    """Return the validation NLL of each trial; NaN where it failed."""
    return trials.nll.where((trials.status == "finished") & (trials.nll <= highest))


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """Draw one panel for each task, budget and protocol."""
    groups = comparison_groups(numbers)
    figure, axes = style.grid(len(groups), width=4.6, height=3.4)
    styles = style.cell_styles(frame.trials)
    for axis, (group, part) in zip(axes, groups, strict=True):
        for cell, curve in style.by_cell(part).items():
            axis.plot(curve.settings, curve.nll, lw=1.3, ms=4, **styles[cell])
        kinds = part.curve.unique()
        if "median" in kinds:
            _draw_bands(axis, part[part.curve == "median"], styles)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.set_xlabel("settings tried" if "median" in kinds else "settings tried (of an even sequence: no band)")
        axis.set_ylabel(f"{', '.join(kinds)} best validation\n{frame.nll(group.task)}")
        style.heading(axis, frame.title(group))
    style.legend(figure, style.cells(numbers), styles)
    return figure


def _draw_bands(axis: Axes, curves: pd.DataFrame, styles: dict[str, style.CellStyle]) -> None:
    """Shade each cell's band on an axis that shows all of its finite ends."""
    ends = curves[["low", "high"]].to_numpy(float)
    finite = ends[np.isfinite(ends)]
    bottom, top = axis.get_ylim()
    if len(finite):
        margin = 0.05 * float(finite.max() - finite.min())
        bottom, top = min(bottom, finite.min() - margin), max(top, finite.max() + margin)
    axis.set_ylim(bottom, top)
    for cell, curve in style.by_cell(curves).items():
        ends = curve[["low", "high"]].clip(bottom, top)
        axis.fill_between(curve.settings, ends.low, ends.high, color=styles[cell]["color"], alpha=0.1, lw=0.8)
