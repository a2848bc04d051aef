"""The table of updates: its rows say what they should."""

import numpy as np
import pytest

from gatebench.graph import trace
from gatebench.graph.cost import cost
from gatebench.speed import data, updates
from gatebench.speed.cases import Case
from gatebench.speed.timing import PRODUCT_FLOPS


def none(_):
    pass


def test_a_row_is_what_its_columns_say():
    rows = updates.measure_updates(1, none)
    assert list(rows.columns) == updates.COLUMNS
    assert np.allclose(rows.ratio, rows.beside_ms / rows.ms_per_update_per_member)
    assert rows.groupby("data").size().index.tolist() == sorted(
        kind.name for kind in (data.music, data.dense, data.speech, data.synthetic, data.symbols, data.labels)
    )
    for _, part in rows.groupby(updates.COLUMNS[: updates.COLUMNS.index("population")]):
        beside = part.iloc[0].beside
        engine, population = ("reference", 10) if beside.startswith("reference") else ("torch.nn", 1)
        rows_beside = part[(part.engine == engine) & (part.population == population)]
        assert rows_beside.ratio.tolist() == [1.0]
        assert {("reference", 1), ("fused_cpu", 1), ("fused_cpu", 10)} <= set(zip(part.engine, part.population, strict=True))
        assert part.beside_ms.nunique() == 1
        # One roof for all rows of a case: their fractions are as their times.
        flops = part.relative_throughput * part.ms_per_update_per_member
        assert np.allclose(flops, flops.iloc[0])


def fixed_times(runs, rounds):
    return {name: 2.0 * name[1] for name in runs}


@pytest.mark.parametrize(("work", "passes"), [("update", 3), ("evaluation", 1)])
def test_the_fraction_counts_layer_and_readout(monkeypatch, work, passes):
    monkeypatch.setattr(updates, "timed", fixed_times)
    graph = trace.load("gru")
    forward = cost(graph, graph.sizes(88, 5), 88).flops_per_step + 2 * 5 * 88
    rate = PRODUCT_FLOPS / 2.0
    for row in updates.rows_of(Case(data.music, "gru", 5, 1, 7, work=work), 1, none):
        assert row["relative_throughput"] == pytest.approx(passes * forward * 7 / 2.0 / rate)


def test_a_label_is_read_out_once_and_layers_count_both(monkeypatch):
    monkeypatch.setattr(updates, "timed", fixed_times)
    graph = trace.load("lstm")
    layer = cost(graph, graph.sizes(20, 4), 0).flops_per_step
    case = Case(data.labels, "lstm", 4, 3, 5)
    assert case.flops == 3 * 3 * (5 * layer + 2 * 4 * data.CLASSES)
    above = cost(graph, graph.sizes(4, 4), 0).flops_per_step
    assert Case(data.labels, "lstm", 4, 3, 5, layers=2).flops == case.flops + 3 * 3 * 5 * above


def test_the_reference_is_left_out_of_long_sequences(monkeypatch):
    monkeypatch.setattr(updates, "LONG", 7)
    monkeypatch.setattr(updates, "timed", fixed_times)
    engines = [row["engine"] for row in updates.rows_of(Case(data.music, "gru", 5, 1, 7), 1, none)]
    assert engines == ["fused_cpu", "fused_cpu", "torch.nn"]
