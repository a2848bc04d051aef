"""The variant CIFG of Greff et al.: its equations written again, and what is known of it."""

import numpy as np

from gatebench.graph import trace
from support.cells import OracleLaws, engine_outputs, random_weights, sigmoid
from support.greff import tied, vanilla_outputs


class TestLstmCifg(OracleLaws):
    name = "lstm_cifg"
    size_at_20k = (48, 19_824)
    state_size = 16
    forget_gate_biases = {"b_i": -1}
    parameters = staticmethod(lambda X, H: 3 * (X * H + H * H + H) + 2 * H)

    @staticmethod
    def equations(p, x):
        """Greff et al. 2017, CIFG: a step of their vanilla LSTM, one part of it changed."""
        y = c = np.zeros((x.shape[1], p["R_z"].shape[0]))
        for x_t in x:
            z = np.tanh(x_t @ p["W_z"] + y @ p["R_z"] + p["b_z"])
            i = sigmoid(x_t @ p["W_i"] + y @ p["R_i"] + p["p_i"] * c + p["b_i"])
            c = z * i + (1 - i) * c
            o = sigmoid(x_t @ p["W_o"] + y @ p["R_o"] + p["p_o"] * c + p["b_o"])
            y = o * np.tanh(c)
            yield y

    @staticmethod
    def oracle(p, x):
        return vanilla_outputs(tied(p), x)


def test_it_is_an_lstm_with_tied_gates():
    """With the opposite weights in the forget gate, sigma(-a) is 1 - sigma(a)."""
    p = random_weights(trace.load("lstm_cifg"), 1)
    tied = {
        **{
            f"{ours}_{gate}": p[f"{letter}_{greff}"]
            for ours, letter in (("W", "W"), ("U", "R"), ("b", "b"))
            for gate, greff in (("i", "i"), ("c", "z"), ("o", "o"))
        },
        "V_i": p["p_i"], "V_o": p["p_o"], "V_f": -p["p_i"], "W_f": -p["W_i"], "U_f": -p["R_i"], "b_f": -p["b_i"],
    }  # fmt: skip
    x = np.random.default_rng(5).normal(size=(1, 6, 3, 4))
    coupled, peephole = (engine_outputs(trace.load(cell), q, x) for cell, q in (("lstm_cifg", p), ("lstm_peephole", tied)))
    np.testing.assert_allclose(coupled, peephole, rtol=0, atol=1e-12)
