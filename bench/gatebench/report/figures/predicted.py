"""Values of whole sequences: what the best cell predicts, beside what is true."""

import pandas as pd
from matplotlib.figure import Figure

from gatebench.records.frame import ComparisonGroup, Frame
from gatebench.report import best_trials, style

ORDER = 44
TITLE = "Predicted against true"
BY_GROUP = True
CAPTION = (
    "Each mark is a sequence of the test split: across the true value, upwards the mean of what the cell predicts, "
    "both in the units of the data. The cell is the one whose confirming trial is the best on validation. On the line "
    "the two are equal. Marks that lie on a flatter slope than the line are predicted too near to the average."
)
COLUMNS = 6
"""Values of which each has a panel, the first ones."""


def numbers(frame: Frame) -> pd.DataFrame | None:
    """Return a row for each comparison group, value and test sequence; None where no such values are predicted."""
    tables = []
    for group, cell, key in best_trials.of_groups(frame):
        predictions = frame.predictions[frame.predictions.key == key]
        if not best_trials.predicts_values(frame, key) or predictions.empty or predictions.step.any():
            continue
        names = [frame.output_name(group.task, output) for output in predictions.output]
        beside = pd.DataFrame({**group._asdict(), "cell": cell, "key": key, "column": names})
        tables.append(pd.concat([beside, predictions[["sequence", "true", "predicted"]].reset_index(drop=True)], axis=1))
    return pd.concat(tables, ignore_index=True) if tables else None


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """Draw one panel for each comparison group and value."""
    by_panel = numbers.groupby([*ComparisonGroup._fields, "column"], sort=False)
    panels = [(name, part) for name, part in by_panel if _position(numbers, part) < COLUMNS]
    figure, axes = style.grid(len(panels), width=3.8, height=3.8, columns=3)
    styles = style.cell_styles(frame.trials)
    for axis, (_, part) in zip(axes, panels, strict=True):
        first = part.iloc[0]
        ends = [part[["true", "predicted"]].min().min(), part[["true", "predicted"]].max().max()]
        axis.plot(ends, ends, color="0.6", lw=1, zorder=0)
        axis.plot(part.true, part.predicted, ls="", ms=4, alpha=0.6, **styles[first.cell])
        axis.set_aspect("equal", adjustable="box")
        axis.set_xlabel(f"true {first.column}")
        axis.set_ylabel(f"predicted {first.column}")
        style.heading(axis, f"{frame.title(ComparisonGroup(first.task, first.budget, first.training))}\n{first.cell}")
    figure.tight_layout()
    return figure


def _position(numbers: pd.DataFrame, part: pd.DataFrame) -> int:
    """Return which of the values of its comparison group a panel is of, from 0."""
    first = part.iloc[0]
    of_group = numbers[(numbers[list(ComparisonGroup._fields)] == first[list(ComparisonGroup._fields)]).all(axis=1)]
    return list(dict.fromkeys(of_group.column)).index(first.column)
