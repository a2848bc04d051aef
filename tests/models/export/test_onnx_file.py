"""ONNX: what onnxruntime makes of the file is what the model in PyTorch makes of it."""

import numpy as np
import onnx
import onnxruntime
import pytest

from gatebench.graph import trace
from gatebench.models.export import onnx_file
from support.exported import INPUTS, exported_module, module_readout, random_network, random_sequences, without_onnx

LENGTHS = [4, 7, 1]
CELLS = ["gru", "gru_reset_after", "lstm", "lstm_peephole", "rnn"]


def run(file, x, lengths):
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x.astype(np.float32), "lengths": np.array(lengths, np.int32)})[0]


@pytest.mark.parametrize("at", ["step", "sequence"])
@pytest.mark.parametrize(("layers", "bidirectional"), [(1, False), (2, True)])
@pytest.mark.parametrize("name", CELLS)
def test_onnxruntime_agrees(name, layers, bidirectional, at):
    network, x = random_network(trace.load(name), layers, bidirectional, at), random_sequences()
    file = onnx_file.onnx_bytes(network)
    for lengths in (LENGTHS, [7, 7, 7]):
        readouts, expected = run(file, x, lengths), module_readout(exported_module(network), x, lengths)
        for b, steps in enumerate(lengths):
            inside = ... if at == "sequence" else slice(steps)
            np.testing.assert_allclose(readouts[b][inside], expected[b][inside], rtol=0, atol=1e-5)


def test_its_own_operators_compute_the_cell():
    for name, operator in (("rnn", "RNN"), ("lstm", "LSTM"), ("lstm_peephole", "LSTM"), ("gru", "GRU")):
        graph = onnx.load_from_string(onnx_file.onnx_bytes(random_network(trace.load(name)))).graph
        assert [node.op_type for node in graph.node if node.op_type in ("RNN", "LSTM", "GRU")] == [operator]
        assert [value.name for value in graph.input] == ["x", "lengths"]


def test_any_batch_and_any_length():
    file = onnx_file.onnx_bytes(random_network(trace.load("gru")))
    assert run(file, np.zeros((1, 1, INPUTS)), [1]).shape == (1, 1, 3)
    assert run(file, np.zeros((5, 20, INPUTS)), [20] * 5).shape == (5, 20, 3)


@pytest.mark.parametrize("name", ["lstm_sherstinsky", "lstm_augmented"])
def test_a_cell_that_onnx_does_not_have(name):
    assert onnx_file.reason_without_onnx(random_network(trace.load(name))) == f"ONNX has no operator that computes {name}"


def test_without_the_extra(monkeypatch):
    without_onnx(monkeypatch)
    reason = onnx_file.reason_without_onnx(random_network(trace.load("gru")))
    assert reason == "it takes a package that is not installed: pip install 'gatebench[onnx]'"
