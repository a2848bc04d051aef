"""What holds for every figure and table, on frames of a few trials that are written by hand."""

import inspect
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from itertools import combinations
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from gatebench.records.frame import ComparisonGroup, Frame
from gatebench.report import style
from support.figures import DRAWN, FIGURES, TABLES, drawn
from support.frames import CONFIRMED, NAN, TRIALS, by_hand, everything

FRAMES = {
    "all": by_hand(TRIALS),
    "no search": by_hand(CONFIRMED),
    "one trial": by_hand(TRIALS[2:3]),
    "everything": everything(),
}
"""Frames by hand, of which the last has something for every figure and table."""


@pytest.fixture(scope="module")
def of_everything() -> Callable[[str], Figure]:
    """A figure by name, of the frame that has something for each, drawn once for all that look at it."""
    return cache(lambda name: drawn(name, FRAMES["everything"]))


def may_be_missing(name: str, which: str) -> bool:
    """Whether a figure says in its types that a study may have nothing for it; this one has something for all."""
    function = getattr(FIGURES[name], "table", None) or FIGURES[name].numbers
    return "None" in str(inspect.signature(function).return_annotation) and which != "everything"


@pytest.mark.parametrize("module", FIGURES.values(), ids=FIGURES)
def test_a_figure_says_what_it_shows_and_how(module: ModuleType):
    assert module.TITLE
    assert len(module.CAPTION) > 60
    for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z'(])", module.CAPTION):
        assert len(re.findall(r"\S*\w\S*", sentence)) <= 35, sentence  # who reads in a second language reads it once
    assert hasattr(module, "table") != (hasattr(module, "numbers") and hasattr(module, "draw"))


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("which", FRAMES)
def test_a_figure_draws_these_or_has_no_numbers(name: str, which: str, of_everything: Callable[[str], Figure]):
    frame = FRAMES[which]
    numbers = FIGURES[name].numbers(frame)
    if numbers is None:
        assert may_be_missing(name, which)
        return
    assert isinstance(numbers, pd.DataFrame)
    figure = of_everything(name) if which == "everything" else drawn(name, frame)
    assert isinstance(figure, Figure)
    assert all(axis.get_xlabel() for axis in figure.axes)


@pytest.mark.parametrize("name", DRAWN)
def test_no_letter_of_a_figure_is_smaller_than_nine_points(name: str, of_everything: Callable[[str], Figure]):
    texts = [text for text in of_everything(name).findobj(Text) if isinstance(text, Text) and text.get_text()]
    assert len(texts) > 3
    assert [text.get_text() for text in texts if float(text.get_fontsize()) < style.SMALLEST] == []


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("which", FRAMES)
def test_a_table_shows_these_or_is_not_there(name: str, which: str):
    table = FIGURES[name].table(FRAMES[which])
    if table is None:
        assert may_be_missing(name, which)
        return
    assert len(table) > 0
    assert not table.isna().any().any()
    assert not table.astype(str).apply(lambda column: column.str.contains("nan")).any().any()


def test_a_cell_that_diverged_at_once_is_shown_and_counted():
    frame = everything([("music", "rnn", "confirm", 1, 0.01, NAN, NAN, "diverged")])
    for name in DRAWN:
        drawn(name, frame)
    assert FIGURES["scores"].table(frame).set_index("cell")["diverged"]["rnn"] == "1"
    assert "rnn" not in set(FIGURES["differences"].table(frame)[["lower", "other"]].to_numpy().flat)


def test_a_study_in_which_no_run_has_a_score_has_its_figures_all_the_same():
    frame = by_hand([("music", cell, "confirm", 1, 0.01, NAN, NAN, "diverged") for cell in ("gru", "rnn")])
    for name in DRAWN:
        assert FIGURES[name].numbers(frame) is None or drawn(name, frame)
    assert list(FIGURES["scores"].table(frame)["diverged"]) == ["", "", "1", "1"]


def left_titles(axis: Axes) -> list[Text]:
    """The titles of an axis that are not centred."""
    return [child for child in axis.get_children() if isinstance(child, Text) and child.get_text() == axis.get_title("left")]


@pytest.mark.parametrize("name", DRAWN)
def test_headings_of_many_overridden_settings_do_not_meet(name: str):
    long = "modern batch=1 epochs=40 lr=0.003504 patience=10 weight_decay=0.1 weight_noise=0.02275"
    frame = everything()
    parts = {part: getattr(frame, part).assign(training=long) for part in ("trials", "curves", "samples", "spectra")}
    figure = drawn(name, replace(frame, **parts))
    titles = [text for axis in figure.axes for text in (axis.title, axis.yaxis.label, *left_titles(axis)) if text.get_text()]
    boxes = [title.get_window_extent() for title in titles]
    assert not [(a, b) for a, b in combinations(boxes, 2) if a.overlaps(b)]


def labels(figure: Figure) -> list[str]:
    """The labels of all axes of a figure."""
    return [label for axis in figure.axes for label in (axis.get_xlabel(), axis.get_ylabel()) if label]


@pytest.mark.parametrize("name", DRAWN)
def test_labels_are_in_nats_per_time_step_or_per_sequence_where_that_is_predicted(
    name: str, of_everything: Callable[[str], Figure]
):
    frame = FRAMES["everything"]
    by_step = labels(of_everything(name))
    by_sequence = labels(drawn(name, replace(frame, at=dict.fromkeys(frame.datasets, "sequence"))))
    assert [label.replace("nats per time step", "nats per sequence") for label in by_step] == by_sequence


@pytest.mark.parametrize("name", ["answer", "budgets", "curves", "effort", "results", "sensitivity", "tradeoff"])
def test_scores_have_their_unit_on_an_axis(name: str, of_everything: Callable[[str], Figure]):
    assert any("nats per time step" in label for label in labels(of_everything(name)))


def test_sequences_by_hand_make_up_the_score(hand: Frame):
    test = hand.confirmed("test").set_index("key").nll
    total = hand.sequences.groupby("key")[["steps", "nll"]].sum()
    np.testing.assert_allclose((total.nll / total.steps)[test.index], test, rtol=1e-12)


def test_a_comparison_group_holds_what_is_comparable():
    assert ComparisonGroup._fields == ("task", "budget", "training")
