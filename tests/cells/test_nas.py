"""The cell of an architecture search: its equations written again, and what is known of it."""

import numpy as np
import torch

from gatebench.graph import trace
from support.cells import CellLaws, both, engine_outputs, random_weights, sigmoid, torchrecurrent_outputs


class TestNas(CellLaws):
    name = "nas"
    size_at_20k = (22, 19_536)
    state_size = 16
    forget_gate_biases = {}
    parameters = staticmethod(lambda X, H: 8 * (X * H + H * H + H))

    @staticmethod
    def equations(p, x):
        """Zoph, Le 2017, as in the authors' release."""
        h = c = np.zeros((x.shape[1], p["U_0"].shape[0]))
        for x_t in x:
            pairs = [(x_t @ p[f"W_{k}"], h @ p[f"U_{k}"] + p[f"b_{k}"]) for k in range(8)]
            s = [a * m if k == 3 else a + m for k, (a, m) in enumerate(pairs)]
            left = np.tanh(np.tanh(sigmoid(s[0]) * np.maximum(s[1], 0)) + c)
            c = left * np.tanh(sigmoid(s[2]) + np.maximum(s[3], 0))
            right = np.tanh(np.tanh(s[4]) * sigmoid(s[5])) + sigmoid(np.tanh(s[6]) + sigmoid(s[7]))
            h = np.tanh(c * np.tanh(right))
            yield h


def weights(p: dict[str, torch.Tensor]) -> dict[str, list[torch.Tensor]]:
    """Our parameters in the order of ``torchrecurrent``."""
    return {
        "weight_ih": [p[f"W_{k}"] for k in range(8)],
        "weight_hh": [p[f"U_{k}"] for k in range(8)],
        "bias_hh": [p[f"b_{k}"] for k in range(8)],
    }


def test_torchrecurrent_adds_where_the_authors_multiply():
    """Without the fourth pair, where that shows, both agree."""
    (ours, _), (theirs, _) = both("nas", lambda p, x: torchrecurrent_outputs("NASCell", x, weights(p)))
    assert np.abs(ours - theirs).max() > 0.01

    def without_the_fourth(p, x):
        return torchrecurrent_outputs("NASCell", x, {name: [*v[:3], 0 * v[3], *v[4:]] for name, v in weights(p).items()})

    graph = trace.load("nas")
    p = {name: value * (not name.endswith("3")) for name, value in random_weights(graph, 1).items()}
    x = np.random.default_rng(10).normal(size=(6, 3, 4))
    tensors = {name: torch.from_numpy(value[0]) for name, value in p.items()}
    expected = without_the_fourth(tensors, torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(engine_outputs(graph, p, x[None])[0], expected, rtol=0, atol=1e-12)
