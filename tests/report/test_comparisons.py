"""Cells against each other: which pairs there are, and what their difference is over."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gatebench.records.frame import ComparisonGroup, Frame
from gatebench.report import comparisons
from gatebench.report.stats import crossed
from gatebench.report.stats.crossed import SequenceScores
from gatebench.report.stats.estimates import mean_interval, welch_difference
from gatebench.report.stats.holm import holm
from support.frames import BUDGET, HIGH, LOW, MUSIC, STEPS, TRAINING, at_once, by_hand, seeds, sums, without_sequences


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
    assert pair.difference == crossed.difference(
        SequenceScores(sums(LOW, [1, 2, 3]), STEPS), SequenceScores(sums(HIGH, [1, 2, 3]), STEPS)
    )
    assert (pair.interval, pair.p_holm) == ("seeds and sequences", pair.difference.p)
    assert pair.differ


@pytest.mark.parametrize("without", [{"gru"}, {"rnn"}, {"gru", "rnn"}], ids=lambda cells: " and ".join(sorted(cells)))
def test_records_without_sequences_fall_back_to_welch_over_seeds(without: set[str]):
    frame = by_hand([*seeds("music", "gru", LOW), *seeds("music", "rnn", HIGH)])
    keys = frame.trials[frame.trials.cell.isin(without)].key
    (pair,) = comparisons.pairs(replace(frame, sequences=frame.sequences[~frame.sequences.key.isin(keys)]))
    welch: Any = stats.ttest_ind(LOW, HIGH, equal_var=False)
    assert pair.interval == "seeds"
    assert pair.difference == welch_difference(LOW, HIGH)
    np.testing.assert_allclose([pair.difference.mean, pair.difference.p], [np.mean(LOW) - np.mean(HIGH), welch.pvalue])


def test_a_seed_without_sequences_is_not_left_out():
    """Its cell falls back to all seeds; it is not scored on those that are left."""
    frame = by_hand(seeds("music", "gru", LOW))
    first = frame.confirmed("test").key.iloc[0]
    fewer = replace(frame, sequences=frame.sequences[frame.sequences.key != first])
    assert comparisons.sequence_scores(fewer, fewer.confirmed("test")) is None
    assert comparisons.interval(fewer, fewer.confirmed("test")) == mean_interval(LOW)
    assert comparisons.interval(frame, frame.confirmed("test")) == crossed.mean(SequenceScores(sums(LOW, [1, 2, 3]), STEPS))


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


def in_pipelines(scores: dict[str, list[float]]) -> Frame:
    """Two seeds in each pipeline of each cell."""
    frame = by_hand([trial for cell, tests in scores.items() for trial in seeds("music", cell, tests)])
    return replace(frame, trials=frame.trials.assign(pipeline=(frame.trials.seed + 1) // 2))


def test_of_several_pipelines_each_counts_once():
    frame = in_pipelines({"gru": [3.0, 3.2, 3.1, 3.3], "rnn": [4.0, 4.4, 4.1, 4.3]})
    (pair,) = comparisons.pairs(frame)
    gru, rnn = (sums(tests, [1, 2, 3, 4]).reshape(2, 2, 3).mean(1) for tests in ([3.0, 3.2, 3.1, 3.3], [4.0, 4.4, 4.1, 4.3]))
    assert pair.difference == crossed.difference(SequenceScores(gru, STEPS), SequenceScores(rnn, STEPS))
    assert (pair.n, pair.interval) == ((2, 2), "pipelines and sequences")
    (mean,) = (
        comparisons.interval(frame, trials) for cell, trials in frame.confirmed("test").groupby("cell") if cell == "gru"
    )
    assert mean == crossed.mean(SequenceScores(gru, STEPS))
    assert mean.n == 2


def test_of_pipelines_without_sequences_the_means_are_compared():
    frame = without_sequences(in_pipelines({"gru": [3.0, 3.2, 3.1, 3.3], "rnn": [4.0, 4.4, 4.1, 4.3]}))
    (pair,) = comparisons.pairs(frame)
    welch = welch_difference([3.1, 3.2], [4.2, 4.2])
    assert (pair.difference.mean, pair.difference.p, pair.difference.freedom) == pytest.approx((welch.mean, welch.p, 1))
    assert pair.interval == "pipelines"
    assert comparisons.interval(frame, frame.confirmed("test")[:4]) == mean_interval([3.1, 3.2])


def test_a_cell_with_pipelines_beside_one_with_seeds_says_both():
    frame = in_pipelines({"gru": [3.0, 3.2, 3.1, 3.3], "rnn": [4.0, 4.4]})
    assert comparisons.pairs(frame)[0].interval == "pipelines and seeds and sequences"


def test_what_is_said_of_two_cells():
    """Within a margin of a tenth of what was learned, here 0.325 nats."""
    frame = by_hand([
        *seeds("music", "gru", [3.0, 3.01, 2.99]), *seeds("music", "lstm", [3.0, 3.02, 3.01]),
        *seeds("music", "rnn", HIGH), *seeds("music", "novel", [3.0, 3.9, 3.2]),
    ])  # fmt: skip
    pairs = {(pair.lower, pair.other): pair for pair in comparisons.pairs(frame)}
    said = {cells: pair.verdict for cells, pair in pairs.items() if "gru" in cells}
    assert said == {("gru", "lstm"): "equivalent", ("gru", "rnn"): "better", ("gru", "novel"): "undecided"}
    assert {round(pair.margin, 6) for pair in pairs.values()} == {0.325}
    p = [pair.difference.p_equivalent(pair.margin) for pair in pairs.values()]
    np.testing.assert_allclose([pair.p_equivalent for pair in pairs.values()], holm(p))


def test_a_difference_that_is_sure_and_within_the_margin_is_an_equivalence():
    (pair,) = comparisons.pairs(by_hand([*seeds("music", "gru", [3.0, 3.001]), *seeds("music", "rnn", [3.1, 3.101])]))
    assert pair.differ
    assert pair.verdict == "equivalent"


def test_looks_count_for_equivalence_as_for_differences():
    frame = without_sequences(by_hand([*seeds("music", "gru", [3.0, 3.1, 3.0]), *seeds("music", "rnn", [3.0, 3.1, 3.25])]))
    once, seen = comparisons.pairs(frame)[0], comparisons.pairs(replace(frame, looks=2))[0]
    assert (once.verdict, seen.verdict) == ("equivalent", "undecided")
    assert seen.p_equivalent == pytest.approx(15 * once.p_equivalent)


def test_a_cell_against_all_others_is_turned_where_it_is_the_lower_one():
    frame = by_hand([*seeds("music", "gru", [3.5, 3.6]), *seeds("music", "rnn", HIGH), *seeds("music", "lstm", LOW)])
    pairs = comparisons.pairs(frame)
    to_gru = comparisons.against(pairs, MUSIC, "gru")
    assert {cell: round(d.mean, 6) for cell, (d, _) in to_gru.items()} == {"lstm": -0.45, "rnn": 0.583333}
    assert all(d.low < d.mean < d.high for d, _ in to_gru.values())
    assert all({pair.lower, pair.other} == {"gru", cell} for cell, (_, pair) in to_gru.items())
    assert comparisons.against(pairs, MUSIC._replace(budget="units_64"), "gru") == {}
