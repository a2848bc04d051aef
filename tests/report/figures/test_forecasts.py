"""Values of steps as they were and as they are predicted, and those of whole sequences against one another."""

import numpy as np
import pytest

from gatebench.report.figures import forecasts, predicted
from support.figures import drawn
from support.frames import HIGH, LOW, by_hand, seeds
from support.measured import values, with_values

FRAME = by_hand([*seeds("music", "gru", LOW), *seeds("music", "rnn", HIGH)])


@pytest.mark.parametrize(("module", "whole"), [(forecasts, False), (predicted, True)])
def test_numbers_are_the_predictions_of_the_best_trial(module, whole: bool):
    frame = with_values(FRAME, "music", whole)
    numbers = module.numbers(frame)
    assert set(numbers.cell) == {"gru"}
    assert set(numbers.key) == set(frame.best[frame.best.cell == "gru"].key)
    expected = values(whole)[1]
    assert list(numbers.column) == ["temp" if output == 0 else "load" for output in expected.output]
    np.testing.assert_array_equal(numbers[["sequence", "true", "predicted"]], expected[["sequence", "true", "predicted"]])
    other = predicted if module is forecasts else forecasts
    assert other.numbers(frame) is None
    assert module.numbers(FRAME) is None


def test_a_forecast_is_drawn_over_what_came_for_each_sequence_and_column():
    figure = drawn("forecasts", with_values(FRAME, "music", whole=False))
    assert [axis.get_ylabel() for axis in figure.axes] == ["temp", "load"] * 2
    for axis in figure.axes:
        true, shown = (line.get_ydata() for line in axis.lines)
        np.testing.assert_allclose(np.asarray(shown) - np.asarray(true), 0.5)
    assert [len(axis.lines[0].get_ydata()) for axis in figure.axes] == [5, 5, 4, 4]


def test_predictions_stand_over_true_values_beside_the_line_of_equals():
    figure = drawn("predicted", with_values(FRAME, "music", whole=True))
    assert [axis.get_xlabel() for axis in figure.axes] == ["true temp", "true load"]
    for axis in figure.axes:
        line, marks = axis.lines
        np.testing.assert_allclose(line.get_xdata(), line.get_ydata())
        np.testing.assert_allclose(np.asarray(marks.get_ydata()) - np.asarray(marks.get_xdata()), 0.5)
