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
from support.measured import with_baselines, with_statistics


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


def test_baselines_stand_beside_the_cells(frame: Frame):
    measured = {
        name: {"nll_step_1": [nll, nll - 0.5, nll + 0.5], "nll_step_2": [nll + 1], "mase": [1.0]}
        for name, nll in (("gaussian", 9.0), ("ar", -1.5), ("last_value", -1.0))
    }
    numbers = by_step.numbers(with_baselines(frame, measured))
    assert numbers is not None
    rows = numbers[numbers.cell == "[ar]"]
    assert rows.step.tolist() == [1, 2]
    assert rows.nll.tolist() == [-1.5, -0.5]
    assert rows.low.tolist()[0] == -2.0
    assert rows.low.isna().tolist() == [False, True]
    axis = by_step.draw(numbers, frame).axes[0]
    names = [text.get_text() for text in axis.get_legend().get_texts()]
    assert sorted(names) == ["[ar]", "[last_value]", "gru", "lstm"], "the two lowest ones"
    assert by_step.numbers(with_baselines(replace(frame, statistics={}), measured)) is None


def test_an_nll_below_zero_has_its_whole_interval(frame: Frame):
    low = {key: SequenceStatistics({**s.sums, "nll/1": s.sums["nll/1"] - 9 * STEPS}) for key, s in frame.statistics.items()}
    numbers = by_step.numbers(replace(frame, statistics=low))
    assert numbers is not None
    first = numbers[numbers.step == 1]
    assert (first.nll < 0).all()
    assert (first.low < first.nll).all()
    by_step.draw(numbers, frame)


def test_without_a_horizon_there_is_none_and_the_verdict_does_not_count_steps(frame: Frame):
    assert by_step.numbers(replace(frame, statistics={})) is None
    test = frame.confirmed("test")
    trials = {cell: test[test.cell == cell] for cell in ("gru", "lstm")}
    assert disagreement.line(frame, trials, pairs(frame)) is None
