"""Forecasts of several steps at once: how the NLL grows from the next step to the last one."""

import pandas as pd
from matplotlib.figure import Figure

from gatebench.records.frame import ComparisonGroup, Frame, comparison_groups
from gatebench.report import blocks, metrics, repetitions, style

ORDER = 44
TITLE = "NLL by step of the horizon"
CAPTION = (
    "Test NLL of what is predicted of each step ahead, by its own distribution, in nats; mean over repetitions with its 95% "
    "interval for new repetitions and new sequences. In brackets are baselines, with an interval for new sequences alone; "
    "the two of lowest NLL are drawn. Where outputs are independent given what was read, the steps add up to the NLL "
    "of all other tables; of a mixture, whose steps hang together, they come to more. Lower is better."
)
COLUMNS = [*ComparisonGroup._fields, "cell", "step", "nll", "low", "high", "n"]
"""Columns of the numbers."""

BASELINE_LOOKS = ("--", ":")
"""How the lines of baselines look, of which as many are drawn."""


def notes(frame: Frame) -> list[str]:
    """Return what was repeated, and what hangs together."""
    return [repetitions.note(frame.confirmed("test")), *blocks.note(frame)]


def numbers(frame: Frame) -> pd.DataFrame | None:
    """Return a row for each group, cell or baseline, and step ahead; None where one step is predicted at a time."""
    rows: list[tuple[object, ...]] = [
        (*group, cell, one.metric.step, estimate.mean, estimate.low, estimate.high, estimate.n)
        for group, of_group in comparison_groups(frame.scored())
        for one in metrics.by_step(frame, style.by_cell(of_group))
        for cell, estimate in one.estimates.items()
    ]
    groups = dict.fromkeys(ComparisonGroup(*map(str, row[:3])) for row in rows)
    rows += [row for group in groups for row in _baselines(frame, group)]
    return pd.DataFrame(rows, columns=COLUMNS).sort_values([*COLUMNS[:5]], kind="stable") if rows else None


def _baselines(frame: Frame, group: ComparisonGroup) -> list[tuple[object, ...]]:
    """Return a row for each baseline of a comparison group's task, and each step ahead."""
    of_task = frame.baseline_metrics[frame.baseline_metrics.task == group.task]
    of_steps = of_task[of_task.metric.str.fullmatch(r"nll_step_\d+")].assign(n=1)
    steps = [int(metric.rpartition("_")[2]) for metric in of_steps.metric.astype(str)]
    numbers = of_steps[["value", "low", "high", "n"]].itertuples(index=False)
    return [
        (*group, f"[{baseline}]", step, *row) for baseline, step, row in zip(of_steps.baseline, steps, numbers, strict=True)
    ]


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """Draw a panel for each comparison group, with a line for each cell."""
    panels = comparison_groups(numbers)
    figure, axes = style.grid(len(panels), width=4.6, height=3.2, columns=3)
    styles = style.cell_styles(frame.trials)
    for axis, (group, part) in zip(axes, panels, strict=True):
        is_baseline = part.cell.str.startswith("[")
        lowest = part[is_baseline].groupby("cell").nll.mean().nsmallest(len(BASELINE_LOOKS)).index
        for name, look in zip(lowest, BASELINE_LOOKS, strict=False):
            rows = part[part.cell == name]
            axis.plot(rows.step, rows.nll, color="0.45", ls=look, lw=1.2, label=name)
        for cell, rows in style.by_cell(part[~is_baseline]).items():
            errors = (rows.nll - rows.low, rows.high - rows.nll)
            axis.errorbar(rows.step, rows.nll, yerr=errors, lw=1.2, ms=4, capsize=2, label=cell, **styles[cell])
        axis.set_xlabel("step ahead")
        axis.set_ylabel("NLL (nats)")
        axis.legend(fontsize=style.SMALLEST, loc="best")
        style.heading(axis, frame.title(group))
    figure.tight_layout()
    return figure
