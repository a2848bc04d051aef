"""The structurally constrained network: its equations written again, and what is known of it."""

import numpy as np
import torch

from gatebench.graph import trace
from support.cells import CellLaws, random_weights, sigmoid, torchrecurrent_outputs


class TestScrn(CellLaws):
    name = "scrn"
    size_at_20k = (52, 19_968)
    state_size = 24
    forget_gate_biases = {}
    parameters = staticmethod(lambda X, H: 2 * X * H + 4 * H * H)
    options = [{}, {"alpha": 0.5}]

    @staticmethod
    def equations(p, x, alpha=0.95):
        """Mikolov et al. 2015: what their softmax reads."""
        h = s = np.zeros((x.shape[1], p["R"].shape[0]))
        for x_t in x:
            s = alpha * s + (1 - alpha) * x_t @ p["B"]
            h = sigmoid(s @ p["P"] + x_t @ p["A"] + h @ p["R"])
            yield h @ p["U"] + s @ p["V"]


def test_what_torchrecurrent_has_is_another_cell():
    """It feeds back the output and not the hidden units, and squashes it: without R, theirs is tanh of ours.

    It keeps alpha in float32, where a half is exact.
    """
    p = {name: torch.from_numpy(value[0]) for name, value in random_weights(trace.load("scrn"), 1).items()}
    x = torch.from_numpy(np.random.default_rng(10).normal(size=(6, 3, 4)))

    def difference(R):
        ours = np.stack(
            list(TestScrn.equations({**{k: v.numpy() for k, v in p.items()}, "R": R.numpy()}, x.numpy(), alpha=0.5))
        )
        weights = {"weight_ih": [p["B"], p["A"]], "weight_hh": [R, p["U"]], "weight_ch": [p["P"], p["V"]]}
        theirs = torchrecurrent_outputs("SCRNCell", x, weights, alpha=0.5)
        return np.abs(np.tanh(ours) - theirs.detach().numpy()).max()

    assert difference(torch.zeros_like(p["R"])) < 1e-12
    assert difference(p["R"]) > 0.01
