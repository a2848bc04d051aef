"""Inference: every cell has its rows, and what is timed is the model's readout."""

import numpy as np
import pytest
import torch

from gatebench.core import registry
from gatebench.models.export import libraries
from gatebench.speed import cases, data, inference
from gatebench.speed.cases import Case
from gatebench.speed.engines import population

CELLS = list(registry.available("cells", ".py"))


def none(_):
    pass


def test_every_cell_has_its_rows(monkeypatch):
    monkeypatch.setattr(cases, "every_cell", lambda: CELLS)
    rows = inference.measure_inference(1, none)
    assert list(rows.columns) == inference.COLUMNS
    assert list(dict.fromkeys(rows.cell)) == CELLS
    for cell, part in rows.groupby("cell"):
        part = part.set_index("engine")
        with_onnx = ["onnxruntime"] if libraries.ONNX.get(cell) else []
        assert sorted(part.index) == sorted(["fused_cpu", "reference", "torch.nn", "exported module", *with_onnx])
        assert part.steps_per_second.gt(0).all()
        assert part.index[part.microseconds_per_step.isna()].tolist() == ["fused_cpu"]  # it makes no single steps


def test_numbers_are_of_one_step_and_of_all(monkeypatch):
    monkeypatch.setattr(inference, "timed", lambda runs, rounds: dict.fromkeys(runs, 0.002))
    for row in inference.rows_of(Case(data.music, "gru", 5, 3, 4, work="evaluation"), 1):
        numbers = dict(zip(inference.COLUMNS, row, strict=True))
        assert numbers["steps_per_second"] == pytest.approx(3 * 4 / 0.002)
        assert numbers["microseconds_per_step"] in (None, pytest.approx(2000))


def results(runs, monkeypatch):
    """What calls give, which they throw away."""
    kept = []
    monkeypatch.setattr(
        inference, "_without_gradient", lambda function: inference.TimedCall(lambda: kept.append(function()))
    )
    for run in runs().values():
        if (value := run.call()) is not None:
            kept.append(value[0])
    return [torch.as_tensor(value).detach() for value in kept]


def network_of(case):
    """The network of a case at its start."""
    model = case.model("reference")
    views = model.views(population(case, model, 1).parameters)
    weights = {name: value[0].numpy() for name, value in views.items()}
    return inference.ExportedNetwork(model.graph, model.inputs, model.units, weights, model.stack, model.at)


@pytest.mark.parametrize("cell", CELLS)
def test_module_and_file_read_out_what_the_model_does(cell, monkeypatch):
    case = Case(data.music, cell, 5, 3, 4, work="evaluation")
    model, network = case.model("reference"), network_of(case)
    rows = population(case, model, 1).parameters
    x = np.stack([sequence.x for sequence in case.sequences()[0]])
    parameters, layers = model.views(rows), model.start(model.views(rows))
    expected = torch.cat([model.advance(parameters, torch.from_numpy(x[:1, t]), layers) for t in range(4)])
    read = [
        *results(lambda: inference._exported(network, x), monkeypatch),
        *results(lambda: inference._onnx(network, x), monkeypatch),
    ]
    flat = [readout.reshape(-1, 88) if len(readout) == 1 else readout[0] for readout in read]
    assert sorted(map(len, flat)) == ([1, 1, 4, 4] if cell in libraries.ONNX else [1, 4])
    for readout in flat:
        assert torch.allclose(readout, expected[: len(readout)], atol=1e-5)


def test_without_onnxruntime_its_rows_are_left_out(monkeypatch):
    monkeypatch.setattr(inference.importlib.util, "find_spec", lambda name: None)
    rows = inference.rows_of(Case(data.music, "gru", 5, 3, 4, work="evaluation"), 1)
    assert [row[4] for row in rows] == ["fused_cpu", "reference", "torch.nn", "exported module"]


@pytest.mark.parametrize("library", ["torch.nn", "exported module"])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_step_goes_on_from_the_last(cell, library, monkeypatch):
    torch.manual_seed(0)
    case = Case(data.music, cell, 5, 1, 4)
    x = case.sequences()[0][0].x

    def two_steps():
        if library == "torch.nn":
            step = inference._torch_step(case, x[:1])
        else:
            step = inference._exported(network_of(case), x[None])[library, inference.LATENCY]
        return {"first": step, "second": step}

    first, second = results(two_steps, monkeypatch)
    assert first.shape == second.shape == (1, 88)
    assert not torch.equal(first, second)
