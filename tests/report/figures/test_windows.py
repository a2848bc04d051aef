"""The table beside the study of the Residual Recurrent Unit."""

from dataclasses import replace

import numpy as np

from gatebench.records.frame import Frame
from gatebench.report import comparisons
from support.figures import FIGURES
from support.frames import by_hand, seeds

TABLE = FIGURES["windows"].table


def on(task: str) -> Frame:
    """The frame of a cell with two seeds on a task."""
    frame = by_hand(seeds("nottingham", "gru", [3.0, 3.2]))
    return replace(frame, trials=frame.trials.assign(task=task), datasets={task: "Nottingham"})


def test_trials_on_windows_stand_beside_the_published_values():
    frame = on("nottingham window=200")
    (row,) = TABLE(frame).to_dict("records")
    test = frame.confirmed("test")
    assert row["per step"] == str(comparisons.interval(frame, test))
    assert row["per window"] == f"{np.mean([4.0, 4.2]):.3f}"
    published = {name: value for name, value in row.items() if name.startswith("published")}
    assert published == {
        "published GRU": "3.22", "published LSTM": "3.25", "published Mogrifier LSTM": "3.28", "published RRU": "2.92",
    }  # fmt: skip
    assert (row["n"], row["parameters"], row["data"]) == ("2 seeds of one search", "24,000", "Nottingham")


def test_whole_sequences_other_windows_and_other_data_are_not_beside_them():
    for task in ("nottingham", "nottingham window=100", "nottingham share=0.1 window=200", "fsdd_short window=200"):
        assert TABLE(on(task)) is None
