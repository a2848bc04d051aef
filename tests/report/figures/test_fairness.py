"""The figure of relative throughput."""

import numpy as np
import pytest

from gatebench.records.frame import Frame
from support.figures import FIGURES, drawn
from support.frames import TRIALS, by_hand


def test_fairness_is_of_the_trials_that_were_measured():
    frame = by_hand(TRIALS)
    frame.trials.loc[frame.trials.cell == "gru", "relative_throughput"] *= 3
    numbers = FIGURES["fairness"].numbers(frame)
    for (_, _, _), part in numbers.groupby(["task", "budget", "training"]):
        medians = part.relative_throughput
        assert (part.spread == medians.max() / medians.min()).all()
        assert (part.low <= medians).all()
        assert (medians <= part.high).all()
    assert numbers.n.sum() == len(TRIALS)
    frame.trials["relative_throughput"] = np.nan
    assert FIGURES["fairness"].numbers(frame) is None


def test_the_axis_and_the_caption_say_what_throughput_is_relative_to(hand: Frame):
    assert all("relative to a large matrix product in torch" in axis.get_xlabel() for axis in drawn("fairness", hand).axes)
    assert "It may exceed 1, since torch's BLAS does not use all of some processors" in FIGURES["fairness"].CAPTION


def test_a_throughput_that_was_rounded_to_zero_has_no_spread():
    frame = by_hand(TRIALS)
    frame.trials["relative_throughput"] = 0.0
    assert FIGURES["fairness"].numbers(frame).spread.isna().all()
    assert all("too slow to compare" in axis.get_title("left") for axis in drawn("fairness", frame).axes)


@pytest.mark.parametrize(("factor", "said"), [(3, "spread 3.00"), (5, "spread 5.00, no comparison of cells")])
def test_a_spread_that_is_no_cell_s_is_said_to_be_none(factor: float, said: str):
    trials = [trial for trial in TRIALS if trial[0] == "music"]
    frame = by_hand(trials)
    frame.trials["relative_throughput"] = 0.2
    frame.trials.loc[frame.trials.cell == "gru", "relative_throughput"] *= factor
    (axis,) = drawn("fairness", frame).axes
    assert " ".join(axis.get_title("left").split()).endswith(said)
