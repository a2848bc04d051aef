"""The vanilla LSTM of Sherstinsky 2020: its equations written again, and what is known of it."""

import numpy as np
import pytest

from gatebench.graph import trace
from support.cells import assert_equals_equations, parameters_at, sigmoid, size_at_20k, state_size

NAME = "lstm_sherstinsky"


def equations(p, x):
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


@pytest.mark.parametrize("members", [1, 2])
def test_it_equals_its_equations(members):
    assert_equals_equations(NAME, equations, members)


def test_members_may_share_their_sequences():
    assert_equals_equations(NAME, equations, members=2, shared=True)


def test_its_size_at_20k_parameters_and_88_inputs():
    assert size_at_20k(NAME) == (34, 20_196)


def test_it_carries_its_state():
    assert state_size(NAME) == 16


def test_the_forget_bias_is_that_of_the_gate_that_keeps_its_state():
    assert trace.load(NAME).forget_gate_biases == {"b_cs": 1}


def test_it_reads_its_own_step_alone():
    graph = trace.load(NAME)
    assert (graph.lookahead, graph.lookback) == (0, 0)


def test_its_parameters_have_the_papers_closed_form():
    inputs, units = 7, 10
    assert parameters_at(trace.load(NAME), inputs, units) == 4 * units * inputs + 7 * units**2 + 4 * units
