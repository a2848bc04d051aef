"""The table and the figure of one comparison group, for whoever goes on computing with them."""

import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt

from gatebench.report import comparisons, ranking
from gatebench.report.ranking import COLUMNS
from support.frames import EVERYTHING, HIGH, LOW, MUSIC, NAN, by_hand, seeds

CELLS = ["rnn", "gru", "lstm"]


def frame_of(*cells: tuple[str, list[float]]):
    trials = [trial for cell, scores in cells for trial in seeds("music", cell, scores)]
    return ranking.of_group(by_hand([*trials, *EVERYTHING[-8:]]), MUSIC, CELLS)


def test_the_lowest_is_first_and_baselines_are_last():
    table = ranking.table(frame_of(("rnn", HIGH), ("gru", LOW)))
    assert list(table.columns) == COLUMNS
    assert list(table.cell) == ["gru", "rnn", "[markov]", "[unigram]"]
    assert table.nll.to_numpy() == pytest.approx([np.mean(LOW), np.mean(HIGH), 6.25, 9.0])
    assert list(table.n[:2]) == [3, 3]
    assert table.loc[2:, ["low", "n", "units"]].isna().all(axis=None)


def test_intervals_and_differences_are_those_of_the_report():
    frame = frame_of(("rnn", HIGH), ("gru", LOW))
    gru, rnn = (row for row in ranking.table(frame).head(2).itertuples())
    (pair,) = comparisons.pairs(frame)
    assert (rnn.above, rnn.above_low, rnn.above_high) == pytest.approx(
        (-pair.difference.mean, -pair.difference.high, -pair.difference.low)
    )
    assert rnn.beside_lowest == "better"
    assert np.isnan(gru.above)
    of_gru = comparisons.interval(frame, frame.confirmed("test").query("cell == 'gru'"))
    assert (gru.low, gru.high) == (of_gru.low, of_gru.high)


def test_a_cell_without_a_score_has_a_row():
    table = ranking.table(frame_of(("gru", LOW), ("lstm", [NAN, NAN]), ("rnn", HIGH)))
    assert list(table.cell[:3]) == ["gru", "rnn", "lstm"]
    assert np.isnan(table.nll[2])


def test_the_figure_belongs_to_no_window():
    before = plt.get_fignums()
    figure = ranking.plot(frame_of(("rnn", HIGH), ("gru", LOW)))
    assert plt.get_fignums() == before
    (axis,) = figure.axes
    assert [label.get_text() for label in axis.get_yticklabels()] == ["rnn", "gru"]


def test_settings_of_matplotlib_are_the_callers():
    with mpl.rc_context({"axes.grid": False, "font.size": 7.5}):
        ranking.plot(frame_of(("rnn", HIGH), ("gru", LOW)))
        assert (mpl.rcParams["axes.grid"], mpl.rcParams["font.size"]) == (False, 7.5)


@pytest.mark.parametrize("fails", [False, True])
def test_the_backend_is_the_callers(fails: bool):
    code = (
        "import matplotlib\n"
        "matplotlib.use('svg')\n"
        "from gatebench.report import ranking, style\n"
        "try:\n"
        "    with ranking.unchanged_matplotlib():\n"
        "        style.apply_style()\n"
        "        assert matplotlib.get_backend() == 'agg'\n"
        f"        assert not {fails}\n"
        "except AssertionError:\n"
        "    pass\n"
        "print(matplotlib.get_backend())\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True)
    assert ran.stdout.strip() == "svg"
