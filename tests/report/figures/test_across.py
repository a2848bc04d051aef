"""The figure of every cell on every task."""

from dataclasses import replace

import numpy as np
import pytest

from gatebench.records.contrasts import Contrasts, Declaration
from gatebench.report import comparisons
from support.figures import FIGURES, drawn
from support.frames import by_hand, seeds

ACROSS = FIGURES["across"]
SCORES = {"gru": 3.0, "rnn": 3.5, "lstm": 2.8, "mingru": 3.2}
"""Cell -> its mean on music; on speech all are higher by one."""
MILLISECONDS = {"gru": 20.0, "rnn": 5.0, "lstm": 30.0, "mingru": 25.0}


def frame():
    """Two tasks, a family against the GRU, and updates that take these times."""
    trials = [trial for cell, mean in SCORES.items() for trial in seeds("music", cell, [mean - 0.01, mean, mean + 0.02])]
    trials += [("speech", *trial[1:6], trial[6] + 1, trial[7]) for trial in trials]
    one = by_hand(trials)
    seconds = one.trials.cell.map(MILLISECONDS) * one.trials.updates / 1000
    return replace(one, trials=one.trials.assign(core_seconds=seconds), declared=Declaration(Contrasts(against="gru")))


def test_a_row_has_the_distance_to_the_reference_and_the_time_of_an_update():
    table = ACROSS.numbers(frame()).set_index(["task", "cell"])
    assert len(table) == 8
    assert set(table.beside) == {"gru"}
    against = {
        pair.lower if pair.other == "gru" else pair.other: pair for pair in comparisons.pairs(frame())[:6] if pair.tested
    }
    for cell, pair in against.items():
        row, sign = table.loc[("music", cell)], 1 if pair.lower == cell else -1
        assert row.difference == pytest.approx(sign * pair.difference.mean)
        assert (row.p_holm, row.verdict) == (pair.p_holm, pair.verdict)
        assert row.low < row.difference < row.high
    assert {cell: table.ms_per_update["music", cell] for cell in SCORES} == pytest.approx(MILLISECONDS)


def test_the_frontier_has_those_cells_that_none_is_both_faster_and_lower_than():
    table = ACROSS.numbers(frame())
    assert set(table[table.frontier].cell) == {"rnn", "gru", "lstm"}
    text = ACROSS.describe(table, frame())
    assert "lower than gru: lstm -0.200 [" in text
    assert "frontier of NLL and update time: rnn, gru and lstm." in text


def test_there_is_a_row_a_cell_and_a_column_a_task_and_the_frontier_is_drawn_below():
    figure = drawn("across", frame())
    assert len(figure.axes) == 4
    above, below = figure.axes[:2], figure.axes[2:]
    assert [text.get_text() for text in above[0].get_yticklabels()] == ["lstm", "gru", "mingru", "rnn"]
    assert {text.get_text() for text in above[1].get_yticklabels()} == {""}
    for axis in below:
        (line,) = (line for line in axis.lines if line.get_drawstyle() == "steps-post")
        np.testing.assert_allclose(line.get_xdata(), [5, 20, 30])
        assert axis.get_title() == "frontier: rnn, gru, lstm"


def test_a_frontier_has_its_names_above_and_labels_have_room():
    means = {"gru": 3.0, "rnn": 3.5, "lstm": 2.8, "mingru": 2.9}
    trials = [trial for cell, mean in means.items() for trial in seeds("music", cell, [mean - 0.01, mean, mean + 0.02])]
    trials += [("speech", *trial[1:6], trial[6] + 1, trial[7]) for trial in trials]
    one = by_hand(trials)
    seconds = one.trials.cell.map({**MILLISECONDS, "mingru": 22.0}) * one.trials.updates / 1000
    figure = drawn("across", replace(one, trials=one.trials.assign(core_seconds=seconds)))
    assert figure.axes[2].get_title() == "frontier: rnn, gru, mingru, lstm"
    figure.draw_without_rendering()
    left, right = (axis.xaxis.label.get_window_extent() for axis in figure.axes[:2])
    assert left.x1 < right.x0


def test_a_cell_that_lacks_a_task_stands_at_the_end_and_one_task_alone_is_no_figure():
    one = frame()
    lacks = (one.trials.task == "speech") & (one.trials.cell == "lstm")
    labels = drawn("across", replace(one, trials=one.trials[~lacks])).axes[0].get_yticklabels()
    assert [text.get_text() for text in labels] == ["gru", "mingru", "rnn", "lstm"]
    assert ACROSS.numbers(replace(one, trials=one.trials[one.trials.task == "music"])) is None


def test_fifty_cells_are_drawn():
    scores = {f"cell_{i:02}": 3 + i / 50 for i in range(49)} | {"gru": 3.2}
    music = [trial for cell, mean in scores.items() for trial in seeds("music", cell, [mean, mean + 0.1])]
    speech = [("speech", *trial[1:6], trial[6] + 4, trial[7]) for trial in music]
    many = replace(by_hand([*music, *speech]), declared=Declaration(Contrasts(against="gru")))
    figure = drawn("across", many)
    assert len(figure.axes[0].get_yticks()) == 50
    heights = figure.axes[0].get_window_extent().height / figure.dpi
    assert heights > 50 * 0.15
