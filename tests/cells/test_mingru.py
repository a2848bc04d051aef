"""The minimal GRU: its equations written again, and what is known of it."""

import numpy as np
import pytest
import torch
from minGRU_pytorch.minGRU import minGRU
from torch.func import functional_call

from support.cells import CellLaws, assert_equals_oracle, sigmoid


class TestMingru(CellLaws):
    name = "mingru"
    size_at_20k = (112, 19_936)
    state_size = 8
    forget_gate_biases = {"b_z": -1}
    parameters = staticmethod(lambda X, H: 2 * (X * H + H))
    options = [{}, {"positive": True}]

    @staticmethod
    def equations(p, x, positive=False):
        """Feng et al. 2024, Section 3.1; with the g of Appendix B."""
        h = np.zeros((x.shape[1], p["W_h"].shape[1]))
        for x_t in x:
            z = sigmoid(x_t @ p["W_z"] + p["b_z"])
            a = x_t @ p["W_h"] + p["b_h"]
            h = (1 - z) * h + z * (np.where(a >= 0, a + 0.5, sigmoid(a)) if positive else a)
            yield h


def package(p: dict[str, torch.Tensor], x: torch.Tensor, at_once: bool) -> torch.Tensor:
    """Outputs of ``mingru-pytorch``, all steps in parallel, of logarithms, or one by one; a constant input is for biases."""
    with_one = torch.cat([x, torch.ones_like(x[..., :1])], -1).transpose(0, 1)
    of_h, of_z = (torch.cat([p[f"W_{k}"], p[f"b_{k}"]]) for k in "hz")
    module = minGRU(with_one.shape[-1]).double()
    weights = {"to_hidden_and_gate.weight": torch.cat([of_h, of_z], 1).T}
    if at_once:
        return functional_call(module, weights, with_one).transpose(0, 1)
    outputs, h = [], None
    for t in range(len(x)):
        options = {"prev_hidden": h, "return_next_prev_hidden": True}
        out, h = functional_call(module, weights, (with_one[:, t : t + 1],), options)
        outputs.append(out[:, 0])
    return torch.stack(outputs)


@pytest.mark.parametrize("at_once", [True, False], ids=["parallel", "step by step"])
def test_it_is_the_package_with_all_gradients(at_once):
    assert_equals_oracle("mingru", lambda p, x: package(p, x, at_once), positive=True)
