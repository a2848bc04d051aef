"""The quasi-recurrent network: its equations written again, and what is known of it."""

import numpy as np
import pytest
import torch
from torch.nn.functional import conv1d

from gatebench.graph import trace
from support.cells import CellLaws, assert_equals_oracle, sigmoid


class TestQrnn(CellLaws):
    name = "qrnn"
    size_at_20k = (38, 20_178)
    state_size = 16
    forget_gate_biases = {"b_f": 1}
    parameters = staticmethod(lambda X, H: 6 * X * H + 3 * H)
    options = [{}, {"k": 1}, {"k": 3, "pooling": "ifo"}, {"pooling": "f"}]

    @staticmethod
    def equations(p, x, k=2, pooling="fo"):
        """Bradbury et al. 2017: causal convolutions of width k, then a pooling."""
        before = np.concatenate([np.zeros((k - 1, *x.shape[1:])), x])

        def convolution(gate):
            windows = (before[k - 1 - n : len(before) - n] @ p[f"W_{gate}_{n}" if n else f"W_{gate}"] for n in range(k))
            return sum(windows) + p[f"b_{gate}"]

        z, f = np.tanh(convolution("z")), sigmoid(convolution("f"))
        i = sigmoid(convolution("i")) if pooling == "ifo" else 1 - f
        o = np.ones_like(f) if pooling == "f" else sigmoid(convolution("o"))
        c = np.zeros_like(f[0])
        for t in range(len(x)):
            c = f[t] * c + i[t] * z[t]
            yield o[t] * c

    def test_it_reads_its_own_step_alone(self):
        """And as many before it as its convolutions are wide."""
        for k in (1, 2, 4):
            graph = trace.load(self.name, k=k)
            assert (graph.lookahead, graph.lookback) == (0, k - 1)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_its_gates_are_causal_convolutions_of_torch_with_all_gradients(k):
    """Each gate is one convolution over what came before, zeros at first; pooling is a sum weighted by all later gates."""

    def convolution(p, x, gate):
        kernel = torch.stack([p[f"W_{gate}_{n}" if n else f"W_{gate}"].T for n in reversed(range(k))], -1)
        padded = torch.cat([x.new_zeros(k - 1, *x.shape[1:]), x]).permute(1, 2, 0)
        return conv1d(padded, kernel, p[f"b_{gate}"][0]).permute(2, 0, 1)

    def oracle(p, x):
        z, f, o = torch.tanh(convolution(p, x, "z")), *(torch.sigmoid(convolution(p, x, gate)) for gate in "fo")
        kept = torch.log(f).cumsum(0)
        steps = len(x)
        weights = torch.exp(kept[:, None] - kept[None]) * torch.ones(steps, steps).tril()[..., None, None]
        return o * (weights * ((1 - f) * z)[None]).sum(1)

    assert_equals_oracle("qrnn", oracle, k=k)
