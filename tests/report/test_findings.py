"""What the numbers say in words, of frames that are written by hand: other numbers, other words."""

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gatebench.records.frame import EDGES, Frame
from gatebench.report import comparisons, findings
from gatebench.report.stats import crossed
from gatebench.report.stats.crossed import SequenceScores
from support.frames import (
    BUDGET,
    EVERYTHING,
    HIGH,
    LOW,
    NAN,
    STEPS,
    TRAINING,
    VARIANT,
    at_once,
    by_hand,
    seeds,
    sums,
    without_sequences,
)


def finding_of(*trials: list[tuple[Any, ...]]) -> str:
    """The sentences on the one comparison group of these trials."""
    (verdict,) = findings.findings(by_hand([trial for some in trials for trial in some]))
    return verdict


def test_the_lowest_cell_beats_the_others_by_what_they_differ():
    trials = [*seeds("music", "gru", LOW), *seeds("music", "rnn", HIGH)]
    (pair,) = comparisons.pairs(by_hand(trials))
    lowest = crossed.mean(SequenceScores(sums(LOW, [1, 2, 3]), STEPS))
    d = pair.difference
    assert finding_of(trials) == (
        f"On Some Music, {BUDGET}, {TRAINING}, the lowest mean is that of gru: {lowest} nats per time step, "
        "n = 3 seeds of one search. "
        f"It beats rnn by {np.mean(HIGH) - np.mean(LOW):.3f} nats [{-d.high:.3f}, {-d.low:.3f}]. "
        "All means are below the lowest baseline (markov, 6.25)."
    )
    assert 0 < -d.high < -d.low


def test_other_numbers_other_words():
    before = finding_of(seeds("music", "gru", LOW), seeds("music", "rnn", HIGH))
    after = finding_of(seeds("music", "gru", HIGH), seeds("music", "rnn", LOW))
    assert "that of gru: 3.100 [" in before
    assert "It beats rnn by 1.033 nats [" in before
    assert "that of rnn: 3.100 [" in after
    assert "It beats gru by 1.033 nats [" in after
    assert before.replace("gru", "?").replace("rnn", "gru").replace("?", "rnn") == after


@pytest.mark.parametrize("order", [("rnn", "gru"), ("gru", "rnn")], ids=str)
def test_equal_numbers_beat_nobody_and_are_equivalent_only_where_they_are_shown_to_be(order: tuple[str, str]):
    sentence = finding_of(*(seeds("music", cell, LOW) for cell in order))
    assert "beats" not in sentence
    assert (
        f"Equivalent to it within 0.315 nats: {'gru' if sentence.count('that of rnn') else 'rnn'} (0.000 nats [" in sentence
    )
    assert "no difference was found" not in sentence
    assert all(cell in sentence for cell in order)
    sentence = finding_of(*(seeds("music", cell, [1.0, 5.0]) for cell in order))
    assert "quivalent" not in sentence
    assert sentence.count("no difference was found, and no equivalence") == 1
    assert all(cell in sentence for cell in order)


def test_a_difference_that_could_be_chance_is_not_one():
    sentence = finding_of(seeds("music", "gru", [3.0, 3.4, 3.2]), seeds("music", "rnn", [3.1, 3.3, 3.4]))
    assert "the lowest mean is that of gru" in sentence
    assert "Between it and rnn (0.067 nats [" in sentence
    assert "no difference was found" in sentence
    assert "beats" not in sentence


def test_single_seeds_are_labelled_and_beat_nobody():
    sentence = finding_of(seeds("music", "gru", [1.0]), seeds("music", "rnn", [5.0]), seeds("music", "novel", HIGH))
    assert "that of gru: 1.000 (one seed) nats per time step, n = 1 seed." in sentence
    assert "rnn (4.000 nats, one seed)" in sentence
    assert "novel (3.133 nats, one seed)" in sentence
    assert "beats" not in sentence
    assert "nan" not in sentence


def test_a_verdict_names_those_that_are_beaten_and_those_that_are_not():
    sentence = finding_of(
        seeds("music", "gru", LOW), seeds("music", "rnn", HIGH), seeds("music", "lstm", HIGH),
        seeds("music", "novel", [3.05, 3.1, 3.3]), seeds("music", VARIANT, [3.6]),
    )  # fmt: skip
    beats, equal = sentence.split(". ")[1:3]
    assert beats.startswith("It beats ")
    assert {cell for cell in ("rnn", "lstm", "novel", VARIANT) if f"{cell} by" in beats} == {"rnn", "lstm"}
    assert " and " in beats
    assert equal.startswith("Between it and novel (0.050 nats [")
    assert f"{VARIANT} (0.500 nats, one seed) no difference was found" in equal


def test_a_difference_must_hold_for_all_pairs_of_the_group():
    """What is a difference between two cells alone may be none among many."""
    two = [*seeds("music", "gru", [3.0, 3.2, 3.1]), *seeds("music", "rnn", [3.3, 3.5, 3.4])]
    more = [trial for i in range(5) for trial in seeds("music", f"novel_{i}", [3.2, 3.3, 3.22 + 0.01 * i])]
    alone, among = by_hand(two), by_hand(two + more)
    (pair,) = comparisons.pairs(without_sequences(alone))
    assert 0.01 < pair.p_holm < 0.05
    assert "It beats rnn by" in findings.findings(without_sequences(alone))[0]
    (same,) = [p for p in comparisons.pairs(without_sequences(among)) if (p.lower, p.other) == ("gru", "rnn")]
    assert same.difference.p == pair.difference.p
    assert same.p_holm > 0.05
    assert "beats" not in findings.findings(without_sequences(among))[0]


def test_a_group_of_one_cell_is_compared_with_the_baselines_alone():
    sentence = finding_of(seeds("music", "gru", LOW))
    assert sentence.endswith(
        "nats per time step, n = 3 seeds of one search. All means are below the lowest baseline (markov, 6.25)."
    )


def test_every_group_has_its_findings():
    frame = by_hand([
        *seeds("music", "gru", LOW), *seeds("music", "rnn", HIGH),
        *seeds("speech", "gru", HIGH), *seeds("speech", "rnn", LOW),
    ])  # fmt: skip
    music, speech = findings.findings(frame)
    assert music.startswith(f"On Some Music, {BUDGET}, {TRAINING}, the lowest mean is that of gru")
    assert speech.startswith(f"On Some Speech (synthetic), {BUDGET}, {TRAINING}, the lowest mean is that of rnn")


def test_a_verdict_is_of_confirming_trials_on_the_test_split():
    searched = [("music", "rnn", "search", 0, 0.01, 0.1, 0.1, "finished")]
    trials = [("music", "gru", "confirm", s, 0.01, 9.0, nll, "finished") for s, nll in enumerate(LOW, 1)]
    other = [("music", "rnn", "confirm", s, 0.01, 1.0, nll, "finished") for s, nll in enumerate(HIGH, 1)]
    assert "the lowest mean is that of gru" in finding_of(searched, trials, other)


def test_a_cell_that_is_not_below_the_lowest_baseline_is_named():
    sentence = finding_of(seeds("music", "gru", LOW), seeds("music", "rnn", [6.2, 6.3]), seeds("music", "novel", [7.0, 7.1]))
    assert "Not below the lowest baseline (markov, 6.25): rnn and novel." in sentence
    assert "All means are below" not in sentence
    assert "Not below the lowest baseline (markov, 6.25): gru." in finding_of(seeds("music", "gru", [6.3]))
    assert "All means are below the lowest baseline (markov, 6.25)." in finding_of(seeds("music", "gru", [6.2]))


def test_without_baselines_nothing_is_said_of_them():
    frame = by_hand(seeds("music", "gru", LOW))
    (sentence,) = findings.findings(replace(frame, baselines=frame.baselines[:0]))
    assert "baseline" not in sentence


def test_trials_that_diverged_in_confirming_are_told():
    diverged = [(*trial[:7], "diverged") for trial in seeds("music", "rnn", HIGH)[:2]]
    sentence = finding_of(seeds("music", "gru", LOW), diverged, seeds("music", "rnn", HIGH)[2:])
    assert sentence.endswith("Diverged in confirming: 2 of rnn.")
    assert "rnn by 1.033" in sentence  # they have scores, of before
    assert "Diverged" not in finding_of(
        seeds("music", "gru", LOW), [("music", "gru", "search", 0, 9.0, NAN, NAN, "diverged")]
    )


def test_a_cell_of_which_every_setting_diverged_in_the_search_is_told():
    lost = [("music", "rnn", "search", 0, 0.01 * i, NAN, NAN, "diverged") for i in (1, 2)]
    assert finding_of(lost, seeds("music", "gru", LOW)).endswith("Of rnn every setting of the search diverged.")
    tried = [("music", "rnn", "search", 0, 0.03, 3.0, 3.0, "finished")]  # and not confirmed yet
    assert "every setting" not in finding_of(lost, tried, seeds("music", "gru", LOW))
    elsewhere = [("speech", *trial[1:]) for trial in lost]
    assert "every setting" not in finding_of(elsewhere, seeds("music", "gru", LOW))


def test_a_cell_that_never_had_a_score_is_told_and_not_compared():
    sentence = finding_of(at_once("rnn"), seeds("music", "gru", LOW))
    assert "the lowest mean is that of gru" in sentence
    assert sentence.endswith("Diverged in confirming: 1 of rnn.")
    assert "nan" not in sentence


def test_a_cell_of_which_one_run_has_no_score_has_no_mean():
    """The mean of the others would be that of the seeds that went well."""
    sentence = finding_of(
        at_once("rnn", 9), seeds("music", "rnn", LOW), seeds("music", "gru", HIGH), seeds("music", "lstm", HIGH)
    )
    assert "nan" not in sentence
    assert "the lowest mean is that of" in sentence
    assert "that of rnn" not in sentence
    assert sentence.endswith("Diverged in confirming: 1 of rnn.")


def test_a_group_in_which_no_run_has_a_score_says_so():
    frame = by_hand([*at_once("rnn"), *at_once("gru"), *seeds("speech", "gru", LOW)])
    assert comparisons.pairs(frame) == []
    music, speech = findings.findings(frame)
    assert music == f"On Some Music, {BUDGET}, {TRAINING}, no run has a score."
    assert "that of gru: 3.100 [" in speech


QUESTION = "Of GRU and LSTM, "


def test_gru_and_lstm_are_compared_where_another_cell_is_the_lowest():
    sentence = finding_of(seeds("music", "rnn", LOW), seeds("music", "gru", HIGH), seeds("music", "lstm", [5.0, 5.1, 5.2]))
    assert "Of GRU and LSTM, gru is lower than lstm by 0.967 nats [" in sentence
    assert "; n = 3." in sentence
    assert "no difference found" not in sentence
    turned = finding_of(seeds("music", "rnn", LOW), seeds("music", "lstm", HIGH), seeds("music", "gru", [4.1, 4.2, 4.2]))
    assert "lstm is lower than gru by 0.033 nats [" in turned
    assert ", which is no difference found; n = 3." in turned


def test_the_lstm_with_peepholes_stands_for_one_that_is_missing():
    trials = [*seeds("music", "rnn", LOW), *seeds("music", "gru", HIGH), *seeds("music", "lstm_peephole", [5.0, 5.1, 5.2])]
    assert "gru is lower than lstm_peephole by 0.967 nats [" in finding_of(trials)
    both = finding_of(trials, seeds("music", "lstm", [5.5, 5.6]))
    assert "gru is lower than lstm by 1.417 nats [" in both
    assert both.count(QUESTION) == 1


@pytest.mark.parametrize("cells", list(combinations(["gru", "lstm", "lstm_peephole"], 2)), ids=str)
@pytest.mark.parametrize("turned", [False, True], ids=["first is lower", "second is lower"])
def test_what_was_said_of_the_lowest_is_not_said_twice(cells: tuple[str, str], turned: bool):
    lower, other = cells[::-1] if turned else cells
    sentence = finding_of(seeds("music", lower, LOW), seeds("music", other, HIGH))
    assert f"It beats {other} by 1.033 nats" in sentence
    assert QUESTION not in sentence


def untested(frame: Frame, about: str) -> str:
    """The sentence that begins so."""
    (sentence,) = [sentence for sentence in findings.limitations(frame) if sentence.startswith(about)]
    return sentence


def test_what_was_not_tested_names_tasks_and_sizes():
    frame = by_hand([*seeds("music", "gru", LOW), *seeds("speech", "gru", LOW), *seeds("music", "gru", LOW, "units_64")])
    sentence = untested(frame, "Tasks other than Some Music and Some Speech (synthetic);")
    assert "sizes other than 20,000 to 30,000 recurrent parameters" in sentence


def test_what_was_not_tested_counts_settings_and_seeds():
    searched = [("music", "gru", "search", 0, 0.01 * i, 3.0, 3.0, "finished") for i in range(1, 4)]
    frame = by_hand([*searched, *seeds("music", "gru", LOW), *seeds("speech", "gru", [3.0])])
    sentence = untested(frame, "Other searches: 3 settings were tried for each cell")
    assert "(n = 1 to 3)" in sentence
    other = [("music", "rnn", "search", 0, 0.01, 3.0, 3.0, "finished")]
    assert untested(by_hand([*searched, *other, *seeds("music", "gru", LOW)]), "Other searches: 1 to 3 settings were tried")
    assert untested(by_hand(seeds("music", "gru", LOW)), "Other searches: no settings were tried")


def test_trials_that_were_best_in_their_last_epoch_are_counted():
    searched = [("music", "gru", "search", 0, 0.01, 3.0, 3.0, "finished")]
    diverged = [("music", "rnn", "confirm", 1, 0.01, 3.0, 3.0, "diverged")]
    frame = by_hand([*searched, *seeds("music", "gru", LOW), *diverged])
    assert not any("Longer training" in sentence for sentence in findings.limitations(frame))
    frame.trials.loc[frame.trials.seed != 3, "best_epoch"] = 3  # two of the GRU's, and those that do not count
    assert untested(frame, "Longer training") == (
        "Longer training: 2 of 4 confirming trials were at their best in their last epoch."
    )


def test_of_pipelines_the_intervals_hold_for_other_searches_of_the_same_kind():
    searched = [("music", "gru", "search", seed, 0.01 * i, 3.0, 3.0, "finished") for i in (1, 2, 3) for seed in (1, 2, 3)]
    frame = by_hand([*searched, *seeds("music", "gru", LOW), *seeds("music", "rnn", HIGH)])
    both = replace(frame, trials=frame.trials.assign(pipeline=frame.trials.seed))
    assert "n = 3 pipelines. It beats rnn" in findings.findings(both)[0]
    sentence = untested(both, "Other searches: 3 settings were tried for each cell in each of its pipelines (n = 3)")
    assert "Intervals hold for new pipelines" in sentence
    assert "The confirming seeds" not in sentence
    of_gru = replace(frame, trials=both.trials.assign(pipeline=both.trials.pipeline.where(both.trials.cell == "gru", 1)))
    sentence = untested(of_gru, "Other searches: ")
    assert "Intervals hold for new pipelines" in sentence
    assert "The confirming seeds of cells with one pipeline (n = 3) vary weights" in sentence
    assert "pipelines" not in untested(frame, "Other searches: ")


def test_gru_and_lstm_may_be_equivalent():
    sentence = finding_of(
        seeds("music", "rnn", [1.0, 1.1]),
        seeds("music", "gru", [3.0, 3.01, 3.02]),
        seeds("music", "lstm", [3.0, 3.02, 3.03]),
    )
    assert ", and equivalent; n = 3." in sentence


def test_what_was_selected_at_an_edge_is_said():
    frame = by_hand(EVERYTHING)
    edges = [
        ("music", cell, BUDGET, TRAINING, 1, name)
        for cell, name in (("gru", "lr"), (VARIANT, "lr"), ("gru", "weight_noise"))
    ]
    assert not any("edge" in sentence for sentence in findings.limitations(frame))
    said = findings.limitations(replace(frame, edges=pd.DataFrame(edges, columns=EDGES)))
    assert said[-1] == (
        f"Wider ranges: of 2 searches, 2 (gru and {VARIANT}) selected the learning rate and 1 (gru) selected the weight "
        "noise at an edge of what was searched, beyond which there may be better ones."
    )
