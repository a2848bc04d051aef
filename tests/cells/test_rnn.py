"""The plain recurrent network: its equations written again, and what is known of it."""

import numpy as np
import pytest
from torch import nn

from gatebench.graph import trace
from support.cells import assert_equals_equations, single_run, size_at_20k, state_size, torch_outputs

NAME = "rnn"


def equations(p, x):
    """Chung et al. 2014, Eq. 1-2, with a bias."""
    h = np.zeros((x.shape[1], p["U"].shape[0]))
    for x_t in x:
        h = np.tanh(x_t @ p["W"] + h @ p["U"] + p["b_h"])
        yield h


@pytest.mark.parametrize("members", [1, 2])
def test_it_equals_its_equations(members):
    assert_equals_equations(NAME, equations, members)


def test_members_may_share_their_sequences():
    assert_equals_equations(NAME, equations, members=2, shared=True)


def test_its_size_at_20k_parameters_and_88_inputs():
    assert size_at_20k(NAME) == (104, 20_072)


def test_it_carries_its_state():
    assert state_size(NAME) == 8


def test_the_forget_bias_is_that_of_the_gate_that_keeps_its_state():
    assert trace.load(NAME).forget_gate_biases == {}


def test_it_reads_its_own_step_alone():
    graph = trace.load(NAME)
    assert (graph.lookahead, graph.lookback) == (0, 0)


def test_it_is_torch_rnn():
    outputs, p, x = single_run(NAME)
    # torch has two biases, which only their sum matters of
    expected = torch_outputs(nn.RNN, x, [p["W"]], [p["U"]], [0.25 * p["b_h"]], [0.75 * p["b_h"]])
    np.testing.assert_allclose(outputs, expected, rtol=0, atol=1e-12)
