"""The residual recurrent unit: its equations written again, and what is known of it."""

import numpy as np
import pytest

from gatebench.graph import trace
from support.cells import CellLaws, sigmoid


class TestRru(CellLaws):
    name = "rru"
    size_at_20k = (28, 19_488)
    state_size = 16
    forget_gate_biases = {}
    parameters = staticmethod(lambda X, H: 4 * H * (X + H + 1) + 2 * (4 * H * H + H) + 2 * H)
    options = [{}, {"width": 0.6}]

    @staticmethod
    def equations(p, x, width=4.0):
        """The released code of Freivalds et al. 2021, without its dropout."""
        h = np.zeros((x.shape[1], p["S"].shape[1]))
        for x_t in x:
            a = x_t @ p["W_j"] + h @ p["U_j"] + p["b_j"]
            assert a.shape[1] == max(1, round(width * h.shape[1]))
            j = np.maximum(a / np.sqrt((a**2).mean(1, keepdims=True) + 1e-6), 0)
            h = 1.5 * sigmoid(p["S"]) * h + p["Z"] * (j @ p["W_h"] + p["b_h"])
            yield j @ p["W_o"] + p["b_o"]


def test_at_first_the_state_keeps_its_share_and_takes_nothing_in():
    initial = {name: value.draw(np.random.default_rng(1), 1, 3) for name, value in trace.load("rru").initial.items()}
    assert 1.5 * sigmoid(initial["S"]) == pytest.approx(np.full((1, 3), 0.95))
    assert not initial["Z"].any()
