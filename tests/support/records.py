"""A record that is written by hand, with numbers that are awkward to keep."""

import numpy as np
import pandas as pd

from gatebench.records import shape
from gatebench.records.record import CURVE, SEQUENCES, Record

WEIGHTS = {"W": np.linspace(0, 1, 6, dtype=np.float32).reshape(2, 3), "b_h": np.zeros((1, 3), np.float32)}
# A number that no short text gives exactly, one that is not there, and one with an exponent.
AWKWARD = [0.1 + 0.2, float("nan"), 1e-300]


def make_record(key: str = "0123456789abcdef", seconds: float = 1.5) -> Record:
    """A record as a trial leaves it, with a score that is not a number."""
    scores = {"train": {"nll": 0.1 + 0.2, "nll_sequence_mean": 2.0}, "test": {"nll": float("nan"), "nll_sequence_mean": 1.0}}
    values = [[1, 4, seconds, split, nll, nll] for split in ("train", "valid") for nll in AWKWARD]
    return Record(
        key=key,
        settings={
            "task": "tiny", "cell": "gru", "lr": 0.01, "seed": 1, "sizes": {"H": 3}, "training": {"weight_noise": 0.0},
        },
        summary={
            "status": "finished", "scores": scores, "seconds": seconds, "engine": "reference", "device": "cpu",
            "title": "Tiny", "synthetic": True, "baselines": {}, **dict.fromkeys((*shape.COUNTS, *shape.COSTS), 3),
        },
        provenance={
            "commit": None, "versions": {"gatebench": "0", "torch": "2"}, "machine": {"processor": None, "cores": 2},
            "threads": 1,
        },
        equations=[r"h = \tanh(W x)", "ä"],
        curve=pd.DataFrame(values, columns=CURVE),
        sequences=pd.DataFrame([[i, 7 + i, nll] for i, nll in enumerate(AWKWARD)], columns=SEQUENCES),
    )  # fmt: skip
