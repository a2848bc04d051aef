"""Baselines: trivial predictors of a data set. A model that does not beat them learned nothing.

A file of this folder that is named like a kind of data, or of target, has ``compute(card, arrays, origins)``. Each baseline
is fitted on train only and scored like a model (`gatebench.data.baselines.scoring`); of a series it knows what a model does
that carries its state from window to window.
"""

from typing import Protocol, cast

from gatebench.core import registry
from gatebench.data import framings, series
from gatebench.data.baselines import part as large
from gatebench.data.cards import Baselines, Card
from gatebench.data.contents import Arrays
from gatebench.data.origins import NO_ORIGINS, Origins


class BaselineModule(Protocol):
    """A file of this folder that is named like a kind."""

    def compute(self, card: Card, arrays: Arrays, origins: Origins) -> Baselines:
        """Return baseline -> split -> NLL; ``origins`` say which arrays are windows of one series."""
        ...


def restate(card: Card, arrays: Arrays, origins: Origins) -> Baselines:
    """Return those baselines of a card that it names, or all where it names none: cards of earlier versions have fewer."""
    computed = compute(card, arrays, origins)
    return {name: scores for name, scores in computed.items() if name in card.baselines or not card.baselines}


def compute(card: Card, arrays: Arrays, origins: Origins = NO_ORIGINS) -> Baselines:
    """Return the baselines of a card: those of the kind of its target, or else of the kind of its sequences.

    ``origins`` say which of its ``arrays`` follow others, as they do for a model. Of a large data set, a part is read
    that is evenly taken (`gatebench.data.baselines.part`).
    """
    part, of_part = large.take(arrays, origins)
    joined = series.joined(part, of_part, framings.FRAMINGS[framings.name_of(card)], card)
    path = registry.PACKAGE / "data" / "baselines" / f"{card.target.kind if card.target else card.kind}.py"
    module = cast(BaselineModule, registry.load_module("gatebench.data.baselines", path))
    computed = module.compute(card, joined, of_part)
    if part is arrays:
        return computed
    shift = large.shift_of_units(card, arrays, part)
    return {
        name: {split: {what: round(nll + shift, 4) for what, nll in of_split.items()} for split, of_split in scores.items()}
        for name, scores in computed.items()
    }
