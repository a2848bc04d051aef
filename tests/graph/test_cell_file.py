"""A mistake in the file of a cell is one line that has its place."""

import pytest

from gatebench.core.errors import BadInput
from gatebench.graph import trace

HEADER = """\
\"\"\"A cell of mine.\"\"\"

from gatebench.graph.ops import shift, sigmoid, tanh

PAPER = "none"
"""
MISTAKES = {
    # what the file has behind its header -> the line at which it is wrong (None: of no one line), and what is said of it
    "def step(x, h, c, *, W):\n    return tanh(W.h @ x)": (None, "step returns a vector, expected the next value of each"),
    "def step(x, h, *, W):\n    h = tanh(W.h @ x)": (
        None,
        "step returns None, expected the next value of its state: return h",
    ),
    "def step(x, h, c, *, W):\n    c = c + W @ x\n    h = tanh(c)\n    return c, h": (
        None,
        "in another order than its signature",
    ),
    "def step(x, h, c, *, W):\n    h = tanh(W @ x)\n    return h, c": (None, "state c never changes from zero"),
    "def step(x, *, W):\n    return tanh(W @ x)": (None, "step has no state"),
    "def step(x, h, W):\n    return tanh(W.h @ x)": (7, "W is a state (parameters stand behind a *"),
    "def step(x, h=0, *, W):\n    return tanh(W.h @ x)": (None, "h has a default, but states begin at zero"),
    "def step(*args, **kwargs):\n    return args[0]": (None, "step takes *args or **kwargs"),
    "step = 3": (None, "step is 3, expected a function step(x, h, *, W, U, b)"),
    "def step(x, h: float, *, W):\n    return tanh(W.h @ x)": (None, "state h is annotated <class 'float'>, expected"),
    "def step(x, h, *, W, V):\n    return tanh(W.h @ x) + h": (None, "no state follows from the parameters V"),
    "def step(x, h, *, U):\n    return tanh(U @ h)": (None, "no equation of step reads the input"),
    "def step(x, h, *, W):\n    return tanh(x @ W.h)": (7, "@ has a vector on its left"),
    "def step(x, h, *, W):\n    return tanh(W.h @ [x, h])": (7, "W_h is multiplied with [input, h], expected a vector"),
    "def step(x, h, *, W):\n    return tanh(W @ x) if h else h": (7, "a vector is neither true nor false"),
    "def step(x, h, *, W):\n    return tanh(W @ x) ** 2": (7, "use square(a), sqrt(a) or exp(k * log(a))"),
    "def step(x, h, *, W):\n    return tanh(W @ x) / 0": (7, "a vector is divided by 0"),
    "def step(x, h, *, W):\n    return float('inf') * (W @ x)": (
        7,
        "inf is a number of the equations, expected a finite one",
    ),
    "def step(x, h, *, W):\n    return tanh(0.5) * (W @ x)": (7, "tanh is taken of 0.5, expected a vector or a parameter"),
    "def step(x, h, *, W):\n    return tanh(W @ shift(x, 0.5))": (7, "the input is shifted by 0.5 steps, expected a whole"),
    "def step(x, h, *, W):\n    return softmax(W @ x)": (7, "name 'softmax' is not defined; a line reads its states and"),
    "import math\ndef step(x, h, *, W):\n    return math.tanh(W @ x)": (
        8,
        "must be real number, not Symbol; write it with + - *",
    ),
    "def step(x, h, *, W, U):\n    return tanh(x + U @ h)": (
        None,
        "the next value of h: a vector of width H meets one of width X",
    ),
    "def step(x, h, *, W, k: int = 'a'):\n    return tanh(W @ x)": (
        None,
        "option 'k' has the default 'a', expected a whole",
    ),
    "def step(x, h, *, W, k=[1]):\n    return tanh(W @ x)": (None, "option 'k' has the default [1], expected true, false,"),
    "def initial():\n    return {'W_h': 1.0}\ndef step(x, h, *, W):\n    return tanh(W.h @ x)": (
        None,
        "initial has 1.0 for W_h",
    ),
    "def initial():\n    pass\ndef step(x, h, *, W):\n    return tanh(W.h @ x)": (None, "initial returns None, expected"),
    "def initial():\n    return {}\ndef step(x, h, *, W, a=1):\n    return tanh(W.h @ x)": (
        None,
        "it is called as initial(*, a)",
    ),
    "def sizes(H):\n    return {'P': H / 2}\ndef step(x, h: 'P', *, W):\n    return W @ x": (
        None,
        "gives P the width 32.0, expected",
    ),
    "def sizes(H):\n    return H\ndef step(x, h: 'P', *, W):\n    return W @ x": (None, "sizes returns 64, expected a dict"),
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_in_the_text_of_a_cell_is_one_line_with_its_place(text, tmp_path, monkeypatch):
    (tmp_path / "cells").mkdir()
    path = tmp_path / "cells" / "mine.py"
    path.write_text(f"{HEADER}{text}\n")
    monkeypatch.setenv("GATEBENCH_PATH", str(tmp_path))
    line, reason = MISTAKES[text]
    with pytest.raises(BadInput) as refused:
        trace.load("mine")
    assert str(refused.value).startswith(f"{path}, line {line}: " if line else f"{path}: ")
    assert reason in str(refused.value)


def test_a_width_without_a_size_is_refused_where_one_is_needed(tmp_path, monkeypatch):
    (tmp_path / "cells").mkdir()
    monkeypatch.setenv("GATEBENCH_PATH", str(tmp_path))
    (tmp_path / "cells" / "mine.py").write_text(f'{HEADER}def step(x, h: "P", *, W):\n    return tanh(W @ x)\n')
    with pytest.raises(BadInput, match=r"cell mine has vectors of width P that nothing gives a size; add a function sizes"):
        trace.load("mine").sizes(3, 4)


def test_what_a_paper_is_must_be_a_text(tmp_path, monkeypatch):
    (tmp_path / "cells").mkdir()
    monkeypatch.setenv("GATEBENCH_PATH", str(tmp_path))
    (tmp_path / "cells" / "mine.py").write_text(f"{HEADER}PAPER = 2026\ndef step(x, h, *, W):\n    return tanh(W @ x)\n")
    with pytest.raises(BadInput, match="PAPER is 2026, expected a text that says where the cell is from"):
        trace.load("mine")
