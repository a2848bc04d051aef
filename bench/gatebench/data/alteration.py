"""Piano rolls on another grid, cut short, or without their silence: what a score owes to how music was made into frames."""

from dataclasses import asdict, dataclass
from typing import Annotated

import numpy as np

from gatebench.core.validation import Constraint, Count
from gatebench.data.contents import Arrays


@dataclass(frozen=True)
class Alteration:
    """What is done to every roll, in this order. Its default does nothing."""

    sounding: bool = False
    """Frames in which no key is down are dropped."""
    every: Count = 1
    """Of so many frames the first one is kept: a coarser time step."""
    hold: Count = 1
    """Each frame stands so many times: a finer one."""
    first: Annotated[int, Constraint("a whole number from 2", lambda value: value > 1)] | None = None
    """A roll ends after so many frames."""

    def of(self, rolls: Arrays) -> Arrays:
        """Altered rolls of every split, without those of which fewer than two frames are left."""
        altered = {split: [self.roll(roll) for roll in found] for split, found in rolls.items()}
        return {split: [roll for roll in found if len(roll) > 1] for split, found in altered.items()}

    def roll(self, roll: np.ndarray) -> np.ndarray:
        """One roll, ``[T, keys]``."""
        kept = roll[roll.any(1)] if self.sounding else roll
        return kept[:: self.every].repeat(self.hold, 0)[: self.first]

    @property
    def chosen(self) -> dict[str, int | bool]:
        """What differs from the default, by name."""
        default = asdict(Alteration())
        return {name: value for name, value in asdict(self).items() if value != default[name]}

    @property
    def words(self) -> str:
        """For a title: ``every 2, first 500``."""
        return ", ".join(name if value is True else f"{name} {value}" for name, value in self.chosen.items())
