"""What choices name the columns of a table for: a target, several labels, inputs; and the check that they are columns."""

from dataclasses import replace

import numpy as np
import pandas as pd

from gatebench.core.errors import BadInput, did_you_mean, shorten
from gatebench.ingest.cells import Column
from gatebench.ingest.choices import NONE, Choices
from gatebench.ingest.tabular import Table


def check(table: Table, choices: Choices) -> None:
    """Raise ``BadInput`` if a choice names a column that is none, or one column for two things."""
    names = list(table.rows.columns)
    named = [(option, getattr(choices, option)) for option in ("label", "group")]
    named += [
        (option, name)
        for option in ("columns", "without", "codes", "numbers", "predict", "known")
        for name in getattr(choices, option) or []
    ]
    for option, name in named:
        if name is not None and name not in names and (option, name) != ("group", NONE):
            raise BadInput(f"--{option} {shorten(name)} is no column{did_you_mean(name, names)}")
    for option in ("columns", "without", "codes", "numbers", "predict", "known"):
        if choices.label is not None and choices.label in (getattr(choices, option) or []):
            raise BadInput(f"--{option} has {choices.label}, which is the target: --label; remove it from one of the two")


def several_labels(table: Table, choices: Choices) -> list[str]:
    """Return the columns of several labels, which may stand in --without too; none where there is one label, or none."""
    names = list(table.rows.columns)
    if choices.label is None or choices.label in names or "," not in choices.label:
        return []
    labels = choices.label.split(",")
    for name in labels:
        if name not in names:
            raise BadInput(f"--label {shorten(name)} is no column{did_you_mean(name, names)}")
        if labels.count(name) > 1 or name in (choices.columns or []):
            raise BadInput(
                f"--label has {shorten(name)} twice, or for something else as well; expected each once: remove one"
            )
    return labels


def named_otherwise(choices: Choices) -> set[str | None]:
    """Return the columns that a choice names for something other than a key or an order."""
    lists = (choices.columns, choices.without, choices.codes, choices.predict, choices.known)
    return {choices.label, choices.group, *(name for names in lists for name in names or [])}


def with_nominal(table: Table, columns: dict[str, Column], choices: Choices) -> dict[str, Column]:
    """Return columns of which those that the files declare to be classes are texts, unless a choice says otherwise."""
    otherwise = {choices.label, choices.order, *(choices.numbers or [])}
    return {
        name: replace(column, kind="text", stored=_texts(table.rows[name]), written=None)
        if name in table.nominal and name not in otherwise and column.kind == "number"
        else column
        for name, column in columns.items()
    }


def _texts(cells: pd.Series) -> np.ndarray:
    """Return cells as texts, and as nothing where they are missing."""
    return cells.where(cells.notna(), "").astype(str).str.strip().to_numpy(object)
