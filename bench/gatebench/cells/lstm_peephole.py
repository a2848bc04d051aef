"""Long short-term memory with diagonal peepholes.

Chung et al. 2014, Section 3.1, following Graves 2013, with biases: V is diagonal, and the output gate sees c_t.
"""

from gatebench.graph.ops import sigmoid, tanh

PAPER = "Graves 2013; Chung, Gulcehre, Cho, Bengio 2014, Section 3.1 (arXiv 1412.3555)"


def step(x, h, c, *, W, U, V, b):
    f = sigmoid(W.f @ x + U.f @ h + V.f * c + b.f)
    i = sigmoid(W.i @ x + U.i @ h + V.i * c + b.i)
    c_tilde = tanh(W.c @ x + U.c @ h + b.c)
    c = f * c + i * c_tilde
    o = sigmoid(W.o @ x + U.o @ h + V.o * c + b.o)
    h = o * tanh(c)
    return h, c
