"""The table of the same runs averaged in other ways."""

from dataclasses import replace

import numpy as np
import pandas as pd

from gatebench.records.frame import Frame
from gatebench.records.schema import SEQUENCES
from support.figures import FIGURES
from support.frames import by_hand, seeds, without_sequences


def test_the_same_runs_averaged_in_other_ways():
    """Twelve sequences: batches of ten and of two, whose longest have 12 and 3 steps."""
    frame = by_hand(seeds("nottingham", "gru", [3.0, 3.2]))
    steps = [12, 2, 3, 4, 5, 6, 7, 8, 9, 10, 3, 1]
    costs = {
        key: [offset + 0.25 * i for i in range(12)] for key, offset in zip(frame.confirmed("test").key, (2, 3), strict=True)
    }
    rows = [(key, i, n, n * cost[i]) for key, cost in costs.items() for i, n in enumerate(steps)]
    # In any order: a sequence is known by its number.
    frame = replace(frame, sequences=pd.DataFrame(rows[::-1], columns=["key", *SEQUENCES]))
    total = np.mean([sum(n * c for n, c in zip(steps, cost, strict=True)) for cost in costs.values()])
    (row,) = FIGURES["conventions"].table(frame).to_dict("records")
    assert row["per step"] == f"{total / 70:.3f}"
    assert row["per sequence"] == f"{2.5 + 0.25 * 5.5:.3f}"
    assert row["padded"] == f"{total / (10 * 12 + 2 * 3):.3f}"
    assert row["first frame counted"] == f"{total / (70 + 12):.3f}"
    assert (row["published test"], row["cell"], row["n"], row["data"]) == ("3.23", "gru", "2", "Nottingham")


def test_the_headline_is_the_average_per_step():
    (row,) = FIGURES["conventions"].table(by_hand(seeds("nottingham", "gru", [3.0, 3.2]))).to_dict("records")
    assert row["per step"] == "3.100"


def test_other_averages_are_of_cells_that_the_paper_has_on_the_same_data():
    trials = [*seeds("nottingham", "gru", [3.0]), *seeds("nottingham", "lstm", [3.0]), *seeds("music", "gru", [3.0])]
    table = FIGURES["conventions"].table
    assert list(table(by_hand(trials))["cell"]) == ["gru"]
    assert table(without_sequences(by_hand(trials))) is None
    stands_in = replace(by_hand(trials), datasets={"librispeech_short": "LibriSpeech"})
    stands_in.trials["task"] = "librispeech_short"
    assert table(stands_in) is None


def test_tasks_that_the_paper_does_not_have_are_not_averaged_otherwise(hand: Frame):
    assert FIGURES["conventions"].table(hand) is None
