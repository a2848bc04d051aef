"""The verdict in three lines: what it says of frames that are written by hand, and how often it is wrong."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.random import Generator, default_rng

from gatebench.records.frame import Frame
from gatebench.report import verdict
from support.frames import HIGH, LOW, MUSIC, at_once, by_hand, seeds, without_sequences

CELLS = ["rnn", "lstm", "gru"]
MIDDLE = [4.0, 4.1, 4.2]
BASELINE = 6.25
"""NLL of the lowest baseline of the frames by hand, the Markov chain."""


def verdict_of(*trials: list[tuple[Any, ...]], cells: list[str] = CELLS) -> list[str]:
    """The verdict on these trials of one comparison group."""
    return lines_of(by_hand([trial for some in trials for trial in some]), cells)


def lines_of(frame: Frame, cells: list[str] = CELLS) -> list[str]:
    lines = verdict.lines(frame, MUSIC, cells)
    starts = ["Best cell: ", "By how much: ", "At what cost: "]
    assert [line.startswith(start) for line, start in zip(lines, starts, strict=True)] == [True] * 3
    assert all(line.endswith(".") and "\n" not in line and "nan" not in line for line in lines), lines
    return lines


def searched(cell: str, status: str) -> list[tuple[Any, ...]]:
    valid = float("nan") if status == "diverged" else 3.0
    return [("music", cell, "search", 0, 0.01 * (1 + i), valid, valid, status) for i in range(2)]


def test_a_winner_is_below_every_other_cell_and_the_baseline():
    best, much, cost = verdict_of(
        seeds("music", "gru", LOW), seeds("music", "lstm", [5.0, 5.1, 5.2]), seeds("music", "rnn", HIGH)
    )
    assert best == (
        "Best cell: gru, at 3.100 [2.852, 3.348] nats per time step on the test split (mean of 3 seeds), below rnn and lstm "
        "and below the best baseline (markov, 6.250)."
    )
    assert much.startswith("By how much: gru is lower than rnn by 1.033 [")
    assert "] and lstm by 2.000 [" in much
    assert "nats per time step (95% intervals over seeds and sequences; Holm's p 0.0" in much
    assert cost.startswith(
        "At what cost: gru has 20,000 recurrent parameters (13 units), a state of 13 numbers, 39,000 FLOPs a time step, "
        "6.0 core-seconds of training a trial. rnn has "
    )


def test_the_same_whatever_the_order():
    trials = [seeds("music", "gru", LOW), seeds("music", "lstm", MIDDLE), seeds("music", "rnn", HIGH)]
    assert verdict_of(*trials) == verdict_of(*reversed(trials)) == verdict_of(*trials, cells=["gru", "lstm", "rnn"])


def test_other_cells_and_groups_of_the_study_are_not_in_it():
    trials = [seeds("music", "gru", LOW), seeds("music", "lstm", HIGH)]
    others = [seeds("music", "rnn", [1.0, 1.1]), seeds("speech", "gru", HIGH), seeds("music", "gru", HIGH, "units_64")]
    assert verdict_of(*trials, *others, cells=["gru", "lstm"]) == verdict_of(*trials, cells=["gru", "lstm"])


def test_no_difference_is_no_winner_and_says_what_it_would_take():
    best, much, cost = verdict_of(
        seeds("music", "gru", [4.0, 4.3, 4.2]), seeds("music", "lstm", MIDDLE), cells=["gru", "lstm"]
    )
    assert "on the test split, nor that it is smaller than 0.215." in best
    assert best.startswith(
        "Best cell: no difference could be shown between lstm and gru (4.100 and 4.167 nats per time step"
    )
    assert "beat" not in best
    assert much.startswith("By how much: lstm is lower than gru by 0.067 [-")
    assert "To show gru equivalent to it would take about " in much  # within 0.215, the margin
    assert "(80% power at the 5% level)" in much
    assert cost.startswith("At what cost: the cheapest of them, gru, has 20,000 ")


def test_what_both_beat_is_said_by_the_smaller_difference():
    best, much, _ = verdict_of(
        seeds("music", "gru", [3.0, 3.3, 3.2]), seeds("music", "lstm", LOW), seeds("music", "rnn", [5.0, 5.1, 5.3])
    )
    assert best.startswith("Best cell: no difference could be shown between lstm and gru (3.100 and 3.167 nats")
    assert ". Both beat rnn by 1.967 [" in best
    assert "rnn" not in much


def test_what_the_best_alone_beats_is_said_of_it_alone():
    best, much, _ = verdict_of(
        seeds("music", "gru", [3.0, 3.01, 3.02]),
        seeds("music", "lstm", [2.0, 3.9, 4.4]),
        seeds("music", "rnn", [3.6, 3.7, 3.8]),
    )
    assert "no difference could be shown between gru and lstm" in best
    assert ". gru is lower than rnn by 0.690 [" in best
    assert "beat" not in best
    assert much.startswith("By how much: gru is lower than lstm by 0.423 [-")


def test_no_cell_that_is_not_below_the_baseline_wins():
    best, much, cost = verdict_of(
        seeds("music", "gru", [6.4, 6.41, 6.42]),
        seeds("music", "lstm", [7.0, 7.1, 7.2]),
        seeds("music", "rnn", [8.0, 8.1, 8.2]),
    )
    assert best.startswith(
        "Best cell: none is recommended, since no cell is shown to be below the best baseline, "
        "markov, 6.250 nats per time step on the test split. The lowest cell, gru, has 6.410 [6.385, 6.435]"
    )
    assert much.startswith("By how much: gru minus markov is 0.160 [0.135, 0.185] nats per time step")
    assert cost.startswith("At what cost: gru has ")


def test_a_mean_below_the_baseline_is_not_enough():
    assert verdict_of(seeds("music", "gru", [6.0, 6.2, 6.5]), seeds("music", "lstm", [8.0, 8.1, 8.2]))[0].startswith(
        "Best cell: none"
    )
    assert verdict_of(seeds("music", "gru", [6.0, 6.1, 6.1]), seeds("music", "lstm", [8.0, 8.1, 8.2]))[0].startswith(
        "Best cell: gru"
    )


def test_a_cell_beside_the_best_that_learned_nothing_is_named():
    best, _, _ = verdict_of(
        seeds("music", "gru", [6.1, 6.11, 6.12]), seeds("music", "lstm", [5.9, 6.2, 6.9]), cells=["gru", "lstm"]
    )
    assert ". Not shown to be below the best baseline (markov, 6.250): lstm." in best


def test_without_baselines_they_are_not_spoken_of():
    frame = by_hand([*seeds("music", "gru", LOW), *seeds("music", "lstm", HIGH)])
    frame = replace(frame, baselines=frame.baselines[:0])
    assert lines_of(frame, ["gru", "lstm"])[0].endswith("(mean of 3 seeds), below lstm.")


@pytest.mark.parametrize("other", [[4.0], HIGH])
def test_a_single_seed_is_an_anecdote(other: list[float]):
    best, much, _ = verdict_of(seeds("music", "gru", [3.0]), seeds("music", "lstm", other), cells=["gru", "lstm"])
    assert best.startswith("Best cell: undecided; gru has 3.000 (one seed) nats per time step on the test split")
    assert "anecdote" in best
    assert "an interval would take two seeds of each cell at the least" in much


def test_a_cell_alone_is_compared_with_nothing():
    best, much, _ = verdict_of(seeds("music", "gru", LOW))
    assert best.startswith("Best cell: undecided; gru has 3.100 ")
    assert best.endswith("with nothing to compare it with. rnn is not confirmed yet. lstm is not confirmed yet.")
    assert "a second cell" in much


def test_why_a_cell_is_missing_is_said():
    best, _, _ = verdict_of(
        seeds("music", "gru", LOW), seeds("music", "lstm", HIGH), searched("rnn", "diverged"), cells=["gru", "lstm", "rnn"]
    )
    assert best.startswith("Best cell: gru")
    assert best.endswith(". Every setting of rnn diverged.")
    for trials, why in (
        (searched("rnn", "finished"), "rnn is not confirmed yet"),
        ([*seeds("music", "rnn", LOW), *at_once("rnn", 9)], "rnn is left out, since a seed of it has no score"),
        ([], "rnn is not confirmed yet"),
    ):
        assert verdict_of(seeds("music", "gru", LOW), seeds("music", "lstm", HIGH), trials)[0].endswith(f". {why}.")


def test_what_was_selected_at_an_edge_is_said():
    frame = by_hand([*seeds("music", "gru", LOW), *seeds("music", "lstm", HIGH)])
    group, rest = list(MUSIC), ["pipeline", "hyperparameter"]
    rows = [("gru", 1, "lr"), ("gru", 2, "weight_noise"), ("gru", 2, "lr"), ("lstm", 1, "lr"), ("rnn", 1, "lr")]
    edges = pd.DataFrame(
        [[group[0], cell, *group[1:], pipeline, name] for cell, pipeline, name in rows],
        columns=["task", "cell", "budget", "training", *rest],
    )
    pipelines = replace(frame, trials=frame.trials.assign(pipeline=frame.trials.seed), edges=edges)
    assert lines_of(pipelines, ["gru", "lstm"])[0].endswith(
        ". Selected at an edge of what was searched: gru (learning rate and weight noise in 2 of 3 pipelines) and lstm "
        "(learning rate in 1 of 3 pipelines)."
    )
    best = lines_of(replace(frame, edges=edges[3:4]), ["gru", "lstm"])[0]
    assert best.endswith(". Selected at an edge of what was searched: lstm (learning rate).")
    elsewhere = replace(frame, edges=edges.assign(task="speech"))
    assert "edge" not in lines_of(elsewhere, ["gru", "lstm"])[0]


def test_no_score_at_all():
    assert verdict_of(at_once("gru"), at_once("lstm"), searched("rnn", "diverged"))[0] == (
        "Best cell: none, since no cell has a score on the test split. Every setting of rnn diverged. lstm is left out, "
        "since a seed of it has no score. gru is left out, since a seed of it has no score."
    )


def test_records_without_sequences_have_intervals_over_seeds():
    frame = without_sequences(by_hand([*seeds("music", "gru", [4.0, 4.3, 4.2]), *seeds("music", "lstm", MIDDLE)]))
    much = lines_of(frame, ["gru", "lstm"])[1]
    assert "(95% intervals over seeds)" in much
    assert " seeds of each cell, about " in much


def test_what_is_predicted_gives_the_unit():
    frame = by_hand([*seeds("music", "gru", LOW), *seeds("music", "lstm", HIGH)])
    lines = lines_of(replace(frame, at={"music": "sequence"}), ["gru", "lstm"])
    assert all("nats per sequence" in line for line in lines[:2])
    assert not any("time step" in line for line in lines[:2])


# How often it is wrong

SEEDS, TESTED = 5, 30
SHELL = by_hand([trial for cell in CELLS for trial in seeds("music", cell, [4.0] * SEEDS)])
"""A frame whose scores are to be planted. Half a nat of learning makes the margin narrow beside the noise, 0.05."""
SHELL = replace(SHELL, baselines=SHELL.baselines.assign(nll=4.5), trials=SHELL.trials.assign(pipeline=SHELL.trials.seed))


def planted(random: Generator, lower: float = 0.0) -> Frame:
    """Cells that differ in nothing but ``lower`` of the GRU, with effects of pipelines, of sequences, and of both.

    That of a pipeline is of what its search selected, which is right-skewed, and of its seed.
    """
    steps = random.integers(5, 40, TESTED)
    easy = random.normal(0, 0.5, TESTED)
    trials, sequences = SHELL.trials.copy(), []
    for key, cell in trials.drop_duplicates("key")[["key", "cell"]].to_numpy():
        pipeline = random.exponential(0.03) + random.normal(0, 0.02)
        nll = 4.0 - lower * (cell == "gru") + easy + pipeline + random.normal(0, 0.1, TESTED)
        trials.loc[trials.key == key, "nll"] = (nll * steps).sum() / steps.sum()
        sequences.append(pd.DataFrame({"key": key, "sequence": range(TESTED), "steps": steps, "nll": nll * steps}))
    return replace(SHELL, trials=trials, sequences=pd.concat(sequences)[SHELL.sequences.columns])


def winners(draws: int, lower: float) -> list[str]:
    random = default_rng(20)
    firsts = [lines_of(planted(random, lower))[0] for _ in range(draws)]
    return [line.removeprefix("Best cell: ").partition(",")[0] for line in firsts if "below the best" in line]


@pytest.mark.parametrize("draws", [40, pytest.param(300, marks=pytest.mark.cluster)])
def test_of_equal_cells_it_names_a_winner_in_one_of_twenty_studies_at_the_most(draws: int):
    assert len(winners(draws, 0.0)) <= 0.05 * draws + 2 * (0.05 * 0.95 * draws) ** 0.5


def test_a_cell_that_is_better_by_enough_wins_and_no_other():
    assert winners(20, 0.3) == ["gru"] * 20


def test_baseline_of_the_frames():
    frame = by_hand(seeds("music", "gru", LOW))
    assert frame.baselines.query("split == 'test'").nll.min() == BASELINE
    assert np.mean(LOW) < BASELINE


NEAR = without_sequences(
    by_hand([*seeds("music", "gru", [4.0, 4.1, 4.2, 4.05]), *seeds("music", "lstm", [4.15, 4.25, 4.35, 4.3])])
)
"""Two cells of which p is 0.027: below 0.05, not below 0.01."""


def test_a_verdict_that_was_looked_at_before_is_tested_at_a_lower_level():
    best, much, _ = lines_of(NEAR)
    assert best.startswith("Best cell: gru, ")
    assert "seeds; Holm's p 0.027)" in much
    best, much, _ = lines_of(replace(NEAR, looks=1))
    assert best.startswith("Best cell: no difference could be shown")
    look = ". Look 1 of this comparison: tested at 0.01, so that all its looks together stay below 0.015. "
    assert look in much
    assert "(80% power at the 0.333% level)" in much
    assert "Look 3 of this comparison: tested at 0.00111" in lines_of(replace(NEAR, looks=3))[1]


def test_an_interval_that_leaves_zero_out_beside_an_open_verdict_is_explained():
    """It is of one pair alone; Holm counts all of them."""
    third = seeds("music", "rnn", [3.0, 3.9, 3.2])
    best, much, _ = verdict_of(seeds("music", "gru", [3.0, 3.05, 3.1]), seeds("music", "lstm", [3.17, 3.26, 3.35]), third)
    assert best.startswith("Best cell: no difference could be shown between gru, lstm and rnn (")
    assert ". The interval beside lstm is of that pair alone: Holm's p, which counts all, is 0.099. " in much


def test_a_difference_that_is_large_enough_wins_at_any_look_and_its_p_is_said_beside_the_level():
    frame = by_hand([*seeds("music", "gru", LOW), *seeds("music", "lstm", HIGH)])
    once, again = lines_of(frame)[1], lines_of(replace(frame, looks=2))[1]
    look = ". Look 2 of this comparison: tested at 0.00333, so that all its looks together stay below 0.015"
    assert look in again
    assert again.replace(look, "") == once
    assert "; Holm's p 0.0" in once


# Three verdicts


def apart(first: list[float], second: list[float], learned: float = 20.0) -> list[str]:
    """The verdict on a GRU and an LSTM of these scores, where so much was learned."""
    frame = by_hand([*seeds("music", "gru", first), *seeds("music", "lstm", second)])
    return lines_of(replace(frame, baselines=frame.baselines.assign(nll=min(map(np.mean, (first, second))) + learned)))


def test_cells_within_the_margin_are_equivalent_and_none_is_the_best():
    best, much, cost = apart([3.0, 3.02, 3.04], [3.01, 3.03, 3.06])
    assert best.startswith(
        "Best cell: none: lstm is equivalent to gru within 2 nats per time step on the test split (3.020 and 3.033 nats per "
        "time step, means of 3 seeds)"
    )
    assert "; Holm's p of a difference of 2 or more: " in much
    assert "would take" not in much
    assert cost.startswith("At what cost: the cheapest of them, gru, has ")


def test_a_difference_that_is_sure_and_too_small_to_matter_makes_no_best_cell():
    first, second = [3.0, 3.001, 3.002], [3.1, 3.101, 3.103]
    assert apart(first, second, learned=0.5)[0].startswith("Best cell: gru, at 3.0010 ")
    assert apart(first, second, learned=5.0)[0].startswith("Best cell: none: lstm is equivalent to gru within 0.5 ")


def test_what_would_decide_is_to_show_the_difference_where_that_is_beyond_the_margin():
    assert ". To show this difference to lstm would take about " in apart([3.0, 3.3, 3.2], [3.1, 3.3, 3.7], learned=1.0)[1]
    assert ". To show lstm equivalent to it would take about " in apart([3.0, 4.0, 3.2], [4.0, 3.3, 5.0], learned=20.0)[1]


def test_the_undecided_are_named_beside_those_that_are_equivalent():
    frame = by_hand([
        *seeds("music", "gru", [3.0, 3.01, 3.02]), *seeds("music", "lstm", [3.0, 3.02, 3.03]),
        *seeds("music", "rnn", [3.0, 4.0, 3.4]),
    ])  # fmt: skip
    best, _, cost = lines_of(frame)
    assert best.startswith("Best cell: no difference could be shown between gru and rnn (3.010 and 3.467 nats")
    assert ", nor that it is smaller than 0.324. Equivalent to gru within that: lstm." in best
    assert cost.startswith("At what cost: the cheapest of them, gru, has ")


def test_the_probability_of_a_single_repetition_and_what_the_interval_leaves_out_stand_beside():
    frame = by_hand([*seeds("music", "gru", LOW), *seeds("music", "lstm", HIGH)])
    much = lines_of(frame)[1]
    assert ". A new seed of gru is lower than one of lstm with probability 1.00 [0." in much
    assert much.endswith(". The seeds are of one search: what another search would select is not in the interval.")
    best, much, _ = lines_of(replace(frame, trials=frame.trials.assign(pipeline=frame.trials.seed)))
    assert "(mean of 3 pipelines), below lstm" in best
    assert "(95% intervals over pipelines and sequences; " in much
    assert ". A new pipeline of gru is lower than one of lstm with probability 1.00 [0." in much
    assert "search" not in much
