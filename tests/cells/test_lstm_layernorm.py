"""The layer-normalised LSTM: its equations written again, and what is known of it."""

import numpy as np
import torch
from torch.nn.functional import layer_norm

from support.cells import OracleLaws, sigmoid

GATES = "fiog"


class TestLstmLayernorm(OracleLaws):
    name = "lstm_layernorm"
    size_at_20k = (38, 19_988)
    state_size = 16
    forget_gate_biases = {"b_f": 1}
    parameters = staticmethod(lambda X, H: 4 * (X * H + H * H + H) + 18 * H)

    @staticmethod
    def equations(p, x):
        """Ba et al. 2016: normalised over all gates together."""

        def normalised(a):
            return (a - a.mean(1, keepdims=True)) / np.sqrt(a.var(1, keepdims=True) + 1e-5)

        H = p["b_f"].shape[1]
        h = c = np.zeros((x.shape[1], H))
        W_h, W_x, b = (np.concatenate([p[f"{letter}_{gate}"] for gate in GATES], 1) for letter in ("W_h", "W_x", "b"))
        alpha, beta = (
            [np.concatenate([p[f"{letter}_{k}{g}"] for g in GATES], 1) for k in "12"] for letter in ("alpha", "beta")
        )
        for x_t in x:
            a = normalised(h @ W_h) * alpha[0] + beta[0] + normalised(x_t @ W_x) * alpha[1] + beta[1] + b
            f, i, o, g = np.split(a, 4, axis=1)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(normalised(c) * p["alpha_3"] + p["beta_3"])
            yield h

    @staticmethod
    def oracle(p, x):
        """The normalisation of ``torch.nn``, whose gain and shift are ours."""
        H = p["b_f"].shape[1]
        h = c = x.new_zeros(x.shape[1], H)
        W_h, W_x, b = (torch.cat([p[f"{letter}_{gate}"] for gate in GATES], 1) for letter in ("W_h", "W_x", "b"))
        alpha, beta = (
            [torch.cat([p[f"{letter}_{k}{g}"] for g in GATES], 1)[0] for k in "12"] for letter in ("alpha", "beta")
        )
        outputs = []
        for x_t in x:
            from_h, from_x = (layer_norm(v, (4 * H,), alpha[k], beta[k]) for k, v in ((0, h @ W_h), (1, x_t @ W_x)))
            f, i, o, g = (from_h + from_x + b).chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * layer_norm(c, (H,), p["alpha_3"][0], p["beta_3"][0]).tanh()
            outputs.append(h)
        return torch.stack(outputs)
