"""What a user may override, and what a reader of files hands on to be decided about."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from gatebench.core.errors import BadInput
from gatebench.data.contents import Kind, Target

MOST = 2**30
"""Bytes of what is added, as files and as numbers in memory."""


@dataclass(frozen=True)
class Choices:
    """Options of ``gatebench data add``; None: decided by looking at the data."""

    sequence: str | None = None
    """Columns of a table, by name: what tells the sequences apart,"""
    order: str | None = None
    """what puts their steps in order,"""
    group: str | None = None
    """what sequences of one group share,"""
    label: str | None = None
    """what is to be told,"""
    columns: list[str] | None = None
    """and what is read."""
    kind: Literal["binary", "symbols", "reals"] | None = None
    as_target: Literal["label", "value"] | None = None
    likelihood: str | None = None
    split: Literal["sequence", "group", "time"] | None = None
    window: int | None = None
    """Steps of a part that a long sequence is cut into, at the most; 0: it is never cut."""
    step: float | None = None
    """Quarter notes of a time step of MIDI."""

    def only(self, what: str, *allowed: str) -> None:
        """``BadInput`` if an option is given that means nothing for ``what``."""
        everywhere = ("kind", "as_target", "likelihood", "split", "window")
        for name, value in vars(self).items():
            if value is not None and name not in (*everywhere, *allowed):
                raise BadInput(
                    f"--{name} is given, but {what} has nothing that it could choose; expected it for others: remove it"
                )


@dataclass(frozen=True)
class Found:
    """Sequences as they stand in files, before anything is decided about them."""

    sequences: list[np.ndarray]
    """What is read, ``[T, X]``."""
    time_step: str
    places: list[str]
    """Where each sequence comes from, for messages."""
    kind: Kind | None = None
    """None: it follows from the numbers."""
    names: tuple[str, ...] = ()
    """Of the columns that are read; of symbols, which numbers they are."""
    told: list[np.ndarray] | None = None
    """What is to be told, ``[T, Y]``, a row for every step."""
    target: Target | None = None
    groups: list[Any] | None = None
    """Of each sequence; None: it has no group."""
    rate: int | None = None
    """Samples of audio a second."""
    lines: list[str] = field(default_factory=list)
    """What its reader decided."""


def small(files: list[Path]) -> None:
    """``BadInput`` if files are more than is looked at."""
    size = 0
    for file in files:
        try:
            size += file.stat().st_size
        except OSError as error:
            raise BadInput(f"{file} cannot be read ({error.strerror}); make it readable, or remove it") from error
        if size > MOST:
            raise BadInput(
                f"{file} brings what is to be added to {size:,} bytes; expected at most {MOST:,}: give a part of it"
            )


def fits(where: str, count: int) -> None:
    """``BadInput`` if so many numbers are more than is kept in memory."""
    if 8 * count > MOST:
        raise BadInput(f"{where} has {count:,} numbers; expected at most {MOST // 8:,}: give a part of it")


def contents(file: Path) -> bytes:
    """The bytes of a file."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadInput(f"{file} cannot be read ({error.strerror}); make it readable, or remove it") from error
