"""Layers, directions, padding and single steps, beside NumPy that was written for this test alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from gatebench.core.errors import BadInput
from gatebench.graph import trace
from support.exported import (
    CELLS,
    exported_module,
    module_readout,
    random_network,
    random_sequences,
    reference_readout,
    write_odd_cell,
)

LENGTHS = [4, 7, 1]
STACKS = [
    (layers, bidirectional, at) for layers in (1, 2, 3) for bidirectional in (False, True) for at in ("step", "sequence")
]


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def gru(p, x):
    h = np.zeros(p["U"].shape[0])
    for x_t in x:
        z = sigmoid(x_t @ p["W_z"] + h @ p["U_z"] + p["b_z"][0])
        r = sigmoid(x_t @ p["W_r"] + h @ p["U_r"] + p["b_r"][0])
        h = (1 - z) * h + z * np.tanh(x_t @ p["W"] + (r * h) @ p["U"] + p["b_h"][0])
        yield h


def gru_reset_after(p, x):
    h = np.zeros(p["U"].shape[0])
    for x_t in x:
        z = sigmoid(x_t @ p["W_z"] + h @ p["U_z"] + p["b_z"][0])
        r = sigmoid(x_t @ p["W_r"] + h @ p["U_r"] + p["b_r"][0])
        h = (1 - z) * h + z * np.tanh(x_t @ p["W"] + p["b_h"][0] + r * (h @ p["U"] + p["b_u"][0]))
        yield h


def lstm(p, x):
    h = c = np.zeros(p["U_c"].shape[0])
    for x_t in x:
        i, f, o, g = (x_t @ p[f"W_{k}"] + h @ p[f"U_{k}"] + p[f"b_{k}"][0] for k in "ifoc")
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        yield h


def lstm_augmented(p, x):
    """With a window of two: the input of now and of the step before."""
    v, s = np.zeros(p["W_vcu"].shape[0]), np.zeros(p["W_scu"].shape[0])
    for n, x_n in enumerate(x):
        past = x[n - 1] if n else 0 * x_n
        g_cu, g_cs, g_cx = (
            sigmoid(x_n @ p[f"W_x{k}"] + past @ p[f"W_x{k}_1"] + s @ p[f"W_s{k}"] + v @ p[f"W_v{k}"] + p[f"b_{k}"][0])
            for k in ("cu", "cs", "cx")
        )
        u = np.tanh(g_cx * (x_n @ p["W_xdu"] + past @ p["W_xdu_1"]) + v @ p["W_vdu"] + p["b_du"][0])
        s = g_cs * s + g_cu * u
        g_cr = sigmoid(x_n @ p["W_xcr"] + past @ p["W_xcr_1"] + s @ p["W_scr"] + v @ p["W_vcr"] + p["b_cr"][0])
        v = (g_cr * np.tanh(s)) @ p["W_qdr"]
        yield v


ORACLES = [(gru, {}), (gru_reset_after, {}), (lstm, {}), (lstm_augmented, {"length": 2})]


def expected(cell, network, x):
    """Readout of one sequence ``[T, X]``."""
    for layer in range(1, len(network.layers) + 1):
        prefix, sides = f"{layer}." if layer > 1 else "", []
        for back in ["", "back."] if network.stack.bidirectional else [""]:
            weights = {name: network.weights[f"{prefix}{back}{name}"] for name in network.graph.parameters}
            h = np.stack(list(cell(weights, x[::-1] if back else x)))
            sides.append(h[::-1] if back else h)
        x = np.concatenate(sides, -1)
    if network.at == "sequence":
        x = np.concatenate([sides[0][-1], *(side[0] for side in sides[1:])])
    return x @ network.weights["readout_W"] + network.weights["readout_b"][0]


@pytest.mark.parametrize(("layers", "bidirectional", "at"), STACKS)
@pytest.mark.parametrize(("cell", "options"), ORACLES, ids=lambda value: getattr(value, "__name__", ""))
def test_stacks_are_their_equations_and_padding_changes_nothing(cell, options, layers, bidirectional, at):
    network = random_network(trace.load(cell.__name__, **options), layers, bidirectional, at)
    x = random_sequences()
    x[0, 4:] = np.nan  # padding may be anything
    x[2, 1:] = 1e9
    readouts = module_readout(exported_module(network), x, LENGTHS)
    for b, steps in enumerate(LENGTHS):
        within = readouts[b] if at == "sequence" else readouts[b, :steps]
        np.testing.assert_allclose(within, expected(cell, network, x[b, :steps]), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("bidirectional", "at"), [(False, "step"), (True, "step"), (True, "sequence")])
@pytest.mark.parametrize(("name", "options"), CELLS, ids=str)
def test_a_padded_batch_is_its_sequences_alone(name, options, bidirectional, at):
    """Of every cell, and of the reference engine; one that looks ahead sees zeros behind the end, not padding."""
    network, x = random_network(trace.load(name, **options), 2, bidirectional, at), random_sequences()
    built = exported_module(network)
    readouts = module_readout(built, x, LENGTHS)
    for b, steps in enumerate(LENGTHS):
        within = readouts[b] if at == "sequence" else readouts[b, :steps]
        alone = x[b : b + 1, :steps]
        np.testing.assert_allclose(within, module_readout(built, alone)[0], rtol=0, atol=1e-12)
        np.testing.assert_allclose(within, reference_readout(network, alone)[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize(("name", "options"), CELLS, ids=str)
def test_step_by_step_is_all_at_once(name, options, layers):
    network, x = random_network(trace.load(name, **options), layers), random_sequences()
    built, state, seen = exported_module(network), None, []
    if not network.causal:
        with pytest.raises(NotImplementedError, match="reads what comes later"):
            built.step(torch.from_numpy(x[:, 0]))
        return
    for t in range(x.shape[1]):
        with torch.no_grad():
            now, state = built.step(torch.from_numpy(x[:, t]), state)
        seen.append(now.numpy())
    np.testing.assert_allclose(np.stack(seen, 1), module_readout(built, x), rtol=0, atol=1e-12)


def test_a_model_that_reads_both_ways_has_no_next_step():
    with pytest.raises(NotImplementedError, match="reads what comes later"):
        exported_module(random_network(trace.load("gru"), 1, True)).step(torch.zeros(1, 4).double())


def test_the_odd_cell_in_layers(tmp_path, monkeypatch):
    monkeypatch.setenv("GATEBENCH_PATH", str(tmp_path))
    built, x = exported_module(random_network(write_odd_cell(tmp_path), 2, True)), random_sequences()
    readouts = module_readout(built, x, LENGTHS)
    np.testing.assert_allclose(readouts[0, :4], module_readout(built, x[:1, :4])[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("lengths", [[0, 7, 7], [8, 7, 7], [7, 7], 7])
def test_lengths_that_cannot_be(lengths):
    for name in ("gru", "lstm"):
        with pytest.raises(ValueError, match="expected 3 whole numbers from 1 to 7"):
            module_readout(exported_module(random_network(trace.load(name))), random_sequences(), lengths)


def test_weights_of_another_trial_are_told():
    network = random_network(trace.load("gru"))
    for wrong, message in (
        ({**network.weights, "W_z": np.zeros((9, 5))}, r"W_z has shape \(9, 5\), expected \(4, 5\)"),
        ({**network.weights, "2.W_z": np.zeros((5, 5))}, r"2.W_z has shape \(5, 5\), expected None"),
        ({}, r"U has shape None, expected \(5, 5\)"),
    ):
        with pytest.raises(BadInput, match=message):
            replace(network, weights=wrong)
