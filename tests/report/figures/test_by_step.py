"""A horizon's steps, each by itself: the numbers beside a known NLL, and nothing where one step is predicted at a time."""

from dataclasses import replace

import numpy as np
import pytest

from gatebench.core.metric import SequenceStatistics
from gatebench.records.frame import Frame
from gatebench.report import disagreement
from gatebench.report.comparisons import pairs
from gatebench.report.figures import by_step
from support.frames import STEPS, by_hand, seeds
from support.measured import with_statistics


def of_horizon(seed: int) -> SequenceStatistics:
    """Two steps ahead, of 1 and 2 nats, and a little more for each seed."""
    random = np.random.default_rng(seed)
    sums = {f"nll/{h}": STEPS * (h + 0.1 * random.random(3)) for h in (1, 2)}
    return SequenceStatistics({**sums, "steps": STEPS.astype(float), "nll": sums["nll/1"] + sums["nll/2"]})


@pytest.fixture
def frame() -> Frame:
    plain = by_hand([*seeds("music", "gru", [3.0, 3.1, 3.2]), *seeds("music", "lstm", [3.4, 3.3, 3.6])])
    cells = {"gru": [of_horizon(s) for s in range(3)], "lstm": [of_horizon(s) for s in range(3, 6)]}
    return with_statistics(plain, cells)


def test_each_step_has_its_nll_with_an_interval(frame: Frame):
    numbers = by_step.numbers(frame)
    assert numbers is not None
    assert list(numbers.columns) == by_step.COLUMNS
    assert [(row.cell, row.step) for row in numbers.itertuples()] == [("gru", 1), ("gru", 2), ("lstm", 1), ("lstm", 2)]
    expected = np.mean([of_horizon(s).sums["nll/2"].sum() / STEPS.sum() for s in range(3)])
    gru = numbers[(numbers.cell == "gru") & (numbers.step == 2)].iloc[0]
    assert gru.nll == pytest.approx(expected)
    assert gru.low < gru.nll < gru.high
    assert len(by_step.draw(numbers, frame).axes[0].get_lines()) >= 2


def test_without_a_horizon_there_is_none_and_the_verdict_does_not_count_steps(frame: Frame):
    assert by_step.numbers(replace(frame, statistics={})) is None
    test = frame.confirmed("test")
    trials = {cell: test[test.cell == cell] for cell in ("gru", "lstm")}
    assert disagreement.line(frame, trials, pairs(frame)) is None
