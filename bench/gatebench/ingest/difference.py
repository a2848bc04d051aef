"""The decision whether steps are values or changes from one to the next, and what of test lies outside train's range."""

from dataclasses import replace

import numpy as np

from gatebench.core.errors import BadInput, shorten
from gatebench.data import columns, extrapolation, long_arrays
from gatebench.data.contents import Arrays, Forecast
from gatebench.ingest import scratch, split
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData


def decide(raw: RawData, choices: Choices) -> tuple[RawData, list[str]]:
    """Return the data with its amounts as changes from step to step, if that is chosen, and the line that says it.

    Columns of zeros and ones and those that are only read stay as they are. The first step of a sequence has no change, and
    is left out; a target of its own stays that of its step.
    """
    if not choices.difference:
        return raw, []
    if raw.kind != "reals":
        raise BadInput(
            f"--difference is for amounts, but what is there is {raw.kind}; expected reals: remove it, or --as reals"
        )
    shortest = min(range(len(raw.sequences)), key=lambda i: len(raw.sequences[i]))
    if len(raw.sequences[shortest]) < 3:
        raise BadInput(
            f"{raw.origins[shortest]} has {len(raw.sequences[shortest])} step(s); --difference needs at least 3, of which "
            "the first has no change: remove the sequence, or --difference"
        )
    names = raw.names or tuple(map(str, range(raw.sequences[0].shape[1])))
    are_binary, finite = np.ones(len(names), bool), list[np.ndarray]()
    for block in long_arrays.blocks(raw.sequences):
        are_binary &= ((block == 0) | (block == 1)).all(0)
    changing = [i for i, name in enumerate(names) if name not in raw.only_read and not are_binary[i]]
    for block in long_arrays.blocks(raw.sequences):
        finite.append(np.asarray(np.isfinite(block[:, changing].astype(float)).all(1)))
    with_value = np.concatenate(finite)
    grid = np.array([columns.find_grid(_column(raw, i)[with_value, None])[0] for i in changing])

    def changes(rows: np.ndarray, before: np.ndarray) -> np.ndarray:
        after = rows.astype(float)
        change = after[:, changing] - before[:, changing].astype(float)
        # Of numbers on a grid, changes are on it too, and equal ones are equal to the last bit.
        after[:, changing] = np.where(grid > 0, np.rint(change / np.where(grid > 0, grid, 1)) * grid, change)
        return after

    changed = tuple(names[i] for i in changing)
    if not changed:
        raise BadInput(
            "--difference is given, but all columns are zeros and ones, or only read; expected amounts: remove it"
        )
    targets = None if raw.targets is None else [array[1:] for array in raw.targets]
    pairs = [(array[1:], array[:-1]) for array in raw.sequences]
    return (
        replace(raw, sequences=scratch.of_pairs(pairs, changes, float), targets=targets, differenced=changed),
        [f"difference: {shorten(', '.join(changed))} are changes from step to step, and the first step is left out"],
    )


def compare(raw: RawData, values: RawData, arrays: Arrays, forecast: Forecast | None, choices: Choices) -> list[str]:
    """Return the line that says how scores of changes compare with scores of values; none where a target is predicted.

    A change is as likely as the value that it leads to, given the values before. So their NLL differ by the units alone:
    each is in standard deviations of its own in train.

    Parameters
    ----------
    raw
        The changes, with the columns that are read.
    values
        The values that they came from.
    arrays
        Split -> arrays of changes ``[T, X]``.
    forecast
        What of the steps to come is predicted.
    choices
        What the user decided: values are split like changes.

    """
    if not raw.differenced or raw.target is not None:
        return []
    names = raw.names or tuple(map(str, range(raw.sequences[0].shape[1])))
    before = values.names or tuple(map(str, range(values.sequences[0].shape[1])))
    predicted = [name for name in raw.differenced if name in names and (forecast is None or name in forecast.predicted)]
    of_values, _ = split.decide(values, choices, split.choose(values, choices))
    changed, stacked = (_deviations(of["train"]) for of in (arrays, of_values.arrays))
    units = [np.log(changed[names.index(name)] / stacked[before.index(name)]) for name in predicted]
    shift = float(sum(units)) * (1 if forecast is None else forecast.horizon)
    return [
        "difference: a change is as likely as the value that it leads to, so a score of changes compares with one of values "
        f"after {shift:+.3f} nats per time step, since each is in deviations of its own"
    ]


def look(raw: RawData, arrays: Arrays) -> list[str]:
    """Return a line where much of test lies outside train's range, which a network has no reason to know."""
    if raw.kind != "reals":
        return []
    width = raw.sequences[0].shape[1]
    shares = extrapolation.shares_outside(arrays["train"], arrays["test"])[:width]
    names = raw.names or tuple(map(str, range(width)))
    outside = [f"{name} ({share:.0%})" for name, share in zip(names, shares, strict=True) if share >= extrapolation.MUCH]
    if not outside:
        return []
    remedy = "" if raw.differenced else ": changes from step to step may not (--difference)"
    return [
        f"note: much of test lies outside train's range, {shorten(', '.join(outside))}, of which nothing is learned{remedy}"
    ]


def _column(raw: RawData, column: int) -> np.ndarray:
    """Return one column of all sequences, as floats."""
    return np.concatenate([block[:, column].astype(float) for block in long_arrays.blocks(raw.sequences)])


def _deviations(arrays: list[np.ndarray]) -> np.ndarray:
    """Return the standard deviation of each column of ``[T, X]``, NaN aside."""
    if sum(array.size for array in arrays) <= long_arrays.NUMBERS:
        return np.nanstd(np.concatenate(arrays), 0)
    count, total = (
        sum(f(block) for block in long_arrays.blocks(arrays)) for f in (_count, lambda block: np.nansum(block, 0))
    )
    squares = sum(np.nansum(np.square(block - total / count), 0) for block in long_arrays.blocks(arrays))
    return np.sqrt(np.asarray(squares / count))


def _count(block: np.ndarray) -> np.ndarray:
    return (~np.isnan(block)).sum(0)
