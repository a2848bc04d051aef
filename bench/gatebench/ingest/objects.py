"""Cells that hold records or bytes: fields of records become columns, bytes become texts."""

from typing import Any

import pandas as pd

LOOKED_AT = 50
"""Cells that are looked at to learn whether a column holds records or bytes."""


def flatten(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return a table without records and bytes in its cells, and a line for each column that is left out.

    A column of records, or of lists of records, becomes one for each of their fields, as ``position.x``.
    """
    columns = [rows.iloc[:, place] for place in range(rows.shape[1])]
    if not any(_holds_records(column) or _holds(column, bytes) for column in columns):
        return rows, []
    flat, lines = [], []
    for column in [field for whole in columns for field in _fields(whole)]:
        if not _holds(column, bytes):
            flat.append(column)
            continue
        try:
            flat.append(column.map(lambda cell: cell.decode() if isinstance(cell, bytes) else cell))
        except UnicodeDecodeError:
            lines.append(f"left out: {column.name}, which holds bytes that are no text in UTF-8")
    return pd.concat(flat, axis=1) if flat else rows.iloc[:, :0], lines


def _holds(column: pd.Series, kind: type) -> bool:
    return column.dtype == object and any(isinstance(cell, kind) for cell in column.dropna().head(LOOKED_AT))


def _holds_records(column: pd.Series) -> bool:
    if column.dtype != object:
        return False
    cells = column[column.map(lambda cell: cell is not None)].head(LOOKED_AT)
    return any(isinstance(cell, dict) or _is_list_of_records(cell) for cell in cells)


def _is_list_of_records(cell: Any) -> bool:
    return (
        hasattr(cell, "__len__") and not isinstance(cell, str | bytes | dict) and len(cell) > 0 and isinstance(cell[0], dict)
    )


def _fields(column: pd.Series) -> list[pd.Series]:
    """Return a column for each field of the records in one, also of records within them; else the column alone."""
    if not _holds_records(column):
        return [column]
    names: dict[str, None] = {}
    for cell in column:
        for record in cell if _is_list_of_records(cell) else [cell]:
            names |= dict.fromkeys(record) if isinstance(record, dict) else {}
    fields = [column.map(lambda cell, name=name: _field(cell, name)).rename(f"{column.name}.{name}") for name in names]
    return [part for field in fields for part in _fields(field.infer_objects())]


def _field(cell: Any, name: str) -> Any:
    """Return a field of a record, or of each record of a list; None where there is none."""
    if isinstance(cell, dict):
        return cell.get(name)
    return [record.get(name) if isinstance(record, dict) else None for record in cell] if _is_list_of_records(cell) else None
