"""The figure of the learning rates of the search."""

import itertools

import numpy as np
import pytest

from gatebench.records.frame import Frame
from support.figures import FIGURES, TRIED, drawn
from support.frames import CONFIRMED, VARIANT, by_hand


def test_sensitivity_has_every_rate_of_the_search_and_nothing_else(hand: Frame):
    numbers = FIGURES["sensitivity"].numbers(hand)
    settings = [(row.cell, row.lr, row.status) for row in numbers.itertuples()]
    assert settings == [("gru", 0.01, "finished"), ("gru", 0.02, "diverged"), (VARIANT, 0.01, "finished")]
    assert numbers.nll[0] == 3.0  # on validation, not on test
    assert np.isnan(numbers.nll[1])


def test_panels_have_the_order_of_other_figures():
    tasks = ["speech", "music"]
    frame = by_hand([(task, *trial[1:]) for task in tasks for trial in [*TRIED[:3], *CONFIRMED]])
    assert (
        list(FIGURES["sensitivity"].numbers(frame).task.unique())
        == list(FIGURES["results"].numbers(frame).task.unique())
        == tasks
    )


def test_a_diverged_trial_of_a_search_is_a_cross(hand: Frame):
    crosses = [line for axis in drawn("sensitivity", hand).axes for line in axis.lines if line.get_marker() == "x"]
    assert [xs for line in crosses if (xs := np.asarray(line.get_xdata()).tolist())] == [[0.02]]


@pytest.mark.parametrize("numbers", [[0.05, 0.05, 0.05], [0.05, 0.075, 0.1]], ids=["rates", "rates and another"])
@pytest.mark.parametrize("name", ["weight_noise", "weight_decay"])
def test_a_search_over_more_than_rates_is_no_curve(name: str, numbers: list[float]):
    frame = by_hand([*TRIED[:3], *CONFIRMED])
    frame.trials.loc[frame.trials.stage == "search", name] = np.repeat(numbers, 3)
    assert list(FIGURES["sensitivity"].numbers(frame)[name]) == numbers
    (axis,) = drawn("sensitivity", frame).axes
    (points,) = [line for line in axis.lines if len(np.asarray(line.get_xdata())) == 3]
    assert (points.get_linestyle() == "-") == (len(set(numbers)) == 1)


@pytest.mark.parametrize("lowest", [1e-3, 1e-5], ids=["two decades", "four"])
def test_numbers_of_the_rates_do_not_touch(lowest: float):
    frame = by_hand([*TRIED[:3], *CONFIRMED])
    frame.trials.loc[frame.trials.stage == "search", "lr"] = np.repeat(np.geomspace(lowest, 0.1, 3), 3)
    figure = drawn("sensitivity", frame)
    figure.draw_without_rendering()
    (axis,) = figure.axes
    first, last = axis.get_xlim()
    shown = [label for label in axis.get_xticklabels() if label.get_text() and first <= label.get_position()[0] <= last]
    boxes = [label.get_window_extent() for label in shown]
    assert len(boxes) >= 3
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))
