"""Baselines: predictors without a recurrent cell. A model that does not beat them learned nothing.

A file of this folder that is named like a kind of data, or of target, has ``fit(card, arrays, origins)``. Each baseline
is fitted on train only and scored like a model (`gatebench.data.baselines.scoring`); of a series it knows what a model does
that carries its state from window to window.
"""

from typing import NamedTuple, Protocol, cast

from gatebench.core import registry
from gatebench.data import framings, series
from gatebench.data.baselines import part as large
from gatebench.data.baselines.measuring import measure
from gatebench.data.baselines.scoring import Baseline, Scores, score
from gatebench.data.cards import BaselineMetrics, Baselines, Card
from gatebench.data.columns import UNSCALED
from gatebench.data.contents import Arrays
from gatebench.data.origins import NO_ORIGINS, Origins
from gatebench.data.predictions import AMOUNTS, Units, predicted_of


class BaselineModule(Protocol):
    """A file of this folder that is named like a kind."""

    def fit(self, card: Card, arrays: Arrays, origins: Origins) -> dict[str, Baseline]:
        """Return the baselines by name; ``origins`` say which arrays are windows of one series."""
        ...


class Computed(NamedTuple):
    """What a card states of its baselines."""

    baselines: Baselines
    baseline_metrics: BaselineMetrics


def restate(card: Card, arrays: Arrays, origins: Origins) -> Computed:
    """Return what a card states of its baselines, or all where it states nothing: cards of earlier versions state less."""
    computed = of_card(card, arrays, origins)
    if not card.baselines:
        return computed
    metrics = {
        name: {metric: value for metric, value in computed.baseline_metrics.get(name, {}).items() if metric in stated}
        for name, stated in card.baseline_metrics.items()
    }
    return Computed({name: one for name, one in computed.baselines.items() if name in card.baselines}, metrics)


def compute(card: Card, arrays: Arrays, origins: Origins = NO_ORIGINS) -> Baselines:
    """Return the scores of the baselines of a card (`of_card`)."""
    return of_card(card, arrays, origins).baselines


def of_card(card: Card, arrays: Arrays, origins: Origins = NO_ORIGINS) -> Computed:
    """Return the baselines of a card: those of the kind of its target, or else of the kind of its sequences.

    ``origins`` say which of its ``arrays`` follow others, as they do for a model. Of a large data set, a part is read
    that is evenly taken (`gatebench.data.baselines.part`).
    """
    part, of_part = large.take(arrays, origins)
    framing = framings.FRAMINGS[framings.name_of(card)]
    joined = series.joined(part, of_part, framing, card)
    path = registry.PACKAGE / "data" / "baselines" / f"{card.target.kind if card.target else card.kind}.py"
    module = cast(BaselineModule, registry.load_module("gatebench.data.baselines", path))
    fitted = module.fit(card, joined, of_part)
    shift = 0.0 if part is arrays else large.shift_of_units(card, arrays, part)
    marked = series.mark(next(iter(fitted.values())).splits, of_part)
    target, at = predicted_of(card), framing.predicted_per(card)
    scale, grid = UNSCALED, 0.0
    if target in AMOUNTS:
        _, _, scale, grid = framing.frame(card, joined)
    units = Units.of(target, at, scale, grid, marked["train"])
    horizon = card.forecast.horizon if card.forecast else 1
    return Computed(
        {name: _shifted(score(baseline), shift) for name, baseline in fitted.items()},
        {name: measure(baseline, units, marked["test"], horizon, shift) for name, baseline in fitted.items()},
    )


def _shifted(scores: Scores, shift: float) -> Scores:
    """Return scores to which something is added, so that they are in the units of the whole data set."""
    return {split: {what: round(nll + shift, 4) for what, nll in of_split.items()} for split, of_split in scores.items()}
