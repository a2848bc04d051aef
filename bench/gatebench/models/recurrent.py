"""Recurrent cells as estimators in the manner of scikit-learn: labels or values of whole sequences."""

import operator
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, cast

import numpy as np

from gatebench.core.errors import shorten
from gatebench.models import collection
from gatebench.models.collection import Collection
from gatebench.models.estimator import Estimator, Unusable, errors_of_values, warn_of_conversion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gatebench.models.export.network import ExportedNetwork
    from gatebench.models.fitting import FittedNet


class Recurrent(Estimator):
    """A recurrent net that predicts a label or a value of a sequence, with the interface of scikit-learn's estimators.

    Sequences are ``X [N, T, X]``, ``[N, T]`` of one number a step, or a list of arrays ``[T, X]`` of unequal lengths. They
    are standardised by the training data. Training is that of every study here: the fastest engine, Adam, a rate that falls,
    and a stop when the share ``validation`` of the data no longer gets better; the weights that were best on it stay.

    `RecurrentClassifier` and `RecurrentRegressor` take the target as what they say. This class takes numbers with a point as
    values, and whole numbers, texts, true and false as labels.

    Parameters
    ----------
    cell
        Name of a cell, one of `gatebench.cells`.
    units, parameters
        Units of a layer, or the number of recurrent parameters that they are to cost; one of them. Neither: 32 units.
    layers, bidirectional
        How many layers there are, and whether each also reads from the end.
    options
        Options of the cell by name, for example ``{"projection": None}`` of ``lstm_augmented``.
    lr
        The learning rate at the beginning.
    epochs, patience, batch, clip_norm, weight_noise, weight_decay, dropout
        What `gatebench.training.protocol.Training` calls so; None: as in ``training=modern``.
    validation
        Share of the sequences that training is stopped by, labels alike and copies together. 0: all are trained on, for all
        epochs.
    axes
        ``NTX``, or ``NXT`` where the last axis is time, as in aeon.
    engine, threads
        What computes, and with how many threads.
    random_state
        A whole number makes fitting the same each time; a generator of NumPy gives one; None: another each time.

    Attributes
    ----------
    classes_
        The labels, sorted; where labels are predicted.
    n_features_in_, feature_names_in_
        What scikit-learn asks for: columns, or steps of ``[N, T]``; names of a data frame.
    n_iter_, best_epoch_
        Epochs of training, and the one whose weights stay.
    n_units_
        Units of a layer.
    network_
        The trained network, as `gatebench.models.export` takes it.

    """

    def __init__(
        self,
        cell: str = "gru",
        *,
        units: int | None = None,
        parameters: float | None = None,
        layers: int = 1,
        bidirectional: bool = False,
        options: "Mapping[str, Any] | None" = None,
        lr: float = 0.01,
        epochs: int | None = None,
        patience: int | None = None,
        batch: int | None = None,
        clip_norm: float | None = None,
        weight_noise: float | None = None,
        weight_decay: float | None = None,
        dropout: float | None = None,
        validation: float = 0.15,
        axes: Literal["NTX", "NXT"] = "NTX",
        engine: str = "auto",
        threads: int = 1,
        random_state: Any = None,
    ) -> None:
        self.cell = cell
        self.units = units
        self.parameters = parameters
        self.layers = layers
        self.bidirectional = bidirectional
        self.options = options
        self.lr = lr
        self.epochs = epochs
        self.patience = patience
        self.batch = batch
        self.clip_norm = clip_norm
        self.weight_noise = weight_noise
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.validation = validation
        self.axes: Literal["NTX", "NXT"] = axes
        self.engine = engine
        self.threads = threads
        self.random_state = random_state

    def fit(self, X: object, y: object) -> Self:
        """Train on sequences and the target of each, ``y [N]`` or, of values, ``[N, Y]``; returns the estimator."""
        from gatebench.models import fitting

        with errors_of_values():
            read = collection.read(X, self.axes)
            target = self._target(y, len(read.sequences))
            self._remember(read)
            is_label = self._is_label(target)
            if is_label:
                self.classes_, numbers = np.unique(target, return_inverse=True)
                if len(self.classes_) < 2:
                    raise Unusable(
                        f"y has one class alone, {shorten(self.classes_[0])}; expected two or more: add sequences"
                    )
                values = numbers.reshape(-1, 1)
            else:
                vars(self).pop("classes_", None)
                values = _values(target)
            self._flat = target.ndim == 1
            settings = fitting.settings(self.get_params(), self._seed())
            fitted = fitting.fit(read.sequences, values, len(self.classes_) if is_label else 0, settings)
        self._fitted: FittedNet = fitted
        self.n_units_, self.n_iter_, self.best_epoch_ = fitted.network.units, fitted.epochs, fitted.best_epoch
        return self

    @property
    def network_(self) -> "ExportedNetwork":
        """The trained cell with its weights and its readout, once it is fitted."""
        self._check_fitted()
        return self._fitted.network

    def predict(self, X: object) -> np.ndarray:
        """Return the label of each sequence ``[N]``, or its values ``[N]`` or ``[N, Y]``."""
        readout = self._readout(X)
        if hasattr(self, "classes_"):
            return self.classes_[readout.argmax(1)]
        means = self._fitted.values(readout)
        return means[:, 0] if self._flat else means

    @property
    def predict_proba(self) -> Any:
        """Return probabilities ``[N, classes]`` of sequences; there is no such method where values are predicted."""
        if self._kind == "regressor" or (self.__sklearn_is_fitted__() and not hasattr(self, "classes_")):
            raise AttributeError(f"{type(self).__name__} predicts values, which have no probabilities")
        return self._probabilities

    def _probabilities(self, X: object) -> np.ndarray:
        """Return the probability of each class, in the order of ``classes_``, for each sequence ``[N, classes]``."""
        from scipy.special import softmax

        return softmax(self._readout(X), axis=1)

    def score(self, X: object, y: object, sample_weight: object = None) -> float:
        """Return the share of labels that are right; of values, R squared, the mean over columns."""
        predicted, truth = self.predict(X), np.asarray(y)
        weights = np.ones(len(truth)) if sample_weight is None else np.asarray(sample_weight, float)
        if hasattr(self, "classes_"):
            return float(np.average(predicted == truth.reshape(predicted.shape), weights=weights))
        truth, predicted = (np.asarray(values, float).reshape(len(truth), -1) for values in (truth, predicted))
        residual = np.average((truth - predicted) ** 2, axis=0, weights=weights)
        spread = np.average((truth - np.average(truth, axis=0, weights=weights)) ** 2, axis=0, weights=weights)
        return float(np.mean(np.where(spread > 0, 1 - residual / np.where(spread > 0, spread, 1), residual == 0)))

    def _seed(self) -> int:
        """Return a seed: that which is given, one from the generator that is given, or another each time."""
        state = self.random_state
        if state is None or state is np.random:
            return int(np.random.default_rng().integers(2**31))
        if hasattr(state, "randint"):
            return int(state.randint(2**31 - 1))
        if hasattr(state, "integers"):
            return int(state.integers(2**31))
        try:
            return operator.index(state)
        except TypeError:
            raise Unusable(
                f"random_state is {shorten(repr(state))}, expected a whole number, a generator of NumPy, or None"
            ) from None

    def _readout(self, X: object) -> np.ndarray:
        self._check_fitted()
        with errors_of_values():
            read = collection.read(X, self.axes)
            self._check_like_fitted(read)
            return self._fitted.readout(read.sequences)

    def _remember(self, read: Collection) -> None:
        """Set what scikit-learn asks for of the input."""
        self.n_features_in_ = read.features
        vars(self).pop("feature_names_in_", None)
        if read.names is not None:
            self.feature_names_in_ = read.names

    def _check_like_fitted(self, read: Collection) -> None:
        """Raise ``BadInput`` for input of another width, or other names of columns, than those of training."""
        names = getattr(self, "feature_names_in_", None)
        if names is not None and read.names is not None and list(names) != list(read.names):
            raise Unusable(_other_names([*names], [*read.names]))
        if read.features != self.n_features_in_:
            name = type(self).__name__
            raise Unusable(
                f"X has {read.features} features, but {name} is expecting {self.n_features_in_} features as input: give X "
                "as it was when it was fitted"
            )

    def _target(self, y: object, count: int) -> np.ndarray:
        """Return the target as an array ``[N]`` or ``[N, Y]``; ``BadInput`` if it is none of so many sequences."""
        if y is None:
            raise Unusable("requires y to be passed, but the target y is None; expected a label or a value of each sequence")
        target = np.asarray(cast(Any, y).detach().cpu() if hasattr(y, "detach") else y)
        if target.ndim not in (1, 2) or len(target) != count:
            raise Unusable(f"y has shape {target.shape}; expected one of each of the {count} sequences of X: correct it")
        if target.ndim == 2 and target.shape[1] == 1:
            warn_of_conversion("A column-vector y was passed when a 1d array was expected; it is taken as one")
            target = target[:, 0]
        missing = target != target if target.dtype.kind in "fc" else np.array([value is None for value in target.ravel()])
        if missing.any() or (target.dtype.kind == "f" and not np.isfinite(target).all()):
            raise Unusable("Input y contains NaN or infinity; expected a label or a number of each sequence: fill it")
        return target

    def _is_label(self, target: np.ndarray) -> bool:
        """Whether a target is of labels; ``BadInput`` where it is not what the class says."""
        if self._kind == "regressor":
            return False
        has_fractions = target.dtype.kind == "f" and bool((target != np.floor(target)).any())
        if self._kind == "either":
            return target.ndim == 1 and target.dtype.kind != "f"
        if target.ndim > 1 or has_fractions:
            what = "continuous" if has_fractions else f"of shape {target.shape}"
            raise Unusable(f"Unknown label type: y is {what}; expected a label of each sequence: use RecurrentRegressor")
        return True


def _values(target: np.ndarray) -> np.ndarray:
    """Return values as numbers ``[N, Y]``; ``BadInput`` for texts."""
    try:
        return target.astype(float).reshape(len(target), -1)
    except (TypeError, ValueError):
        raise Unusable(f"y holds {target.dtype}, which are no values; expected numbers: use RecurrentClassifier") from None


def _other_names(fitted: list[str], given: list[str]) -> str:
    """Return what scikit-learn says of names of columns that are not those of training."""
    lines = ["The feature names should match those that were passed during fit."]
    unexpected, missing = sorted({*given} - {*fitted}), sorted({*fitted} - {*given})
    for text, names in (
        ("Feature names unseen at fit time:", unexpected),
        ("Feature names seen at fit time, yet now missing:", missing),
    ):
        if names:
            lines += [text, *(f"- {name}" for name in names[:5]), *(["- ..."] if len(names) > 5 else [])]
    if not (unexpected or missing):
        lines.append("Feature names must be in the same order as they were in fit.")
    return " ".join(lines)


class RecurrentClassifier(Recurrent):
    """A recurrent net that predicts a label of each sequence; everything else is as `Recurrent` says."""

    _kind: ClassVar[Literal["classifier", "regressor", "either"]] = "classifier"
    _estimator_type = "classifier"


class RecurrentRegressor(Recurrent):
    """A recurrent net that predicts a value, or several, of each sequence; everything else is as `Recurrent` says."""

    _kind: ClassVar[Literal["classifier", "regressor", "either"]] = "regressor"
    _estimator_type = "regressor"
