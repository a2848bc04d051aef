"""The figure of the same cells matched by other budgets."""

import numpy as np
import pytest

from gatebench.records.frame import Frame
from gatebench.report import durations
from gatebench.report.stats.estimates import mean_interval
from support.figures import FIGURES, drawn
from support.frames import BUDGET, by_hand, everything, seeds


def test_budgets_stand_beside_each_other_where_there_are_two():
    trials = [*seeds("music", "gru", [3.0, 3.2]), *seeds("music", "gru", [2.8, 3.1], "units_64"),
              *seeds("music", "rnn", [3.3], "units_64"), *seeds("speech", "gru", [7.0])]  # fmt: skip
    frame = by_hand(trials)
    numbers = FIGURES["budgets"].numbers(frame).set_index(["budget", "cell"])
    assert list(numbers.index) == [(BUDGET, "gru"), ("units_64", "gru"), ("units_64", "rnn")]
    assert set(numbers.task) == {"music"}
    for budget, tests, size in ((BUDGET, [3.0, 3.2], 20_000), ("units_64", [2.8, 3.1], 30_000)):
        expected, row = mean_interval(tests), numbers.loc[(budget, "gru")]
        shown = row[["nll", "low", "high"]].astype(float)
        np.testing.assert_allclose(shown, [expected.mean, expected.low, expected.high], rtol=1e-9)
        assert (row.n, row.parameters_recurrent, row.parameters_total, row.flops_per_step) == (2, size, 24_000, 39_000)
        assert row.core_seconds == 4.0 + 1.5
    single = numbers.loc[("units_64", "rnn")]
    assert (single.nll, single.n) == (pytest.approx(3.3), 1)
    assert np.isnan(single.low)


def test_every_column_of_budgets_says_which_cost_it_is():
    costs = list(FIGURES["budgets"].COSTS.values())
    assert [axis.get_xlabel() for axis in drawn("budgets", everything()).axes][-len(costs) :] == costs


def test_a_study_of_one_budget_has_none_beside_it(hand: Frame):
    assert FIGURES["budgets"].numbers(hand) is None


def test_each_row_has_the_range_of_its_own_scores():
    trials = [
        trial
        for task, nll in (("music", 3.0), ("speech", 7.0))
        for budget in (BUDGET, "units_64")
        for cell in ("gru", "rnn")
        for trial in seeds(task, cell, [nll, nll + 0.1], budget)
    ]
    axes = drawn("budgets", by_hand(trials)).axes
    for row, nll in zip(range(0, len(axes), 4), (3.0, 3.0, 7.0, 7.0), strict=True):
        (range_of_row,) = {axis.get_ylim() for axis in axes[row : row + 4]}
        low, high = range_of_row
        assert nll - 1 < low < high < nll + 1


def test_a_panel_without_times_says_so():
    numbers = FIGURES["budgets"].numbers(everything()).assign(core_seconds=np.nan)
    figure = FIGURES["budgets"].draw(numbers, everything())
    said = [[text.get_text() for text in axis.texts] for axis in figure.axes]
    assert said == [[], [], [], [durations.ABSENT]] * (len(figure.axes) // 4)


def test_each_panel_has_the_range_of_its_own_costs():
    trials = [*seeds("music", "gru", [3.0, 3.2]), *seeds("music", "gru", [2.8, 3.1], "units_64")]
    of_few, of_many = drawn("budgets", by_hand(trials)).axes[::4]
    for axis, size in ((of_few, 20_000), (of_many, 30_000)):
        assert axis.get_xlim() == pytest.approx((size / 1.25, size * 1.25))
