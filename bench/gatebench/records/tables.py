"""Tables of a record: kept as columns, as they were read, until somebody asks for a data frame.

A data frame of a few rows takes ten times as long to make as the file that it is read from, and a report reads thousands.
"""

from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    import pandas as pd

Columns = dict[str, list[Any]]
"""Column -> its values, all columns equally long; a number that is missing is NaN."""


class TableField:
    """A field of a record that is given columns or a data frame, and is a data frame for who reads it."""

    def __init__(self, columns: list[str], is_optional: bool = True) -> None:
        self._columns, self._is_optional = columns, is_optional

    def __set_name__(self, owner: type, name: str) -> None:
        """Note the name of the field."""
        self._name, self._place = name, f"_{name}"

    @overload
    def __get__(self, record: None, owner: type) -> tuple[()]: ...

    @overload
    def __get__(self, record: object, owner: type) -> "pd.DataFrame": ...

    def __get__(self, record: object | None, owner: type) -> "pd.DataFrame | tuple[()]":
        """Return the table; of the class, what stands for one where none is given."""
        if record is None:
            if not self._is_optional:
                raise AttributeError(self._name)
            return ()
        table = vars(record)[self._place]
        if isinstance(table, dict):
            import pandas as pd  # here, since most commands read records and ask for no table

            table = vars(record)[self._place] = pd.DataFrame(table)
        return table

    def __set__(self, record: object, table: "pd.DataFrame | Columns | tuple[()]") -> None:
        """Keep the table as it is given."""
        vars(record)[self._place] = table if len(table) else {column: [] for column in self._columns}


def columns_of(record: object, name: str) -> Columns:
    """Return a table of a record as columns, without a data frame where it was given none."""
    table = vars(record)[f"_{name}"]
    return table if isinstance(table, dict) else {str(column): values.tolist() for column, values in table.items()}
