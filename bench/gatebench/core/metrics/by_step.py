"""NLL of each step of a horizon: how fast what comes later is harder to predict."""

import math
from collections.abc import Callable, Collection

import numpy as np

from gatebench.core.metric import Metric, Predicted, Sums, of_sums

STEPS = 48
"""Steps of a horizon of which each has an NLL of its own, the first ones."""


def statistics(predicted: Predicted) -> dict[str, np.ndarray]:
    """Return the NLL of what is predicted of each step ahead, in nats."""
    if predicted.nll is None:
        return {}
    of_steps = predicted.nll.T[:STEPS]
    return {f"nll/{step}": predicted.by_sequence(values) for step, values in enumerate(of_steps, 1)}


def metrics(known: Collection[str]) -> list[Metric]:
    """Return the NLL of each step ahead that is there."""
    steps = sorted(int(name.partition("/")[2]) for name in known if name.startswith("nll/"))
    note = "Of what is predicted of this step ahead, by its own distribution."
    return [Metric(f"nll_step_{h}", f"NLL (+{h})", False, of_sums(_mean(h)), note, step=h, least=-math.inf) for h in steps]


def _mean(step: int) -> Callable[[Sums], np.ndarray]:
    return lambda sums: sums[f"nll/{step}"] / sums["steps"]
