"""The LSTM with peepholes: its equations written again, and what is known of it."""

import numpy as np
import pytest

from gatebench.graph import trace
from support.cells import assert_equals_equations, sigmoid, size_at_20k, state_size

NAME = "lstm_peephole"


def equations(p, x):
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


@pytest.mark.parametrize("members", [1, 2])
def test_it_equals_its_equations(members):
    assert_equals_equations(NAME, equations, members)


def test_members_may_share_their_sequences():
    assert_equals_equations(NAME, equations, members=2, shared=True)


def test_its_size_at_20k_parameters_and_88_inputs():
    assert size_at_20k(NAME) == (39, 20_085)


def test_it_carries_its_state():
    assert state_size(NAME) == 16


def test_the_forget_bias_is_that_of_the_gate_that_keeps_its_state():
    assert trace.load(NAME).forget_gate_biases == {"b_f": 1}


def test_it_reads_its_own_step_alone():
    graph = trace.load(NAME)
    assert (graph.lookahead, graph.lookback) == (0, 0)
