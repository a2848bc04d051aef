"""The long expressive memory: its equations written again, and what is known of it."""

import numpy as np
import torch

from gatebench.graph import trace
from support.cells import CellLaws, both, engine_outputs, random_weights, sigmoid, torchrecurrent_outputs


class TestLem(CellLaws):
    name = "lem"
    size_at_20k = (39, 19_968)
    state_size = 16
    forget_gate_biases = {}
    parameters = staticmethod(lambda X, H: 4 * (X * H + H * H + H))
    options = [{}, {"dt": 0.3}]

    @staticmethod
    def equations(p, x, dt=1.0):
        """Rusch et al. 2022, Eq. 3: the candidate of y sees the new z."""
        y = z = np.zeros((x.shape[1], p["W_y"].shape[0]))
        for x_t in x:
            fast, slow = (dt * sigmoid(y @ p[f"W_{k}"] + x_t @ p[f"V_{k}"] + p[f"b_{k}"]) for k in "12")
            z = z + fast * (np.tanh(y @ p["W_z"] + x_t @ p["V_z"] + p["b_z"]) - z)
            y = y + slow * (np.tanh(z @ p["W_y"] + x_t @ p["V_y"] + p["b_y"]) - y)
            yield y


def package(p: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """Outputs of ``torchrecurrent`` with our parameters."""
    weights = {
        "weight_ih": [p[f"V_{k}"] for k in "21zy"],
        "weight_hh": [p[f"W_{k}"] for k in "21z"],
        "weight_ch": [p["W_y"]],
        "bias_ih": [p[f"b_{k}"] for k in "21zy"],
    }
    return torchrecurrent_outputs("LEMCell", x, weights)


def test_torchrecurrent_has_the_old_z_where_the_paper_has_the_new_one():
    """Where W_y, through which y sees z, is 0, both agree."""
    (ours, _), (theirs, _) = both("lem", package)
    assert np.abs(ours - theirs).max() > 0.01

    def without(p, x):
        return package({**p, "W_y": 0 * p["W_y"]}, x)

    graph = trace.load("lem")
    p = random_weights(graph, 1)
    p["W_y"] *= 0
    x = np.random.default_rng(10).normal(size=(6, 3, 4))
    tensors = {name: torch.from_numpy(value[0]) for name, value in p.items()}
    expected = without(tensors, torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(engine_outputs(graph, p, x[None])[0], expected, rtol=0, atol=1e-12)
