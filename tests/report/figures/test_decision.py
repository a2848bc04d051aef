"""The table of which cell to take."""

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from gatebench.records.frame import Frame
from gatebench.report.stats.estimates import welch_difference
from gatebench.report.stats.mann_whitney import probability_lower
from gatebench.report.stats.regret import largest_regret
from support.figures import FIGURES
from support.frames import HIGH, LOW, by_hand, seeds, without_sequences

ALIKE = [3.00, 3.01, 3.03]
ABOVE = [3.02, 3.03, 3.06]
"""A little above those, and equivalent to them: the margin is about 0.32."""


def frame_of(*cells: tuple[str, list[float]], task: str = "music") -> Frame:
    return without_sequences(by_hand([trial for cell, scores in cells for trial in seeds(task, cell, scores)]))


def row(frame: Frame) -> dict[str, Any]:
    (only,) = FIGURES["decision"].table(frame).to_dict("records")
    return only


def test_the_lowest_cell_is_taken_where_it_is_better_than_every_other():
    shown = row(frame_of(("rnn", HIGH), ("gru", LOW), ("novel", [5.0, 5.1, 5.3])))
    assert (shown["cell"], shown["next"], shown["verdict"], shown["lost at most"]) == ("gru", "rnn", "better", "0.000")
    d = welch_difference(HIGH, LOW)
    assert shown["lower by"] == f"{d.mean:.3f} [{d.low:.3f}, {d.high:.3f}]"
    assert shown["P(lower)"].startswith("1.00 [")
    assert shown["n"] == "3, 3 seeds"
    assert (shown["FLOPs per step"], shown["state"], shown["core-seconds"]) == ("39,000", "13", "6.0")


def test_of_equivalent_cells_the_cheapest_is_taken_and_said_to_be():
    """The GRU's state is the smallest; the LSTM is the lowest, and what the GRU is above it may be lost."""
    shown = row(frame_of(("lstm", ALIKE), ("gru", ABOVE), ("rnn", HIGH)))
    assert (shown["cell"], shown["next"]) == ("gru", "lstm")
    assert shown["verdict"] == "equivalent: lstm, of which it is the cheapest"
    assert shown["lower by"].startswith("-0.023 [")
    chance = probability_lower(ABOVE, ALIKE)
    assert shown["P(lower)"] == f"{1.5 / 9:.2f} [{chance.low:.2f}, {chance.high:.2f}]"  # of nine pairs one, and one ties
    bound = largest_regret([welch_difference(ABOVE, ALIKE), welch_difference(ABOVE, HIGH)])
    assert shown["lost at most"] == f"{bound:.3f}"
    assert 0.023 < bound < 0.1


def test_what_is_undecided_is_named_with_what_it_may_cost():
    gru, lstm, rnn = [2.9, 3.4, 3.9], [3.0, 3.4, 4.0], [3.2, 3.3, 4.3]
    shown = row(frame_of(("gru", gru), ("lstm", lstm), ("rnn", rnn)))
    assert (shown["cell"], shown["next"], shown["verdict"]) == ("gru", "lstm", "undecided: lstm, rnn")
    bound = largest_regret([welch_difference(gru, other) for other in (lstm, rnn)])
    assert shown["lost at most"] == f"{bound:.3f}" > "0.5"


def test_some_may_be_undecided_beside_equivalent_ones():
    shown = row(frame_of(("lstm", ALIKE), ("gru", ABOVE), ("rnn", [2.6, 3.3, 3.9])))
    assert shown["verdict"] == "undecided: rnn; equivalent: lstm, of which it is the cheapest"
    assert shown["next"] == "lstm"


def test_an_equivalent_cell_that_is_not_below_the_baseline_is_said_and_not_taken():
    """It would be the cheapest: its state is the smallest."""
    frame = frame_of(("lstm", [6.238, 6.239, 6.240]), ("gru", [6.240, 6.245, 6.255]), task="nottingham")
    shown = row(replace(frame, baselines=by_hand(seeds("music", "gru", LOW)).baselines.assign(task="nottingham")))
    assert shown["cell"] == "lstm"
    assert shown["verdict"] == "equivalent: gru, of which it is the cheapest but for gru, not shown to be below the baseline"


@pytest.mark.parametrize(("lowest", "verdict"), [
    ([6.1, 6.2, 6.3], "not shown to be below markov, 6.250"),
    ([6.2, 6.3, 6.4], "all above markov, 6.250"),
])  # fmt: skip
def test_where_nothing_is_below_the_best_baseline_no_cell_is_taken(lowest: list[float], verdict: str):
    shown = row(frame_of(("gru", lowest), ("lstm", [6.9, 7.0, 7.1])))
    assert (shown["cell"], shown["verdict"], shown["lower by"]) == ("none", verdict, "")


def test_a_cell_that_went_astray_once_says_nothing_of_what_may_be_lost():
    """Its mean has so wide an interval that it could as well be far below all others."""
    others = [("gru", [2.9, 3.4, 3.9]), ("lstm", [3.0, 3.4, 4.0])]
    astray = row(frame_of(*others, ("rnn", [3.2, 3.3, 1e29])))
    assert astray["lost at most"] == f"{largest_regret([welch_difference(others[0][1], others[1][1])]):.3f}"
    alone = row(frame_of(others[0], ("rnn", [3.2, 3.3, 1e29])))
    assert alone["lost at most"] == "0.000", "there is no other that learned in all its repetitions"


def test_single_runs_decide_nothing():
    shown = row(frame_of(("gru", [3.0]), ("lstm", [3.1])))
    assert (shown["cell"], shown["verdict"], shown["lost at most"]) == ("gru", "one seed", "")
    assert (shown["lower by"], shown["P(lower)"]) == ("0.100 (one seed)", "1.00")


def test_a_cell_without_a_score_is_not_compared_and_one_alone_has_no_row():
    frame = frame_of(("gru", LOW), ("lstm", HIGH), ("rnn", [2.0, float("nan"), 2.0]))
    assert row(frame)["next"] == "lstm"
    assert FIGURES["decision"].table(frame_of(("gru", LOW))) is None


def test_rows_of_one_kind_of_data_stand_together():
    tasks = ("speech", "music", "nottingham")
    frames = [frame_of(("gru", LOW), ("lstm", HIGH), task=task) for task in tasks]
    frame = replace(
        frames[0],
        trials=pd.concat([one.trials for one in frames]),
        baselines=pd.concat([one.baselines for one in frames]),
        datasets={task: title for one in frames for task, title in one.datasets.items()},
        kinds={"speech": "audio", "music": "piano_roll", "nottingham": "audio"},
        at={"speech": "sequence"},
    )
    table = FIGURES["decision"].table(frame)
    assert list(table["kind"]) == ["audio", "audio, whole", "piano roll"]
    assert list(table["data"]) == ["Nottingham", "Some Speech (synthetic)", "Some Music"]


@pytest.mark.parametrize("pipelines", [True, False])
def test_it_says_whether_the_search_is_repeated(pipelines: bool):
    frame = frame_of(("gru", LOW), ("lstm", HIGH))
    if pipelines:
        frame = replace(frame, trials=frame.trials.assign(pipeline=frame.trials.seed))
    (note,) = FIGURES["decision"].notes(frame)
    assert ("what another search would select is not in the interval" in note) != pipelines
    assert row(frame)["n"] == f"3, 3 {'pipelines' if pipelines else 'seeds'}"
