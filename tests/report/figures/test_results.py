"""The figure of results: every confirming seed, means and intervals."""

import itertools

import numpy as np

from gatebench.records.frame import Frame
from gatebench.report.stats import crossed
from gatebench.report.stats.crossed import SequenceScores
from support.figures import FIGURES, HALF, MEAN, drawn
from support.frames import CONFIRMED, STEPS, VARIANT, sums, without_sequences


def test_results_have_every_seed_and_the_interval_of_its_cell(hand: Frame):
    numbers = FIGURES["results"].numbers(hand)
    assert len(numbers) == len(CONFIRMED)
    gru = numbers[(numbers.task == "music") & (numbers.cell == "gru")]
    assert list(gru.nll) == [3.0, 3.2, 3.4]
    assert list(gru.seed) == [1, 2, 3]
    np.testing.assert_allclose(gru[["mean", "low", "high"]], [[MEAN, MEAN - HALF, MEAN + HALF]] * 3, rtol=1e-9)
    single = numbers[numbers.cell == VARIANT].iloc[0]
    assert (single["mean"], single.n) == (2.6, 1)
    assert np.isnan(single[["low", "high", "low_both", "high_both"]].astype(float)).all()


def test_results_have_the_interval_over_seeds_and_sequences_beside_that_over_seeds(hand: Frame):
    numbers = FIGURES["results"].numbers(hand)
    gru = numbers[(numbers.task == "music") & (numbers.cell == "gru")]
    expected = crossed.mean(SequenceScores(sums([3.0, 3.2, 3.4], [1, 2, 3]), STEPS))
    np.testing.assert_allclose(gru[["low_both", "high_both"]], [[expected.low, expected.high]] * 3, rtol=1e-9)
    assert expected.low < MEAN < expected.high
    assert abs(expected.low - (MEAN - HALF)) > 0.01  # the two are not the same
    axis = next(axis for axis in drawn("results", hand).axes if axis.get_title().startswith("Some Music"))
    spans = [np.asarray(line.get_xdata(), float) for line in axis.lines]
    assert any(len(ends) == 2 and np.allclose(ends, [expected.low, expected.high]) for ends in spans)


def test_results_of_records_without_sequences_have_one_interval(hand: Frame):
    numbers = FIGURES["results"].numbers(without_sequences(hand))
    np.testing.assert_array_equal(numbers[["low", "high"]], numbers[["low_both", "high_both"]])


def test_what_is_seen_are_the_means_the_lowest_first(hand: Frame):
    text = FIGURES["results"].describe(FIGURES["results"].numbers(hand), hand)
    assert f"mean test NLL (nats per time step): {VARIANT} 2.600 (one seed); gru 3.200 [" in text


def test_names_of_variants_stay_beside_their_own_panel(hand: Frame):
    figure = drawn("results", hand)
    figure.draw_without_rendering()
    names = {label.get_text() for axis in figure.axes for label in axis.get_yticklabels()}
    assert VARIANT.replace(" ", "\n") in names
    boxes = [axis.get_tightbbox() for axis in figure.axes]
    assert not any(one.overlaps(other) for one, other in itertools.pairwise(boxes) if one.x1 < other.x1)
