"""Sequences as a model reads them, and what a framing must say of a data set to make them."""

from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, Protocol

import numpy as np

from gatebench.data.cards import Card
from gatebench.data.columns import Scale
from gatebench.data.contents import Arrays


@dataclass(frozen=True)
class Sequence:
    """The inputs ``x [T, X]`` of a model and what it is to predict, ``y [T, Y]``, or ``[1, Y]`` of the whole sequence."""

    x: np.ndarray
    y: np.ndarray
    series: int | None = None
    """The number of the series that it is a window of; None: it is no window, or that is not known."""
    position: int = 0
    """How many windows of its series come before it, those of other splits included."""
    group: int | None = None
    """The number of its group; None: there are no groups."""

    def __len__(self) -> int:
        return len(self.x)

    @property
    def predictions(self) -> int:
        """How many predictions are made of the sequence: as many as it has steps, or one."""
        return len(self.y)


class Framed(NamedTuple):
    """Sequences of every split, and the scales that inputs and outputs were standardised by."""

    splits: dict[str, list[Sequence]]
    input_scale: Scale
    output_scale: Scale
    output_grid: np.ndarray | float = 0.0
    """Step of the grid that outputs lay on before they were dequantised, for each column or one for all; 0: none."""


class Framing(Protocol):
    """How inputs and outputs of a model follow from the sequences of a data set."""

    KINDS: ClassVar[tuple[str, ...]]
    """The kinds of data set that can be framed so."""

    @staticmethod
    def causal(card: Card) -> bool:
        """Whether a model that looks ahead would see what it is to predict."""
        ...

    @staticmethod
    def sizes(card: Card) -> tuple[int, int]:
        """Return how many numbers are read at a step and how many are predicted at once."""
        ...

    @staticmethod
    def predicted_per(card: Card) -> Literal["step", "sequence"]:
        """Return whether there is a prediction for each step or one for the whole sequence."""
        ...

    @staticmethod
    def classes(card: Card) -> int:
        """Return how many symbols or labels there are to choose from; 0 where numbers are predicted."""
        ...

    @staticmethod
    def predicted_kind(card: Card) -> str:
        """Return the kind of what is predicted, which its likelihood must fit: ``symbols`` of a label."""
        ...

    @staticmethod
    def frame(card: Card, arrays: Arrays) -> Framed:
        """Return the sequences of every split as a model reads them."""
        ...

    @staticmethod
    def shared_steps(card: Card, length: int) -> int:
        """Return how many steps at the end of a window of this length the next window of its series begins with.

        They are read there, and not predicted, since this window did not read all of them and has predicted them.
        """
        ...

    @staticmethod
    def next_input(card: Card, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the input ``[X]`` that comes after the input ``x [X]`` where ``y [Y]`` followed it."""
        ...
