"""Cells against each other: which pairs there are, and what their difference is over."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gatebench.records.frame import ComparisonGroup
from gatebench.report import comparisons
from gatebench.report.stats.bootstrap import SequenceScores, bootstrap_difference, bootstrap_mean
from gatebench.report.stats.estimates import mean_interval, welch_difference
from support.frames import BUDGET, HIGH, LOW, MUSIC, STEPS, TRAINING, at_once, by_hand, seeds, sums


def test_a_pair_is_of_one_group_and_the_lower_one_is_first():
    frame = by_hand([
        *seeds("music", "gru", HIGH), *seeds("music", "rnn", LOW), *seeds("music", "novel", [5.0, 5.1]),
        *seeds("speech", "gru", LOW), *seeds("speech", "rnn", HIGH),
        *seeds("music", "gru", LOW, "units_64"),
    ])  # fmt: skip
    assert [(pair.group, pair.lower, pair.other, pair.n) for pair in comparisons.pairs(frame)] == [
        (MUSIC, "rnn", "gru", (3, 3)),
        (MUSIC, "rnn", "novel", (3, 2)),
        (MUSIC, "gru", "novel", (3, 2)),
        (ComparisonGroup("speech", BUDGET, TRAINING), "gru", "rnn", (3, 3)),
    ]


def test_a_difference_is_over_seeds_and_sequences_where_records_have_them():
    (pair,) = comparisons.pairs(by_hand([*seeds("music", "gru", LOW), *seeds("music", "rnn", HIGH)]))
    assert pair.difference == bootstrap_difference(
        SequenceScores(sums(LOW, [1, 2, 3]), STEPS), SequenceScores(sums(HIGH, [1, 2, 3]), STEPS)
    )
    assert (pair.interval, pair.p_holm) == (comparisons.BOTH, pair.difference.p)
    assert pair.differ


@pytest.mark.parametrize("without", [{"gru"}, {"rnn"}, {"gru", "rnn"}], ids=lambda cells: " and ".join(sorted(cells)))
def test_records_without_sequences_fall_back_to_welch_over_seeds(without: set[str]):
    frame = by_hand([*seeds("music", "gru", LOW), *seeds("music", "rnn", HIGH)])
    keys = frame.trials[frame.trials.cell.isin(without)].key
    (pair,) = comparisons.pairs(replace(frame, sequences=frame.sequences[~frame.sequences.key.isin(keys)]))
    welch: Any = stats.ttest_ind(LOW, HIGH, equal_var=False)
    assert pair.interval == comparisons.SEEDS
    assert pair.difference == welch_difference(LOW, HIGH)
    np.testing.assert_allclose([pair.difference.mean, pair.difference.p], [np.mean(LOW) - np.mean(HIGH), welch.pvalue])


def test_a_seed_without_sequences_is_not_left_out():
    """Its cell falls back to all seeds; it is not scored on those that are left."""
    frame = by_hand(seeds("music", "gru", LOW))
    first = frame.confirmed("test").key.iloc[0]
    fewer = replace(frame, sequences=frame.sequences[frame.sequences.key != first])
    assert comparisons.sequence_scores(fewer, fewer.confirmed("test")) is None
    assert comparisons.interval(fewer, fewer.confirmed("test")) == mean_interval(LOW)
    assert comparisons.interval(frame, frame.confirmed("test")) == bootstrap_mean(
        SequenceScores(sums(LOW, [1, 2, 3]), STEPS)
    )


def test_runs_are_by_seed_and_sequence_in_the_order_of_the_file():
    frame = by_hand(seeds("music", "gru", LOW))
    shuffled = replace(frame, sequences=frame.sequences.sample(frac=1, random_state=0))
    scores = comparisons.sequence_scores(shuffled, shuffled.confirmed("test"))
    assert scores is not None
    np.testing.assert_allclose(scores.nll, sums(LOW, [1, 2, 3]))
    np.testing.assert_array_equal(scores.steps, STEPS)
    np.testing.assert_allclose(scores.means, LOW)


def test_a_trial_that_belongs_to_two_budgets_counts_in_both():
    """Two budgets may come to the same sizes, and then to the same trials."""
    one = by_hand([*seeds("music", "gru", LOW), *seeds("music", "rnn", HIGH)])
    other = one.trials.assign(budget="units_64")
    both = replace(one, trials=pd.concat([one.trials, other]), sequences=pd.concat([one.sequences, one.sequences]))
    first, second = comparisons.pairs(both)
    (alone,) = comparisons.pairs(one)
    assert (first, second) == (alone, replace(alone, group=alone.group._replace(budget="units_64")))


def test_single_runs_never_differ():
    (pair,) = comparisons.pairs(by_hand([*seeds("music", "gru", [1.0]), *seeds("music", "rnn", HIGH)]))
    assert np.isnan(pair.p_holm)
    assert not pair.differ


def test_a_cell_with_a_run_that_has_no_score_is_in_no_pair():
    frame = by_hand(
        [*seeds("music", "gru", LOW), *at_once("rnn", 9), *seeds("music", "rnn", HIGH), *seeds("music", "lstm", HIGH)]
    )
    assert [(pair.lower, pair.other) for pair in comparisons.pairs(frame)] == [("gru", "lstm")]
