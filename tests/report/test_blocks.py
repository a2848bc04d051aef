"""Intervals over blocks: that they hold what they are for where sequences hang together, and who is told."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from numpy.random import Generator, default_rng
from scipy.signal import lfilter

from gatebench.core import measuring
from gatebench.data import blocks as of_data
from gatebench.data.sequences import Sequence
from gatebench.records.data_facts import Blocks
from gatebench.records.frame import Frame
from gatebench.report import blocks, comparisons, metrics, verdict
from gatebench.report.figures import differences
from gatebench.report.stats import crossed
from gatebench.report.stats.crossed import SequenceScores
from support.frames import MUSIC, by_hand, seeds
from support.measured import labels, with_statistics
from support.simulated import selected

PIPELINES = 4


class Held(NamedTuple):
    """Shares of intervals that hold what they are for."""

    by_block: float
    by_sequence: float


def autocorrelated(random: Generator, shape: tuple[int, ...], windows: int, rho: float) -> np.ndarray:
    """Standardised numbers of windows in a row, of which each resembles the one before."""
    noise = random.normal(size=(*shape, windows)) * np.where(np.arange(windows) > 0, (1 - rho**2) ** 0.5, 1)
    return lfilter([1.0], [1.0, -rho], noise)


def grouped(random: Generator, shape: tuple[int, ...], numbers: np.ndarray) -> np.ndarray:
    """Numbers of sequences, of which those of one group have half of their variance together."""
    return random.normal(size=(*shape, numbers.max() + 1))[..., numbers] + random.normal(size=(*shape, len(numbers)))


def held(
    random: Generator,
    difference: bool,
    effects: "list[np.ndarray]",
    steps: np.ndarray,
    numbers: np.ndarray,
    in_order: bool,
) -> np.ndarray:
    """Whether the intervals of a study hold zero: those over blocks, those over sequences."""
    cells = []
    for effect in effects:
        of_pipelines = 0.1 * selected(random, PIPELINES)[:, None]
        cells.append(SequenceScores(steps * (of_pipelines + effect), steps))
    both = [[cell.in_blocks(numbers, in_order) for cell in cells], cells]
    intervals = [crossed.difference(*of) if difference else crossed.mean(of[0]) for of in both]
    return np.array([interval.low <= 0 <= interval.high for interval in intervals])


def windows(*counts: int) -> list[Sequence]:
    return [Sequence(np.zeros((4, 1)), np.zeros((4, 1)), s, i) for s, count in enumerate(counts) for i in range(count)]


@pytest.mark.parametrize(
    ("counts", "rho", "difference"),
    [((100,), 0.0, True), ((200,), 0.5, True), ((100,), 0.8, False), ((100,), 0.8, True), ((400,), 0.8, True),
     ((120, 80), 0.8, False)],
    ids=str,
)  # fmt: skip
def test_of_windows_that_resemble_their_neighbours(counts: tuple[int, ...], rho: float, difference: bool):
    """So little that sequences of their own would do, or much; of one series or two."""
    random, numbers, results = default_rng([*counts, int(10 * rho)]), np.array(of_data.of(windows(*counts)).numbers), []
    total = sum(counts)
    steps = np.full(total, 50.0)
    for _ in range(1200):
        effects = [
            np.concatenate(
                [autocorrelated(random, (), n, rho) + 0.3 * autocorrelated(random, (PIPELINES,), n, rho) for n in counts], -1
            )
            for _ in range(1 + difference)
        ]
        results.append(held(random, difference, effects, steps, numbers, True))
    share = Held(*np.mean(results, 0))
    assert 0.93 <= share.by_block <= 0.97
    assert share.by_sequence < 0.88 or rho == 0


@pytest.mark.parametrize("groups", [3, 5, 12, 30])
@pytest.mark.parametrize("difference", [False, True])
def test_of_groups_that_share_an_effect(difference: bool, groups: int):
    """Of other sizes each, and sequences of other lengths."""
    random, results = default_rng([groups, difference]), []
    for _ in range(1200):
        numbers = np.repeat(np.arange(groups), random.integers(3, 12, groups))
        steps = np.round(np.exp(random.normal(4, 0.4, len(numbers))))

        effects = [
            grouped(random, (), numbers) + 0.3 * grouped(random, (PIPELINES,), numbers) for _ in range(1 + difference)
        ]
        results.append(held(random, difference, effects, steps, numbers, False))
    share = Held(*np.mean(results, 0))
    assert 0.93 <= share.by_block <= 0.97
    assert share.by_sequence < 0.85


def frame_of(blocks: "Blocks | None") -> Frame:
    """Three test sequences, of which the first and the last are in one block."""
    frame = by_hand([*seeds("music", "gru", [3.0, 3.1, 3.2]), *seeds("music", "lstm", [3.4, 3.3, 3.6])])
    rng = default_rng(1)
    right = {cell: [rng.random(3) < 0.6 for _ in range(3)] for cell in ("gru", "lstm")}
    frame = with_statistics(frame, {cell: [labels(one) for one in of_cell] for cell, of_cell in right.items()})
    return replace(frame, blocks={} if blocks is None else {"music": blocks})


TOGETHER = Blocks("group", [0, 1, 0])
KINDS = {"group": "groups", "series": "series", "stretch": "stretches of windows"}


def trials_of(frame: Frame, cell: str) -> pd.DataFrame:
    test = frame.confirmed("test")
    return test[test.cell == cell]


def test_scores_of_blocks_are_sums():
    frame = frame_of(TOGETHER)
    trials = trials_of(frame, "gru")
    apart, together = comparisons.sequence_scores(frame, trials), comparisons.block_scores(frame, trials)
    assert apart is not None
    assert together is not None
    np.testing.assert_allclose(together.nll, apart.nll @ [[1, 0], [0, 1], [1, 0]], rtol=1e-15)
    assert together.steps.tolist() == [10, 10]
    assert comparisons.interval(frame, trials) == crossed.mean(together) != crossed.mean(apart)


def test_without_blocks_no_digit_changes():
    """Of records of versions that did not know them."""
    frame = frame_of(None)
    scores = comparisons.block_scores(frame, trials_of(frame, "gru"))
    assert scores is not None
    assert (scores.follows, len(scores.steps)) == (None, 3)
    (pair,) = comparisons.pairs(frame)
    assert pair.interval == "seeds and sequences"
    assert blocks.note(frame) == []


@pytest.mark.parametrize(("kind", "called"), KINDS.items())
def test_whoever_reads_is_told_what_intervals_are_over(kind, called: str):
    frame = frame_of(Blocks(kind, [0, 1, 0]))
    (pair,) = comparisons.pairs(frame)
    assert pair.interval == f"seeds and {called}"
    assert f"95% intervals over seeds and {called}" in verdict.lines(frame, MUSIC, ["gru", "lstm"])[1]
    (note,) = blocks.note(frame)
    assert note in differences.notes(frame)
    assert f"on Some Music, {called} (n = 2)" in note


def test_an_undecided_verdict_counts_blocks():
    frame = by_hand([*seeds("music", "gru", [3.0, 3.2]), *seeds("music", "lstm", [3.0, 3.2001])])
    frame = replace(frame, blocks={"music": TOGETHER}, baselines=frame.baselines[:0])
    assert "times the seeds and the test groups would" in verdict.lines(frame, MUSIC, ["gru", "lstm"])[1]


def test_a_metric_is_over_blocks_too():
    apart, together = frame_of(None), frame_of(TOGETHER)
    for one, other in zip(*(metrics.of_cells(f, {"gru": trials_of(f, "gru")}) for f in (apart, together)), strict=True):
        assert one.estimates["gru"].mean == pytest.approx(other.estimates["gru"].mean)
    accuracy = next(m for m in measuring.metrics(together.statistics[trials_of(together, "gru").key.iloc[0]]))
    scores = metrics.scores(together, trials_of(together, "gru"), accuracy)
    assert scores is not None
    assert scores.steps.tolist() == [2, 1]


def test_stretches_that_follow_one_another_are_told_from_those_that_do_not():
    scores = SequenceScores(np.ones((2, 5)), np.ones(5)).in_blocks(np.array([0, 1, 1, 3, 4]), True)
    assert scores.follows is not None
    assert scores.follows.tolist() == [False, True, False, True]
