"""Long short-term memory of 1997, without a forget gate.

Hochreiter, Schmidhuber 1997: g is a logistic function between -2 and 2, h one between -1 and 1, with biases. Their truncated
gradient is not in the equations: here all of it flows.
"""

from gatebench.graph.ops import sigmoid

PAPER = "Hochreiter, Schmidhuber 1997 (Neural Computation 9(8))"


def step(x, y, s, *, W, U, b):
    y_in = sigmoid(W.i @ x + U.i @ y + b.i)
    y_out = sigmoid(W.o @ x + U.o @ y + b.o)
    g = 4 * sigmoid(W.c @ x + U.c @ y + b.c) - 2
    s = s + y_in * g
    h = 2 * sigmoid(s) - 1
    y = y_out * h
    return y, s
