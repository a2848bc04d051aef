"""What a trained member leaves."""

from dataclasses import dataclass

import numpy as np

from gatebench.training.metrics import Measured


@dataclass
class Outcome:
    """What one member leaves: its best-validation weights, their scores, and its learning curve."""

    status: str
    """``finished`` or ``diverged`` (a loss or a gradient was not finite)."""
    curve: list[dict[str, str | float]]
    """Rows ``epoch, update, seconds, split, nll, nll_sequence_mean``; ``train`` is the mean over the epoch's updates."""
    scores: dict[str, dict[str, float]]
    """Split -> ``nll`` and ``nll_sequence_mean`` in nats per time step, at the best validation point."""
    sequences: dict[str, np.ndarray]
    """The test split in its order: predicted ``steps`` of each sequence, and its ``nll``, the sum over them in nats."""
    measured: Measured
    """What metrics are computed from, of the test split; nothing where there is no best validation point."""
    weights: dict[str, np.ndarray]
    """Parameter name -> ``[rows, columns]``."""
    best_epoch: int
    """The epoch of the best validation NLL, counted from 1; 0 if there was none before the member diverged."""
    epochs: int
    updates: int
    seconds: float
    """Wall time of training and validation; a population's is shared evenly by its active members."""
    core_seconds: float | None
    """Processor time of the same, of all threads; None where it is not known, as on a GPU."""
