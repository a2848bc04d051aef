"""The learning curves."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from gatebench.records.frame import Frame
from gatebench.report import style
from support.figures import FIGURES, drawn
from support.frames import CONFIRMED, VARIANT, by_hand, seeds


def test_curves_are_those_of_the_trial_that_is_best_on_validation(hand: Frame):
    numbers = FIGURES["curves"].numbers(hand)
    best = numbers.drop_duplicates(["task", "cell"])
    # On music the GRU's second seed is best on validation, though its first is on test.
    assert {(row.task, row.cell): row.seed for row in best.itertuples()} == {
        ("music", "gru"): 2, ("music", VARIANT): 1, ("music", "novel"): 1, ("speech", "gru"): 1
    }  # fmt: skip
    gru = numbers[(numbers.task == "music") & (numbers.cell == "gru") & (numbers.split == "valid")]
    assert list(gru.epoch) == [1, 2, 3]
    np.testing.assert_allclose(gru.nll, [3.2, 2.8, 2.9])
    np.testing.assert_allclose(gru.seconds, [2, 4, 6])


def test_a_trial_that_is_the_best_of_another_budget_too_is_drawn_there_alone():
    frame = by_hand([*seeds("music", "gru", [3.0, 2.9], "a"), *seeds("music", "gru", [3.0], "b")])
    first = frame.trials[frame.trials.seed == 1].drop_duplicates("budget").set_index("budget").key
    shared = {first["b"]: first["a"]}  # of one size at both budgets, and so of one key
    frame = replace(
        frame,
        trials=frame.trials.assign(key=frame.trials.key.replace(shared)),
        curves=frame.curves.assign(key=frame.curves.key.replace(shared)),
    )
    numbers = FIGURES["curves"].numbers(frame)
    assert numbers.groupby("budget").seed.unique().explode().to_dict() == {"a": 2, "b": 1}
    assert not numbers.duplicated(["budget", "cell", "split", "epoch"]).any()


@pytest.mark.parametrize("below", [True, False], ids=["negative", "positive"])
def test_curves_are_logarithmic_where_they_can_be(below: bool):
    trials = [(*trial[:5], trial[5] - 10 * below, trial[6] - 10 * below, trial[7]) for trial in CONFIRMED]
    assert {axis.get_yscale() for axis in drawn("curves", by_hand(trials)).axes} == {"linear" if below else "log"}


def test_one_legend_stands_beside_all_panels_and_names_what_is_drawn(hand: Frame):
    figure = drawn("curves", hand)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["gru", VARIANT, "novel", "train", "validation"]
    figure.draw_without_rendering()
    beside = legend.get_window_extent()
    assert not any(axis.get_tightbbox().overlaps(beside) or axis.get_legend() for axis in figure.axes)


def test_of_many_cells_those_that_come_lowest_have_colours():
    cells = [f"cell{i:02d}" for i in range(14)]
    frame = by_hand([("music", cell, "confirm", 1, 0.01, 3.0 + 0.1 * i, 3.0, "finished") for i, cell in enumerate(cells)])
    figure = drawn("curves", frame)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [*cells[:10], "train", "validation", "other cells"]
    for axis in figure.axes:
        colours = [line.get_color() for line in axis.lines]
        assert colours.count(style.QUIET) == 2 * 4
        assert len(set(colours)) == 11


@pytest.mark.parametrize("astray", [1.0, 1e3, 1e29])
def test_what_goes_far_astray_leaves_the_others_where_they_can_be_seen(astray: float):
    trials = [("music", f"cell{i}", "confirm", 1, 0.01, 3.0 + 0.1 * i, 3.0, "finished") for i in range(6)]
    frame = by_hand(trials)
    numbers = FIGURES["curves"].numbers(frame)
    numbers.loc[(numbers.cell == "cell5") & (numbers.epoch == 1), "nll"] *= astray
    others = numbers[numbers.cell != "cell5"].nll
    for axis in FIGURES["curves"].draw(numbers, frame).axes:
        low, high = axis.get_ylim()
        assert low <= others.min() < others.max() <= high
        assert high < 2 * others.max(), "the axis is that of the others"


def test_scores_of_zero_are_no_reason_for_a_linear_axis(hand: Frame):
    numbers = FIGURES["curves"].numbers(hand)
    numbers.loc[numbers.nll == numbers.nll.min(), "nll"] = 0.0
    assert {axis.get_yscale() for axis in FIGURES["curves"].draw(numbers, hand).axes[:2]} == {"log"}


def test_what_is_seen_is_where_validation_is_lowest(hand: Frame):
    text = FIGURES["curves"].describe(FIGURES["curves"].numbers(hand), hand)
    assert f"{VARIANT} 2.500 in epoch 2, after 4 s; gru 2.800 in epoch 2, after 4 s" in text


@pytest.mark.parametrize("decades", [0.1, 1.5, 5])
def test_ticks_differ_and_have_room(hand: Frame, decades: float):
    numbers = FIGURES["curves"].numbers(hand)
    figure = FIGURES["curves"].draw(numbers.assign(nll=np.logspace(0, -decades, len(numbers))), hand)
    figure.draw_without_rendering()
    axis = figure.axes[0]
    low, high = axis.get_ylim()
    ticks = zip(axis.get_yticks(), axis.get_yticklabels(), strict=True)
    shown = [label for place, label in ticks if low <= place <= high]
    boxes = sorted((label.get_window_extent() for label in shown), key=lambda box: box.y0)
    assert len({label.get_text() for label in shown}) == len(shown) >= 2
    assert all(below.y1 <= above.y0 for below, above in itertools.pairwise(boxes))


def test_a_first_epoch_that_is_above_all_that_follows_is_cut_off(hand: Frame):
    first = (hand.curves.split == "train") & (hand.curves.epoch == 1)
    assert first.any()
    high = replace(hand, curves=hand.curves.assign(nll=hand.curves.nll.mask(first, 40.0)))
    highest = FIGURES["curves"].numbers(high).query("nll < 40").groupby("task", sort=False).nll.max()
    tops = [axis.get_ylim()[1] for axis in drawn("curves", high).axes]
    assert tops == pytest.approx([top for top in highest for _ in ("epoch", "seconds")])
