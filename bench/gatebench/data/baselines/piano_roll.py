"""Baselines of piano rolls: those of any zeros and ones, a column for each key."""

from gatebench.data.baselines import binary
from gatebench.data.baselines.scoring import Baseline
from gatebench.data.cards import Card
from gatebench.data.contents import Arrays
from gatebench.data.origins import Origins


def fit(card: Card, arrays: Arrays, origins: Origins) -> dict[str, Baseline]:
    """Return *unigram* and *markov*, each key on its own."""
    return binary.fit(card, arrays, origins)
