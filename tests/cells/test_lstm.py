"""The LSTM without peepholes: its equations written again, and what is known of it."""

import numpy as np
import pytest
from torch import nn

from gatebench.graph import trace
from support.cells import assert_equals_equations, sigmoid, single_run, size_at_20k, state_size, torch_outputs

NAME = "lstm"


def equations(p, x):
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


@pytest.mark.parametrize("members", [1, 2])
def test_it_equals_its_equations(members):
    assert_equals_equations(NAME, equations, members)


def test_members_may_share_their_sequences():
    assert_equals_equations(NAME, equations, members=2, shared=True)


def test_its_size_at_20k_parameters_and_88_inputs():
    assert size_at_20k(NAME) == (39, 19_968)


def test_it_carries_its_state():
    assert state_size(NAME) == 16


def test_the_forget_bias_is_that_of_the_gate_that_keeps_its_state():
    assert trace.load(NAME).forget_gate_biases == {"b_f": 1}


def test_it_reads_its_own_step_alone():
    graph = trace.load(NAME)
    assert (graph.lookahead, graph.lookback) == (0, 0)


def test_it_is_torch_lstm():
    outputs, p, x = single_run(NAME)
    W, U, b = ([p[f"{letter}_{gate}"] for gate in "ifco"] for letter in "WUb")
    expected = torch_outputs(nn.LSTM, x, W, U, [0.25 * bias for bias in b], [0.75 * bias for bias in b])
    np.testing.assert_allclose(outputs, expected, rtol=0, atol=1e-12)
