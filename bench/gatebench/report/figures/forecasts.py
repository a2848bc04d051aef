"""Values of steps: what the best cell predicts of the first test sequences, beside what came."""

import pandas as pd
from matplotlib.figure import Figure

from gatebench.records.frame import ComparisonGroup, Frame
from gatebench.report import best_trials, style

ORDER = 45
TITLE = "Forecasts"
BY_GROUP = True
CAPTION = (
    "The first sequences of the test split, as they were (grey) and as they are predicted (coloured) by the cell "
    "whose confirming trial is the best on validation. A prediction is at each step the mean of the predicted "
    "distribution, from what came before, in the units of the data. A forecast that is the curve itself, one step "
    "late, says no more than the last value."
)


def numbers(frame: Frame) -> pd.DataFrame | None:
    """Return a row for each comparison group, column, sequence and step; None where no values of steps are predicted."""
    tables = []
    for group, cell, key in best_trials.of_groups(frame):
        predictions = frame.predictions[frame.predictions.key == key]
        if not best_trials.predicts_values(frame, key) or not predictions.step.any():
            continue
        names = [frame.output_name(group.task, output) for output in predictions.output]
        beside = pd.DataFrame({**group._asdict(), "cell": cell, "key": key, "column": names})
        tables.append(
            pd.concat([beside, predictions[["sequence", "step", "true", "predicted"]].reset_index(drop=True)], axis=1)
        )
    return pd.concat(tables, ignore_index=True) if tables else None


def draw(numbers: pd.DataFrame, frame: Frame) -> Figure:
    """Draw a panel for each comparison group, column and sequence."""
    by_panel = numbers.groupby([*ComparisonGroup._fields, "column", "sequence"], sort=False)
    panels = [part.sort_values("step") for _, part in by_panel]
    beside = int(numbers.groupby("task").column.nunique().max())  # of one column, its sequences stand beside each other
    figure, axes = style.grid(len(panels), width=4.6, height=2.9, columns=beside if beside > 1 else 3)
    styles = style.cell_styles(frame.trials)
    for axis, part in zip(axes, panels, strict=True):
        first = part.iloc[0]
        axis.plot(part.step, part.true, color="0.55", lw=2.2, label="true")
        axis.plot(part.step, part.predicted, color=styles[first.cell]["color"], lw=1.2, label="predicted")
        axis.set_xlabel("predicted step")
        axis.set_ylabel(first.column)
        axis.legend(fontsize=style.SMALLEST, loc="best")
        group = ComparisonGroup(first.task, first.budget, first.training)
        style.heading(axis, f"{frame.title(group)}\n{first.cell}, test sequence {first.sequence}")
    figure.tight_layout()
    return figure
