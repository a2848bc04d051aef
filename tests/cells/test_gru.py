"""The gated recurrent unit: its equations written again, and what is known of it."""

import numpy as np
import pytest

from gatebench.graph import trace
from support.cells import assert_equals_equations, sigmoid, single_run, size_at_20k, state_size, torch_gru_outputs

NAME = "gru"


def equations(p, x):
    """Chung et al. 2014, Section 3.2: the reset gate acts before the product."""
    h = np.zeros((x.shape[1], p["U"].shape[0]))
    for x_t in x:
        z = sigmoid(x_t @ p["W_z"] + h @ p["U_z"] + p["b_z"])
        r = sigmoid(x_t @ p["W_r"] + h @ p["U_r"] + p["b_r"])
        candidate = np.tanh(x_t @ p["W"] + (r * h) @ p["U"] + p["b_h"])
        h = (1 - z) * h + z * candidate
        yield h


@pytest.mark.parametrize("members", [1, 2])
def test_it_equals_its_equations(members):
    assert_equals_equations(NAME, equations, members)


def test_members_may_share_their_sequences():
    assert_equals_equations(NAME, equations, members=2, shared=True)


def test_its_size_at_20k_parameters_and_88_inputs():
    assert size_at_20k(NAME) == (48, 19_728)


def test_it_carries_its_state():
    assert state_size(NAME) == 8


def test_the_forget_bias_is_that_of_the_gate_that_keeps_its_state():
    assert trace.load(NAME).forget_gate_biases == {"b_z": -1}


def test_it_reads_its_own_step_alone():
    graph = trace.load(NAME)
    assert (graph.lookahead, graph.lookback) == (0, 0)


def test_it_is_not_torch_gru():
    outputs, p, x = single_run(NAME)
    expected = torch_gru_outputs(p, x)
    # From the zero state there is nothing to reset, so the weights were copied right ...
    np.testing.assert_allclose(outputs[0], expected[0], rtol=0, atol=1e-12)
    # ... and from the second step on the place of the reset gate shows in every sequence.
    assert (np.abs(outputs[1:] - expected[1:]).max((0, 2)) > 0.01).all()
