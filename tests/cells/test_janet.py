"""The LSTM with nothing but a forget gate: its equations written again, and what is known of it."""

import numpy as np
import pytest

from gatebench.graph import trace
from support.cells import OracleLaws, sigmoid, torchrecurrent_outputs


class TestJanet(OracleLaws):
    name = "janet"
    size_at_20k = (65, 20_020)
    state_size = 8
    forget_gate_biases = {"b_f": 1}
    parameters = staticmethod(lambda X, H: 2 * (X * H + H * H + H))
    options = [{}, {"beta": 0.5}]

    @staticmethod
    def equations(p, x, beta=1.0):
        """van der Westhuizen, Lasenby 2018, with their beta."""
        c = np.zeros((x.shape[1], p["U_c"].shape[0]))
        for x_t in x:
            s = c @ p["U_f"] + x_t @ p["W_f"] + p["b_f"]
            c = sigmoid(s) * c + sigmoid(beta - s) * np.tanh(c @ p["U_c"] + x_t @ p["W_c"] + p["b_c"])
            yield c

    @staticmethod
    def oracle(p, x):
        weights = {
            "weight_ih": [p["W_f"], p["W_c"]],
            "weight_hh": [p["U_f"], p["U_c"]],
            "bias_ih": [p["b_f"], p["b_c"]],
        }
        return torchrecurrent_outputs("JANETCell", x, weights, beta=1.0)


@pytest.mark.parametrize("longest", [2, 100])
def test_its_forget_gates_begin_with_times_up_to_the_longest(longest):
    drawn = trace.load("janet", t_max=longest).initial["b_f"].draw(np.random.default_rng(1), 1, 2000)
    times = np.exp(drawn)
    assert times.min() >= 1
    assert times.max() <= longest - 1
    assert longest == 2 or abs(times.mean() - longest / 2) < 2
