"""The quasi-recurrent network: its equations written again, and what is known of it."""

import numpy as np

from gatebench.graph import trace
from support.cells import CellLaws, sigmoid


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
