"""Data that a program has in memory: data frames, arrays, tensors, or lists and names of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd

from gatebench.core.errors import BadInput, shorten
from gatebench.ingest import limits, named_arrays, tabular
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData
from gatebench.ingest.readers import tables
from gatebench.ingest.tabular import FileTable

EXPECTED = (
    "a pandas DataFrame, an array or tensor [T], [T, X] or [N, T, X], a list of frames or arrays, a sequence each, or names "
    "with arrays, such as X_train and y_train"
)
"""What a message says of the data that is read from memory."""


class FromMemory(NamedTuple):
    """What is read of data in memory."""

    raw: RawData
    """The sequences that it holds."""
    called: str
    """What it is, in a word, from which a data set gets its name."""
    described: str
    """What it is, for the card."""


def read(data: object, labels: object, groups: object, choices: Choices) -> FromMemory:
    """Return the sequences of data in memory; what tables and files of arrays are read by reads it.

    Parameters
    ----------
    data
        What `EXPECTED` names.
    labels
        The target beside arrays: one of each sequence, or of each of its steps. None: there is none.
    groups
        The group of each sequence beside arrays. None: there are no groups.
    choices
        What the user chose.

    """
    frames = _frames(data)
    if frames is not None:
        for option, value in (("labels", labels), ("group", groups)):
            if value is not None:
                raise BadInput(
                    f"{option} is given beside a data frame; expected it as a column of the frame: add it, and name it, "
                    f"{'label' if option == 'labels' else 'group'}=COLUMN"
                )
        return _read_frames(frames, choices)
    choices.check_only("arrays in memory", "axes", "layout", "missing")
    named = _named(data)
    beside = {"y": labels, "group": groups}
    for role, values in beside.items():
        if values is not None:
            if any(named_arrays.find_role(name)[0] == role for name in named):
                raise BadInput(f"{role} is given twice, in the data and beside it; remove one of the two")
            named[role] = _target(values)
    steps = sum(_size(value) for value in named.values())
    limits.check_count("the data", steps)
    return FromMemory(named_arrays.read("data", named, choices), "arrays", f"arrays in memory of {steps:,} numbers")


def columns_of(data: object) -> list[str]:
    """Return the names of the columns of data frames, or none of other data."""
    frames = _frames(data)
    return [] if not frames else [*map(str, next(iter(frames.values())).columns)]


def _frames(data: object) -> dict[str, pd.DataFrame] | None:
    """Return name -> data frame, if these are frames, or series, of pandas or of a library that converts to it."""
    if isinstance(data, Mapping):
        of_each = {str(name): _frame(value) for name, value in data.items()}
    elif isinstance(data, list | tuple):
        of_each = {f"frame {place}": _frame(value) for place, value in enumerate(data)}
    else:
        of_each = {"data frame": _frame(data)}
    frames = {name: frame for name, frame in of_each.items() if frame is not None}
    if frames and len(frames) < len(of_each):
        raise BadInput(f"data frames stand among other things; expected {EXPECTED}: convert them")
    return frames or None


def _frame(value: object) -> pd.DataFrame | None:
    if hasattr(value, "to_pandas"):  # polars, pyarrow and others
        value = cast(Any, value).to_pandas()
    if isinstance(value, pd.Series):
        value = value.to_frame("value" if value.name is None else value.name)
    return value if isinstance(value, pd.DataFrame) else None


def _read_frames(frames: dict[str, pd.DataFrame], choices: Choices) -> FromMemory:
    files = {Path(name): frame for name, frame in frames.items()}
    table = tabular.read([*files], lambda file: _as_file(files[file]), choices)
    rows = len(table.rows)
    limits.check_count("the data", rows * len(table.rows.columns))
    many = f"{len(frames):,} data frames" if len(frames) > 1 else "a data frame"
    return FromMemory(tables.arrange(table, choices), "frame", f"{many} in memory of {rows:,} rows")


def _as_file(frame: pd.DataFrame) -> FileTable:
    """Return a frame as a table is read from a file: an index that says something is a column, spans are seconds."""
    rows, lines = frame.copy(deep=False), []
    if isinstance(rows.columns, pd.MultiIndex):
        rows.columns = ["_".join(map(str, name)) for name in rows.columns]
    unnamed_numbers = rows.index.nlevels == 1 and rows.index.name is None and rows.index.dtype.kind in "iu"
    if not unnamed_numbers:
        rows = rows.reset_index()
        added = shorten(", ".join(map(str, rows.columns[: frame.index.nlevels])))
        lines.append(f"index: read as column {added}")
    rows.columns = [str(name) for name in rows.columns]
    for place, name in enumerate(rows.columns):
        column = rows.iloc[:, place]
        if column.dtype.kind == "m":
            rows[name] = column.dt.total_seconds()
        elif isinstance(column.dtype, pd.PeriodDtype):
            rows[name] = column.dt.to_timestamp()
        elif column.dtype.kind == "c":
            raise BadInput(
                f"column {shorten(name)} holds complex numbers; expected real ones: read its parts, each a column"
            )
    return FileTable(rows.reset_index(drop=True), lines)


def _named(data: object) -> named_arrays.Named:
    """Return name -> array, or a list of arrays, of data that is no frame."""
    if not isinstance(data, Mapping):
        return {"x": _value(data)}
    with_texts = ("y", "group")
    return {
        str(name): _target(value) if named_arrays.find_role(str(name))[0] in with_texts else _value(value)
        for name, value in data.items()
    }


def _value(value: object) -> np.ndarray | list[np.ndarray]:
    """Return an array, or a list of arrays where they are of several lengths, or a list is of arrays."""
    if isinstance(value, list | tuple) and value and not np.isscalar(value[0]) and value[0] is not None:
        return [_array(one) for one in value]
    return _array(value)


def _array(value: object) -> np.ndarray:
    if hasattr(value, "detach"):  # a tensor of torch; NumPy has no numbers of 16 bits with the range of 32
        tensor = cast(Any, value).detach().cpu()
        value = tensor.float().numpy() if str(tensor.dtype) == "torch.bfloat16" else tensor.numpy()
    try:
        array = np.asarray(value)
    except ValueError as error:  # lists of several lengths
        raise BadInput(f"data holds lists of several lengths within a sequence; expected {EXPECTED}: convert it") from error
    if array.dtype.kind not in "buif":
        raise BadInput(f"data is {shorten(type(value).__name__)} of {array.dtype}; expected {EXPECTED}: convert it")
    return array


def _target(values: object) -> np.ndarray | list[np.ndarray]:
    """Return labels, groups or values: an array of numbers or texts, or a list of arrays, one of each sequence."""
    if hasattr(values, "detach"):
        return _array(values)
    if isinstance(values, Sequence) and not isinstance(values, str) and values and not np.isscalar(values[0]):
        return [_target_array(one) for one in values]
    return _target_array(values)


def _target_array(values: object) -> np.ndarray:
    array = _array(values) if hasattr(values, "detach") else np.asarray(values)
    missing = pd.isna(array)
    if array.dtype.kind == "O":
        if missing.any():
            raise BadInput("labels have a place that is empty; expected one for each sequence: fill it, or leave it out")
        array = array.astype(str) if any(isinstance(value, str) for value in array.reshape(-1)) else np.array(array.tolist())
    return array


def _size(value: np.ndarray | list[np.ndarray]) -> int:
    return sum(array.size for array in value) if isinstance(value, list) else value.size
