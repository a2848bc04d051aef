"""Times of training are compared where they say something about cells."""

from dataclasses import replace

import numpy as np
import pytest

from gatebench.records.frame import Frame, comparison_groups
from gatebench.report import durations, style, verdict
from support.figures import FIGURES, drawn
from support.frames import by_hand, seeds

TRIALS = [*seeds("music", "gru", [3.0, 3.1, 3.3]), *seeds("music", "lstm", [3.1, 3.2, 3.5])]


def of_cells(frame: Frame) -> dict:
    return style.by_cell(frame.confirmed("test"))


def other_work(frame: Frame, with_core_seconds: bool) -> Frame:
    """The frame as if the machine had done much else while the GRU was trained."""
    gru = frame.trials.cell == "gru"
    trials = frame.trials.assign(
        seconds=frame.trials.seconds.where(~gru, 10 * frame.trials.seconds),
        relative_throughput=frame.trials.relative_throughput.where(~gru, 0.1 * frame.trials.relative_throughput),
    )
    return replace(frame, trials=trials if with_core_seconds else trials.assign(core_seconds=np.nan))


def test_what_else_the_machine_did_does_not_count():
    quiet = by_hand(TRIALS)
    busy = other_work(quiet, with_core_seconds=True)
    assert durations.means(busy, of_cells(busy)) == durations.means(quiet, of_cells(quiet))


def test_wall_times_are_left_out_where_throughputs_say_that_cells_had_other_machines():
    frame = other_work(by_hand(TRIALS), with_core_seconds=False)
    assert durations.spread(frame.trials) > durations.MOST
    assert durations.compared(frame, of_cells(frame)) is None
    assert all(np.isnan(list(durations.means(frame, of_cells(frame)).values())))
    ((group, _),) = comparison_groups(frame.confirmed("test"))
    cost = verdict.lines(frame, group, ["gru", "lstm"])[2]
    assert "FLOPs a time step. lstm has" in cost
    assert "seconds" not in cost
    assert set(FIGURES["scores"].table(frame)["core-seconds"]) == {"", "not compared"}  # of baselines, of cells
    assert FIGURES["tradeoff"].numbers(frame).core_seconds.isna().all()
    assert durations.ABSENT in [text.get_text() for text in drawn("tradeoff", frame).axes[2].texts]


def test_of_older_records_it_is_wall_time_by_threads():
    frame = by_hand(TRIALS)
    frame = replace(frame, trials=frame.trials.assign(core_seconds=np.nan), threads=dict.fromkeys(frame.trials.key, 2))
    means = durations.means(frame, of_cells(frame))
    assert means == pytest.approx({"gru": 2 * 6.0, "lstm": 2 * 6.0})
