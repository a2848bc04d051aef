"""Every cell beside the GRU: rows say what they should, and the modules of others are those of the cells."""

import numpy as np
import pytest
import torch

from gatebench.core import registry
from gatebench.graph import trace
from gatebench.graph.cost import cost
from gatebench.speed import cells, data
from gatebench.speed.cases import Case, units
from gatebench.speed.timing import PRODUCT_FLOPS

CELLS = list(registry.available("cells", ".py"))
NAMED = {*cells.LONG_CELLS, *cells.TORCH, *cells.TORCHRECURRENT}


def none(_):
    pass


def test_every_cell_has_rows_at_every_shape():
    rows = cells.measure_cells(1, none)
    assert list(rows.columns) == cells.COLUMNS
    assert set(zip(rows.cell, rows.data, rows.batch, rows.steps, rows.engine, strict=True)) == {
        *((cell, "music", *shape, engine) for cell in ("gru", "lstm_augmented", "mingru") for shape in ((3, 4), (1, 5))
          for engine in ("fused_cpu", "reference")),
        *((cell, "numbers", 2, 6, "fused_cpu") for cell in ("gru", "mingru")),
        ("mingru", "numbers", 2, 6, "mingru-pytorch"),
    }  # fmt: skip
    assert rows.parameters[rows.data == "music"].between(19_600, 20_400).all()
    assert np.allclose(rows.ratio, rows.gru_ms / rows.ms_per_update_per_member)


def test_numbers_are_of_a_member_beside_one_of_the_gru(monkeypatch):
    seconds = {"gru": 20.0, "matrix product": 4.0, "fused_cpu": 30.0, "reference": 8.0}
    monkeypatch.setattr(cells, "timed", lambda runs, rounds: {name: seconds[name[0]] for name in runs})
    case = Case(data.music, "lstm_augmented", 5, 3, 7)
    graph = trace.load("lstm_augmented")
    costs = cost(graph, graph.sizes(88, 5), 88)
    fused, reference = (dict(zip(cells.COLUMNS, row, strict=True)) for row in cells.rows_of(case, 1))
    assert (fused["parameters"], fused["flops_per_step"]) == (costs.parameters_recurrent, costs.flops_per_step)
    assert (fused["ms_per_update_per_member"], fused["gru_ms"], fused["ratio"]) == pytest.approx((3000, 2000, 2 / 3))
    assert (reference["ms_per_update_per_member"], reference["ratio"]) == pytest.approx((8000, 0.25))
    assert fused["relative_throughput"] == pytest.approx(case.flops / 3 / (PRODUCT_FLOPS / 4))


@pytest.mark.parametrize("data_kind", [data.music, data.numbers], ids=lambda kind: kind.name)
@pytest.mark.parametrize("cell", sorted({*cells.TORCH, *cells.TORCHRECURRENT, "mingru"}))
def test_a_module_of_others_has_the_outputs_and_the_size_of_the_cell(cell, data_kind):
    case = Case(data_kind, cell, 20, 3, 4)
    layer = cells.layer_of_others(case)
    if (cell, data_kind) == ("mingru", data.music):
        assert layer is None, "it is as wide as its input, or a multiple"
        return
    outputs = layer[1](torch.zeros(4, 3, data_kind.inputs))[0]
    assert outputs.shape == (4, 3, 20)
    graph = trace.load(cell)
    ours = cost(graph, graph.sizes(data_kind.inputs, 20), 0).parameters_recurrent
    # Some have two biases for one, or none; matrices are the same.
    theirs = sum(p.numel() for name, p in layer[1].named_parameters() if p.dim() > 1)
    assert abs(ours - theirs) <= 20 * 12


def test_cells_of_the_long_shape_and_of_libraries_are_cells():
    assert set(CELLS) >= NAMED
    assert {units(cell, data.KEYS, 20_000) for cell in cells.TORCH} == {104, 48, 39}
