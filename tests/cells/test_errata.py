"""Sherstinsky's backward equations, written by hand, agree with autograd once two misprints are corrected.

Sherstinsky 2020 prints ``W_scr alpha_cr`` (Eq. 149, 150, 173, 174, 222) where the transpose belongs, and in Eq. 246 the
gradient of W_xdu without the external input gate. Matrices here are the paper's, ``W x`` with columns for vectors.
"""

import numpy as np
import pytest
import torch

from gatebench.engines.reference import run
from gatebench.graph import trace

INPUTS, UNITS, STEPS = 3, 4, 6
CELLS = {
    "vanilla": ("lstm_sherstinsky", {}),
    "augmented": ("lstm_augmented", {"gate": True, "projection": 0.5, "length": 1}),
}


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def forward(p, x, augmented):
    """Everything that the backward pass needs, one dictionary a step."""
    s, v = np.zeros(UNITS), np.zeros(p["W_vcu"].shape[1])
    steps = []
    for x_n in x:
        now = {"x": x_n, "s_before": s, "v_before": v, "xi_xdu": p["W_xdu"] @ x_n}
        now["g_cu"] = sigmoid(p["W_xcu"] @ x_n + p["W_scu"] @ s + p["W_vcu"] @ v + p["b_cu"])
        now["g_cs"] = sigmoid(p["W_xcs"] @ x_n + p["W_scs"] @ s + p["W_vcs"] @ v + p["b_cs"])
        now["g_cx"] = sigmoid(p["W_xcx"] @ x_n + p["W_scx"] @ s + p["W_vcx"] @ v + p["b_cx"]) if augmented else 1.0
        now["u"] = np.tanh(now["g_cx"] * now["xi_xdu"] + p["W_vdu"] @ v + p["b_du"])
        s = now["g_cs"] * s + now["g_cu"] * now["u"]
        now["g_cr"] = sigmoid(p["W_xcr"] @ x_n + p["W_scr"] @ s + p["W_vcr"] @ v + p["b_cr"])
        now["s"], now["r"] = s, np.tanh(s)
        now["q"] = now["g_cr"] * now["r"]
        v = p["W_qdr"] @ now["q"] if augmented else now["q"]
        steps.append(now)
    return steps


def backward(p, x, slopes, augmented, transposed=True, gated=True):
    """Gradients of ``sum_n slopes[n] . v[n]``; with a flag off, as printed."""
    gradient = {name: np.zeros_like(value) for name, value in p.items()}
    nodes = ["cu", "cs", "cr", "du", *(["cx"] if augmented else [])]
    alpha = {node: np.zeros(UNITS) for node in nodes}  # of the step after
    chi_s, g_cs_after = np.zeros(UNITS), np.zeros(UNITS)
    for now, slope in zip(reversed(forward(p, x, augmented)), reversed(slopes), strict=True):
        chi_v = slope + sum(p[f"W_v{node}"].T @ alpha[node] for node in nodes)
        chi_q = p["W_qdr"].T @ chi_v if augmented else chi_v
        a_cr = chi_q * now["r"] * now["g_cr"] * (1 - now["g_cr"])
        W_scr = p["W_scr"].T if transposed else p["W_scr"]
        chi_s = (
            chi_q * now["g_cr"] * (1 - now["r"] ** 2)
            + W_scr @ a_cr
            + g_cs_after * chi_s
            + sum(p[f"W_s{node}"].T @ alpha[node] for node in nodes if node not in ("cr", "du"))
        )
        a_du = chi_s * now["g_cu"] * (1 - now["u"] ** 2)
        alpha = {
            "cu": chi_s * now["u"] * now["g_cu"] * (1 - now["g_cu"]),
            "cs": chi_s * now["s_before"] * now["g_cs"] * (1 - now["g_cs"]),
            "cr": a_cr,
            "du": a_du,
            "cx": a_du * now["xi_xdu"] * now["g_cx"] * (1 - now["g_cx"]),
        }
        g_cs_after = now["g_cs"]
        for node in nodes:
            weighted = now["g_cx"] * a_du if node == "du" and gated else alpha[node]
            gradient[f"W_x{node}"] += np.outer(weighted, now["x"])
            gradient[f"W_v{node}"] += np.outer(alpha[node], now["v_before"])
            gradient[f"b_{node}"] += alpha[node]
            if node != "du":  # the readout gate sees the current state
                gradient[f"W_s{node}"] += np.outer(alpha[node], now["s"] if node == "cr" else now["s_before"])
        if augmented:
            gradient["W_qdr"] += np.outer(chi_v, now["q"])
    return gradient


def setting(kind):
    """Random weights and sequence, with the gradients that autograd finds through our engine."""
    name, options = CELLS[kind]
    graph = trace.load(name, **options)
    sizes = graph.sizes(INPUTS, UNITS)
    random = np.random.default_rng(3)
    ours = {
        parameter: torch.tensor(random.normal(0, 0.8, (1, *shape)), requires_grad=True)
        for parameter, shape in graph.shapes(sizes).items()
    }
    x, slopes = random.normal(size=(STEPS, INPUTS)), random.normal(size=(STEPS, sizes[graph.output]))
    v = run(graph, sizes, ours, torch.from_numpy(x)[None, :, None])
    (v[0, :, 0] * torch.from_numpy(slopes)).sum().backward()
    paper = {parameter: value.detach().numpy()[0].T.squeeze() for parameter, value in ours.items()}
    autograd = {parameter: value.grad.numpy()[0].T.squeeze() for parameter, value in ours.items()}
    return paper, x, slopes, autograd


def errors(gradients, expected):
    """Largest error of each parameter's gradient, relative to its largest entry."""
    return {name: np.abs(gradients[name] - expected[name]).max() / np.abs(expected[name]).max() for name in expected}


@pytest.mark.parametrize("kind", CELLS)
def test_corrected_equations_agree_with_autograd(kind):
    p, x, slopes, autograd = setting(kind)
    relative_errors = errors(backward(p, x, slopes, augmented=kind == "augmented"), autograd)
    assert max(relative_errors.values()) < 1e-9, relative_errors


@pytest.mark.parametrize("kind", CELLS)
def test_without_the_transpose_the_gradient_is_wrong(kind):
    p, x, slopes, autograd = setting(kind)
    relative_errors = errors(backward(p, x, slopes, augmented=kind == "augmented", transposed=False), autograd)
    assert relative_errors["W_xdu"] > 0.01
    assert relative_errors["W_scs"] > 0.01


def test_without_the_gate_the_gradient_of_its_matrix_is_wrong_and_only_that():
    p, x, slopes, autograd = setting("augmented")
    relative_errors = errors(backward(p, x, slopes, augmented=True, gated=False), autograd)
    assert relative_errors.pop("W_xdu") > 0.01
    assert max(relative_errors.values()) < 1e-9, relative_errors
