"""What a user may decide about sequences that are added; whatever is not decided follows from looking at the data."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gatebench.core.errors import BadInput
from gatebench.core.validation import Natural

EVERYWHERE = ("kind", "as_target", "likelihood", "split", "window", "padding", "labels", "folders", "skip_bad", "predict",
              "known", "horizon", "difference", "season")  # fmt: skip
"""Choices that apply to every format."""
COLUMNS = ("sequence", "order", "group", "label", "columns", "without", "codes", "numbers", "layout", "dates", "decimal",
           "na", "missing", "gaps", "with_steps", "split_column", "tokens", "least_count")  # fmt: skip
"""Choices that apply to tables."""
TABLE_LAYOUTS = ("series-a-column", "step-a-cell")
"""Choices of a layout that apply to tables alone."""
NONE = "none"
"""In place of a column: that no column has this role."""
BLANK = "blank"
"""In place of a column that tells sequences apart: that blank lines do."""


@dataclass(frozen=True)
class Choices:
    """The options of ``gatebench data add``. None: decided by looking at the data."""

    sequence: str | None = None
    """Column of a table that tells the sequences apart, or several with commas between them; ``none``: one series;
    ``blank``: blank lines tell them apart.
    """
    order: str | None = None
    """Column of a table that puts the steps of a sequence in order, or several, the coarsest first; ``none``: as the rows
    stand.
    """
    group: str | None = None
    """Column of a table whose value sequences of one group share; ``none``: there are no groups."""
    label: str | None = None
    """Column of a table that is the target."""
    columns: list[str] | None = None
    """Columns of a table that are the inputs."""
    without: list[str] | None = None
    """Columns of a table that are left out."""
    codes: list[str] | None = None
    """Columns of a table whose numbers stand for categories."""
    numbers: list[str] | None = None
    """Columns of a table that are amounts and inputs, whatever else they look like."""
    layout: Literal["series-a-row", "series-a-column", "step-a-row", "step-a-cell"] | None = None
    """What a row, a column or a cell of a table is."""
    dates: Literal["day-first", "month-first"] | None = None
    """What comes first in dates of numbers alone that do not begin with a year."""
    decimal: Literal["comma", "point"] | None = None
    """What stands before the fraction of a number."""
    na: list[str] | None = None
    """Cells of a table that stand for what is missing, beside empty ones; ``none``: no others."""
    missing: Literal["last", "drop", "mask"] | None = None
    """What becomes of missing values: the last one before, the row is dropped, or a column beside says where they are."""
    gaps: Literal["cut", "keep"] | None = None
    """What becomes of a sequence where time leaps."""
    with_steps: bool | None = None
    """Whether the time since the step before is an input."""
    padding: Literal["cut", "keep"] | None = None
    """What becomes of zeros at the end of sequences."""
    kind: Literal["binary", "symbols", "reals"] | None = None
    """What the inputs are."""
    as_target: Literal["label", "value"] | None = None
    """What the target is."""
    predict: list[str] | None = None
    """Input columns whose next steps are predicted; the others are read alone."""
    known: list[str] | None = None
    """Input columns that are known ahead: their values at the predicted steps are read."""
    horizon: Natural | None = None
    """How many of the next steps are predicted at each step."""
    difference: bool | None = None
    """Whether amounts are read and predicted as changes from step to step."""
    season: Natural | None = None
    """Steps after which something comes again, for baselines."""
    likelihood: str | None = None
    """Name of a likelihood."""
    split: Literal["sequence", "group", "time"] | None = None
    """What no two splits share."""
    window: Natural | None = None
    """Steps of a part that a long sequence is cut into, at the most; 0: it is never cut."""
    step: float | None = None
    """Quarter notes of a time step of MIDI."""
    drums: bool | None = None
    """Whether the drums of MIDI are read, as keys of their pitches."""
    axes: Literal["NTX", "NXT", "TNX"] | None = None
    """Order of sequence, time step and column in an array."""
    tokens: Literal["character", "word", "line", "byte"] | None = None
    """What a symbol of a text is."""
    sequence_a_line: bool | None = None
    """Whether each line of a text is a sequence."""
    least_count: Natural | None = None
    """How often a symbol stands in train, at the least, to be one of its own."""
    labels: Path | None = None
    """A table that has a row for each file of a folder, with its label."""
    folders: str | None = None
    """What the folders that files lie in are: ``label``, ``group`` or ``ignore``, with commas between those of levels."""
    skip_bad: bool | None = None
    """Whether files that cannot be read are left out."""
    split_column: str | None = None
    """Column of a table that says which split a row is of."""

    def check_only(self, what: str, *allowed: str) -> None:
        """Raise ``BadInput`` if a choice is made that means nothing for ``what``: neither `EVERYWHERE` nor ``allowed``."""
        for name, value in vars(self).items():
            of_tables = name == "layout" and value in TABLE_LAYOUTS and "columns" not in allowed
            if value is not None and (name not in (*EVERYWHERE, *allowed) or of_tables):
                flag = str(value) if name == "layout" else name.replace("_", "-")
                raise BadInput(
                    f"--{flag} is given, but {what} has nothing that it could choose; expected it for others: remove it"
                )
