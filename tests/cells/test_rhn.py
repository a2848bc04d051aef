"""The recurrent highway network: its equations written again, and what is known of it."""

from importlib import import_module

import numpy as np
import pytest
import torch
import torchrecurrent
from torch import nn
from torch.func import functional_call

from gatebench.graph import trace
from support.cells import INPUTS, UNITS, CellLaws, assert_equals_oracle, engine_outputs, random_weights, sigmoid, stacked


class TestRhn(CellLaws):
    name = "rhn"
    size_at_20k = (45, 20_340)
    state_size = 8
    forget_gate_biases = {}
    parameters = staticmethod(lambda X, H: 2 * X * H + 3 * (2 * H * H + 2 * H))
    options = [{}, {"depth": 1}, {"depth": 5}]

    @staticmethod
    def equations(p, x, depth=3):
        """Zilly et al. 2017, Eq. 6-9, coupled gates."""
        s = np.zeros((x.shape[1], p["R_H1"].shape[0]))
        for x_t in x:
            for layer in range(1, depth + 1):
                h, t = (s @ p[f"R_{k}{layer}"] + p[f"b_{k}{layer}"] + (layer == 1) * x_t @ p[f"W_{k}"] for k in "HT")
                s = np.tanh(h) * sigmoid(t) + s * (1 - sigmoid(t))
            yield s


def test_of_depth_one_it_is_the_update_gate_network():
    """With the opposite gate: what RHN transforms, UGRNN does not keep."""
    graph = trace.load("rhn", depth=1)
    p = random_weights(graph, 1)
    of_ugrnn = {
        "W_cx": p["W_H"], "W_ch": p["R_H1"], "b_c": p["b_H1"], "W_gx": -p["W_T"], "W_gh": -p["R_T1"], "b_g": -p["b_T1"]
    }  # fmt: skip
    x = np.random.default_rng(5).normal(size=(1, 6, 3, 4))
    highway, gated = engine_outputs(graph, p, x), engine_outputs(trace.load("ugrnn"), of_ugrnn, x)
    np.testing.assert_allclose(highway, gated, rtol=0, atol=1e-12)


def test_its_transform_gates_begin_closed():
    begins = trace.load("rhn", depth=4).initial
    assert sorted(begins) == ["b_T1", "b_T2", "b_T3", "b_T4"]
    assert (begins["b_T2"].draw(np.random.default_rng(1), 1, 5) == -2).all()


@pytest.mark.parametrize("depth", [1, 3])
def test_it_is_the_cell_of_torchrecurrent_with_all_gradients(depth, monkeypatch: pytest.MonkeyPatch):
    """It is not exported there, since the class of its layers and the draw of its weights are missing. Its c is 1 - t."""
    monkeypatch.setattr(torchrecurrent.base, "BaseRecurrentLayer", nn.Module, raising=False)
    theirs = import_module("torchrecurrent.cells.rhn_cell")
    monkeypatch.setattr(theirs.RHNCellUnit, "init_weights", lambda self: None)
    cell = theirs.RHNCell(INPUTS, UNITS, depth=depth).double()

    def oracle(p, x):
        values = {}
        for layer in range(1, depth + 1):
            sources = [[p["W_H"], p["W_T"]]] if layer == 1 else []
            sources.append([p[f"R_{k}{layer}"] for k in "HT"])
            bias = stacked([p[f"b_{k}{layer}"] for k in "HT"])
            weight = torch.cat([stacked(source) for source in sources], 1)
            unused = torch.zeros(UNITS, weight.shape[1], dtype=weight.dtype)
            values[f"units.{layer - 1}.weight"] = torch.cat([weight, unused])
            values[f"units.{layer - 1}.bias"] = torch.cat([bias, unused[:, 0]])
        s, outputs = None, []
        for x_t in x:
            s = functional_call(cell, values, (x_t, s) if s is not None else (x_t,))
            outputs.append(s)
        return torch.stack(outputs)

    assert_equals_oracle("rhn", oracle, depth=depth)
