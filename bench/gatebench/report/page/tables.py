"""Tables of a page: what a row is of stands first, and whoever reads can sort and filter them."""

from html import escape

import pandas as pd

from gatebench.records.frame import ComparisonGroup, Frame

FIRST = ["kind", "study", "data", "task", "budget", "training"]
"""Columns that say of which comparison group a row is: they stand first, in this order."""
GROUP = ["data", "budget", "training"]
"""Columns of a table that has rows of comparison groups."""
_HEAD = "cell"
"""Column that names a row."""
_SHORT, _LONG = 18, 45
"""Number of letters above which words have a second line where a table is wide, and above which several."""


def as_html(table: pd.DataFrame, caption: str) -> str:
    """Return a table as HTML, with a caption for those who do not see it."""
    first = [column for column in FIRST if column in table.columns]
    table = table[[*first, *(column for column in table.columns if column not in first)]]
    head = "".join(f'<th scope="col">{escape(str(column))}</th>' for column in table.columns)
    rows = "\n".join(
        f"<tr>{''.join(map(_cell, table.columns, row))}</tr>" for row in table.itertuples(index=False, name=None)
    )
    return (
        f'<div class="table" tabindex="0" role="region" aria-label="{escape(caption)}"><table><caption>{escape(caption)}'
        f"</caption><thead><tr>{head}</tr></thead><tbody>\n{rows}\n</tbody></table></div>"
    )


def _cell(column: object, value: object) -> str:
    text = escape(f"{value:g}" if isinstance(value, float) else str(value))
    if column == _HEAD:
        return f'<th scope="row">{text}</th>'
    if len(text) > _LONG:
        return f'<td class="long">{text}</td>'
    return f'<td class="words">{text}</td>' if len(text) > _SHORT and text[0].isalpha() else f"<td>{text}</td>"


def in_words(table: pd.DataFrame, frame: Frame) -> pd.DataFrame:
    """Return a table whose budgets say how large the models are, on the row's task where a row is of one."""
    if "budget" not in table.columns:
        return table
    tasks = {title: task for task, title in frame.datasets.items()}
    of_rows = [tasks.get(title) for title in table.data] if "data" in table.columns else [None] * len(table)
    names = [frame.budget(str(budget), task) for budget, task in zip(table.budget, of_rows, strict=True)]
    return table.assign(budget=names)


def of_group(table: pd.DataFrame, frame: Frame, group: ComparisonGroup) -> pd.DataFrame | None:
    """Return the rows of a comparison group without the columns that say so; None where a table has no such rows."""
    if not set(GROUP) <= set(table.columns):
        return None
    labels = [frame.datasets[group.task], group.budget, group.training]
    rows = table[(table[GROUP].astype(str) == labels).all(axis=1)].drop(columns=GROUP)
    return rows if len(rows) else None
