"""The settings that a search tries: drawn once from the study's own seed, the same for every cell."""

from dataclasses import dataclass

import numpy as np

from gatebench.core.hyperparameters import TUNABLE, Hyperparameters
from gatebench.core.validation import Count, Positive


@dataclass(frozen=True)
class Range:
    """Where a search looks for a hyperparameter, log-uniformly."""

    low: Positive
    high: Positive

    def at(self, position: float) -> float:
        """Return the number at a position between 0 (low) and 1 (high), to four digits."""
        return float(f"{self.low * (self.high / self.low) ** position:.4g}")


@dataclass(frozen=True)
class SearchSettings:
    """How wide a search is, whatever it is over."""

    size: Count
    """Settings that are tried."""
    seed: int
    """Seed of the draw of settings; the trials of a search have seed 0."""
    epochs: Count | None
    """Epochs of a trial of the search at the most, with its own decay; None: as many as a confirming trial."""


@dataclass(frozen=True)
class Search(SearchSettings):
    """A random search over those hyperparameters that are ranges; the others are given."""

    space: dict[str, float | Range]
    """Hyperparameter -> its given number, or the range in which it is searched for; all of `TUNABLE`."""

    @property
    def given(self) -> Hyperparameters | None:
        """The one setting there is, where nothing is left to search for."""
        numbers = {name: value for name, value in self.space.items() if not isinstance(value, Range)}
        return Hyperparameters(**numbers) if len(numbers) == len(TUNABLE) else None

    def settings(self) -> list[Hyperparameters]:
        """Return the first ``size`` of an endless list, so that a larger search contains the smaller one.

        Halton's sequence, shifted by a random number in each of its bases (Cranley and Patterson 1976): a setting is
        log-uniform over the ranges, and any first few are spread over them evenly, which independent draws of ten are not.
        """
        random = np.random.default_rng(self.seed)
        shifts = {name: random.uniform() for name in TUNABLE}

        def number(name: str, i: int) -> float:
            value = self.space[name]
            if not isinstance(value, Range):
                return value
            return value.at((shifts[name] + van_der_corput(i, TUNABLE[name].base)) % 1)

        return [Hyperparameters(**{name: number(name, i) for name in TUNABLE}) for i in range(self.size)]


def van_der_corput(i: int, base: int) -> float:
    """Return element ``i`` of van der Corput's sequence: the digits of ``i`` behind the point, the last one first."""
    value, weight = 0.0, 1.0
    while i:
        i, digit = divmod(i, base)
        weight /= base
        value += digit * weight
    return value
