"""A trained trial that predicts: from sequences as they stand in the data to classes, symbols or values in its own units."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from gatebench.core.errors import BadInput, shorten
from gatebench.data import columns, framings
from gatebench.data.forecasts import forecast
from gatebench.data.framings import next_block
from gatebench.models.export import source, trained_trial
from gatebench.models.export.network import ExportedNetwork
from gatebench.models.export.trained_trial import TrainedTrial

if TYPE_CHECKING:
    import pandas as pd
    from torch import nn

MOST_STEPS = 2**16
"""Padded steps of a batch, at the most."""
MARK = " missing"
"""What stands behind the name of a column in that of the column beside it that says where a value is missing."""
UNKNOWN = "\ufffd"
"""The symbol, where a data set has it, that stands for those that its training split lacks."""


class TrainedModel:
    """The model of a finished trial, ready to predict.

    It reads a sequence ``[T, X]`` in the units of the data, as an array, a tensor or a data frame that has the columns by
    name; a list of such, or ``[N, T, X]``, are several. A text, or a list of symbols, is a sequence of a model of symbols.
    """

    def __init__(self, trial: TrainedTrial) -> None:
        """Take a trial that `trained_trial.find_trial` returned."""
        self._trial = trial
        self._card = trial.card
        self._framing = framings.find(trial.record.settings.predict, trial.card)

    def __repr__(self) -> str:
        reads = f"reads {self._width} number(s) a step" if self._card.kind != "symbols" else f"reads {self._width} symbols"
        predicts = f"one of {len(self.classes)} classes" if self.classes else "numbers"
        return (
            f"<{self.cell} of {self._trial.network.units} units, trial {self.key}: {reads}, predicts {predicts} a {self.at}>"
        )

    @property
    def key(self) -> str:
        """The key of the trial."""
        return self._trial.record.key

    @property
    def cell(self) -> str:
        """The name of the cell."""
        return self._trial.graph.name

    @property
    def at(self) -> str:
        """What has a prediction, every ``step`` or the ``sequence``."""
        return self._trial.network.at

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels or symbols that there are to predict, in the order of probabilities; none where numbers are."""
        if not self._framing.classes(self._card):
            return ()
        return tuple(self._card.target.names if self._card.target else self._card.names)

    @property
    def settings(self) -> dict[str, Any]:
        """What the model reads and gives, how it was trained and scored; ``settings.json`` of an export holds the same."""
        return self._trial.settings

    @cached_property
    def module(self) -> "nn.Module":
        """The model as a ``torch.nn.Module``, which reads standardised sequences ``[B, T, X]`` and gives its readout."""
        return source.build_module(self._trial.network)

    def export(self, folder: str | Path) -> Path:
        """Write the model as plain PyTorch to a folder that must not exist, and return the folder."""
        trained_trial.export_trial(self._trial, Path(folder))
        return Path(folder)

    def predict(self, x: object, sequence: str | None = None) -> Any:
        """Return what is predicted in the units of the data: names of classes, zeros and ones, or means of real numbers.

        Parameters
        ----------
        x
            A sequence, or several (see the class).
        sequence
            Column of a data frame that tells sequences apart, which are predicted in the order in which they appear.

        Returns
        -------
        array
            For one sequence, ``[T]`` or ``[T, Y]`` of its steps: of step t, what follows it, or its target (of a horizon
            ``[T, H]`` or ``[T, H, Y]``, the steps that follow it); or the one prediction of the whole sequence. Where
            columns are known ahead, there is none for the last H steps. For several, a list of these; an array where
            each has one prediction.

        """
        return self._over(x, sequence, self._point)

    def predict_proba(self, x: object, sequence: str | None = None) -> Any:
        """Return probabilities as `predict` returns predictions: of `classes` ``[..., classes]``, or of ones ``[..., Y]``.

        ``BadInput`` where real numbers are predicted, which have a density.
        """
        if self._name not in ("categorical", "bernoulli"):
            raise BadInput(
                f"trial {self.key} predicts real numbers, which have no probabilities; use predict, or the readout of module"
            )
        return self._over(x, sequence, self._probability)

    @property
    def _name(self) -> str:
        return str(self._trial.record.settings.likelihood["name"])

    @property
    def _width(self) -> int:
        return self._trial.network.inputs

    def _over(self, x: object, sequence: str | None, convert: Any) -> Any:
        sequences, is_one = self._sequences(x, sequence)
        converted = [convert(readout) for readout in readouts(self._trial.network, self.module, sequences)]
        if is_one:
            return converted[0]
        return np.stack(converted) if self.at == "sequence" else converted

    def _probability(self, readout: np.ndarray) -> np.ndarray:
        from scipy.special import expit, softmax

        return softmax(readout, -1) if self._name == "categorical" else expit(readout)

    def _point(self, readout: np.ndarray) -> Any:
        match self._name:
            case "categorical":
                return np.array(self.classes, object)[readout.argmax(-1)]
            case "bernoulli":
                return (readout > 0).astype(np.uint8)
            case "gaussian":
                mean = readout[..., : readout.shape[-1] // 2]
            case _:
                mean = self._mean_of_mixture(readout)
        data = self._trial.record.summary.data
        values = mean * _numbers(data.std, 1.0) + _numbers(data.mean, 0.0)
        if self._card.forecast and self._card.forecast.horizon > 1:
            values = values.reshape(*values.shape[:-1], self._card.forecast.horizon, -1)
        return values[..., 0] if values.shape[-1] == 1 else values

    def _mean_of_mixture(self, readout: np.ndarray) -> np.ndarray:
        from scipy.special import softmax

        from gatebench.training import likelihoods

        options = dict(self._trial.record.settings.likelihood)
        kind, outputs = self._framing.predicted_kind(self._card), self._trial.record.summary.data.outputs
        mixture = cast(likelihoods.gaussian_mixture, likelihoods.build(str(options.pop("name")), options, kind, 0))
        parts = mixture.components * (1 + outputs)
        shares = softmax(readout[..., : mixture.components], -1)
        means = readout[..., mixture.components : parts].reshape(*readout.shape[:-1], mixture.components, outputs)
        return (shares[..., None] * means).sum(-2)

    def _sequences(self, x: object, sequence: str | None) -> tuple[list[np.ndarray], bool]:
        """Return sequences as the model reads them, ``[T, X]`` in 32 bits, and whether one alone was given."""
        if self._card.kind == "symbols":
            given, is_one = self._symbols(x)
            return [self._one_hot(symbols) for symbols in given], is_one
        given, is_one = self._tables(x, sequence)
        return [self._scaled(table) for table in given], is_one

    def _symbols(self, x: object) -> tuple[list[list[str]], bool]:
        """Return the symbols of each sequence of texts or lists."""
        of_characters = all(len(name) == 1 for name in self._card.names)
        if isinstance(x, str):
            return [list(x) if of_characters else x.split()], True
        listed = [*cast(Sequence[object], x)]
        if any(not np.isscalar(one) for one in listed):
            return [[str(symbol) for symbol in cast(Sequence[object], one)] for one in listed], False
        if of_characters and any(isinstance(one, str) and len(one) > 1 for one in listed):
            return [list(str(one)) for one in listed], False
        return [[str(one) for one in listed]], True

    def _one_hot(self, symbols: list[str]) -> np.ndarray:
        numbers = {name: number for number, name in enumerate(self._card.names)}
        unknown = [symbol for symbol in symbols if symbol not in numbers and UNKNOWN not in numbers]
        if unknown or not symbols:
            what = f"the symbol {shorten(repr(unknown[0]))}, which training had not" if unknown else "no symbol"
            raise BadInput(f"a sequence has {what}; expected some of {shorten(', '.join(numbers))}: leave it out")
        codes = np.array([[numbers.get(symbol, numbers.get(UNKNOWN, 0))] for symbol in symbols])
        return columns.one_hot(codes, len(numbers)).astype(np.float32)

    def _tables(self, x: object, sequence: str | None) -> tuple[list[np.ndarray], bool]:
        """Return sequences ``[T, C]`` in the units of the data, and whether one alone was given."""
        if hasattr(x, "columns"):
            frame = cast("pd.DataFrame", x)
            if sequence is None:
                return [self._of_frame(frame)], True
            if sequence not in frame.columns:
                raise BadInput(f"sequence is '{shorten(sequence)}', which is no column of the frame; name one that is")
            return [self._of_frame(part) for _, part in frame.groupby(sequence, sort=False)], False
        if isinstance(x, list | tuple) and x and not np.isscalar(x[0]):
            return [self._checked(self._tables(one, None)[0][0]) for one in x], False
        array = np.asarray(cast(Any, x).detach().cpu().float() if hasattr(x, "detach") else x)
        if array.ndim == 3:
            return [self._checked(one) for one in array], False
        if array.ndim == 2 and array.shape[1] != self._columns and self._columns == 1:
            return [self._checked(one) for one in array], False
        return [self._checked(array)], True

    @property
    def _columns(self) -> int:
        """Columns of the data that the model reads: of audio a single one, of forecasts without what is known ahead."""
        return 1 if self._card.kind == "audio" else self._card.width if self._card.forecast else self._width

    def _checked(self, array: np.ndarray) -> np.ndarray:
        array = array[:, None] if array.ndim == 1 else array
        plain = [name for name in self._card.names if not name.endswith(MARK)]
        if array.ndim == 2 and array.shape[1] == len(plain) < self._columns:
            import pandas as pd

            return self._of_frame(pd.DataFrame(array, columns=plain))
        if array.dtype.kind not in "buif" or array.ndim != 2 or array.shape[1] != self._columns or not len(array):
            names = f" ({shorten(', '.join(self._card.names))})" if self._card.names else ""
            raise BadInput(
                f"a sequence has shape {array.shape} of {array.dtype}; expected numbers [T, {self._columns}]{names}: "
                "correct it"
            )
        array = array.astype(float)
        if not np.isfinite(array).all():
            raise BadInput("a sequence has values that are empty, NaN or infinite; expected numbers: fill them")
        return array

    def _of_frame(self, frame: "pd.DataFrame") -> np.ndarray:
        """Return the columns that the model reads: categories one-hot, and marks of what is missing, as in training."""
        names = self._card.names
        if not names:
            return self._checked(frame.to_numpy())
        columns_by_name = {str(name): frame[name] for name in frame.columns}
        filled = {name: values.ffill() for name, values in columns_by_name.items() if f"{name}{MARK}" in names}
        read = [_column(name, columns_by_name, filled) for name in names]
        means = np.atleast_1d(self._read_scale[0] if self._card.kind == "reals" else 0.0)[: len(names)]
        at_beginnings = np.broadcast_to(means, len(names))
        read = [
            np.where(np.isnan(values), at_beginnings[place], values) if name in filled else values
            for place, (name, values) in enumerate(zip(names, read, strict=True))
        ]
        return self._checked(np.stack(read, 1).astype(float))

    def _scaled(self, table: np.ndarray) -> np.ndarray:
        """Return a sequence as the model reads it: standardised, of audio in blocks."""
        data = self._trial.record.summary.data
        if self._card.kind == "audio":
            least = next_block.READ + next_block.PREDICTED
            if len(table) < least:
                raise BadInput(f"a sequence has {len(table)} samples; expected at least {least}: add some")
            return next_block.blocks((table[:, 0] - _numbers(data.mean, 0.0)) / _numbers(data.std, 1.0)).x
        if self._card.forecast:
            table = self._with_known(table)
        if self._card.kind != "reals":
            if not np.isin(table, (0, 1)).all():
                raise BadInput("a sequence has other values than 0 and 1, which the model was trained on; correct it")
            return table.astype(np.float32)
        mean, std = self._read_scale
        return ((table - mean) / std).astype(np.float32)

    def _with_known(self, table: np.ndarray) -> np.ndarray:
        """Return the steps of which all that is known ahead is there, with that beside them."""
        of = forecast.columns(self._card)
        if not of.known:
            return table
        steps = len(table) - of.horizon
        if steps < 1:
            raise BadInput(
                f"a sequence has {len(table)} step(s), but {of.horizon} steps ahead are read of what is known; expected "
                "more: add the rows to come, with anything in the other columns"
            )
        ahead = [table[h : h + steps, of.known] for h in range(1, of.horizon + 1)]
        return np.concatenate([table[:steps], *ahead], 1)

    @property
    def _read_scale(self) -> tuple[float | np.ndarray, float | np.ndarray]:
        """Mean and standard deviation by which inputs are standardised."""
        data = self._trial.record.summary.data
        mean, std = (data.mean, data.std) if data.read_mean is None else (data.read_mean, data.read_std)
        return _numbers(mean, 0.0), _numbers(std, 1.0)


def _column(name: str, by_name: "dict[str, pd.Series]", filled: "dict[str, pd.Series]") -> np.ndarray:
    """Return a column as it was read in training, whose name says of which column and category it is."""
    import pandas as pd

    if name in by_name:
        return pd.to_numeric(filled.get(name, by_name[name]), errors="coerce").to_numpy(float)
    of_column, _, category = name.rpartition("=")
    if of_column in by_name:
        return (by_name[of_column].astype(str).str.strip() == category).to_numpy(float)
    if name.removesuffix(MARK) in by_name:
        return by_name[name.removesuffix(MARK)].isna().to_numpy(float)
    raise BadInput(
        f"the frame has no column {shorten(name)}, which the model reads; expected it beside "
        f"{shorten(', '.join(by_name))}: add it"
    )


def _numbers(value: float | list[float] | None, neutral: float) -> float | np.ndarray:
    return neutral if value is None else np.asarray(value)


def readouts(network: ExportedNetwork, module: "nn.Module", sequences: list[np.ndarray]) -> Iterator[np.ndarray]:
    """Yield the readout of each sequence ``[T, X]``: ``[T, R]`` of its steps, or ``[R]`` of the whole."""
    import torch

    order = sorted(range(len(sequences)), key=lambda i: len(sequences[i]))
    results: dict[int, np.ndarray] = {}
    dtype = next(module.parameters()).dtype
    while order:
        size = max(1, MOST_STEPS // len(sequences[order[-1]]))
        batch, order = order[-size:], order[:-size]
        lengths = [len(sequences[i]) for i in batch]
        x = np.zeros((len(batch), max(lengths), sequences[batch[0]].shape[1]))
        for row, i in enumerate(batch):
            x[row, : lengths[row]] = sequences[i]
        with torch.no_grad():
            y = module(torch.from_numpy(x).to(dtype), torch.tensor(lengths)).numpy()
        for row, i in enumerate(batch):
            results[i] = y[row, : lengths[row]] if network.at == "step" else y[row]
    return (results[i] for i in range(len(sequences)))
