"""Tables of which a cell holds a list: each row is a sequence, and what stands beside the lists belongs to all its steps."""

import json
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from gatebench.core.errors import BadInput, shorten
from gatebench.ingest import limits

LOOKED_AT = 50
"""Cells that are looked at to learn whether a column holds lists."""
_IN_TEXT = re.compile(r"\s*(?:\[.*\]|\((?![^\d,]*\d{1,3}(?:,\d{3})*(?:\.\d*)?\)).*\))\s*", re.DOTALL)
"""A list as Python, JSON or NumPy write it; an amount below zero, as accountants write it, is none."""
FEWEST_NUMBERS = 6
"""Numbers parted by blanks, commas or semicolons in a cell from which on it is a list without brackets."""
_NUMBER = r"(?:[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|nan|NaN)"
_OF_NUMBERS = re.compile("|".join(
    rf"\s*{_NUMBER}(?:{separator}{_NUMBER}){{{FEWEST_NUMBERS - 1},}}\s*" for separator in (r"\s+", r"\s*,\s*", r"\s*;\s*")
))  # fmt: skip


def expand(rows: pd.DataFrame, where: str) -> tuple[pd.DataFrame, np.ndarray | None]:
    """Return a row for each step, and the number of the sequence that it is from; the rows as they are without lists.

    Parameters
    ----------
    rows
        A table, perhaps with lists in cells, or texts of such.
    where
        The file, for messages.

    """
    names = [name for name in rows.columns if _holds_lists(rows[name])]
    if not names:
        return rows, None
    lengths, columns = np.zeros(0, int), {}
    for name in names:
        arrays = [_read_list(cell, f"{where}, row {place + 1}, column {name}") for place, cell in enumerate(rows[name])]
        of_column = np.array([len(array) for array in arrays])
        if columns and (of_column != lengths).any():
            row = int((of_column != lengths).argmax())
            raise BadInput(
                f"{where}, row {row + 1} has lists of {lengths[row]} and of {of_column[row]} steps; expected as many in "
                f"each column of lists: correct it, or remove {name}"
            )
        lengths = of_column
        columns |= _columns(str(name), arrays, where)
    limits.check_count(where, int(lengths.sum()) * (len(columns) + len(rows.columns) - len(names)))
    codes = np.repeat(np.arange(len(rows)), lengths)
    beside = {name: rows[name].to_numpy()[codes] for name in rows.columns if name not in names}
    return pd.DataFrame({**beside, **columns}), codes


def _holds_lists(column: pd.Series) -> bool:
    if pd.api.types.is_numeric_dtype(column.dtype):
        return False
    coded = isinstance(column.dtype, pd.CategoricalDtype)
    cells = (pd.Series(column.cat.categories) if coded else column.dropna()).head(LOOKED_AT).tolist()
    if not cells:
        return False
    if any(isinstance(cell, list | tuple | np.ndarray) for cell in cells):
        return True
    return any(all(isinstance(cell, str) and form.fullmatch(cell) for cell in cells) for form in (_IN_TEXT, _OF_NUMBERS))


def _read_list(cell: object, where: str) -> np.ndarray:
    """Return the steps of a cell, ``[T]`` or ``[T, X]``, of numbers or texts."""
    values = _parse(cell, where) if isinstance(cell, str) else cell
    if not isinstance(values, list | tuple | np.ndarray):
        raise BadInput(f"{where} has {shorten(repr(cell))}; expected a list, as in other rows: fill it, or remove the row")
    listed: Sequence[object] = [array.tolist() if isinstance(array, np.ndarray) else array for array in values]
    if any(isinstance(value, str) for value in listed):
        return np.array(listed, object)
    try:
        array = np.array(listed, float) if any(value is None for value in listed) else np.array(listed)
    except (ValueError, TypeError, OverflowError):
        array = np.zeros(0, object)  # steps of several lengths, or of what is no number
    if array.dtype.kind not in "buif":
        raise BadInput(
            f"{where} has a list of {shorten(repr(listed[:3]))}, ...; expected numbers, texts, or as many numbers in each "
            "step: correct it"
        )
    return array


def _parse(text: str, where: str) -> object:
    """Return the list that a text writes, as Python, JSON or NumPy do."""
    if "..." in text:
        raise BadInput(f"{where} has a list that was cut when it was saved (...); expected all of it: save it as parquet")
    if _OF_NUMBERS.fullmatch(text):
        return [float(word) for word in re.split(r"[\s,;]+", text.strip())]
    plain = re.sub(r"\bnan\b|\bNone\b", "null", text.replace("(", "[").replace(")", "]").replace("'", '"'))
    try:
        return json.loads(re.sub(r",\s*\]", "]", plain))
    except (ValueError, RecursionError):
        pass
    try:
        return [float(word) for word in plain.strip(" \n[]").replace("null", "nan").split()]
    except ValueError as error:
        raise BadInput(f"{where} has {shorten(repr(text))}; expected a list of numbers or texts: correct it") from error


def _columns(name: str, arrays: list[np.ndarray], where: str) -> dict[str, np.ndarray]:
    """Return name -> steps of all rows: one column, or one for each number of a step."""
    shapes = {array.shape[1:] for array in arrays if len(array)}
    if len(shapes) > 1 or any(len(shape) > 1 for shape in shapes):
        raise BadInput(f"{where}, column {name} has steps of the shapes {sorted(shapes)}; expected one for all: correct it")
    joined: np.ndarray = np.concatenate([array for array in arrays if len(array)]) if shapes else np.zeros(0)
    if joined.ndim == 1:
        return {name: joined}
    return {f"{name}{place}": joined[:, place] for place in range(joined.shape[1])}
