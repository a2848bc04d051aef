"""What is advised where no cell learned anything fits the reason."""

from dataclasses import replace

import pytest

from gatebench.report import advice, verdict
from support.frames import MUSIC, by_hand, seeds

LOST = [*seeds("music", "gru", [6.4, 6.41, 6.42]), *seeds("music", "lstm", [7.0, 7.1, 7.2])]


def advised(share: float = 0.0, **changes: object) -> str:
    """The second line of a verdict on cells that learned nothing, of trials with these costs."""
    frame = by_hand(LOST)
    frame = replace(frame, trials=frame.trials.assign(**changes), outside={"music": share} if share else {})
    line = verdict.lines(frame, MUSIC, ["gru", "lstm"])[1]
    assert "show no winner here: " in line
    return line.partition("show no winner here: ")[2]


def test_without_a_reason_more_might_help_or_nothing():
    assert advised() == "longer training or more data might, or there is nothing more to learn."


def test_test_outside_of_train_is_said_with_the_remedy():
    line = advised(0.62)
    assert line.startswith("62% of a column of test lies outside train's range, where nothing is learned: ")
    assert "--difference" in line
    assert "plan" not in line
    assert advised(0.04) == advised()


@pytest.mark.parametrize("updates", [30, 500])
def test_few_updates_of_which_the_last_were_the_best_are_too_small_a_plan(updates: int):
    line = advised(updates=updates, best_epoch=3)
    factor = -(-advice.FEW_UPDATES // updates)
    assert line.startswith(f"the plan was too small for the data, with {updates:,} updates a trial, of which the last")
    assert f"about {factor} times as many minutes" in line
    assert "updates" not in advised(updates=updates, best_epoch=2)


def test_many_updates_that_ended_too_early_are_said():
    assert "most trials were at their best in their last epoch" in advised(updates=5000, best_epoch=3)


def test_a_handful_of_units_is_too_small_a_plan():
    assert advised(units=3) == (
        "the plan was too small for the data, with 3 units a cell: 8 or more would take more parameters (--parameters N)."
    )


def test_several_reasons_are_all_said():
    line = advised(0.3, units=3, updates=40, best_epoch=3)
    assert "outside train's range" in line
    assert "40 updates a trial" in line
    assert "3 units a cell" in line
