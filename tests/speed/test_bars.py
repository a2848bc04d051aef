"""Bars: the lowest row that is held to one decides."""

import pandas as pd
import pytest

from gatebench.speed import bars, cases

ROW = {
    "data": "music", "cell": "gru", "units": 46, "layers": 1, "bidirectional": False, "batch": 1, "steps": 250,
    "work": "update", "population": 10, "engine": "fused_cpu", "ratio": 130.0, "relative_throughput": 0.6,
}  # fmt: skip


def compared(*rows):
    table = bars.compare(pd.DataFrame(rows))
    assert list(table.columns) == bars.COLUMNS
    return {row.what: (row.measured, row.bar, row.reached) for row in table.itertuples()}


def test_a_bar_is_reached_or_not():
    times, throughput = "gru 46, batch 1: times torch.nn", "music, batch 1: relative throughput"
    assert compared(ROW) == {times: (130.0, 120, "reached"), throughput: (0.6, 0.5, "reached")}
    assert compared({**ROW, "ratio": 119.9})[times] == (119.9, 120, "not reached")
    assert compared({**ROW, "ratio": 120.0})[times] == (120.0, 120, "reached")


def test_the_lowest_row_counts():
    slower = {**ROW, "cell": "lstm", "units": 36, "relative_throughput": 0.4}
    assert compared(ROW, slower)["music, batch 1: relative throughput"] == (0.4, 0.5, "not reached")


@pytest.mark.parametrize("other", [
    {"population": 1}, {"engine": "reference"}, {"work": "evaluation"}, {"layers": 2}, {"bidirectional": True},
    {"data": "symbols"},
])  # fmt: skip
def test_other_rows_are_held_to_none(other):
    assert compared({**ROW, **other}) == {}


def test_every_bar_has_a_row_that_is_timed():
    rows = []
    for case in cases.cases():
        columns = ("cell", "units", "batch", "steps", "work", "layers", "bidirectional")
        rows.append({**ROW, "data": case.data.name, **{name: getattr(case, name) for name in columns}})
    assert list(compared(*rows)) == [bar.what for bar in bars.BARS]
