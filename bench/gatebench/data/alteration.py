"""Altered piano rolls: on another grid, cut short, or without their silence.

They show what a score owes to how music became frames.
"""

from dataclasses import asdict, dataclass
from typing import Annotated

import numpy as np

from gatebench.core.validation import MOST, Count, whole
from gatebench.data.contents import Arrays


@dataclass(frozen=True)
class Alteration:
    """What is done to every piano roll, in the order of the fields. The default does nothing."""

    sounding: bool = False
    """Whether frames in which no key is down are dropped."""
    every: Count = 1
    """Number of frames of which only the first remains: a coarser time step."""
    hold: Annotated[int, whole(1, 1000)] = 1
    """How often each frame is repeated: a finer time step."""
    first: Annotated[int, whole(2, MOST)] | None = None
    """How many frames of a roll remain at most; None: all."""

    def apply(self, rolls: Arrays) -> Arrays:
        """Return the altered rolls of every split, without those that have fewer than two frames left."""
        altered = {split: [self.alter(roll) for roll in rolls_of_split] for split, rolls_of_split in rolls.items()}
        return {split: [roll for roll in rolls_of_split if len(roll) > 1] for split, rolls_of_split in altered.items()}

    def alter(self, roll: np.ndarray) -> np.ndarray:
        """Return one altered roll ``[T', keys]`` of a roll ``[T, keys]``."""
        frames = roll[roll.any(1)] if self.sounding else roll
        return frames[:: self.every].repeat(self.hold, 0)[: self.first]

    @property
    def settings(self) -> dict[str, int | bool]:
        """Fields that differ from the default, by name."""
        default = asdict(Alteration())
        return {name: value for name, value in asdict(self).items() if value != default[name]}

    @property
    def title(self) -> str:
        """The settings as words for a title: ``every 2, first 500``."""
        return ", ".join(name if value is True else f"{name} {value}" for name, value in self.settings.items())
