"""The table of what a study cost."""

from dataclasses import replace

import pandas as pd

from support.figures import FIGURES
from support.frames import BUDGET, TRAINING, by_hand, seeds


def test_time_is_summed_over_trials_and_shared_ones_count_once_in_all():
    """A trial by hand took 4 s and one for each of its seed."""
    searched = [("music", cell, "search", 0, lr, 7.0, 7.0, "finished") for cell in ("gru", "rnn") for lr in (0.01, 0.02)]
    confirmed = [*seeds("music", "gru", [7.0, 7.1]), *seeds("music", "rnn", [7.0])]
    frame = by_hand([*searched, *confirmed])
    other = frame.trials.assign(budget="units_64", cell="gru")  # the same keys: of trials that are there already
    frame = replace(frame, trials=pd.concat([frame.trials, other], ignore_index=True))
    first, second, total = FIGURES["spent"].table(frame).to_dict("records")
    seconds = 4 * 4 + (5 + 6 + 5)
    assert first == {
        "data": "Some Music", "cells": "2", "trials": "7", "minutes": f"{seconds / 60:.1f}",
        "of it search": f"{16 / seconds:.0%}", "budget": BUDGET, "training": TRAINING,
    }  # fmt: skip
    assert second == {**first, "cells": "1", "budget": "units_64"}
    assert total == {**first, "data": "all", "budget": "", "training": ""}
