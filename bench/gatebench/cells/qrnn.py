"""The quasi-recurrent neural network.

Bradbury et al. 2017, with biases: gates and content are convolutions over the last ``k`` inputs, and a pooling is all that
is recurrent. Pooling ``f`` has no output gate, ``fo`` has one, ``ifo`` has an input gate of its own.
"""

from typing import Literal

from gatebench.graph.ops import Repeats, shift, sigmoid, tanh

PAPER = "Bradbury, Merity, Xiong, Socher 2017 (arXiv 1611.01576)"


def step(x, h, c, *, W, b, k: Repeats = 2, pooling: Literal["f", "fo", "ifo"] = "fo"):
    inputs = [shift(x, -n) for n in range(k)]

    def convolution(gate):
        return sum(W[f"{gate}_{n}" if n else gate] @ inputs[n] for n in range(k)) + b[gate]

    z = tanh(convolution("z"))
    f = sigmoid(convolution("f"))
    i = sigmoid(convolution("i")) if pooling == "ifo" else 1 - f
    c = f * c + i * z
    h = c if pooling == "f" else sigmoid(convolution("o")) * c
    return h, c
