"""The settings that a search tries: drawn from the study's own seed, the same for every cell; and how a search goes on
where the best of them lies at an edge.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from gatebench.core.hyperparameters import TUNABLE, Hyperparameters
from gatebench.core.validation import Count, Positive, Seed, whole

if TYPE_CHECKING:
    import numpy as np

EDGE = 0.1
"""Outer part of a range at either end, as a share of its width: what is selected there may be better still outside."""
STRETCH = 1 / 3
"""Width of the stretch that an extension adds beyond an end, as a share of the range's."""
FURTHER = 1 / 3
"""Settings that an extension tries, as a share of those of the search."""

Stretches = dict[str, tuple[float, float]]
"""Searched hyperparameter -> from where to where it is searched for, as positions in its range (see `Range.at`)."""


@dataclass(frozen=True)
class Range:
    """Where a search looks for a hyperparameter, log-uniformly."""

    low: Positive
    high: Positive

    def at(self, position: float) -> float:
        """Return the number at a position, of which 0 is low and 1 is high, to four digits."""
        return float(f"{self.low * (self.high / self.low) ** position:.4g}")

    def position(self, number: float) -> float:
        """Return where a number lies, of a range that is wider than one number."""
        return math.log(number / self.low) / math.log(self.high / self.low)


@dataclass(frozen=True)
class SearchSettings:
    """How wide a search is, whatever it is over."""

    size: Annotated[int, whole(1, 100_000)]
    """Settings that are tried."""
    seed: Seed
    """Seed of the draw of settings; that of the trials is another one (see `gatebench.study.job`)."""
    epochs: Count | None
    """Epochs of a trial of the search at the most, with its own decay; None: as many as a confirming trial."""
    sampling: Literal["even", "independent"] = "even"
    """Whether settings are spread evenly, or drawn independently of one another."""
    extend: Annotated[int, whole(0, 10)] = 0
    """How often a search may be extended beyond an edge at which its best setting lies."""


@dataclass(frozen=True)
class SearchResult:
    """What a search came to, as far as its trials are finished."""

    settings: list[Hyperparameters]
    """What is tried, in its order, extensions last; empty where all is given."""
    selected: Hyperparameters | None
    """What was selected; None where trials are missing, or all diverged."""
    edges: list[str]
    """Hyperparameters of which the selected number lies at an edge of what was searched."""


@dataclass(frozen=True, kw_only=True)
class Search(SearchSettings):
    """A random search over those hyperparameters that are ranges; the others are given."""

    space: dict[str, float | Range]
    """Hyperparameter -> its given number, or the range in which it is searched for; all of `TUNABLE`."""

    @property
    def given(self) -> Hyperparameters | None:
        """The one setting there is, where nothing is left to search for."""
        numbers = {name: value for name, value in self.space.items() if not isinstance(value, Range)}
        return Hyperparameters(**numbers) if len(numbers) == len(TUNABLE) else None

    @property
    def largest_extension(self) -> int:
        """Settings that one extension adds at the most, where the best one lies at an edge of every range."""
        return len(self._ranges) * self._further

    def settings(self, pipeline: int = 1) -> list[Hyperparameters]:
        """Return the first ``size`` of an endless list, so that a larger search contains the smaller one.

        A setting is log-uniform over the ranges. Sampled evenly, they are Halton's sequence, shifted by a random number in
        each of its bases (Cranley and Patterson 1976): any first few are spread over the ranges evenly, which independent
        draws of ten are not. Each pipeline has a draw of its own.
        """
        return self._draw([self.seed] if pipeline == 1 else [self.seed, pipeline], self.size, self._whole)

    def result(
        self, pipeline: int, select: Callable[[list[Hyperparameters]], Hyperparameters | None], extensions: int | None = None
    ) -> SearchResult:
        """Follow the search of a pipeline, with its extensions, as far as its trials are finished.

        Where a selected number lies within `EDGE` of an end, as many settings as `FURTHER` says are drawn with that
        hyperparameter in the `STRETCH` beyond, and with the others anywhere in what is then searched; of all of them it is
        selected again, at most ``extend`` times. For every cell alike.

        Parameters
        ----------
        select
            Returns the best of some settings; None where their trials are not finished, or all diverged.
        extensions
            Follow so many extensions at the most; None: all that there may be.

        """
        settings, stretches = self.settings(pipeline), self._whole
        for extension in range(1, (self.extend if extensions is None else extensions) + 1):
            ends = self._ends(select(settings), stretches)
            if not ends:
                break
            beyond = {name: _beyond(stretches[name], end) for name, end in ends.items()}
            stretches = stretches | {name: _union(stretches[name], beyond[name]) for name in ends}
            for name, end in ends.items():
                draw = [self.seed, pipeline, extension, list(TUNABLE).index(name), int(end > 0)]
                settings = settings + self._draw(draw, self._further, stretches | {name: beyond[name]})
        selected = select(settings)
        return SearchResult(settings, selected, list(self._ends(selected, stretches)))

    @property
    def _further(self) -> int:
        return math.ceil(FURTHER * self.size)

    @property
    def _ranges(self) -> dict[str, Range]:
        """Those ranges that are wider than one number."""
        ranges = {name: value for name, value in self.space.items() if isinstance(value, Range)}
        return {name: value for name, value in ranges.items() if value.low < value.high}

    @property
    def _whole(self) -> Stretches:
        return dict.fromkeys(self._ranges, (0.0, 1.0))

    def _ends(self, selected: Hyperparameters | None, stretches: Stretches) -> dict[str, int]:
        """Hyperparameter -> the end of its stretch, -1 or 1, at which the selected number lies; without those at none."""
        if selected is None:
            return {}
        ends = {}
        for name, limits in self._ranges.items():
            (low, high), position = stretches[name], limits.position(getattr(selected, name))
            if not low + EDGE <= position <= high - EDGE:
                ends[name] = -1 if position < low + EDGE else 1
        return ends

    def _draw(self, seed: list[int], count: int, stretches: Stretches) -> list[Hyperparameters]:
        """Draw settings in these stretches; a range of one number is that number."""
        import numpy as np  # for which a command line that only asks how large an extension is does not wait

        shares = self._shares(np.random.default_rng(seed), count)

        def number(name: str, i: int) -> float:
            value = self.space[name]
            if not isinstance(value, Range):
                return value
            low, high = stretches.get(name, (0.0, 1.0))
            return value.at(low + (high - low) * shares[name][i])

        return [Hyperparameters(**{name: number(name, i) for name in TUNABLE}) for i in range(count)]

    def _shares(self, random: "np.random.Generator", count: int) -> dict[str, list[float]]:
        """Hyperparameter -> so many numbers from 0 and below 1; the first few are the same however many there are."""
        if self.sampling == "independent":
            streams = random.spawn(len(TUNABLE))  # one each, so that a search over more of them moves none
            return {name: stream.uniform(size=count).tolist() for name, stream in zip(TUNABLE, streams, strict=True)}
        shifts = {name: random.uniform() for name in TUNABLE}
        return {
            name: [(shifts[name] + van_der_corput(i, tunable.base)) % 1 for i in range(count)]
            for name, tunable in TUNABLE.items()
        }


def _beyond(stretch: tuple[float, float], end: int) -> tuple[float, float]:
    """Return what adjoins a stretch at one of its ends."""
    low, high = stretch
    return (high, high + STRETCH) if end > 0 else (low - STRETCH, low)


def _union(stretch: tuple[float, float], adjoining: tuple[float, float]) -> tuple[float, float]:
    return min(stretch[0], adjoining[0]), max(stretch[1], adjoining[1])


def van_der_corput(i: int, base: int) -> float:
    """Return element ``i`` of van der Corput's sequence: the digits of ``i`` behind the point, the last one first."""
    value, weight = 0.0, 1.0
    while i:
        i, digit = divmod(i, base)
        weight /= base
        value += digit * weight
    return value
