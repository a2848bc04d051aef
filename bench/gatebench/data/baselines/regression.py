"""What a target is regressed on."""

from gatebench.data.cards import Card
from gatebench.data.contents import Arrays
from gatebench.data.framings import target
from gatebench.data.sequences import Sequence


def pair(card: Card, arrays: Arrays) -> dict[str, list[Sequence]]:
    """Return the target of a step beside the inputs at it, that of a sequence beside the mean of its inputs over time."""
    splits = target.frame(card, arrays).splits
    if target.predicted_per(card) == "step":
        return splits
    return {
        split: [Sequence(sequence.x.mean(0, dtype=float)[None], sequence.y) for sequence in sequences]
        for split, sequences in splits.items()
    }
