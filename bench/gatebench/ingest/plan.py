"""What becomes of sequences that were read: one decision after the other, each with the line that says it."""

from dataclasses import dataclass

from gatebench.data.contents import SPLITS, Arrays, Forecast
from gatebench.data.origins import Origins
from gatebench.ingest import (
    categories,
    classes,
    difference,
    forecasting,
    kind,
    likelihood,
    missing,
    scale,
    split,
    symbols,
    windows,
)
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData


@dataclass(frozen=True)
class DatasetPlan:
    """A data set and a task that are to be written."""

    raw: RawData
    """The data with its kind, and the symbols that train has."""
    arrays: Arrays
    """Split -> arrays ``[T, X]``, the target's columns last."""
    origins: Origins
    """The series and the groups that they are of."""
    likelihood: dict[str, object]
    """The likelihood as the task's yaml states it."""
    lines: list[str]
    """What was decided, a line each."""
    forecast: Forecast | None = None
    """What of the steps to come is predicted; None: the next step of every column, or a target."""
    season: int | None = None
    """Steps after which something comes again, where that is said; None: baselines look for it."""


def decide(raw: RawData, choices: Choices) -> DatasetPlan:
    """Make all decisions, in the order in which they depend on one another; ``BadInput`` if one cannot be made."""
    raw, kind_line = kind.decide(raw, choices)
    values = raw
    raw, difference_lines = difference.decide(raw, choices)
    raw, choices, category_lines = categories.decide(raw, choices)
    forecasting.check(raw, choices)
    split_by = split.choose(raw, choices)
    parts, split_line = split.decide(raw, choices, split_by)
    parts, window_line = windows.decide(raw, parts, choices, split.is_of_few(raw, parts, split_by))
    arrays, symbol_lines = missing.fill_from_train(raw, parts.arrays), list[str]()
    if raw.kind == "symbols":
        raw, arrays, symbol_lines = symbols.decide(raw, arrays, choices)
    raw, arrays, constant_lines = scale.leave_out_constant(raw, arrays)
    forecast, arrays, forecast_lines = forecasting.decide(raw, arrays, choices)
    class_lines = classes.check(raw, arrays)
    proposed, likelihood_line = likelihood.decide(raw, arrays, choices)
    lines = [
        *raw.decisions,
        kind_line,
        *difference_lines,
        *category_lines,
        split_line,
        window_line,
        *symbol_lines,
        *constant_lines,
        *forecast_lines,
        *class_lines,
        likelihood_line,
        *scale.describe(raw, arrays, forecast),
        *difference.compare(raw, values, arrays, forecast, choices),
        *difference.look(raw, arrays),
        _count(arrays, raw),
    ]
    return DatasetPlan(raw, arrays, parts.origins(raw), proposed, lines, forecast, choices.season)


def _count(arrays: Arrays, raw: RawData) -> str:
    """Return the line about the size of the data."""

    def count(number: int, word: str) -> str:
        return f"{number:,} {word}{'' if number == 1 else 's'}"

    counts = ", ".join(
        f"{split} {count(len(arrays[split]), 'sequence')} of {count(sum(map(len, arrays[split])), 'step')}"
        for split in SPLITS
    )
    return f"size: {counts}; {count(raw.sequences[0].shape[1], 'column')}"
