"""Metrics against scikit-learn and by hand, and what they say a sequence does to them."""

import numpy as np
import pytest
from numpy.random import default_rng
from sklearn import metrics as theirs

from gatebench.core import measuring
from gatebench.core.metric import Linearised, Predicted, SequenceStatistics

COUNTS = np.array([4, 1, 7, 3, 9, 2])
"""Predictions of each sequence."""


def linearised(predicted: Predicted, nll: np.ndarray | None = None) -> dict[str, Linearised]:
    """Every metric of predictions, as a trial has them."""
    sums = {"steps": predicted.counts.astype(float), **measuring.statistics(predicted)}
    if nll is not None:
        sums["nll"] = nll
    whole = predicted.target == "label" and predicted.at == "sequence"
    labels = (predicted.mean, predicted.true[:, 0]) if whole else (None, None)
    statistics = SequenceStatistics(sums, *labels)
    return {metric.name: metric.linearised(statistics) for metric in measuring.metrics(statistics)}


def values(predicted: Predicted, nll: np.ndarray | None = None) -> dict[str, float]:
    return {name: one.value for name, one in linearised(predicted, nll).items()}


def labelled(classes: int, at: str = "step", counts: np.ndarray = COUNTS, target: str = "label", seed: int = 0) -> Predicted:
    """Probabilities that know something of the class."""
    random = default_rng(seed)
    true = random.integers(0, classes, (counts.sum(), 1))
    p = random.dirichlet(np.ones(classes), counts.sum()) + 0.7 * np.eye(classes)[true[:, 0]] * random.random(
        (counts.sum(), 1)
    )
    return Predicted(target, at, p / p.sum(1, keepdims=True), true, counts)


def reals(columns: int) -> Predicted:
    random = default_rng(columns)
    true = random.normal(10, 3, (COUNTS.sum(), columns))
    mean = true + random.normal(0.2, 1, true.shape) * np.arange(1, columns + 1)
    naive = np.linspace(0.5, 2, columns)
    return Predicted("reals", "step", mean, true, COUNTS, np.arange(1.0, columns + 1) * 2, naive)


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_metrics_of_labels_are_scikit_learns(classes: int):
    predicted = labelled(classes)
    true, taken = predicted.true[:, 0], predicted.mean.argmax(1)
    assert values(predicted) == {
        "accuracy": pytest.approx(theirs.accuracy_score(true, taken)),
        "balanced_accuracy": pytest.approx(theirs.balanced_accuracy_score(true, taken)),
        "macro_f1": pytest.approx(theirs.f1_score(true, taken, average="macro")),
        "brier": pytest.approx(np.square(predicted.mean - np.eye(classes)[true]).sum(1).mean()),
        "calibration_error": pytest.approx(calibration_error(predicted.mean.max(1), taken == true)),
    }


def calibration_error(confidence: np.ndarray, is_right: np.ndarray) -> float:
    """As Guo et al. 2017 write it: a bin is weighed by how many it has."""
    bins = [(confidence >= low / 10) & (confidence < (low + 1) / 10) for low in range(10)]
    return sum(part.mean() * abs(confidence[part].mean() - is_right[part].mean()) for part in bins if part.any())


@pytest.mark.parametrize("classes", [2, 4])
def test_the_area_under_the_curve_is_scikit_learns_ties_included(classes: int):
    predicted = labelled(classes, "sequence", np.ones(60, int))
    coarse = np.round(predicted.mean, 1)  # so that many are equal
    coarse[:, -1] = 1 - coarse[:, :-1].sum(1)
    predicted = Predicted("label", "sequence", coarse, predicted.true, predicted.counts)
    true = predicted.true[:, 0]
    scores = coarse[:, 1] if classes == 2 else np.abs(coarse) / np.abs(coarse).sum(1, keepdims=True)
    shown = Predicted("label", "sequence", scores, predicted.true, predicted.counts) if classes > 2 else predicted
    expected = theirs.roc_auc_score(true, scores, multi_class="ovr", average="macro")
    assert values(shown)["auc"] == pytest.approx(expected)


def test_a_class_that_no_sequence_has_counts_for_nothing():
    predicted = labelled(4, "sequence", np.ones(30, int))
    some = Predicted("label", "sequence", predicted.mean, np.minimum(predicted.true, 1), predicted.counts)
    of_two = [theirs.roc_auc_score(some.true[:, 0] == c, some.mean[:, c]) for c in (0, 1)]
    assert values(some)["auc"] == pytest.approx(np.mean(of_two))
    assert values(some)["balanced_accuracy"] == pytest.approx(
        np.mean([(some.mean.argmax(1) == c)[some.true[:, 0] == c].mean() for c in (0, 1)])
    )
    assert values(some)["macro_f1"] == pytest.approx(
        theirs.f1_score(some.true[:, 0], some.mean.argmax(1), average="macro", zero_division=0)
    )


def test_of_many_classes_of_steps_and_of_symbols_there_is_no_confusion():
    assert "macro_f1" in values(labelled(32))
    assert "macro_f1" not in values(labelled(33))
    assert "macro_f1" in values(labelled(33, "sequence", np.ones(40, int)))
    assert set(values(labelled(5, target="symbols"))) == {"accuracy", "brier", "calibration_error"}


def test_perplexity_is_that_of_the_nll():
    nll = COUNTS * np.array([1.0, 2.0, 1.5, 0.5, 1.2, 3.0])
    shown = values(labelled(5, target="symbols"), nll)
    assert shown["perplexity"] == pytest.approx(np.exp(nll.sum() / COUNTS.sum()))
    assert shown["bits"] == pytest.approx(np.log2(shown["perplexity"]))


def test_errors_of_one_column_are_in_its_units_and_scaled_ones_by_its_changes():
    predicted = reals(1)
    errors = predicted.mean - predicted.true
    assert predicted.naive is not None
    assert values(predicted) == {
        "rmse": pytest.approx(np.sqrt(np.square(errors).mean())),
        "mae": pytest.approx(np.abs(errors).mean()),
        "mase": pytest.approx(np.abs(errors).mean() / predicted.naive[0]),
    }


def test_several_columns_are_put_together_in_deviations_and_each_is_in_its_units():
    predicted = reals(3)
    errors, shown = predicted.mean - predicted.true, values(predicted)
    assert predicted.naive is not None
    assert shown["rmse"] == pytest.approx(np.sqrt(np.square(errors / predicted.scale).mean()))
    assert shown["mase"] == pytest.approx((np.abs(errors).mean(0) / predicted.naive).mean())
    assert [shown[f"rmse_{c}"] for c in range(3)] == pytest.approx(list(np.sqrt(np.square(errors).mean(0))))
    assert [shown[f"mae_{c}"] for c in range(3)] == pytest.approx(list(np.abs(errors).mean(0)))


def test_ten_samples_of_one_wave_are_of_one_column():
    random = default_rng(1)
    true = random.normal(0, 100, (COUNTS.sum(), 10))
    shown = values(Predicted("audio", "step", true + 3, true, COUNTS, np.array([100.0])))
    assert shown == {"rmse": pytest.approx(3), "mae": pytest.approx(3)}


def test_frame_level_f1_is_scikit_learns_over_all_keys():
    random = default_rng(2)
    true, p = (random.random((COUNTS.sum(), 88)) < 0.05).astype(np.uint8), random.random((COUNTS.sum(), 88))
    p = np.where(random.random(p.shape) < 0.6, true, p * 0.55)
    shown = values(Predicted("piano_roll", "step", p, true, COUNTS))
    assert shown["frame_f1"] == pytest.approx(theirs.f1_score(true.ravel(), p.ravel() > 0.5))
    assert shown["frame_accuracy"] == pytest.approx(theirs.jaccard_score(true.ravel(), p.ravel() > 0.5))
    silence = values(Predicted("piano_roll", "step", np.zeros((24, 3)), np.zeros((24, 3)), COUNTS[:-1]))
    assert np.isnan([silence["frame_f1"], silence["frame_accuracy"]]).all()


CASES = {
    "labels": labelled(3),
    "labels of whole sequences": labelled(3, "sequence", np.ones(400, int)),
    "symbols": labelled(6, target="symbols"),
    "reals": reals(2),
    "ones": Predicted("binary", "step", default_rng(0).random((26, 5)), default_rng(1).integers(0, 2, (26, 5)), COUNTS),
}


@pytest.mark.parametrize("predicted", CASES.values(), ids=CASES)
def test_what_a_sequence_does_to_a_metric_is_what_leaving_it_out_does_to_first_order(predicted: Predicted):
    """Of a sequence that is there very many times, leaving one of them out changes the metric by its influence."""
    times, nll = 20_000 // len(predicted.counts), predicted.counts * 1.3 + np.arange(len(predicted.counts)) * 0.01
    influences = linearised(predicted, nll)
    for i in (0, 2):
        numbers = np.concatenate([np.repeat(np.arange(len(predicted.counts)), times), [i]])
        more = values(repeated(predicted, numbers), nll[numbers])
        many = values(repeated(predicted, numbers[:-1]), nll[numbers[:-1]])
        for name, one in influences.items():
            assert times * (more[name] - many[name]) == pytest.approx(one.influences[i], rel=0.02, abs=2e-4), name


def repeated(predicted: Predicted, numbers: np.ndarray) -> Predicted:
    """The sequences of these numbers."""
    ends = np.cumsum(predicted.counts)
    rows = np.concatenate([np.arange(ends[i] - predicted.counts[i], ends[i]) for i in numbers])
    return Predicted(
        predicted.target, predicted.at, predicted.mean[rows], predicted.true[rows], predicted.counts[numbers],
        predicted.scale, predicted.naive,
    )  # fmt: skip


@pytest.mark.parametrize("predicted", CASES.values(), ids=CASES)
def test_influences_add_up_to_nothing(predicted: Predicted):
    for name, one in linearised(predicted, predicted.counts * 1.1).items():
        assert one.influences.sum() == pytest.approx(0, abs=1e-9), name
        assert np.isfinite(one.influences).all(), name


def test_metrics_of_many_trials_are_those_of_each():
    of_trials = measuring.MetricsOfTrials()
    for names in (["correct", "brier", "steps", "nll"], ["hits", "misses", "false_alarms", "steps", "nll"], ["steps"]):
        statistics = SequenceStatistics(dict.fromkeys(names, np.ones(3)))
        expected = [metric.name for metric in measuring.metrics(statistics)]
        assert [metric.name for metric in of_trials.metrics(statistics)] == expected
        assert of_trials.metrics(statistics) is of_trials.metrics(statistics)
