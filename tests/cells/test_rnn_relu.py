"""The recurrent unit with ReLU: its equations written again, and what is known of it."""

import numpy as np
import torch
from torch import nn
from torch.func import functional_call

from gatebench.graph import trace
from support.cells import OracleLaws


class TestRnnRelu(OracleLaws):
    name = "rnn_relu"
    size_at_20k = (104, 20_072)
    state_size = 8
    forget_gate_biases = {}
    parameters = staticmethod(lambda X, H: X * H + H * H + H)

    @staticmethod
    def equations(p, x):
        """Le et al. 2015."""
        h = np.zeros((x.shape[1], p["U"].shape[0]))
        for x_t in x:
            h = np.maximum(x_t @ p["W"] + h @ p["U"] + p["b_h"], 0)
            yield h

    @staticmethod
    def oracle(p, x):
        layer = nn.RNN(x.shape[-1], len(p["U"]), nonlinearity="relu").double()
        weights = {"weight_ih_l0": p["W"].T, "weight_hh_l0": p["U"].T, "bias_ih_l0": p["b_h"][0]}
        weights["bias_hh_l0"] = torch.zeros_like(p["b_h"][0])
        return functional_call(layer, weights, x)[0]


def test_its_recurrent_matrix_begins_as_the_identity():
    begins = trace.load("rnn_relu").initial
    assert np.array_equal(begins["U"].draw(np.random.default_rng(1), 7, 7), np.eye(7))
    assert 0.0009 < begins["W"].draw(np.random.default_rng(1), 50, 50).std() < 0.0011
