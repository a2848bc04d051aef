"""The LSTM with exponential gates: its equations written again, and what is known of it."""

import numpy as np
import torch
from xlstm.blocks.slstm.src.vanilla import slstm_forward, slstm_pointwise_function_registry

from support.cells import UNITS, OracleLaws, sigmoid, stacked


class TestSlstm(OracleLaws):
    name = "slstm"
    size_at_20k = (39, 19_929)
    state_size = 32
    forget_gate_biases = {}
    parameters = staticmethod(lambda X, H: 4 * (X * H + H * H) + 3 * H)
    options = [{}, {"forget": "exp"}]

    @staticmethod
    def equations(p, x, forget="sigmoid"):
        """Beck et al. 2024, without the stabiliser, which changes no output: exponentials of all that there is."""
        h = c = n = np.zeros((x.shape[1], p["R_z"].shape[0]))
        for x_t in x:
            sums = {k: x_t @ p[f"W_{k}"] + h @ p[f"R_{k}"] + p.get(f"b_{k}", 0) for k in "zifo"}
            f = sigmoid(sums["f"]) if forget == "sigmoid" else np.exp(sums["f"])
            c = f * c + np.exp(sums["i"]) * np.tanh(sums["z"])
            n = f * n + np.exp(sums["i"])
            h = sigmoid(sums["o"]) * c / n
            yield h

    @staticmethod
    def oracle(p, x):
        """The authors' own code. Their input gate has a bias, which changes nothing: any will do."""
        inputs = x @ torch.cat([p[f"W_{k}"] for k in "ifzo"], 1)
        biases = torch.cat([torch.full((UNITS,), 0.3, dtype=x.dtype), *(p[f"b_{k}"][0] for k in "fzo")])
        begin = x.new_zeros(4, x.shape[1], UNITS)
        states, _, _ = slstm_forward(
            inputs, begin, stacked([p[f"R_{k}"] for k in "ifzo"])[None], biases, slstm_pointwise_function_registry["slstm"]
        )
        return states[0, 1:]
