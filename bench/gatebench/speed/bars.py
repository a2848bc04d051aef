"""The bars that the project holds its speed to, beside what was measured; they are read, not tested: machines differ."""

from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from gatebench.speed.cases import POPULATION

COLUMNS = ["what", "measured", "bar", "reached"]
"""Columns of the table of bars."""


@dataclass(frozen=True)
class Bar:
    """A least value of a column of the table of updates, for a member of a population of `POPULATION`."""

    what: str
    column: Literal["ratio", "relative_throughput"]
    least: float
    where: dict[str, str | int] = field(default_factory=dict)
    """Column -> its value in the rows that are held to it; the lowest of them counts."""


def _ratio(data: str, batch: int, steps: int, cell: str, units: int, least: float) -> Bar:
    where: dict[str, str | int] = {"data": data, "batch": batch, "steps": steps, "cell": cell, "units": units}
    return Bar(f"{cell} {units}, batch {batch}: times torch.nn", "ratio", least, where)


BARS = [
    _ratio("music", 1, 250, "gru", 46, 120),
    _ratio("music", 1, 250, "rnn", 100, 40),
    _ratio("music", 1, 250, "lstm", 36, 12),
    _ratio("music", 1, 250, "lstm_peephole", 36, 12),
    _ratio("music", 32, 100, "gru", 46, 12),
    _ratio("music", 32, 100, "lstm", 36, 3.5),
    _ratio("dense", 32, 100, "gru", 227, 4.5),
    _ratio("dense", 32, 100, "lstm_peephole", 195, 2.2),
    _ratio("dense", 32, 100, "rnn", 400, 3),
    Bar("speech_synthetic: relative throughput", "relative_throughput", 0.4, {"data": "speech_synthetic"}),
    Bar("music, batch 1: relative throughput", "relative_throughput", 0.5, {"data": "music", "batch": 1}),
    Bar("music, batch 32: relative throughput", "relative_throughput", 0.8, {"data": "music", "batch": 32}),
    Bar("lstm 195: relative throughput", "relative_throughput", 0.8, {"data": "dense", "cell": "lstm"}),
    Bar("gru 227: relative throughput", "relative_throughput", 0.8, {"data": "dense", "cell": "gru"}),
]
"""The bars, in the order in which they are printed."""


def compare(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the bars beside what a table of updates of one machine has; a bar without rows is left out."""
    plain = (rows.work == "update") & (rows.layers == 1) & ~rows.bidirectional.astype(bool)
    rows = rows[plain & (rows.engine == "fused_cpu") & (rows.population == POPULATION)]
    compared = []
    for bar in BARS:
        held = rows
        for name, value in bar.where.items():
            held = held[held[name] == value]
        if len(held):
            measured = float(held[bar.column].min())
            compared.append((bar.what, measured, bar.least, "reached" if measured >= bar.least else "not reached"))
    return pd.DataFrame(compared, columns=COLUMNS)
