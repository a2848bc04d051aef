"""Predictions beside what was true, in the units of the data: what metrics are computed from, of a model or a baseline."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from gatebench.core.metric import Predicted
from gatebench.data.cards import Card
from gatebench.data.columns import Scale
from gatebench.data.sequences import Sequence

AMOUNTS = ("value", "reals", "audio")
"""What is predicted in units."""


def predicted_of(card: Card) -> str:
    """Return what is predicted: ``label`` or ``value`` of a target, or else the kind of the sequences, which go on."""
    return card.kind if card.target is None else "binary" if card.target.kind == "labels" else card.target.kind


def in_units(outputs: np.ndarray, scale: Scale) -> np.ndarray:
    """Return standardised outputs ``[..., Y]`` in the units of the data."""
    return outputs.astype(float) * scale.std + scale.mean


def without_noise(outputs: np.ndarray, grid: np.ndarray | float) -> np.ndarray:
    """Return outputs ``[..., Y]``, in the units of the data, as they were before noise dequantised them."""
    steps = np.broadcast_to(grid, outputs.shape[-1:])
    return np.where(steps > 0, np.rint(outputs / np.where(steps > 0, steps, 1)) * steps, outputs)


@dataclass(frozen=True)
class Units:
    """What is predicted, and what turns standardised numbers into those of the data."""

    target: str
    """What is predicted, as `predicted_of` says it."""
    at: Literal["step", "sequence"]
    """How often something is predicted."""
    scale: Scale
    """What outputs were standardised by."""
    grid: np.ndarray | float
    """Step of the grid that outputs lay on before they were dequantised, for each column or one for all; 0: none."""
    naive: np.ndarray | None
    """Mean absolute change from step to step in train of each output, ``[Y]``; None where there is no such order."""

    @staticmethod
    def of(
        target: str, at: Literal["step", "sequence"], scale: Scale, grid: np.ndarray | float, train: list[Sequence]
    ) -> "Units":
        """Return the units of what is predicted of the sequences of ``train``."""
        naive = None
        if target in ("value", "reals") and at == "step":
            naive = _mean_change([without_noise(in_units(s.y, scale), grid) for s in train])
        return Units(target, at, scale, grid, naive)

    def predicted(self, sequences: list[Sequence], mean: np.ndarray, nll: np.ndarray | None = None) -> Predicted:
        """Return the predictions ``mean [M, P]`` of sequences beside what was true, and the NLL of steps ahead."""
        counts, true = np.array([s.predictions for s in sequences]), np.concatenate([s.y for s in sequences])
        mean = mean.astype(float)
        if self.target not in AMOUNTS:
            return Predicted(self.target, self.at, mean, true, counts, nll=nll)
        scale = np.atleast_1d(np.asarray(self.scale.std, float))
        true = without_noise(in_units(true, self.scale), self.grid)
        return Predicted(self.target, self.at, in_units(mean, self.scale), true, counts, scale, self.naive, nll)


def _mean_change(values: list[np.ndarray]) -> np.ndarray | None:
    """Return the mean absolute change from step to step of each column of sequences; None if one never changes."""
    changes = np.concatenate([np.abs(np.diff(of_sequence, axis=0)) for of_sequence in values])
    mean = changes.mean(0) if len(changes) else np.zeros(1)
    return mean if (mean > 0).all() else None
