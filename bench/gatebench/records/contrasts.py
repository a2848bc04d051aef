"""The family of contrasts of a study: which pairs of cells are tested, declared before it is run."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple


@dataclass(frozen=True)
class Contrasts:
    """Pairs of cells that are tested within each comparison group: every pair, unless the one or the other is given."""

    against: str = ""
    """Cell that every other one is tested against; empty: there is none."""
    pairs: tuple[tuple[str, str], ...] = ()
    """The pairs that are tested; empty: they are not listed."""

    @property
    def are_all(self) -> bool:
        """Whether every pair is tested."""
        return self == ALL

    def __contains__(self, pair: tuple[str, str]) -> bool:
        if self.against:
            return self.against in pair
        return not self.pairs or pair in self.pairs or pair[::-1] in self.pairs

    def __str__(self) -> str:
        """Write the family as ``all pairs``, ``every cell against gru`` or ``lstm with gru, rnn with gru``."""
        if self.against:
            return f"every cell against {self.against}"
        return ", ".join(f"{a} with {b}" for a, b in self.pairs) or "all pairs"

    def among(self, cells: Iterable[str]) -> list[tuple[str, str]]:
        """Return those pairs of some cells that are tested, in the order of the cells."""
        return [pair for pair in combinations(cells, 2) if pair in self]


ALL = Contrasts()
"""Every pair of the cells of a comparison group."""


class Declaration(NamedTuple):
    """Which pairs of cells a study tests, and whether that was said before there were results."""

    contrasts: Contrasts = ALL
    """The family that is tested."""
    before: Contrasts | None = None
    """The family that was declared before there were results, where another one took its place later."""


UNDECLARED = Declaration()
"""Every pair, which nobody needs to declare."""
