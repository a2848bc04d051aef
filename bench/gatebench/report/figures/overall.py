"""Cells over all tasks: their distance from one of them, on each task and over tasks like these."""

from dataclasses import replace

import numpy as np
import pandas as pd

from gatebench.records.frame import ComparisonGroup, Frame
from gatebench.report import baselines, blocks, comparisons, families, margins, repetitions, style, words
from gatebench.report.stats.estimates import Difference
from gatebench.report.stats.random_effects import summary

ORDER = 70
TITLE = "Over all tasks"
CAPTION = (
    "Effect on each task: mean test NLL minus that of the cell beside (the GRU, where it is there), in hundredths of "
    "the distance between the best baseline and the best cell of that task. Below zero is better. Its 95% interval is "
    "over repetitions and test sequences (repetitions alone, where the table of differences says so). Tasks on which "
    "no cell is shown to be below the best baseline are left out. All tasks: the mean effect, each task counting alike, "
    "with the 95% interval for tasks that these are a sample of (random effects). With equal weights the interval of "
    "Hartung and Knapp is Student's over tasks. A new task: the 95% prediction interval for what such a study would find on "
    "one. Spread: standard deviation of the effects between tasks beyond what their errors explain. These rest on as "
    "few tasks as the row says, taken for a sample of those that one cares about. They also rest on effects that are "
    "spread normally, and on the scale that makes tasks alike. Intervals are not adjusted for the number of cells."
)


def notes(frame: Frame) -> list[str]:
    """Return what was repeated, and what hangs together."""
    return [repetitions.note(frame.confirmed("test")), *blocks.note(frame)]


def table(frame: Frame) -> pd.DataFrame | None:
    """Return a row for each budget, protocol and cell but the one beside; None where two tasks share no two cells."""
    pairs = comparisons.pairs(frame)
    rows = []
    for (budget, training), part in frame.scored().groupby(["budget", "training"], sort=False):
        groups = {str(task): ComparisonGroup(str(task), str(budget), str(training)) for task in part.task.unique()}
        scales = {task: _scale(frame, group, part) for task, group in groups.items()}
        learned = part[part.task.map(scales).notna()]
        shared = learned.groupby(["task", "cell"]).size().unstack().dropna(axis="columns", thresh=2).dropna(axis="index")
        if len(shared) < 2 or shared.shape[1] < 2:
            continue
        tasks = [task for task in groups if task in shared.index]
        cells = style.cells(learned[learned.cell.isin(shared.columns)])
        beside = families.beside(frame, cells, cells[0])
        for cell in cells:
            if cell == beside:
                continue
            by_task = {task: comparisons.against(pairs, groups[task], beside)[cell][0] for task in tasks}
            scaled = {task: _scaled(difference, 100 / scales[task]) for task, difference in by_task.items()}
            over = summary([d.mean for d in scaled.values()], [d.error for d in scaled.values()])
            rows.append({
                "cell": cell,
                "beside": beside,
                "all tasks": _tenths(over.mean, over.low, over.high),
                "a new task": f"[{words.fixed(over.new_low, 1)}, {words.fixed(over.new_high, 1)}]",
                "spread": "" if np.isnan(over.spread) else words.fixed(over.spread, 1),
                "tasks": f"{over.tasks}",
                **{frame.datasets[task]: _written(difference) for task, difference in scaled.items()},
                "budget": budget,
                "training": training,
            })  # fmt: skip
    return pd.DataFrame(rows).fillna("") if rows else None


def _scale(frame: Frame, group: ComparisonGroup, part: pd.DataFrame) -> float:
    """Return the distance between the best baseline and the best cell of a group; NaN where none is shown to be below it."""
    by_cell = style.by_cell(part[part.task == group.task])
    baseline = baselines.lowest(frame, group.task)
    if baseline is None or not any(baselines.is_below(trials, baseline[1]) for trials in by_cell.values()):
        return np.nan
    return margins.distance(frame, group, min(float(repetitions.scores(trials).mean()) for trials in by_cell.values()))


def _scaled(d: Difference, factor: float) -> Difference:
    return replace(d, mean=d.mean * factor, low=d.low * factor, high=d.high * factor, error=d.error * factor)


def _written(d: Difference) -> str:
    return f"{words.fixed(d.mean, 1)} (one seed)" if np.isnan(d.p) else _tenths(d.mean, d.low, d.high)


def _tenths(mean: float, low: float, high: float) -> str:
    return f"{words.fixed(mean, 1)} [{words.fixed(low, 1)}, {words.fixed(high, 1)}]"
