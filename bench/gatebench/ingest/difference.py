"""The decision whether steps are values or changes from one to the next, and what of test lies outside train's range."""

from dataclasses import replace

import numpy as np

from gatebench.core.errors import BadInput, shorten
from gatebench.data import columns, extrapolation
from gatebench.data.contents import Arrays, Forecast
from gatebench.ingest import split
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
    stacked = np.concatenate(raw.sequences)
    changing = [i for i, name in enumerate(names) if name not in raw.only_read and not np.isin(stacked[:, i], (0, 1)).all()]

    known = stacked[:, changing].astype(float)
    grid = columns.find_grid(known[np.isfinite(known).all(1)]) if changing else np.zeros(0)

    def changes(array: np.ndarray) -> np.ndarray:
        after = array[1:].astype(float)
        change = np.diff(array[:, changing].astype(float), axis=0)
        # Of numbers on a grid, changes are on it too, and equal ones are equal to the last bit.
        after[:, changing] = np.where(grid > 0, np.rint(change / np.where(grid > 0, grid, 1)) * grid, change)
        return after

    changed = tuple(names[i] for i in changing)
    if not changed:
        raise BadInput(
            "--difference is given, but all columns are zeros and ones, or only read; expected amounts: remove it"
        )
    targets = None if raw.targets is None else [array[1:] for array in raw.targets]
    return (
        replace(raw, sequences=[changes(array) for array in raw.sequences], targets=targets, differenced=changed),
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
    changed, stacked = (np.nanstd(np.concatenate(of["train"]), 0) for of in (arrays, of_values.arrays))
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
    shares = extrapolation.shares_outside(*(np.concatenate(arrays[split])[:, :width] for split in ("train", "test")))
    names = raw.names or tuple(map(str, range(width)))
    outside = [f"{name} ({share:.0%})" for name, share in zip(names, shares, strict=True) if share >= extrapolation.MUCH]
    if not outside:
        return []
    remedy = "" if raw.differenced else ": changes from step to step may not (--difference)"
    return [
        f"note: much of test lies outside train's range, {shorten(', '.join(outside))}, of which nothing is learned{remedy}"
    ]
