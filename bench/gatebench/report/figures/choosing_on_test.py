"""How much lower a score looks where the setting is chosen on the test split."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from gatebench.records.frame import ComparisonGroup, Frame, comparison_groups
from gatebench.report import style
from gatebench.report.stats.estimates import mean_interval
from gatebench.report.stats.expected_best import expected_best

ORDER = 125
TITLE = "Bias of choosing on test"
BY_GROUP = True
CAPTION = (
    "Of n settings of a search: the test NLL of the one that is best on validation, minus the lowest test NLL of the "
    "n. So much lower a score looks where settings are chosen on the split that it is reported on, as some studies "
    "do; nothing else in this report is chosen so. Expected over all subsets of n settings, in closed form. Solid "
    "line: within each pipeline's search, averaged over pipelines, with Student's 95% interval over them (shaded). "
    "Dashed line: of the settings of all pipelines together, as in one larger search. There is one of these alone, so "
    "that the line has no interval. It means less the nearer it comes to its end, where all subsets are nearly the "
    "same. Settings are independent draws, where there are any, without what extended a search and without those that "
    "diverged. Single runs, each with the seed of its pipeline and stopped on validation: choosing the epoch or the "
    "seed on test, too, would add to it."
)
COLUMNS = [*ComparisonGroup._fields, "cell", "of", "settings", "bias", "low", "high", "n", "by_validation", "by_test"]
"""Columns of the numbers; ``of``: whether settings are those of one ``pipeline`` or of ``all``, ``n``: pipelines."""
_POINTS = 16
"""Number of points of a curve beyond one search at the most."""
_TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def notes(frame: Frame) -> list[str]:
    """Return the bias of each comparison group, averaged over cells."""
    sentences = []
    for group, by_cell in _searches(frame):
        settings = min(_settings(trials) for trials in by_cell.values())
        pooled = min(len(trials) for trials in by_cell.values())
        pipelines = sorted(set.intersection(*(set(trials.pipeline) for trials in by_cell.values())))
        if not pipelines:  # of pipelines that are not finished, cells may have none in common
            continue
        in_pipeline = [
            np.mean([_bias(trials[trials.pipeline == pipeline], [settings])[0] for trials in by_cell.values()])
            for pipeline in pipelines
        ]
        e, of_all = mean_interval(in_pipeline), np.mean([_bias(trials, [pooled])[0] for trials in by_cell.values()])
        size = f"{e} nats, n = {e.n} pipelines" if e.n > 1 else f"{e.mean:.3f} nats, of one search"
        beyond = f"; at {pooled} settings {of_all:.3f}" if pooled > settings else ""
        sentences.append(f"{frame.title(group)}: at {settings} settings, in the mean over cells, {size}{beyond}.")
    return sentences


def numbers(frame: Frame) -> pd.DataFrame | None:
    """Return one row per comparison group, cell and number of settings; None where no search tried two settings."""
    rows = []
    for group, by_cell in _searches(frame):
        for cell, trials in by_cell.items():
            most, searches = _settings(trials), [part for _, part in trials.groupby("pipeline")]
            counts = range(1, most + 1)
            biases, by_validation = (np.array([of(one, counts) for one in searches]) for of in (_bias, _by_validation))
            for i in range(most):
                e, honest = mean_interval(biases[:, i]), float(by_validation[:, i].mean())
                rows.append((*group, cell, "pipeline", i + 1, e.mean, e.low, e.high, e.n, honest, honest - e.mean))
            counts = _beyond(most, len(trials))
            for settings, bias, score in zip(counts, _bias(trials, counts), _by_validation(trials, counts), strict=True):
                rows.append((*group, cell, "all", settings, bias, np.nan, np.nan, len(searches), score, score - bias))
    return pd.DataFrame(rows, columns=COLUMNS) if rows else None


def _searches(frame: Frame) -> list[tuple[ComparisonGroup, dict[str, pd.DataFrame]]]:
    """Return the settings of each comparison group and cell that finished, with columns ``valid`` and ``test``."""
    search = frame.trials[(frame.trials.stage == "search") & (frame.trials.status == "finished")]
    groups = []
    for group, rows in comparison_groups(search):
        scores = rows.drop_duplicates(["key", "cell", "pipeline", "split"]).pivot(
            index=["cell", "pipeline", "key"], columns="split", values="nll"
        )
        trials = scores.reindex(columns=["valid", "test"]).dropna().reset_index()
        by_cell = {}
        for cell, of_cell in style.by_cell(trials).items():
            independent = of_cell[of_cell.key.isin(list(frame.independent))]
            settings = independent if len(independent) else of_cell
            if _settings(settings) > 1:
                by_cell[cell] = settings
        if by_cell:
            groups.append((group, by_cell))
    return groups


def _settings(trials: pd.DataFrame) -> int:
    """Return how many settings every pipeline of one cell has."""
    return int(trials.groupby("pipeline").size().min())


def _by_validation(trials: pd.DataFrame, counts: Sequence[int]) -> np.ndarray:
    """Return the expected test NLL of that of n settings which is best on validation, for each n."""
    return expected_best(trials.test, trials.valid, counts)


def _bias(trials: pd.DataFrame, counts: Sequence[int]) -> np.ndarray:
    return _by_validation(trials, counts) - expected_best(trials.test, counts=counts)


def _beyond(most: int, trials: int) -> list[int]:
    """Return the numbers of settings of a curve that goes on from those of one search to those of all."""
    if trials <= most:
        return []
    return sorted({round(float(settings)) for settings in np.geomspace(most, trials, _POINTS)})


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """Draw one panel for each task, budget and protocol."""
    groups = comparison_groups(numbers)
    figure, axes = style.grid(len(groups), width=4.6, height=3.4)
    styles = style.cell_styles(frame.trials)
    for axis, (group, part) in zip(axes, groups, strict=True):
        for cell, rows in style.by_cell(part).items():
            within, pooled = (rows[rows.of == which] for which in ("pipeline", "all"))
            axis.plot(within.settings, within.bias, lw=1.3, ms=4, **styles[cell])
            axis.fill_between(within.settings, within.low, within.high, color=styles[cell]["color"], alpha=0.1, lw=0)
            axis.plot(pooled.settings, pooled.bias, lw=1.1, ls="--", color=styles[cell]["color"])
        axis.set_xscale("log")
        axis.set_xticks([tick for tick in _TICKS if tick <= part.settings.max()])
        axis.xaxis.set_major_formatter(FuncFormatter(lambda settings, _: f"{settings:g}"))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set_ylim(bottom=0)
        axis.set_xlabel("settings tried")
        axis.set_ylabel(f"by validation minus by test\ntest {frame.nll(group.task)}", fontsize=style.SMALLEST)
        style.heading(axis, frame.title(group))
    style.legend(figure, style.cells(numbers), styles)
    return figure
