"""Settings of a job that no other room has: its task, its seeds, what runs it. Reading them takes no torch."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from gatebench.core.errors import BadInput
from gatebench.core.validation import Count, shown, whole

SEEDS = 1000
"""Seeds that each of several pipelines has: those of pipeline p begin at `SEEDS` (p - 1), which is that of its search."""
MOST_TRIALS = 1_000_000
"""Trials of a sweep at the most: it has the key of each at hand."""

Pipelines = Annotated[int, whole(1, 100_000)]
"""How often a whole procedure is repeated."""


@dataclass(frozen=True)
class PopulationSettings:
    """Which confirming trials there are, and how many members are trained together."""

    seeds: tuple[Annotated[int, whole(1, 2**32 - 1)], ...]
    """Seeds of the confirming trials of the first pipeline; those of others follow from them."""
    max: Count
    """Members of a population at the most."""

    def __post_init__(self) -> None:
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise BadInput(
                f"population.seeds is {shown(list(self.seeds))}, expected different whole numbers from 1 (0 searches)"
            )


@dataclass(frozen=True)
class TaskSettings:
    """What a task makes of a data set."""

    dataset: str
    """Name of its card."""
    predict: str
    """A framing of `gatebench.data.framings`."""
    likelihood: dict[str, Any]
    """``name``, a distribution of `gatebench.training.likelihoods`, and its options."""


@dataclass(frozen=True)
class EngineSettings:
    """What runs the cells."""

    name: str
    """An engine of `gatebench.engines`, or ``auto``."""
    threads: Annotated[int, whole(1, 1024)]
    """Threads of each worker."""


def check_seeds(seeds: Iterable[int], pipelines: int) -> None:
    """Raise ``BadInput`` where seeds are so large that those of several pipelines would meet."""
    largest = max(seeds)
    if pipelines > 1 and largest >= SEEDS:
        raise BadInput(
            f"population.seeds has {largest}, expected numbers below {SEEDS} where there are several pipelines (here "
            f"{pipelines}): each adds {SEEDS} to those of the one before; use smaller seeds, or pipelines=1"
        )
