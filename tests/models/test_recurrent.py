"""Recurrent nets as estimators: they learn, and behave as scikit-learn and its programs ask of an estimator."""

import copy
import pickle
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import estimator_checks_generator

import gatebench
from gatebench import Recurrent, RecurrentClassifier, RecurrentRegressor
from gatebench.core.errors import BadInput

RANDOM = np.random.default_rng(21)
LENGTHS = RANDOM.integers(6, 14, 80)
WALKS = [RANDOM.normal(3, 2, (length, 2)) for length in LENGTHS]
LABELS = np.array(["down", "up"])[[int(walk[:, 0].mean() > 3) for walk in WALKS]]
VALUES = np.array([10 * walk[-1, 1] + 500 for walk in WALKS])
SMALL: dict[str, Any] = {"units": 8, "random_state": 1, "lr": 0.02, "weight_noise": 0.0}
ASKING_MUCH = ("check_classifiers_train", "check_regressors_train", "check_classifiers_classes", "check_estimators_dtypes",
               "check_classifier_data_not_an_array", "check_regressor_data_not_an_array")  # fmt: skip
"""Checks that train many nets, or until they are good."""


def classifier(**changed: Any) -> RecurrentClassifier:
    return RecurrentClassifier(**{**SMALL, "epochs": 30, **changed})


def regressor(**changed: Any) -> RecurrentRegressor:
    return RecurrentRegressor(**{**SMALL, "epochs": 40, **changed})


def failed_checks(estimator: Recurrent, much: bool) -> list[str]:
    """What scikit-learn's checks say of an estimator."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Can't check dok sparse matrix|.*SCIPY_ARRAY_API")
        checks = [*estimator_checks_generator(estimator)]
        failed, count = [], 0
        for made, check in checks:
            name = check.func.__name__
            if (name in ASKING_MUCH) == much and name != "check_array_api_input":
                count += 1
                try:
                    check(made)
                except Exception as error:
                    failed.append(f"{name} {check.keywords}: {type(error).__name__}: {error}")
    assert count > (3 if much else 40)
    return failed


@pytest.mark.parametrize("make", [classifier, regressor])
def test_it_passes_the_checks_of_scikit_learn(make: Any):
    assert failed_checks(make(epochs=2), much=False) == []


@pytest.mark.cluster
@pytest.mark.parametrize("make", [classifier, regressor])
def test_it_passes_those_that_train_much(make: Any):
    """They ask for a good score on what was trained on, whether or not any of it can be learned."""
    assert failed_checks(make(units=16, epochs=100, validation=0), much=True) == []


def test_a_classifier_learns_sequences_of_unequal_lengths():
    fitted = classifier().fit(WALKS[:60], LABELS[:60])
    assert fitted.score(WALKS[60:], LABELS[60:]) >= 0.8
    probabilities = fitted.predict_proba(WALKS)
    assert probabilities.sum(1) == pytest.approx(1)
    assert (fitted.predict(WALKS) == fitted.classes_[probabilities.argmax(1)]).all()
    assert list(fitted.classes_) == ["down", "up"]
    assert 1 <= fitted.best_epoch_ <= fitted.n_iter_ <= 30


def test_a_regressor_learns_values_in_their_own_units():
    fitted = regressor().fit(WALKS[:60], VALUES[:60])
    predicted = fitted.predict(WALKS[60:])
    assert fitted.score(WALKS[60:], VALUES[60:]) > 0.5
    assert 1 - ((predicted - VALUES[60:]) ** 2).sum() / ((VALUES[60:] - VALUES[60:].mean()) ** 2).sum() == pytest.approx(
        fitted.score(WALKS[60:], VALUES[60:])
    )
    assert not hasattr(fitted, "predict_proba")
    assert not hasattr(fitted, "classes_")
    both = np.stack([VALUES, -VALUES / 7], 1)
    assert regressor(epochs=2).fit(WALKS, both).predict(WALKS).shape == (80, 2)


@pytest.mark.parametrize(
    ("target", "is_label"),
    [
        (LABELS, True),
        (VALUES, False),
        (np.arange(80) % 3, True),
        (np.arange(80) % 2 == 0, True),
        (np.arange(80.0) % 3, False),
    ],
    ids=["texts", "fractions", "whole", "truths", "floats"],
)
def test_without_a_word_whole_numbers_and_texts_are_labels(target: np.ndarray, is_label: bool):
    fitted = Recurrent(**SMALL, epochs=1).fit(WALKS, target)
    assert hasattr(fitted, "classes_") == hasattr(fitted, "predict_proba") == is_label


def test_it_is_cloned_and_searched_and_validated():
    x, y = np.stack([walk[:6] for walk in WALKS]), LABELS
    made = classifier(epochs=3)
    assert clone(made).get_params() == made.get_params()
    assert clone(made) is not made
    assert is_classifier(made)
    assert is_regressor(regressor())
    assert len(cross_val_score(made, WALKS, y, cv=3)) == 3
    pipeline = make_pipeline(FunctionTransformer(lambda array: array / 2), made)
    search = GridSearchCV(pipeline, {"recurrentclassifier__cell": ["rnn", "gru"]}, cv=2).fit(x, y)
    assert set(search.cv_results_["param_recurrentclassifier__cell"]) == {"rnn", "gru"}
    assert search.predict(x).shape == (80,)


def test_the_same_seed_gives_the_same_net():
    first, again, other = (classifier(random_state=seed, epochs=3).fit(WALKS, LABELS) for seed in (1, 1, 2))
    assert (first.predict_proba(WALKS) == again.predict_proba(WALKS)).all()
    assert not np.allclose(first.predict_proba(WALKS), other.predict_proba(WALKS))
    generators = [np.random.RandomState(3), np.random.RandomState(3)]
    a, b = (classifier(random_state=generator, epochs=1).fit(WALKS, LABELS).predict_proba(WALKS) for generator in generators)
    assert (a == b).all()


def test_it_is_pickled_without_its_code():
    fitted = classifier(epochs=1, cell="lstm_augmented", options={"length": 2, "projection": None}).fit(WALKS, LABELS)
    read = pickle.loads(pickle.dumps(fitted))
    assert (read.predict_proba(WALKS) == fitted.predict_proba(WALKS)).all()
    assert (copy.deepcopy(fitted).predict(WALKS) == fitted.predict(WALKS)).all()


def test_every_form_of_the_same_sequences_is_one():
    """Lists, tensors, arrays with either axis last, rows of one number a step."""
    x = np.stack([walk[:6] for walk in WALKS])
    expected = classifier(epochs=1).fit(x, LABELS).predict_proba(x)
    for form in ([*x], torch.tensor(x), [torch.tensor(one) for one in x], x.tolist()):
        assert (classifier(epochs=1).fit(form, LABELS).predict_proba(form) == expected).all()
    turned = x.transpose(0, 2, 1)
    for form in (turned, [*turned]):
        assert (classifier(epochs=1, axes="NXT").fit(form, LABELS).predict_proba(form) == expected).all()
    rows = x[:, :, 0]
    of_rows = classifier(epochs=1).fit(rows, LABELS)
    of_three = classifier(epochs=1).fit(rows[:, :, None], LABELS)
    assert (of_rows.predict_proba(rows) == of_three.predict_proba(rows[:, :, None])).all()
    frame = pd.DataFrame(rows).add_prefix("t")
    assert list(classifier(epochs=1).fit(frame, LABELS).feature_names_in_[:2]) == ["t0", "t1"]


def test_the_size_is_what_is_asked_for():
    assert classifier(epochs=1).fit(WALKS, LABELS).n_units_ == 8
    by_parameters = classifier(epochs=1, units=None, parameters=500, cell="gru").fit(WALKS, LABELS)
    assert by_parameters.n_units_ == gatebench.count("gru", 2, 2, parameters=500).units
    deep = classifier(epochs=1, layers=2, bidirectional=True).fit(WALKS, LABELS)
    assert (deep.network_.stack.layers, deep.network_.stack.bidirectional) == (2, True)


def test_without_validation_all_is_trained_on_for_all_epochs():
    fitted = classifier(epochs=12, validation=0, patience=1).fit(WALKS, LABELS)
    assert fitted.n_iter_ == 12
    alone = classifier(epochs=2).fit([WALKS[0]] * 4, [0, 1, 0, 1])  # copies are never parted
    assert alone.n_iter_ >= 1


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"cell": "grru"}, "unknown cell 'grru'; did you mean 'gru'"),
        ({"units": 0}, "estimator.units is 0"),
        ({"units": 5, "parameters": 100}, "units is 5 and parameters 100; expected one of them"),
        ({"lr": -1.0}, "estimator.lr is -1.0"),
        ({"epochs": 0}, "training.epochs is 0"),
        ({"validation": 1}, "validation is 1, expected a share from 0 and below 1"),
        ({"axes": "TNX"}, "axes is 'TNX', expected 'NTX' or 'NXT'"),
        ({"layers": 0}, "model.layers is 0"),
        ({"options": {"gate": True}}, "cell gru has no option 'gate'"),
        ({"random_state": "x"}, "random_state is 'x', expected a whole number"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(changed: dict[str, Any], message: str):
    with pytest.raises(BadInput) as error:
        classifier(**changed).fit(WALKS, LABELS)
    assert message in str(error.value)
    assert isinstance(error.value, ValueError)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (WALKS, LABELS[:-1], "y has shape (79,); expected one of each of the 80 sequences"),
        ([*WALKS[:79], WALKS[79][:, :1]], LABELS, "sequence 79 of X has shape"),
        ([*WALKS[:79], WALKS[79] * np.nan], LABELS, "sequence 79 of X contains NaN or infinity"),
        (WALKS, VALUES, "Unknown label type: y is continuous"),
        (WALKS, ["a"] * 80, "y has one class alone, a"),
        (WALKS, None, "requires y to be passed"),
        ([], [], "expected [N, T, X]"),
        ([["a", "b"]] * 80, LABELS, "X holds what is no number"),
    ],
)
def test_data_that_does_not_fit_is_refused(x: Any, y: Any, message: str):
    with pytest.raises(BadInput) as error:
        classifier().fit(x, y)
    assert message in str(error.value)


def test_other_widths_and_nets_without_training_are_refused():
    with pytest.raises(NotFittedError, match="not fitted yet"):
        classifier().predict(WALKS)
    fitted = classifier(epochs=1).fit(WALKS, LABELS)
    with pytest.raises(BadInput, match="X has 1 features, but RecurrentClassifier is expecting 2 features"):
        fitted.predict([walk[:, :1] for walk in WALKS])
    with pytest.warns(DataConversionWarning):
        classifier(epochs=1).fit(WALKS, LABELS[:, None])
    with pytest.raises(BadInput, match="which are no values"):
        regressor().fit(WALKS, LABELS)
    with pytest.raises(BadInput, match="unknown parameter 'unit'; did you mean 'units'"):
        fitted.set_params(unit=3)


def test_it_says_what_differs_from_the_defaults():
    assert repr(Recurrent("lstm", units=5)) == "Recurrent(cell='lstm', units=5)"


def test_an_estimator_needs_no_torch_until_it_is_used():
    code = (
        "import sys, gatebench\n"
        "assert {'Recurrent', 'RecurrentClassifier', 'RecurrentRegressor'} <= set(dir(gatebench))\n"
        "assert not {'numpy', 'sklearn'} & set(sys.modules)\n"
        "made = gatebench.Recurrent(cell='gru').set_params(units=3)\n"
        "assert made.get_params()['units'] == 3\n"
        "assert 'torch' not in sys.modules\n"
        "assert not hasattr(gatebench, 'Recurrant')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_it_works_without_scikit_learn():
    code = (
        "import sys\n"
        "sys.modules['sklearn'] = None\n"
        "import gatebench, numpy as np\n"
        "x, y = np.random.default_rng(0).normal(size=(20, 5, 2)), np.arange(20) % 2\n"
        "made = gatebench.RecurrentClassifier(units=3, epochs=1, random_state=1)\n"
        "assert repr(made) == 'RecurrentClassifier(units=3, epochs=1, random_state=1)'\n"
        "try:\n"
        "    made.predict(x)\n"
        "except ValueError as error:\n"
        "    assert 'not fitted yet' in str(error)\n"
        "assert made.fit(x, y).predict_proba(x).shape == (20, 2)\n"
        "assert 0 <= made.score(x, y) <= 1\n"
        "assert made.set_params(cell='rnn').get_params()['cell'] == 'rnn'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
