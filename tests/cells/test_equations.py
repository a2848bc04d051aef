"""Each cell equals its equations, written again from the papers in plain NumPy; and torch.nn where torch has the cell.

A matrix that the papers write ``W x`` is ``x @ W`` here, because sequences of a batch are rows.
"""

import numpy as np
import pytest
import torch
from torch import nn

from gatebench.core import registry
from gatebench.engines.reference import run
from gatebench.graph import trace

INPUTS, UNITS, STEPS, BATCH = 4, 5, 6, 3


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def rnn(p, x):
    """Chung et al. 2014, Eq. 1-2, with a bias."""
    h = np.zeros((x.shape[1], p["U"].shape[0]))
    for x_t in x:
        h = np.tanh(x_t @ p["W"] + h @ p["U"] + p["b_h"])
        yield h


def lstm(p, x):
    """Chung et al. 2014, Section 3.1, without peepholes: Zaremba et al. 2014, most libraries."""
    h = c = np.zeros((x.shape[1], p["U_c"].shape[0]))
    for x_t in x:
        i = sigmoid(x_t @ p["W_i"] + h @ p["U_i"] + p["b_i"])
        f = sigmoid(x_t @ p["W_f"] + h @ p["U_f"] + p["b_f"])
        o = sigmoid(x_t @ p["W_o"] + h @ p["U_o"] + p["b_o"])
        candidate = np.tanh(x_t @ p["W_c"] + h @ p["U_c"] + p["b_c"])
        c = f * c + i * candidate
        h = o * np.tanh(c)
        yield h


def lstm_peephole(p, x):
    """Chung et al. 2014, Section 3.1: diagonal V; the output gate sees the new cell."""
    h = c = np.zeros((x.shape[1], p["U_c"].shape[0]))
    v_f, v_i, v_o = (np.diag(p[name][0]) for name in ("V_f", "V_i", "V_o"))
    for x_t in x:
        f = sigmoid(x_t @ p["W_f"] + h @ p["U_f"] + c @ v_f + p["b_f"])
        i = sigmoid(x_t @ p["W_i"] + h @ p["U_i"] + c @ v_i + p["b_i"])
        candidate = np.tanh(x_t @ p["W_c"] + h @ p["U_c"] + p["b_c"])
        new = f * c + i * candidate
        o = sigmoid(x_t @ p["W_o"] + h @ p["U_o"] + new @ v_o + p["b_o"])
        h, c = o * np.tanh(new), new
        yield h


def gru(p, x):
    """Chung et al. 2014, Section 3.2: the reset gate acts before the product."""
    h = np.zeros((x.shape[1], p["U"].shape[0]))
    for x_t in x:
        z = sigmoid(x_t @ p["W_z"] + h @ p["U_z"] + p["b_z"])
        r = sigmoid(x_t @ p["W_r"] + h @ p["U_r"] + p["b_r"])
        candidate = np.tanh(x_t @ p["W"] + (r * h) @ p["U"] + p["b_h"])
        h = (1 - z) * h + z * candidate
        yield h


def gru_reset_after(p, x):
    """Chung et al. 2014, footnote 1: the reset gate acts after the product, and on its bias as in cuDNN."""
    h = np.zeros((x.shape[1], p["U"].shape[0]))
    for x_t in x:
        z = sigmoid(x_t @ p["W_z"] + h @ p["U_z"] + p["b_z"])
        r = sigmoid(x_t @ p["W_r"] + h @ p["U_r"] + p["b_r"])
        candidate = np.tanh(x_t @ p["W"] + p["b_h"] + r * (h @ p["U"] + p["b_u"]))
        h = (1 - z) * h + z * candidate
        yield h


def lstm_sherstinsky(p, x):
    """Sherstinsky 2020, Eq. 126-136."""
    v = s = np.zeros((x.shape[1], p["W_scu"].shape[0]))
    for x_n in x:
        a_cu = x_n @ p["W_xcu"] + s @ p["W_scu"] + v @ p["W_vcu"] + p["b_cu"]
        a_cs = x_n @ p["W_xcs"] + s @ p["W_scs"] + v @ p["W_vcs"] + p["b_cs"]
        a_du = x_n @ p["W_xdu"] + v @ p["W_vdu"] + p["b_du"]
        s = sigmoid(a_cs) * s + sigmoid(a_cu) * np.tanh(a_du)
        a_cr = x_n @ p["W_xcr"] + s @ p["W_scr"] + v @ p["W_vcr"] + p["b_cr"]
        v = sigmoid(a_cr) * np.tanh(s)
        yield v


def lstm_augmented(p, x, gate=True, projection=0.5, window="past", length=1):
    """Sherstinsky 2020, Eq. 183-215, with the switches that turn each of its three parts off."""
    steps, batch = x.shape[:2]
    units = p["W_scu"].shape[0]
    v, s = np.zeros((batch, p["W_vcu"].shape[0])), np.zeros((batch, units))

    def xi(k, n):
        total = np.zeros((batch, units))
        for lag in range(length):
            at = n - lag if window == "past" else n + lag
            if 0 <= at < steps:
                total = total + x[at] @ p[f"W_{k}_{lag}" if lag else f"W_{k}"]
        return total

    for n in range(steps):
        g_cu = sigmoid(xi("xcu", n) + s @ p["W_scu"] + v @ p["W_vcu"] + p["b_cu"])
        g_cs = sigmoid(xi("xcs", n) + s @ p["W_scs"] + v @ p["W_vcs"] + p["b_cs"])
        g_cx = sigmoid(xi("xcx", n) + s @ p["W_scx"] + v @ p["W_vcx"] + p["b_cx"]) if gate else 1.0
        u = np.tanh(g_cx * xi("xdu", n) + v @ p["W_vdu"] + p["b_du"])
        s = g_cs * s + g_cu * u
        g_cr = sigmoid(xi("xcr", n) + s @ p["W_scr"] + v @ p["W_vcr"] + p["b_cr"])
        q = g_cr * np.tanh(s)
        v = q @ p["W_qdr"] if projection is not None else q
        yield v


ORACLES = {
    "gru": gru,
    "gru_reset_after": gru_reset_after,
    "lstm": lstm,
    "lstm_augmented": lstm_augmented,
    "lstm_peephole": lstm_peephole,
    "lstm_sherstinsky": lstm_sherstinsky,
    "rnn": rnn,
}

AUGMENTED = [
    {"length": 3},
    {"length": 2, "window": "ahead"},
    {"length": 3, "window": "ahead", "gate": False},
    {"gate": False},
    {"projection": None},
    {"projection": 0.4, "length": 2},
    {"gate": False, "projection": None},
]
CASES = [(name, {}) for name in registry.available("cells", ".py")] + [("lstm_augmented", options) for options in AUGMENTED]


def weights(graph, members, seed=7):
    random = np.random.default_rng(seed)
    shapes = graph.shapes(graph.sizes(INPUTS, UNITS))
    return {name: random.normal(0, 0.7, (members, *shape)) for name, shape in shapes.items()}


def outputs(graph, parameters, x):
    """Of our engine, as an array."""
    tensors = {name: torch.from_numpy(value) for name, value in parameters.items()}
    return run(graph, graph.sizes(INPUTS, UNITS), tensors, torch.from_numpy(x)).numpy()


def test_every_cell_has_an_oracle():
    assert sorted(ORACLES) == list(registry.available("cells", ".py"))


@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_cell_equals_its_equations(name, options, members):
    graph = trace.load(name, **options)
    parameters = weights(graph, members)
    x = np.random.default_rng(8).normal(size=(members, STEPS, BATCH, INPUTS))
    found = outputs(graph, parameters, x)
    for k in range(members):
        alone = {parameter: value[k] for parameter, value in parameters.items()}
        expected = np.stack(list(ORACLES[name](alone, x[k], **options)))
        np.testing.assert_allclose(found[k], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", list(ORACLES))
def test_members_that_share_their_sequences(name):
    graph = trace.load(name)
    parameters = weights(graph, 2)
    x = np.random.default_rng(9).normal(size=(1, STEPS, BATCH, INPUTS))
    found = outputs(graph, parameters, x)
    for k in range(2):
        expected = np.stack(list(ORACLES[name]({parameter: value[k] for parameter, value in parameters.items()}, x[0])))
        np.testing.assert_allclose(found[k], expected, rtol=0, atol=1e-12)


def test_all_extensions_off_is_the_vanilla_cell():
    augmented = trace.load("lstm_augmented", gate=False, projection=None, length=1)
    vanilla = trace.load("lstm_sherstinsky")
    assert augmented.fingerprint == vanilla.fingerprint
    assert augmented.parameters == vanilla.parameters
    assert augmented.states == vanilla.states


def torch_outputs(module, x, W, U, b_input, b_state):
    """A torch.nn layer with our weights: its gates are blocks of rows of one matrix."""
    layer = module(INPUTS, UNITS).double()
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.from_numpy(np.concatenate([w.T for w in W])))
        layer.weight_hh_l0.copy_(torch.from_numpy(np.concatenate([u.T for u in U])))
        layer.bias_ih_l0.copy_(torch.from_numpy(np.concatenate([b[0] for b in b_input])))
        layer.bias_hh_l0.copy_(torch.from_numpy(np.concatenate([b[0] for b in b_state])))
        return layer(torch.from_numpy(x))[0].numpy()


def single(name):
    graph = trace.load(name)
    parameters = weights(graph, 1)
    x = np.random.default_rng(10).normal(size=(1, STEPS, BATCH, INPUTS))
    return outputs(graph, parameters, x)[0], {parameter: value[0] for parameter, value in parameters.items()}, x[0]


def test_rnn_is_torch_rnn():
    found, p, x = single("rnn")
    # torch has two biases, which only their sum matters of
    expected = torch_outputs(nn.RNN, x, [p["W"]], [p["U"]], [0.25 * p["b_h"]], [0.75 * p["b_h"]])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_lstm_is_torch_lstm():
    found, p, x = single("lstm")
    W, U, b = ([p[f"{letter}_{gate}"] for gate in "ifco"] for letter in "WUb")
    expected = torch_outputs(nn.LSTM, x, W, U, [0.25 * bias for bias in b], [0.75 * bias for bias in b])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def torch_gru(p, x):
    """Torch keeps where the paper updates: its z is 1 - z, so the signs of z's weights turn."""
    b_u = p.get("b_u", np.zeros((1, UNITS)))
    zero = np.zeros((1, UNITS))
    W, U = [p["W_r"], -p["W_z"], p["W"]], [p["U_r"], -p["U_z"], p["U"]]
    return torch_outputs(nn.GRU, x, W, U, [p["b_r"], -p["b_z"], p["b_h"]], [zero, zero, b_u])


def test_gru_reset_after_is_torch_gru():
    found, p, x = single("gru_reset_after")
    np.testing.assert_allclose(found, torch_gru(p, x), rtol=0, atol=1e-12)


def test_gru_of_the_paper_is_not_torch_gru():
    found, p, x = single("gru")
    expected = torch_gru(p, x)
    # From the zero state there is nothing to reset, so the weights were copied right ...
    np.testing.assert_allclose(found[0], expected[0], rtol=0, atol=1e-12)
    # ... and from the second step on the place of the reset gate shows in every sequence.
    assert (np.abs(found[1:] - expected[1:]).max((0, 2)) > 0.01).all()
