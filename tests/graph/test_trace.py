"""What is read off a cell's text: its graph, fingerprint, widths, and gates that keep."""

from types import ModuleType

import pytest

from gatebench.core import registry
from gatebench.core.errors import BadInput
from gatebench.graph import trace
from gatebench.graph.ops import shift, sigmoid, tanh


def traced(step, sizes=None, **options):
    """The graph of a cell that was never a file."""
    module = ModuleType("small", "A small cell.")
    module.PAPER, module.step = "none", step
    if sizes:
        module.sizes = sizes
    return trace.trace(module, "small", options)


def peephole(x, h, c, *, W, U, V, b):
    f = sigmoid(W.f @ x + U.f @ h + V.f * c + b.f)
    u = tanh(W.u @ x + U.u @ h + b.u)
    c = f * c + (1 - f) * u
    h = tanh(c)
    return h, c


def test_fingerprint_ignores_names_and_the_order_of_statements():
    def same(x, h, c, *, W, U, V, b):
        candidate = tanh(W.u @ x + U.u @ h + b.u)
        unused = sigmoid(W.o @ x)  # noqa: F841 - reaches no state: not part of the equations
        keep = W.f @ x + U.f @ h
        keep = keep + V.f * c
        keep = sigmoid(keep + b.f)
        new = keep * c + (1 - keep) * candidate
        return tanh(new), new

    first, second = traced(peephole), traced(same)
    assert first.fingerprint == second.fingerprint
    assert first.parameters == second.parameters


def bias_left_out(x, h, c, *, W, U, V, b):
    f = sigmoid(W.f @ x + U.f @ h + V.f * c)
    u = tanh(W.u @ x + U.u @ h + b.u)
    c = f * c + (1 - f) * u
    return tanh(c), c


def other_function(x, h, c, *, W, U, V, b):
    f = sigmoid(W.f @ x + U.f @ h + V.f * c + b.f)
    u = sigmoid(W.u @ x + U.u @ h + b.u)
    c = f * c + (1 - f) * u
    return tanh(c), c


def other_state(x, h, c, *, W, U, V, b):
    f = sigmoid(W.f @ x + U.f @ h + V.f * h + b.f)
    u = tanh(W.u @ x + U.u @ h + b.u)
    c = f * c + (1 - f) * u
    return tanh(c), c


def other_number(x, h, c, *, W, U, V, b):
    f = sigmoid(W.f @ x + U.f @ h + V.f * c + b.f)
    u = tanh(W.u @ x + U.u @ h + b.u)
    c = f * c + (2 - f) * u
    return tanh(c), c


def full_matrix(x, h, c, *, W, U, V, b):
    f = sigmoid(W.f @ x + U.f @ h + V.f @ c + b.f)
    u = tanh(W.u @ x + U.u @ h + b.u)
    c = f * c + (1 - f) * u
    return tanh(c), c


def other_input(x, h, c, *, W, U, V, b):
    f = sigmoid(W.f @ shift(x, -1) + U.f @ h + V.f * c + b.f)
    u = tanh(W.u @ x + U.u @ h + b.u)
    c = f * c + (1 - f) * u
    return tanh(c), c


def swapped_outputs(x, h, c, *, W, U, V, b):
    f = sigmoid(W.f @ x + U.f @ h + V.f * c + b.f)
    u = tanh(W.u @ x + U.u @ h + b.u)
    c = f * c + (1 - f) * u
    return c, tanh(c)


def shared_matrix(x, h, c, *, W, U, V, b):
    f = sigmoid(W.f @ x + U.f @ h + V.f * c + b.f)
    u = tanh(W.f @ x + U.u @ h + b.u)
    c = f * c + (1 - f) * u
    return tanh(c), c


CHANGED = [
    bias_left_out, other_function, other_state, other_number, full_matrix, other_input, swapped_outputs, shared_matrix,
]  # fmt: skip


def test_fingerprint_changes_with_the_equations():
    fingerprints = {traced(step).fingerprint for step in [peephole, *CHANGED]}
    assert len(fingerprints) == len(CHANGED) + 1


def test_fingerprints_of_all_cells_and_extensions_differ():
    graphs = [trace.load(name) for name in registry.available("cells", ".py")]
    options = [{"gate": False}, {"projection": None}, {"length": 2}, {"length": 2, "window": "ahead"}]
    graphs += [trace.load("lstm_augmented", **given) for given in options]
    assert len({graph.fingerprint for graph in graphs}) == len(graphs)


def test_an_option_that_changes_no_equation_does_not_change_the_fingerprint():
    # a window of one step looks neither way, and a share is a size
    default = trace.load("lstm_augmented")
    assert trace.load("lstm_augmented", window="ahead").fingerprint == default.fingerprint
    assert trace.load("lstm_augmented", projection=0.25).fingerprint == default.fingerprint


def test_widths_follow_from_the_equations():
    graph = traced(peephole)
    assert graph.states == {"h": "H", "c": "H"}
    assert graph.output == "H"
    assert graph.parameters == {
        "U_f": ("H", "H"),
        "U_u": ("H", "H"),
        "V_f": ("1", "H"),
        "W_f": ("X", "H"),
        "W_u": ("X", "H"),
        "b_f": ("1", "H"),
        "b_u": ("1", "H"),
    }
    assert graph.shapes(graph.sizes(3, 5)) == {
        "U_f": (5, 5), "U_u": (5, 5), "V_f": (1, 5), "W_f": (3, 5), "W_u": (3, 5), "b_f": (1, 5), "b_u": (1, 5),
    }  # fmt: skip


def test_a_width_that_nothing_says_is_refused():
    def bottleneck(x, v: "P", *, W, b):  # noqa: F821
        q = tanh(W.x @ x + W.v @ v + b.q)
        return W.p @ sigmoid(W.q @ q)

    with pytest.raises(ValueError, match=r"the width of .* does not follow from the equations"):
        traced(bottleneck)


def test_a_second_width_letter_has_the_size_that_the_file_gives_it():
    def projected(x, v: "P", s: "H", *, W):  # noqa: F821
        s = tanh(W.x @ x + W.v @ v) * s
        return W.p @ s, s

    graph = traced(projected, sizes=lambda H, **_: {"P": H // 2})
    assert graph.states == {"v": "P", "s": "H"}
    assert graph.output == "P"
    assert graph.parameters == {"W_p": ("H", "P"), "W_v": ("P", "H"), "W_x": ("X", "H")}
    assert graph.sizes(3, 8) == {"1": 1, "X": 3, "H": 8, "P": 4}


def input_meets_state(x, h, *, W):
    return tanh(W @ h) + x * h


def matrix_of_input_and_state(x, h, *, W):
    return tanh(W @ x + W @ h)


def matrix_and_row(x, h, *, W, U):
    return tanh(W @ x + U @ h + U[""] * h)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (input_meets_state, "a vector of width . meets one of width ."),
        (matrix_of_input_and_state, "a vector of width . meets one of width ."),
        (matrix_and_row, "U is used as more than one of a matrix, a row and a single number"),
    ],
)
def test_equations_that_cannot_be_are_refused(step, message):
    with pytest.raises(ValueError, match=message):
        traced(step)


def test_only_the_input_can_be_shifted():
    def shifted(x, h, *, U):
        return tanh(U @ shift(h, -1))

    with pytest.raises(ValueError, match="only the input can be shifted in time"):
        traced(shifted)


def test_an_update_for_every_state():
    def one_too_few(x, h, c, *, W):
        return tanh(W @ x) + h + c

    with pytest.raises(ValueError, match="returns a vector, expected the next value of each state: return h, c"):
        traced(one_too_few)


def test_sizes_start_at_one():
    for inputs, units in [(0, 3), (3, 0), (-1, 3)]:
        with pytest.raises(
            BadInput, match=f"rnn needs at least one input and one unit, got {inputs} inputs and {units} units"
        ):
            trace.load("rnn").sizes(inputs, units)


def test_the_sign_of_a_forget_gate_is_read_from_the_equations():
    def keeps_with_one_minus(x, h, *, W, U, b):
        g = sigmoid(W.g @ x + U.g @ h + b.g)
        return h * (1 - g) + g * tanh(W @ x)

    def keeps_with_the_gate(x, h, *, W, U, b):
        g = sigmoid(W.g @ x + U.g @ h + b.g)
        return g * h + (1 - g) * tanh(W @ x)

    assert traced(keeps_with_one_minus).forget_gate_biases == {"b_g": -1}
    assert traced(keeps_with_the_gate).forget_gate_biases == {"b_g": 1}


def test_timeless_is_what_no_state_reaches():
    graph = trace.load("gru")
    timeless = sorted((graph.nodes[i].op, graph.nodes[i].label) for i in graph.timeless)
    assert timeless == [
        ("constant", "1.0"), ("input", ""), ("linear", "W"), ("linear", "W_r"), ("linear", "W_z"),
        ("row", "b_h"), ("row", "b_r"), ("row", "b_z"),
    ]  # fmt: skip


def test_title_and_paper_come_from_the_text():
    graph = trace.load("rnn")
    assert graph.title == "Recurrent unit with tanh"
    assert graph.paper.startswith("Elman 1990")


def test_initial_values_of_what_is_no_parameter_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("GATEBENCH_PATH", str(tmp_path))
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells" / "mine.py").write_text(
        "from gatebench.graph.initial import identity\nfrom gatebench.graph.ops import tanh\nPAPER = 'none'\n"
        "def initial(**_):\n    return {'V': identity()}\ndef step(x, h, *, W, U):\n    return tanh(W @ x + U @ h)\n"
    )
    with pytest.raises(BadInput, match=r"^cell mine says how V begins, expected one of its parameters \(U, W\)"):
        trace.load("mine")


def test_quantities_in_a_list_are_numbered():
    names = trace.load("rhn", depth=2).names
    assert {"h_1", "h_2", "t_1", "t_2", "inner_2"} <= set(names.values())


def test_a_width_may_be_that_of_another_vector():
    assert trace.load("lstm_multiplicative").parameters["W_mx"] == ("X", "H")


def test_a_mistyped_cell_gets_its_nearest_name():
    names = "antisymmetric, atr, .*gru, gru_layernorm, gru_reset_after, .*lstm"
    with pytest.raises(BadInput, match=rf"^unknown cell 'grru'; did you mean 'gru'\? \(there are: {names}"):
        trace.load("grru")
