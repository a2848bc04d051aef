"""Perplexity and bits a symbol: NLL in the units that those who predict symbols use."""

import math
from collections.abc import Collection

import numpy as np

from gatebench.core.metric import Metric, Predicted, of_sums


def statistics(predicted: Predicted) -> dict[str, np.ndarray]:
    """Return how many symbols are predicted."""
    return {"symbols": predicted.counts.astype(float)} if predicted.target == "symbols" else {}


def metrics(known: Collection[str]) -> list[Metric]:
    """Return both where the next symbol is predicted."""
    both = [
        Metric("perplexity", "perplexity", False, of_sums(lambda sums: np.exp(sums["nll"] / sums["symbols"])),
               "The exponential of the NLL in nats per symbol."),
        Metric("bits", "bits per symbol", False, of_sums(lambda sums: sums["nll"] / sums["symbols"] / math.log(2)),
               "The NLL in bits."),
    ]  # fmt: skip
    return both if {"nll", "symbols"} <= set(known) else []
