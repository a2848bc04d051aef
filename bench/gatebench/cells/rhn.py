"""The recurrent highway network.

Zilly et al. 2017, Eq. 6-9, with coupled gates c = 1 - t: ``depth`` layers of highways between two steps; the first reads the
input. The biases of the transform gates begin at -2.
"""

from gatebench.graph.initial import constant
from gatebench.graph.ops import Repeats, sigmoid, tanh

PAPER = "Zilly, Srivastava, Koutnik, Schmidhuber 2017 (arXiv 1607.03474)"


def initial(*, depth, **_):
    return {f"b_T{layer}": constant(-2) for layer in range(1, depth + 1)}


def step(x, s, *, W, R, b, depth: Repeats = 3):
    h, t, inner = [], [], [s]
    for layer in range(1, depth + 1):
        from_input = [W.H @ x, W.T @ x] if layer == 1 else [0, 0]
        h.append(tanh(from_input[0] + R[f"H{layer}"] @ inner[-1] + b[f"H{layer}"]))
        t.append(sigmoid(from_input[1] + R[f"T{layer}"] @ inner[-1] + b[f"T{layer}"]))
        inner.append(h[-1] * t[-1] + inner[-1] * (1 - t[-1]))
    s = inner.pop()
    return s
