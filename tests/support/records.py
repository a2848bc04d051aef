"""A record that is written by hand, with numbers that are awkward to keep."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gatebench.core.hyperparameters import Hyperparameters
from gatebench.records import parts
from gatebench.records.schema import (
    CURVE,
    PREDICTIONS,
    SEQUENCES,
    STATISTICS,
    TABLES,
    Labels,
    Machine,
    Point,
    Provenance,
    Record,
    Score,
    Summary,
    TrialSettings,
)

WEIGHTS = {"W": np.linspace(0, 1, 6, dtype=np.float32).reshape(2, 3), "b_h": np.zeros((1, 3), np.float32)}
# A number that no short text gives exactly, one that is not there, and one with an exponent.
AWKWARD = [0.1 + 0.2, float("nan"), 1e-300]
LABELS = Labels("tiny", "gru", "units_64", "modern")


def make_record(key: str = "0123456789abcdef", seconds: float = 1.5, **summary: Any) -> Record:
    """A record as a trial leaves it, with a score that is not a number; ``summary`` replaces entries of its summary."""
    values = [[1, 4, seconds, split, nll, nll] for split in ("train", "valid") for nll in AWKWARD]
    return Record(
        key=key,
        settings=TrialSettings(
            framing="next_step, bernoulli", content="c0ffee", equations="e9", sizes={"H": 3},
            training={"weight_noise": 0.0}, lr=0.01, seed=1, task="tiny", dataset="tiny", predict="next_step",
            likelihood={"name": "bernoulli"}, cell="gru", options={},
        ),
        summary=replace(
            Summary(
                status="finished",
                scores={"train": Score(0.1 + 0.2, 2.0), "test": Score(None, 1.0)},
                best_epoch=3, epochs=3, updates=3, seconds=seconds, units=3, inputs=3, parameters_recurrent=3,
                parameters_total=3, flops_per_step=3, state_size=3, engine="reference", population_size=3, device="cpu",
                title="Tiny", synthetic=True, baselines={},
            ),
            **summary,
        ),
        provenance=Provenance(None, {"gatebench": "0", "torch": "2"}, Machine(None, 2), 1),
        equations=[r"h = \tanh(W x)", "ä"],
        curve=pd.DataFrame(values, columns=CURVE),
        sequences=pd.DataFrame([[i, 7 + i, nll] for i, nll in enumerate(AWKWARD)], columns=SEQUENCES),
        statistics=pd.DataFrame(
            [(0, "hits", AWKWARD[0]), (2, "hits", 4.0), (1, "misses", AWKWARD[2]), (0, "false_alarms", 0.0)],
            columns=STATISTICS,
        ),
        predictions=pd.DataFrame([(0, i, 0, nll, 1.5) for i, nll in enumerate(AWKWARD)], columns=PREDICTIONS),
    )  # fmt: skip


def tables_of(record: Record) -> dict[str, pd.DataFrame]:
    """The tables of a record by name."""
    return {name: getattr(record, name) for name in TABLES}


def make_point(
    search: list[str], confirm: list[str], lr: float | None = 0.01, planned: int | None = None, pipeline: int = 1
) -> Point:
    """A point of a study; ``lr`` is what its search selected, None if that is not known."""
    selected = None if lr is None else Hyperparameters(lr)
    return Point(LABELS, search, selected, confirm, len(confirm) if planned is None else planned, pipeline)


def alter(folder: Path, change: Callable[[str], str], name: str = parts.RECORD) -> None:
    """Change a part of a record as if a trial had left it so: its checksum fits."""
    (folder / name).write_text(change((folder / name).read_text()))
    seal(folder)


def seal(folder: Path) -> None:
    """Give a record checksums of what its folder has."""
    sums = folder / parts.SUMS
    sums.unlink(missing_ok=True)
    sums.write_bytes(parts.sums_of({file.name: file.read_bytes() for file in folder.iterdir()}))
