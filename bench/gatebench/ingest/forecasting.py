"""The decision what of the steps to come is predicted: which columns, how far ahead, and what is known of then."""

from collections.abc import Sequence

from gatebench.core.errors import BadInput, did_you_mean, shorten
from gatebench.data.contents import Arrays, Forecast
from gatebench.data.forecasts import find_columns
from gatebench.ingest import categories
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData

WINDOW_OF_HORIZONS = 4
"""Horizons that a window has, at the least, unless its length is chosen: the last one of each is read by no one."""


def check(raw: RawData, choices: Choices) -> None:
    """Raise ``BadInput`` where a forecast is asked for of data that has none: with a target, symbols or audio."""
    asked = [f"--{name}" for name in ("predict", "known", "horizon") if getattr(choices, name) is not None]
    if choices.horizon is not None and choices.horizon < 1:
        raise BadInput(f"--horizon is {choices.horizon}; expected a whole number of steps from 1")
    if choices.season is not None and (choices.season < 2 or raw.kind != "reals" or raw.target is not None):
        raise BadInput(
            f"--season is {choices.season}, of {'a target' if raw.target else raw.kind}; expected a number of steps from 2, "
            "after which reals come again that are predicted themselves: remove it"
        )
    if asked and raw.target is not None:
        raise BadInput(
            f"{asked[0]} says which columns go on, but a target is predicted in their place; "
            f"remove {asked[0]}, or the target: --label"
        )
    if asked and raw.kind in ("symbols", "audio"):
        remedy = ": use --as reals, if they are amounts" if raw.kind == "symbols" else ""
        raise BadInput(
            f"{asked[0]} is for columns of numbers, but what is there is {raw.kind}, of which the next "
            f"{'symbol' if raw.kind == 'symbols' else 'block'} is predicted; remove {asked[0]}{remedy}"
        )


def decide(raw: RawData, arrays: Arrays, choices: Choices) -> tuple[Forecast | None, Arrays, list[str]]:
    """Return what is predicted, None for the next step of every column; the sequences that are long enough; and lines.

    Parameters
    ----------
    raw
        The data, its kind decided, with the columns that are read.
    arrays
        Split -> arrays ``[T, X]``.
    choices
        What the user decided.

    """
    if raw.target is not None or raw.kind in ("symbols", "audio"):
        return None, arrays, []
    names = raw.names or tuple(map(str, range(raw.sequences[0].shape[1])))
    known = _expand("known", choices.known or [], names)
    if choices.predict is not None:
        predicted = _expand("predict", choices.predict, names)
    else:
        beside = {*raw.only_read, *(categories.columns_of(raw) if raw.kind == "reals" else [])}
        predicted = [name for name in names if name not in known and name not in beside]
    horizon = choices.horizon or 1
    if not known and len(predicted) == len(names) and horizon == 1:
        return None, arrays, []
    if not predicted:
        raise BadInput("--known has all columns that could be predicted; expected one that is not known ahead: remove it")
    wanted = Forecast(tuple(predicted), tuple(known), horizon)
    find_columns(wanted, names, "--")
    arrays, lines = _long_enough(arrays, horizon)
    return wanted, arrays, [_line(wanted, names), *lines]


def _line(wanted: Forecast, names: tuple[str, ...]) -> str:
    """Return the line that says what is predicted from what."""
    others = [name for name in names if name not in wanted.predicted and name not in wanted.known]
    steps = "the next step" if wanted.horizon == 1 else f"all of the next {wanted.horizon} steps"
    parts = [f"predicted: {shorten(', '.join(wanted.predicted))}, {steps} at each step (--predict A,B; --horizon H)"]
    if others:
        parts.append(f"read alone: {shorten(', '.join(others))}")
    if wanted.known:
        parts.append(f"known ahead: {shorten(', '.join(wanted.known))}, read at the predicted steps too (--known A,B)")
    return "; ".join(parts)


def _expand(option: str, wanted: Sequence[str], names: tuple[str, ...]) -> list[str]:
    """Return the columns that an option names: one by its name, all of a category by that of the category."""
    columns: list[str] = []
    for name in wanted:
        fitting = [column for column in names if column == name or column.startswith(f"{name}=")]
        if not fitting:
            raise BadInput(
                f"--{option} {shorten(name)} is no column that is read{did_you_mean(name, list(names))}; expected one of "
                "those that are"
            )
        columns += fitting
    return list(dict.fromkeys(columns))


def _long_enough(arrays: Arrays, horizon: int) -> tuple[Arrays, list[str]]:
    """Return the sequences that have a step to predict from, with a line about the others."""
    enough = {split: [array for array in arrays[split] if len(array) > horizon] for split in arrays}
    for split in arrays:
        if not enough[split]:
            raise BadInput(
                f"no sequence of the split '{split}' has more than the {horizon} steps that are predicted at once; expected "
                "some: use a shorter --horizon, a longer --window N, or longer sequences"
            )
    short = sum(len(arrays[split]) - len(enough[split]) for split in arrays)
    if not short:
        return arrays, []
    return enough, [f"left out: {short:,} sequences of at most {horizon} steps, too short to predict so many at once"]
