"""The minimal LSTM: its equations written again, and what is known of it."""

import numpy as np
import pytest
import torch
from minGRU_pytorch.minLSTM import minLSTM
from torch.func import functional_call

from support.cells import CellLaws, assert_equals_oracle, sigmoid


class TestMinlstm(CellLaws):
    name = "minlstm"
    size_at_20k = (75, 20_025)
    state_size = 8
    forget_gate_biases = {}
    parameters = staticmethod(lambda X, H: 3 * (X * H + H))
    options = [{}, {"positive": True}]

    @staticmethod
    def equations(p, x, positive=False):
        """Feng et al. 2024, Section 3.2; with the g of Appendix B."""
        h = np.zeros((x.shape[1], p["W_h"].shape[1]))
        for x_t in x:
            f, i = (sigmoid(x_t @ p[f"W_{k}"] + p[f"b_{k}"]) for k in "fi")
            a = x_t @ p["W_h"] + p["b_h"]
            h = (f * h + i * (np.where(a >= 0, a + 0.5, sigmoid(a)) if positive else a)) / (f + i)
            yield h


def package(p: dict[str, torch.Tensor], x: torch.Tensor, at_once: bool) -> torch.Tensor:
    """Outputs of ``mingru-pytorch``, all steps in parallel, of logarithms, or one by one; a constant input is for biases."""
    with_one = torch.cat([x, torch.ones_like(x[..., :1])], -1).transpose(0, 1)
    parts = [torch.cat([p[f"W_{k}"], p[f"b_{k}"]]) for k in "hfi"]
    module = minLSTM(with_one.shape[-1]).double()
    weights = {"to_hidden_and_f_i_gate.weight": torch.cat(parts, 1).T}
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
    """In one parallel scan and step by step, which is the paper's claim."""
    assert_equals_oracle("minlstm", lambda p, x: package(p, x, at_once), positive=True)
