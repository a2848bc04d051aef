"""Equations as LaTeX: as the papers print them, and readable by the converter of the report."""

import re

import pytest
from latex2mathml.converter import convert

from gatebench.core import registry
from gatebench.core.typesetting import typeset
from gatebench.graph import latex, trace

GRU = [
    r"z_{t} = \sigma\left(W_{z} x_{t} + U_{z} h_{t-1} + b_{z}\right)",
    r"r_{t} = \sigma\left(W_{r} x_{t} + U_{r} h_{t-1} + b_{r}\right)",
    r"\tilde{h}_{t} = \tanh\left(W x_{t} + U \left(r_{t} \odot h_{t-1}\right) + b_{h}\right)",
    r"h_{t} = \left(1 - z_{t}\right) \odot h_{t-1} + z_{t} \odot \tilde{h}_{t}",
]
LSTM_PEEPHOLE = [
    r"f_{t} = \sigma\left(W_{f} x_{t} + U_{f} h_{t-1} + V_{f} \odot c_{t-1} + b_{f}\right)",
    r"i_{t} = \sigma\left(W_{i} x_{t} + U_{i} h_{t-1} + V_{i} \odot c_{t-1} + b_{i}\right)",
    r"\tilde{c}_{t} = \tanh\left(W_{c} x_{t} + U_{c} h_{t-1} + b_{c}\right)",
    r"c_{t} = f_{t} \odot c_{t-1} + i_{t} \odot \tilde{c}_{t}",
    r"o_{t} = \sigma\left(W_{o} x_{t} + U_{o} h_{t-1} + V_{o} \odot c_{t} + b_{o}\right)",
    r"h_{t} = o_{t} \odot \tanh\left(c_{t}\right)",
]
# the candidate of the augmented cell: gate, window, and no bias inside the gate (Sherstinsky 2020, Eq. 191-195)
WINDOWED = (
    r"u_{t} = \tanh\left(g_{cx,t} \odot \left(W_{xdu} x_{t} + W_{xdu,1} x_{t-1}\right) + W_{vdu} v_{t-1} + b_{du}\right)"
)

EXTENSIONS = [{"gate": False}, {"projection": None}, {"length": 3}, {"length": 2, "window": "ahead"}]
CASES = [(name, {}) for name in registry.available("cells", ".py")] + [("lstm_augmented", options) for options in EXTENSIONS]


def test_gru_as_printed():
    assert latex.equations(trace.load("gru")) == GRU


def test_lstm_with_peepholes_as_printed():
    assert latex.equations(trace.load("lstm_peephole")) == LSTM_PEEPHOLE


def test_a_window_of_inputs():
    assert WINDOWED in latex.equations(trace.load("lstm_augmented", length=2))
    ahead = latex.equations(trace.load("lstm_augmented", length=2, window="ahead"))
    assert WINDOWED.replace("x_{t-1}", "x_{t+1}") in ahead


@pytest.mark.parametrize(
    ("name", "symbols"),
    [
        ("lstm", ["f", "i", r"\tilde{c}", "o", "c", "h"]),
        ("lstm_augmented", ["g_cu", "g_cs", "g_cx", "u", "s", "g_cr", "r", "q", "v"]),
        ("lstm_sherstinsky", ["g_cu", "g_cs", "u", "s", "g_cr", "r", "v"]),
    ],
)
def test_lines_come_in_the_order_of_the_text(name, symbols):
    left = [line.partition(" = ")[0] for line in latex.equations(trace.load(name))]
    assert [re.sub(r"_\{(\w+),t\}", r"_\1", symbol).removesuffix("_{t}") for symbol in left] == symbols


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_every_parameter_is_printed_and_every_symbol_is_defined_once(name, options):
    graph = trace.load(name, **options)
    lines = latex.equations(graph)
    left = [line.partition(" = ")[0] for line in lines]
    assert len(set(left)) == len(left)
    text = " ".join(line.partition(" = ")[2] for line in lines)
    for parameter in graph.parameters:
        letter, _, index = parameter.partition("_")
        printed = re.escape(f"{letter}_{{{index.replace('_', ',')}}}") if index else rf"{letter}(?![\w_])"
        assert re.search(rf"(?<![\w,{{\\]){printed}", text), parameter


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_every_line_becomes_mathml(name, options):
    for line in latex.equations(trace.load(name, **options)):
        assert convert(typeset(line)).startswith("<math ")
        assert line.count(r"\left(") == line.count(r"\right)")


def test_plain_lines_for_a_terminal():
    assert [latex.plain(line) for line in GRU] == [
        "z_t = σ(W_z x_t + U_z h_t-1 + b_z)",
        "r_t = σ(W_r x_t + U_r h_t-1 + b_r)",
        "h~_t = tanh(W x_t + U (r_t * h_t-1) + b_h)",
        "h_t = (1 - z_t) * h_t-1 + z_t * h~_t",
    ]


def test_no_word_of_a_cell_is_drawn_as_a_product_of_letters():
    """Letters beside each other are factors, but in a subscript, where they are indices."""
    for name, options in CASES:
        for line in latex.equations(trace.load(name, **options)):
            drawn = re.sub(r"_\{[^}]*\}|\\(mathrm|operatorname)\{\w+\}|\\[A-Za-z]+", " ", typeset(line))
            assert not re.search(r"[A-Za-z]{2,}", drawn), line
