"""The figure of test NLL against size."""

from dataclasses import replace

import numpy as np
import pytest

from gatebench.records.frame import Frame
from gatebench.report.stats.estimates import mean_interval
from support.figures import FIGURES, drawn
from support.frames import by_hand, seeds

FIGURE = FIGURES["sizes"]
SMALL, LARGE = "parameters_5k", "parameters_80k"
TRIALS = [
    *seeds("music", "gru", [3.4, 3.5], SMALL),
    *seeds("music", "gru", [3.0, 3.2], LARGE),
    *seeds("music", "rnn", [3.6, 3.9], SMALL),
]


def sized(trials: list) -> Frame:
    """The frame of these trials, with as many parameters as their budgets say."""
    frame = by_hand(trials)
    counts = frame.trials.budget.str.extract(r"(\d+)")[0].astype(int) * 1000
    return replace(frame, trials=frame.trials.assign(parameters_recurrent=counts))


def test_a_cell_has_a_point_at_each_size_that_it_was_trained_at():
    numbers = FIGURE.numbers(sized(TRIALS))
    assert list(zip(numbers.cell, numbers.parameters_recurrent, strict=True)) == [
        ("gru", 5000),
        ("gru", 80000),
        ("rnn", 5000),
    ]
    expected = mean_interval([3.0, 3.2])
    np.testing.assert_allclose(
        numbers[["nll", "low", "high", "n"]].to_numpy(float)[1], [expected.mean, expected.low, expected.high, 2]
    )


def test_what_was_not_trained_is_said():
    _, missing = FIGURE.notes(sized(TRIALS))
    assert missing == "Not trained on Some Music (modern): rnn at 80k."
    whole = [*TRIALS, *seeds("music", "rnn", [3.5], LARGE)]
    assert len(FIGURE.notes(sized(whole))) == 1


@pytest.mark.parametrize(
    "trials",
    [
        TRIALS[:2],
        [*TRIALS[:2], *seeds("music", "rnn", [3.0], LARGE)],  # each cell has one size
        [*TRIALS[:2], *seeds("music", "gru", [3.0], "units_64")],  # another budget is no size
    ],
)
def test_without_a_cell_of_two_sizes_there_is_no_figure(trials: list):
    assert FIGURE.numbers(sized(trials)) is None
    assert len(FIGURE.notes(sized(trials))) == 1


def test_lines_join_the_sizes_of_a_cell_from_small_to_large():
    (axis,) = drawn("sizes", sized(TRIALS[::-1])).axes
    lines = [list(line.get_xdata()) for line in axis.lines if len(line.get_xdata()) and line.get_linestyle() == "-"]
    assert [5000, 80000] in lines
    assert axis.get_xscale() == "log"


def test_a_variant_has_the_colour_of_its_cell_and_a_broken_line():
    deep = [*seeds("music", "gru layers=2", [3.3], SMALL), *seeds("music", "gru layers=2", [3.1], LARGE)]
    (legend,) = drawn("sizes", sized([*TRIALS, *deep])).legends
    looks = {line.get_label(): (line.get_color(), line.get_linestyle()) for line in legend.get_lines()}
    colour = looks["gru"][0]
    assert looks["gru"] == (colour, "-")
    assert looks["gru layers=2"] == (colour, "--")
    assert looks["rnn"][0] != colour


def test_marks_of_one_size_stand_beside_one_another():
    (axis,) = drawn("sizes", sized(TRIALS)).axes
    places = [line.get_transform().transform(line.get_xydata())[0, 0] for line in axis.lines if line.get_marker() in "os^"]
    assert len({round(place, 1) for place in places}) == len(places) == 2
    assert max(places) - min(places) < 0.05 * axis.get_window_extent().width


def test_a_mean_that_is_far_above_leaves_the_axis_to_the_others():
    others = [trial for cell in ("lstm", "mgu") for trial in seeds("music", cell, [3.3, 3.4], SMALL)]
    (axis,) = drawn("sizes", sized([*TRIALS, *others, *seeds("music", "rnn", [9.0, 12.0], LARGE)])).axes
    assert axis.get_ylim()[0] < 3.0
    assert 4.0 < axis.get_ylim()[1] < 7
    assert [text.get_text() for text in axis.texts] == ["10.50"]


def test_ticks_are_the_sizes_that_were_asked_for():
    (axis,) = drawn("sizes", sized([*TRIALS, *seeds("music", "gru", [2.9, 3.0], "parameters_320k")])).axes
    assert list(axis.get_xticks()) == [5000, 80000, 320000]
