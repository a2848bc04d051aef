"""gatebench: which recurrent cell should I use, an LSTM or a GRU? Answered with evidence."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

__version__ = "0.1.0"


def load(key: str, results: str = "results") -> "nn.Module":
    """The model of a finished trial with its trained weights; its ``settings`` say what it reads and what its readout means.

    ``model(x)`` gives the readout of ``x [B, T, X]``, ``model(x, lengths)`` that of padded sequences; a causal model also
    goes step by step: ``readout, state = model.step(x_t, state)``. ``gatebench export`` writes the same as a folder.
    """
    from pathlib import Path

    from gatebench.models.export import trial

    return trial.load(key, Path(results))
