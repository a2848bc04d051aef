"""The table of what a study cost."""

from dataclasses import replace

import pandas as pd

from gatebench.records.frame import Frame
from support.figures import FIGURES
from support.frames import BUDGET, TRAINING, by_hand, seeds

SEARCHED = [("music", cell, "search", 0, lr, 7.0, 7.0, "finished") for cell in ("gru", "rnn") for lr in (0.01, 0.02)]
TRIALS = [*SEARCHED, *seeds("music", "gru", [7.0, 7.1]), *seeds("music", "rnn", [7.0])]
"""A trial by hand took 4 s, and one more for each of its seed."""


def minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f}"


def with_a_shared_point(frame: Frame) -> Frame:
    """The frame with all of its trials in another comparison group as well, as those of one cell."""
    other = frame.trials.assign(budget="units_64", cell="lstm")
    return replace(frame, trials=pd.concat([frame.trials, other], ignore_index=True))


def test_every_cell_has_its_core_minutes_by_stage_and_sums_count_shared_trials_once():
    rnn, gru, first, lstm, second, total = FIGURES["spent"].table(with_a_shared_point(by_hand(TRIALS))).to_dict("records")
    around = {"data": "Some Music", "budget": BUDGET, "training": TRAINING}
    assert rnn == {
        **around, "cell": "rnn", "trials": "3", "search": minutes(8), "confirm": minutes(5),
        "core-minutes": minutes(13), "of it search": f"{8 / 13:.0%}",
    }  # fmt: skip
    assert gru == {
        **around, "cell": "gru", "trials": "4", "search": minutes(8), "confirm": minutes(11),
        "core-minutes": minutes(19), "of it search": f"{8 / 19:.0%}",
    }  # fmt: skip
    assert first == {
        **around, "cell": "all", "trials": "7", "search": minutes(16), "confirm": minutes(16),
        "core-minutes": minutes(32), "of it search": "50%",
    }  # fmt: skip
    assert second == {**first, "budget": "units_64"}
    assert lstm == {**second, "cell": "lstm"}
    assert total == {**first, "data": "all", "budget": "", "training": ""}


def test_where_only_wall_time_is_known_a_worker_takes_as_many_cores_as_threads():
    frame = by_hand(TRIALS)
    clocked = frame.trials.assign(core_seconds=float("nan"))
    frame = replace(frame, trials=clocked, threads=dict.fromkeys(frame.trials.key, 3))
    assert FIGURES["spent"].table(frame).iloc[-1]["core-minutes"] == minutes(3 * 32)


def test_the_sum_of_the_whole_study_stands_in_a_sentence():
    frame = with_a_shared_point(by_hand(TRIALS))
    (note,) = FIGURES["spent"].notes(frame)
    assert note == f"The whole study: 7 trials, {minutes(32)} core-minutes."
    long = replace(frame, trials=frame.trials.assign(core_seconds=3600.0))
    assert FIGURES["spent"].notes(long) == ["The whole study: 7 trials, 420.0 core-minutes (7.0 core-hours)."]
