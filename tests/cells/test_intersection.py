"""The intersection network: its equations written again, and what is known of it."""

import numpy as np
import torch
import torchrecurrent
from torch.func import functional_call

from gatebench.engines.reference import run
from gatebench.graph import trace
from support.cells import UNITS, CellLaws, sigmoid, stacked


class TestIntersection(CellLaws):
    name = "intersection"
    size_at_20k = (34, 19_720)
    state_size = 16
    forget_gate_biases = {"b_gh": 1}
    parameters = staticmethod(lambda X, H: 5 * X * H + 4 * (H * H + H))

    @staticmethod
    def equations(p, x):
        """Collins et al. 2017: two gates, towards the next layer and towards the next step."""
        h = np.zeros((x.shape[1], p["W_hh"].shape[0]))
        for x_t in x:
            s = {k: h @ p[f"W_{k}h"] + x_t @ p[f"W_{k}x"] + p[f"b_{k}"] for k in ("y", "h", "gy", "gh")}
            g_y, g_h = sigmoid(s["gy"]), sigmoid(s["gh"])
            y = g_y * (x_t @ p["W_x"]) + (1 - g_y) * np.maximum(s["y"], 0)
            h = g_h * h + (1 - g_h) * np.tanh(s["h"])
            yield y


def test_with_an_input_as_wide_as_the_output_it_is_that_of_torchrecurrent():
    """The input's own matrix is the identity then."""
    graph, random = trace.load("intersection"), np.random.default_rng(3)
    p = {name: random.normal(0, 0.7, shape) for name, shape in graph.shapes(graph.sizes(UNITS, UNITS)).items()}
    p["W_x"] = np.eye(UNITS)
    q, x = {name: torch.from_numpy(value) for name, value in p.items()}, torch.from_numpy(random.normal(size=(6, 3, UNITS)))
    order = ("y", "h", "gy", "gh")
    cell = torchrecurrent.IntersectionRNNCell(UNITS, UNITS).double()
    weights = {
        "weight_ih": stacked([q[f"W_{k}x"] for k in order]),
        "weight_hh": stacked([q[f"W_{k}h"] for k in order]),
        "bias_ih": stacked([q[f"b_{k}"] for k in order]),
    }
    outputs, h = [], torch.zeros(3, UNITS, dtype=x.dtype)
    for x_t in x:
        y, h = functional_call(cell, weights, (x_t, h))
        outputs.append(y)
    ours = run(graph, graph.sizes(UNITS, UNITS), {name: value[None] for name, value in q.items()}, x[None])[0]
    np.testing.assert_allclose(ours, torch.stack(outputs).detach().numpy(), rtol=0, atol=1e-12)
