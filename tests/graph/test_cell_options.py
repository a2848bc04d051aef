"""Options of a cell: what its text declares, and what may be given; cells of your own have them too."""

import pytest

from gatebench.core import registry
from gatebench.core.errors import BadInput
from gatebench.graph import trace


@pytest.mark.parametrize(
    ("name", "options", "line"),
    [
        ("gru", {"gate": True}, "cell gru has no option 'gate'"),
        (
            "lstm_augmented",
            {"lenght": 2},
            "cell lstm_augmented has no option 'lenght'; did you mean 'length'?"
            " (there are: gate, projection, window, length)",
        ),
        ("lstm_augmented", {"gate": "no"}, "option 'gate' of cell lstm_augmented is 'no', expected true or false"),
        ("lstm_augmented", {"gate": 1}, "option 'gate' of cell lstm_augmented is 1, expected true or false"),
        (
            "lstm_augmented",
            {"window": "back"},
            "option 'window' of cell lstm_augmented is 'back', expected one of 'past', 'ahead'",
        ),
        (
            "lstm_augmented",
            {"length": 1.5},
            "option 'length' of cell lstm_augmented is 1.5, expected a whole number from 1 to 100",
        ),
        (
            "lstm_augmented",
            {"length": True},
            "option 'length' of cell lstm_augmented is True, expected a whole number from 1 to 100",
        ),
        (
            "lstm_augmented",
            {"length": 0},
            "option 'length' of cell lstm_augmented is 0, expected a whole number from 1 to 100",
        ),
        (
            "lstm_augmented",
            {"projection": -0.5},
            "option 'projection' of cell lstm_augmented is -0.5, expected a number above 0 and at most 1 or null",
        ),
        (
            "lstm_augmented",
            {"projection": 1.5},
            "option 'projection' of cell lstm_augmented is 1.5, expected a number above 0 and at most 1 or null",
        ),
        (
            "lstm_augmented",
            {"projection": "half"},
            "option 'projection' of cell lstm_augmented is 'half', expected a number above 0 and at most 1 or null",
        ),
    ],
)
def test_a_bad_option_gets_a_helpful_line(name, options, line):
    with pytest.raises(BadInput) as raised:
        trace.load(name, **options)
    assert str(raised.value) == line


def test_a_share_of_units_is_a_size():
    augmented = trace.load("lstm_augmented", projection=0.5)
    assert augmented.sizes(3, 5) == {"1": 1, "X": 3, "H": 5, "P": 2}
    assert augmented.sizes(3, 1)["P"] == 1
    assert trace.load("lstm_augmented", projection=None).sizes(3, 5) == {"1": 1, "X": 3, "H": 5}


@pytest.mark.parametrize("share", [2, 3])
def test_a_projection_is_never_wider_than_the_state(share):
    # d_v <= d_s, Sherstinsky 2020, Eq. 189: a share above one is refused, written as 2 or as 2.0
    with pytest.raises(BadInput, match="option 'projection' of cell lstm_augmented is"):
        trace.load("lstm_augmented", projection=share)


PLUGIN_CELL = '''\
"""Tanh unit without a bias.

A file in a folder of its own.
"""

from gatebench.graph.ops import tanh

PAPER = "none"


def step(x, h, *, W, U, leak=0.5):
    h = leak * h + tanh(W @ x + U @ h)
    return h
'''
WITH_OPTIONS = '''\
"""Leaky unit that reads an earlier input."""

from gatebench.graph.ops import Fraction, NonNegative, shift, tanh

PAPER = "none"


def step(x, h, *, W, U, tau: float = 10.0, delay: int = 0, power: NonNegative = 1.0, leak: Fraction | None = None):
    h = tau * h + power * (leak or 0.0) * tanh(W @ shift(x, -delay) + U @ h)
    return h
'''


@pytest.fixture
def plugin_folder(tmp_path, monkeypatch):
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells" / "mine.py").write_text(PLUGIN_CELL)
    (tmp_path / "cells" / "leaky.py").write_text(WITH_OPTIONS)
    (tmp_path / "cells" / "later.py").write_text("from __future__ import annotations\n" + WITH_OPTIONS)
    monkeypatch.setenv("GATEBENCH_PATH", str(tmp_path))


@pytest.mark.usefixtures("plugin_folder")
def test_a_cell_of_your_own_is_found_by_its_place():
    graph = trace.load("mine")
    assert graph.title == "Tanh unit without a bias"
    assert graph.parameters == {"U": ("H", "H"), "W": ("X", "H")}
    assert "mine" in registry.available("cells", ".py")


def test_a_cell_without_a_paper_or_without_equations_is_named(tmp_path, monkeypatch):
    (tmp_path / "cells").mkdir()
    path = tmp_path / "cells" / "mine.py"
    monkeypatch.setenv("GATEBENCH_PATH", str(tmp_path))
    for text, missing in ((PLUGIN_CELL.replace("PAPER", "SOURCE"), "PAPER"), ("x = 1", "step and PAPER")):
        path.write_text(text)
        with pytest.raises(BadInput, match=f"^{path}: a cell needs {missing}; compare it with another cell$"):
            trace.load("mine")


@pytest.mark.usefixtures("plugin_folder")
def test_an_option_without_a_type_can_be_given():
    # its default says what it is
    assert trace.load("mine", leak=0.25).options == {"leak": 0.25}
    assert trace.load("mine", leak=1.5).options == {"leak": 1.5}


@pytest.mark.usefixtures("plugin_folder")
@pytest.mark.parametrize("cell", ["leaky", "later"])
def test_a_default_may_be_stated(cell):
    # a yaml states every option of its cell
    defaults = {"tau": 10.0, "delay": 0, "power": 1.0, "leak": None}
    assert trace.load(cell).options == defaults
    assert trace.load(cell, **defaults).options == defaults
    assert trace.load(cell, **defaults).fingerprint == trace.load(cell).fingerprint


@pytest.mark.usefixtures("plugin_folder")
@pytest.mark.parametrize("cell", ["leaky", "later"])
def test_an_option_takes_what_its_annotation_says(cell):
    for options in ({"tau": -1e6}, {"tau": 0}, {"delay": -3}, {"power": 0}, {"leak": 0.0}):
        assert trace.load(cell, **options).options.items() >= options.items()
    for option, value, expected in (
        ("tau", float("inf"), "a finite number"),
        ("tau", "10", "a finite number"),
        ("delay", 1.0, "a whole number"),
        ("power", -1, r"a number from 0 to 1e\+12"),
        ("leak", 1, "a number from 0 and below 1 or null"),
    ):
        with pytest.raises(BadInput, match=f"^option '{option}' of cell {cell} is {value!r}, expected {expected}$"):
            trace.load(cell, **{option: value})
