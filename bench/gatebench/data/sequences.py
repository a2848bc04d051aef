"""Sequences as a model reads them, and what a framing must say of a data set to make them."""

from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, Protocol

import numpy as np

from gatebench.data.cards import Card
from gatebench.data.columns import Scale
from gatebench.data.contents import Arrays


@dataclass(frozen=True)
class Sequence:
    """What is read, ``x [T, X]``, and what is predicted, ``y [T, Y]``: of each step, or ``[1, Y]`` of the whole sequence."""

    x: np.ndarray
    y: np.ndarray

    def __len__(self) -> int:
        return len(self.x)

    @property
    def predicted(self) -> int:
        """Predictions: as many as steps, or one."""
        return len(self.y)


class Framed(NamedTuple):
    """Sequences of every split, with what their two sides were standardised by."""

    splits: dict[str, list[Sequence]]
    read: Scale
    predicted: Scale


class Framing(Protocol):
    """How what is predicted follows from the sequences of a data set."""

    KINDS: ClassVar[tuple[str, ...]]
    """The kinds of data set that can be framed so."""
    causal: ClassVar[bool]
    """Whether a model that looks ahead would see what it is to predict."""

    @staticmethod
    def sizes(card: Card) -> tuple[int, int]:
        """Numbers that are read at a step and numbers that are predicted at once."""
        ...

    @staticmethod
    def at(card: Card) -> Literal["step", "sequence"]:
        """What there is a prediction of."""
        ...

    @staticmethod
    def classes(card: Card) -> int:
        """Symbols or labels to choose from; 0 where numbers are predicted."""
        ...

    @staticmethod
    def of(card: Card) -> str:
        """The kind of what is predicted, which its likelihood must fit: ``symbols`` also of a label, ``reals`` of values."""
        ...

    @staticmethod
    def frame(card: Card, arrays: Arrays) -> Framed:
        """The sequences of every split as a model reads them."""
        ...

    @staticmethod
    def follow(card: Card, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """What is read at the next step, where ``x [X]`` was read and ``y [Y]`` turned out to follow."""
        ...
