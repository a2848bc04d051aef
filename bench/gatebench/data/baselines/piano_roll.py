"""Baselines of piano rolls: those of any zeros and ones, a column for each key."""

from gatebench.data.baselines import binary
from gatebench.data.cards import Baselines, Card
from gatebench.data.contents import Arrays
from gatebench.data.origins import Origins


def compute(card: Card, arrays: Arrays, origins: Origins) -> Baselines:
    """Return *unigram* and *markov*, each key on its own."""
    return binary.compute(card, arrays, origins)
