"""Intersection recurrent network (+RNN).

Collins et al. 2017: one gate between the input and a new output, one between the old state and a new one. Where the input is
not as wide as the output it has a matrix; here it always has.
"""

from gatebench.graph.ops import relu, sigmoid, tanh

PAPER = "Collins, Sohl-Dickstein, Sussillo 2017 (arXiv 1611.09913)"


def step(x, y, h, *, W, b):
    y_in = relu(W.yh @ h + W.yx @ x + b.y)
    h_in = tanh(W.hh @ h + W.hx @ x + b.h)
    g_y = sigmoid(W.gyh @ h + W.gyx @ x + b.gy)
    g_h = sigmoid(W.ghh @ h + W.ghx @ x + b.gh)
    y = g_y * (W.x @ x) + (1 - g_y) * y_in
    h = g_h * h + (1 - g_h) * h_in
    return y, h
