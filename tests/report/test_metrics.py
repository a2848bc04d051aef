"""Metrics of cells: their intervals hold what they state, and the verdict says whether they agree with NLL."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.random import Generator, default_rng
from scipy.special import expit

from gatebench.core.metric import Predicted, SequenceStatistics
from gatebench.records.beside import COLUMNS
from gatebench.records.frame import Frame
from gatebench.report import metrics, style, verdict, words
from gatebench.report.figures import metrics as figure
from gatebench.report.metrics import MetricScores
from support.frames import HIGH, LOW, MUSIC, by_hand, seeds
from support.measured import labels, of_predictions, with_baselines, with_statistics

REPETITIONS = 4


def scored(frame: Frame) -> dict[str, MetricScores]:
    """Every metric of the cells of a frame, by name."""
    return {one.metric.name: one for one in metrics.of_cells(frame, style.by_cell(frame.scored()))}


def two_cells(right: dict[str, list[np.ndarray]], nll: dict[str, list[float]]) -> Frame:
    """Cells with these NLLs, which label these sequences rightly."""
    frame = by_hand([trial for cell, tests in nll.items() for trial in seeds("music", cell, tests)])
    return with_statistics(frame, {cell: [labels(of_run) for of_run in runs] for cell, runs in right.items()})


def rightly(rate: float, seed: int, count: int = 300) -> list[np.ndarray]:
    """Three runs that are right about most of the same sequences."""
    random = default_rng(seed)
    difficulty = default_rng(0).random(count)
    return [difficulty + random.normal(0, 0.02, count) < rate for _ in range(3)]


def of_reals(random: Generator, sequences: int) -> list[SequenceStatistics]:
    """Errors of which each sequence and each repetition has its size."""
    counts = random.integers(5, 40, sequences)
    size = np.repeat(np.exp(random.normal(0, 0.3, sequences)), counts)
    runs = [size * np.exp(random.normal(0, 0.1)) * random.normal(0, 1, counts.sum()) for _ in range(REPETITIONS)]
    true = np.zeros((counts.sum(), 1))
    return [of_predictions(Predicted("reals", "step", run[:, None], true, counts), counts * 1.0) for run in runs]


def of_labels(random: Generator, sequences: int) -> list[SequenceStatistics]:
    """Three unequal classes, of which each sequence is harder or easier, and each repetition better or worse."""
    true = random.choice(3, (sequences, 1), p=[0.5, 0.3, 0.2])
    difficulty = random.normal(0, 1, (sequences, 1))
    statistics = []
    for _ in range(REPETITIONS):
        logits = np.eye(3)[true[:, 0]] * (1.2 + random.normal(0, 0.2) + difficulty) + random.gumbel(0, 0.7, (sequences, 3))
        p = expit(logits) / expit(logits).sum(1, keepdims=True)
        predicted = Predicted("label", "sequence", p, true, np.ones(sequences, int))
        statistics.append(of_predictions(predicted, np.ones(sequences)))
    return statistics


@pytest.mark.parametrize(
    ("draw", "names"),
    [(of_reals, ["rmse", "mae"]), (of_labels, ["accuracy", "balanced_accuracy", "macro_f1", "auc", "brier"])],
)
def test_95_of_100_intervals_hold_the_metric_of_all_sequences_and_repetitions(draw, names: list[str]):
    """A ratio of sums, its root, a mean of ratios, and a share of pairs, of 60 sequences and four repetitions each."""
    random = default_rng(3)
    frame = by_hand(seeds("music", "gru", [3.0] * REPETITIONS))
    many = [scored(with_statistics(frame, {"gru": draw(random, 4000)})) for _ in range(8)]
    truth = {name: np.mean([one[name].estimates["gru"].mean for one in many]) for name in names}
    held: dict[str, list[bool]] = {name: [] for name in names}
    for _ in range(160):
        of_study = scored(with_statistics(frame, {"gru": draw(random, 60)}))
        for name in names:
            estimate = of_study[name].estimates["gru"]
            held[name].append(estimate.low <= truth[name] <= estimate.high)
    for name in names:
        assert 0.9 <= np.mean(held[name]) <= 0.99, name


def test_a_cell_is_compared_by_sequence_and_the_best_is_the_one_with_the_higher_share():
    frame = two_cells({"gru": rightly(0.80, 1), "rnn": rightly(0.70, 2)}, {"gru": HIGH, "rnn": LOW})
    accuracy, brier = scored(frame)["accuracy"], scored(frame)["brier"]
    assert list(accuracy.estimates) == list(brier.estimates) == ["gru", "rnn"]
    shares = [np.mean([run.mean() for run in rightly(*of_cell)]) for of_cell in ((0.80, 1), (0.70, 2))]
    assert [one.mean for one in accuracy.estimates.values()] == pytest.approx(shares)
    (pair,) = accuracy.pairs
    assert pair.difference.mean == pytest.approx(shares[0] - shares[1])
    assert pair.differ
    alone = accuracy.estimates["gru"].high - accuracy.estimates["gru"].low
    assert pair.difference.high - pair.difference.low < alone  # most of the sequences are hard for both


def test_an_interval_of_a_share_ends_where_shares_do():
    almost = [np.arange(30) != i for i in (0, 0, 1)]
    estimate = scored(two_cells({"gru": almost}, {"gru": LOW}))["accuracy"].estimates["gru"]
    assert estimate.high == 1
    assert estimate.low < estimate.mean < 1


def test_a_metric_that_a_trial_lacks_is_none_of_its_cell():
    frame = two_cells({"gru": rightly(0.8, 1), "rnn": rightly(0.7, 2)}, {"gru": LOW, "rnn": HIGH})
    without = dict(list(frame.statistics.items())[1:])
    assert scored(with_statistics(by_hand(seeds("music", "gru", LOW)), {})) == {}
    assert scored(type(frame)(**{**vars(frame), "statistics": without})) == {}


def other(frame: Frame) -> str:
    """The line of the verdict about what people decide by."""
    lines = verdict.lines(frame, MUSIC, ["gru", "rnn"])
    assert [line.partition(":")[0] for line in lines] == ["Best cell", "By how much", "At what cost", "By other measures"]
    assert lines[-1].endswith(".")
    assert "nan" not in lines[-1]
    return lines[-1]


def test_the_verdict_says_that_metrics_agree():
    line = other(two_cells({"gru": rightly(0.8, 1), "rnn": rightly(0.7, 2)}, {"gru": LOW, "rnn": HIGH}))
    assert line.startswith("By other measures: gru, which has the lowest NLL, is the best by accuracy (0.7")
    assert line.endswith(", too.")


def test_the_verdict_says_where_another_cell_is_the_best_by_a_metric():
    line = other(two_cells({"gru": rightly(0.7, 1), "rnn": rightly(0.8, 2)}, {"gru": LOW, "rnn": HIGH}))
    assert "by accuracy (0.7" in line
    assert ") rnn is the best, by 0." in line
    assert "] above gru. By " in line
    assert "By Brier score (" in line
    assert "] below gru" in line
    assert "no difference" not in line


def test_the_verdict_says_that_such_a_difference_is_not_shown():
    line = other(two_cells({"gru": rightly(0.70, 1, 40), "rnn": rightly(0.72, 2, 40)}, {"gru": LOW, "rnn": HIGH}))
    assert "rnn is the best" in line
    assert "above gru, which is no difference shown" in line


def test_the_verdict_says_where_a_metric_tells_apart_what_nll_does_not_and_the_reverse():
    apart = {"gru": rightly(0.8, 1), "rnn": rightly(0.7, 2)}
    line = other(two_cells(apart, {"gru": [3.0, 3.4, 3.2], "rnn": [3.1, 3.5, 3.3]}))
    assert "By accuracy gru is by 0." in line
    assert "] above rnn, where by NLL the two are not told apart" in line
    alike = {"gru": rightly(0.705, 1, 40), "rnn": rightly(0.70, 1, 40)}
    assert "which is no difference shown, where by NLL it is better" in other(two_cells(alike, {"gru": LOW, "rnn": HIGH}))


def test_single_seeds_are_no_evidence_and_old_records_say_nothing_of_metrics():
    single = {cell: runs[:1] for cell, runs in {"gru": rightly(0.7, 1), "rnn": rightly(0.8, 2)}.items()}
    line = other(two_cells(single, {"gru": LOW[:1], "rnn": HIGH[:1]}))
    assert "(one seed) above gru, which is no difference shown" in line
    old = by_hand([*seeds("music", "gru", LOW), *seeds("music", "rnn", HIGH)])
    assert len(verdict.lines(old, MUSIC, ["gru", "rnn"])) == 3
    assert figure.table(old) is None


def test_the_table_has_a_row_a_cell_with_marks_beside_the_best():
    frame = two_cells({"gru": rightly(0.70, 1, 40), "rnn": rightly(0.71, 2, 40)}, {"gru": LOW, "rnn": HIGH})
    table = figure.table(frame)
    assert table is not None
    by_cell = table.set_index("cell")
    assert list(by_cell.columns[:3]) == ["data", "NLL", "accuracy"]
    assert by_cell.accuracy["rnn"].endswith("] best")
    assert by_cell.accuracy["gru"].endswith("] ?")
    sure = figure.table(two_cells({"gru": rightly(0.5, 1), "rnn": rightly(0.9, 2)}, {"gru": LOW, "rnn": HIGH}))
    assert sure is not None
    assert sure.set_index("cell").accuracy["gru"].endswith("]")
    assert any(note.startswith("macro-F1: ") for note in figure.notes(frame))


def test_what_takes_no_model_stands_in_brackets_above_the_cells():
    frame = two_cells({"gru": rightly(0.7, 1), "rnn": rightly(0.8, 2)}, {"gru": LOW, "rnn": HIGH})
    table = figure.table(replace(frame, trivial={"music": {"unigram": {"accuracy": 0.51234, "rmse": 3.0}}}))
    assert table is not None
    first = table.iloc[0]
    assert list(table.cell) == ["[unigram]", "rnn", "gru"]
    assert (first.accuracy, first.AUC, first.NLL, first.n) == ("0.5123", "", "", "")


def test_baselines_stand_in_brackets_with_their_nll_and_what_is_known_of_their_metrics():
    frame = two_cells({"gru": rightly(0.7, 1), "rnn": rightly(0.8, 2)}, {"gru": LOW, "rnn": HIGH})
    measured = {"unigram": {"accuracy": [0.51234]}, "markov": {"accuracy": [0.6, 0.55, 0.65], "rmse": [3.0]}}
    table = figure.table(with_baselines(replace(frame, trivial={"music": {"mean": {"accuracy": 0.1}}}), measured))
    assert table is not None
    assert list(table.cell) == ["[unigram]", "[markov]", "rnn", "gru"]
    assert list(table.accuracy[:2]) == ["0.5123", "0.600 [0.550, 0.650]"]
    assert list(table.NLL[:2]) == ["9.000", "6.250"]
    assert list(table.AUC[:2]) == ["", ""]


def test_the_verdict_says_by_what_no_cell_is_better_than_a_baseline():
    frame = two_cells({"gru": rightly(0.8, 1), "rnn": rightly(0.7, 2)}, {"gru": LOW, "rnn": HIGH})
    better = {"unigram": {"accuracy": [0.5]}, "markov": {"accuracy": [0.95], "calibration_error": [0.0], "brier": [1.9]}}
    line = other(with_baselines(frame, better))
    assert (
        ". By accuracy no cell is shown to be better than the best baseline (markov, 0.95), where by NLL gru is "
        "below all." in line
    )
    assert "calibration error no" not in line, "what knows nothing can be calibrated"
    assert line.count("baseline") == 1
    assert "trivial" not in other(with_baselines(frame, {"markov": {"accuracy": [0.5]}}))
    assert "trivial" not in other(replace(with_baselines(frame, better), baselines=frame.baselines[:0]))


def test_the_verdict_says_by_what_a_cell_is_better_than_all_baselines_where_by_nll_it_is_not():
    frame = two_cells({"gru": rightly(0.8, 1), "rnn": rightly(0.7, 2)}, {"gru": LOW, "rnn": HIGH})
    learned = replace(frame, baselines=frame.baselines.assign(nll=2.0))
    line = other(with_baselines(learned, {"markov": {"accuracy": [0.5], "brier": [0.0]}}))
    assert "by accuracy (0.7" in line
    assert ") gru is better than the best baseline (markov, 0.5), where by NLL no cell is shown to be below all" in line
    assert line.count("baseline") == 1


def test_what_was_run_beside_the_study_stands_in_round_brackets():
    frame = two_cells({"gru": rightly(0.7, 1), "rnn": rightly(0.8, 2)}, {"gru": LOW, "rnn": HIGH})
    rows = [("script", "accuracy", 0.6), ("script", "accuracy", 0.7), ("once", "accuracy", 0.51234), ("other", "mase", 3.0)]
    beside = pd.DataFrame([("music", method, metric, 1, value) for method, metric, value in rows], columns=COLUMNS)
    table = figure.table(replace(frame, beside=beside))
    assert table is not None
    assert list(table.cell) == ["(once)", "(script)", "rnn", "gru"], "of a metric that the trials have"
    assert list(table.accuracy[:2]) == ["0.5123", "0.650 [0.015, 1.000]"], "no accuracy is above 1"
    assert list(table.n[:2]) == ["1", "2"]


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((0.5, 0.0, 2.5), "0.500 [0.000, 2.500]"),
        ((1234.5, 1200.2, 1268.8), "1234 [1200, 1269]"),
        ((0.001234, 0.001, 0.0015), "0.00123 [0.00100, 0.00150]"),
        ((0.0, 0.0, 0.0), "0.000 [0.000, 0.000]"),
        ((0.9876, 0.9876, 0.9876), "0.988 [0.988, 0.988]"),
        ((12.3456, float("nan"), float("nan")), "12.35 (one seed)"),
    ],
)
def test_numbers_of_any_size_are_written_to_the_digits_that_are_known(numbers: tuple[float, float, float], text: str):
    assert words.measured(*numbers) == text
