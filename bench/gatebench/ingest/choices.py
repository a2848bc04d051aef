"""What a user may decide about sequences that are added; whatever is not decided follows from looking at the data."""

from dataclasses import dataclass
from typing import Literal

from gatebench.core.errors import BadInput

EVERYWHERE = ("kind", "as_target", "likelihood", "split", "window")
"""Choices that apply to every format."""


@dataclass(frozen=True)
class Choices:
    """The options of ``gatebench data add``. None: decided by looking at the data."""

    sequence: str | None = None
    """Column of a table that tells the sequences apart."""
    order: str | None = None
    """Column of a table that puts the steps of a sequence in order."""
    group: str | None = None
    """Column of a table whose value sequences of one group share."""
    label: str | None = None
    """Column of a table that is the target."""
    columns: list[str] | None = None
    """Columns of a table that are the inputs."""
    layout: Literal["series-a-row", "series-a-column", "step-a-row"] | None = None
    """What a row or a column of a table is."""
    kind: Literal["binary", "symbols", "reals"] | None = None
    """What the inputs are."""
    as_target: Literal["label", "value"] | None = None
    """What the target is."""
    likelihood: str | None = None
    """Name of a likelihood."""
    split: Literal["sequence", "group", "time"] | None = None
    """What no two splits share."""
    window: int | None = None
    """Steps of a part that a long sequence is cut into, at the most; 0: it is never cut."""
    step: float | None = None
    """Quarter notes of a time step of MIDI."""
    axes: Literal["NTX", "NXT"] | None = None
    """Order of sequence, time step and column in an array."""
    tokens: Literal["character", "word", "line"] | None = None
    """What a symbol of a text is."""
    sequence_a_line: bool | None = None
    """Whether each line of a text is a sequence."""
    least_count: int | None = None
    """How often a symbol stands in train, at the least, to be one of its own."""

    def check_only(self, what: str, *allowed: str) -> None:
        """Raise ``BadInput`` if a choice is made that means nothing for ``what``: neither `EVERYWHERE` nor ``allowed``."""
        for name, value in vars(self).items():
            if value is not None and name not in (*EVERYWHERE, *allowed):
                raise BadInput(
                    f"--{name} is given, but {what} has nothing that it could choose; expected it for others: remove it"
                )
