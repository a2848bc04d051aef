"""The simple recurrent unit: its equations written again, and what is known of it."""

import warnings

import numpy as np
import pytest
import torch
from torch.func import functional_call
from torch.utils import cpp_extension

from support.cells import INPUTS, UNITS, CellLaws, assert_equals_oracle, sigmoid


class TestSru(CellLaws):
    name = "sru"
    size_at_20k = (56, 19_936)
    state_size = 16
    forget_gate_biases = {"b_f": 1}
    parameters = staticmethod(lambda X, H: 4 * X * H + 4 * H)

    @staticmethod
    def equations(p, x):
        """Lei et al. 2018: diagonal recurrence and a highway."""
        c = np.zeros((x.shape[1], p["W"].shape[1]))
        for x_t in x:
            f, r = (sigmoid(x_t @ p[f"W_{k}"] + c @ np.diag(p[f"v_{k}"][0]) + p[f"b_{k}"]) for k in "fr")
            c = f * c + (1 - f) * (x_t @ p["W"])
            yield r * c + (1 - r) * (x_t @ p["W_x"])


def test_it_is_the_package_of_its_authors_with_all_gradients(monkeypatch: pytest.MonkeyPatch):
    """Their path in plain PyTorch; what they compile when they are imported is another, and is not built here."""
    with monkeypatch.context() as patches, warnings.catch_warnings(action="ignore"):
        patches.setattr(cpp_extension, "load", lambda **_: None)
        patches.setattr(torch.jit, "script", lambda function: function)
        from sru import SRUCell
    cell = SRUCell(INPUTS, UNITS, rescale=False).double()

    def oracle(p, x):
        matrices = torch.stack([p["W"], p["W_f"], p["W_r"], p["W_x"]], -1)
        weights = {
            "weight": matrices.flatten(1),
            "weight_c": torch.cat([p["v_f"][0], p["v_r"][0]]),
            "bias": torch.cat([p["b_f"][0], p["b_r"][0]]),
        }
        with pytest.warns(UserWarning, match="Running SRU on CPU"):
            return functional_call(cell, weights, (x,))[0]

    assert_equals_oracle("sru", oracle)
