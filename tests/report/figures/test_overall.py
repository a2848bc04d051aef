"""The table of cells over all tasks."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from gatebench.records.frame import Frame
from gatebench.report import comparisons
from support.figures import FIGURES, RANKED
from support.frames import by_hand, seeds


def learned(trials: list[tuple[object, ...]]) -> Frame:
    """A frame in which every task has something to learn: its baselines are 18 and 12.5."""
    frame = by_hand(trials)
    return replace(frame, baselines=frame.baselines.assign(nll=2 * frame.baselines.nll))


def numbers(text: str) -> list[float]:
    """What stands in a cell of the table."""
    return [float(word.strip("[,]")) for word in text.split()]


TRIALS = [
    *seeds("music", "gru", [4.0, 4.2]), *seeds("music", "rnn", [5.0, 5.4]), *seeds("music", "lstm", [4.0, 4.5]),
    *seeds("speech", "gru", [8.0, 8.2]), *seeds("speech", "rnn", [7.5, 7.7]), *seeds("speech", "lstm", [9.0, 9.1]),
    *seeds("nottingham", "gru", [3.0, 3.1]), *seeds("nottingham", "rnn", [2.5, 2.6]),
    *seeds("nottingham", "lstm", [3.0, 3.3]),
]  # fmt: skip


def test_an_effect_is_the_difference_to_the_gru_in_hundredths_of_what_was_learned():
    frame = learned(TRIALS)
    table = FIGURES["overall"].table(frame).set_index("cell")
    assert list(table.index) == ["rnn", "lstm"]
    assert set(table.beside) == {"gru"}
    scales = {"music": 12.5 - 4.1, "speech": 12.5 - 7.6, "nottingham": 12.5 - 2.55}
    for pair in comparisons.pairs(frame):
        if {pair.lower, pair.other} == {"gru", "rnn"}:
            d = pair.difference if pair.lower == "rnn" else -pair.difference
            expected = [100 * value / scales[pair.group.task] for value in (d.mean, d.low, d.high)]
            shown = numbers(table[frame.datasets[pair.group.task]]["rnn"])
            assert shown == pytest.approx(expected, abs=0.051)


def test_all_tasks_count_alike_and_a_new_one_is_less_sure():
    frame = learned(TRIALS)
    row = FIGURES["overall"].table(frame).set_index("cell").loc["lstm"]
    effects = [100 * 0.15 / 8.4, 100 * 0.95 / 4.9, 100 * 0.1 / 9.95]
    half = stats.t.ppf(0.975, 2) * np.std(effects, ddof=1)
    mean = np.mean(effects)
    assert numbers(row["all tasks"]) == pytest.approx([mean, mean - half / 3**0.5, mean + half / 3**0.5], abs=0.051)
    assert numbers(row["a new task"]) == pytest.approx(
        [mean - half * (4 / 3) ** 0.5, mean + half * (4 / 3) ** 0.5], abs=0.051
    )
    assert row["tasks"] == "3"
    assert 0 < float(row["spread"]) < np.std(effects, ddof=1)


def test_a_task_on_which_nothing_was_learned_is_no_part_of_it():
    """Nottingham and music have something to learn by the frame's own baselines, speech does not."""
    table = FIGURES["overall"].table(by_hand(TRIALS)).set_index("cell")
    assert table["tasks"]["rnn"] == "2"
    assert {"Some Music", "Nottingham"} <= set(table.columns)
    assert "Some Speech (synthetic)" not in table.columns


def test_a_task_on_which_no_cell_is_shown_to_be_below_the_baseline_is_no_part_of_it():
    """Its lowest mean is below it, by so little that everything else would be hundreds of that."""
    trials = [trial for trial in TRIALS if trial[0] != "speech"]
    near = [
        *seeds("speech", "gru", [12.3, 12.6]),
        *seeds("speech", "rnn", [14.0, 14.1]),
        *seeds("speech", "lstm", [14.5, 14.9]),
    ]
    table = FIGURES["overall"].table(learned([*trials, *near])).set_index("cell")
    assert table["tasks"]["rnn"] == "2"
    assert "Some Speech (synthetic)" not in table.columns


def test_a_single_run_has_an_effect_without_an_interval_and_leaves_no_spread():
    table = FIGURES["overall"].table(learned([*RANKED, *seeds("music", "lstm", [1.0])])).set_index("cell")
    assert set(table.index) == {"rnn", "novel"}
    assert table["Nottingham"]["novel"].endswith("(one seed)")
    assert table["spread"]["novel"] == ""
    assert "[" in table["all tasks"]["novel"]


def test_without_a_gru_the_first_cell_stands_beside():
    table = FIGURES["overall"].table(learned([trial for trial in TRIALS if trial[1] != "gru"]))
    assert (list(table.cell), list(table.beside)) == (["lstm"], ["rnn"])


def test_a_study_of_one_task_in_common_has_nothing_over_all_tasks(hand: Frame):
    assert FIGURES["overall"].table(hand) is None
