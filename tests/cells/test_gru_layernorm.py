"""The layer-normalised GRU: its equations written again, and what is known of it."""

import numpy as np
import torch
from torch.nn.functional import layer_norm

from support.cells import OracleLaws, sigmoid


class TestGruLayernorm(OracleLaws):
    name = "gru_layernorm"
    size_at_20k = (48, 20_160)
    state_size = 8
    forget_gate_biases = {"beta_1z": -1}
    parameters = staticmethod(lambda X, H: 3 * (X * H + H * H) + 12 * H)

    @staticmethod
    def equations(p, x):
        """Ba et al. 2016: the gates are normalised together, the parts of the candidate each alone."""

        def normalised(a):
            return (a - a.mean(1, keepdims=True)) / np.sqrt(a.var(1, keepdims=True) + 1e-5)

        def both(letter):
            return np.concatenate([p[f"{letter}z"], p[f"{letter}r"]], 1)

        h = np.zeros((x.shape[1], p["U"].shape[0]))
        for x_t in x:
            from_h = normalised(h @ both("W_h_")) * both("alpha_1") + both("beta_1")
            from_x = normalised(x_t @ both("W_x_")) * both("alpha_2") + both("beta_2")
            z, r = np.split(sigmoid(from_h + from_x), 2, axis=1)
            of_state = normalised(h @ p["U"]) * p["alpha_4"] + p["beta_4"]
            h_tilde = np.tanh(normalised(x_t @ p["W"]) * p["alpha_3"] + p["beta_3"] + r * of_state)
            h = (1 - z) * h + z * h_tilde
            yield h

    @staticmethod
    def oracle(p, x):
        """The normalisation of ``torch.nn``, whose gain and shift are ours."""

        def both(letter):
            return torch.cat([p[f"{letter}z"], p[f"{letter}r"]], 1)

        H = p["U"].shape[0]
        h, outputs = x.new_zeros(x.shape[1], H), []
        for x_t in x:
            from_h = layer_norm(h @ both("W_h_"), (2 * H,), both("alpha_1")[0], both("beta_1")[0])
            from_x = layer_norm(x_t @ both("W_x_"), (2 * H,), both("alpha_2")[0], both("beta_2")[0])
            z, r = (from_h + from_x).sigmoid().chunk(2, 1)
            of_state = layer_norm(h @ p["U"], (H,), p["alpha_4"][0], p["beta_4"][0])
            h_tilde = (layer_norm(x_t @ p["W"], (H,), p["alpha_3"][0], p["beta_3"][0]) + r * of_state).tanh()
            h = h + z * (h_tilde - h)
            outputs.append(h)
        return torch.stack(outputs)
