"""What counts as a repetition of a cell, and what is said of it."""

import numpy as np
import pandas as pd
import pytest

from gatebench.report import repetitions
from support.frames import NAN, by_hand, seeds


def confirmed(scores: list[float], pipelines: list[int]) -> pd.DataFrame:
    """Confirming trials of one cell on test, of these pipelines."""
    test = by_hand(seeds("music", "gru", scores)).confirmed("test")
    return test.assign(pipeline=pipelines)


def test_seeds_of_one_pipeline_are_its_repetitions():
    trials = confirmed([3.0, 3.2, 3.7], [1, 1, 1])
    assert list(repetitions.scores(trials)) == [3.0, 3.2, 3.7]
    assert (repetitions.unit(trials), repetitions.counted(trials)) == ("seed", "3 seeds of one search")
    assert repetitions.counted(trials[:1]) == "1 seed"


def test_of_several_pipelines_each_is_the_mean_of_its_seeds():
    """Which may have been trained in any order, and need not be equally many."""
    trials = confirmed([3.0, 5.0, 3.2, 4.0, 4.4], [1, 3, 1, 2, 2])
    assert list(repetitions.scores(trials)) == pytest.approx([3.1, 4.2, 5.0])
    assert list(repetitions.scores(trials, "nll_sequence_mean")) == pytest.approx([4.1, 5.2, 6.0])
    assert (repetitions.unit(trials), repetitions.counted(trials)) == ("pipeline", "3 pipelines")
    by_sequence = np.array([[1.0, 2], [9, 9], [3, 4], [0, 0], [2, 8]])
    np.testing.assert_array_equal(repetitions.averaged(trials, by_sequence), [[2, 3], [1, 4], [9, 9]])


def test_a_pipeline_with_a_seed_that_has_no_score_has_none():
    assert np.isnan(repetitions.scores(confirmed([3.0, NAN, 4.0], [1, 1, 2]))).tolist() == [True, False]


def test_a_figure_says_of_all_its_cells_what_was_repeated():
    frame = by_hand([*seeds("music", "gru", [3.0, 3.1]), *seeds("music", "rnn", [3.0, 3.1, 3.2])])
    test = frame.confirmed("test")
    assert repetitions.note(test) == (
        "Repetitions of each cell: 2 to 3 seeds of one search (what another search would select is not in the interval)."
    )
    assert repetitions.note(test.assign(pipeline=test.seed)) == (
        "Repetitions of each cell: 2 to 3 pipelines, each with its own settings, search, selection and seeds."
    )
    mixed = repetitions.note(test.assign(pipeline=test.seed.where(test.cell == "gru", 1)))
    assert mixed.startswith("Repetitions of each cell: 2 pipelines, each with its own ")
    assert " or 3 seeds of one search (" in mixed
