"""The decision what becomes of categories that stand beside numbers: read alone, or one of them predicted as a class."""

import shlex
from dataclasses import replace

import numpy as np

from gatebench.core.errors import BadInput, shorten
from gatebench.data.contents import Target
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData


def columns_of(raw: RawData) -> list[str]:
    """Return the names of the columns that are parts of categories."""
    return [column for name, values in raw.categories.items() for column in _columns(name, values)]


def _columns(name: str, values: tuple[str, ...]) -> list[str]:
    return [f"{name}={value}" for value in (values[1:] if len(values) == 2 else values)]


def decide(raw: RawData, choices: Choices) -> tuple[RawData, Choices, list[str]]:
    """Return the data with a category as its target, one step ahead, if ``--predict`` names it; remaining choices; lines.

    Its own past is read beside the other columns. Numbers have densities and categories probabilities, which no likelihood
    of ours says at once.
    """
    predicted: list[str] = choices.predict or []
    wanted = [name for name in predicted if name in raw.categories]
    if not wanted or raw.target is not None or (raw.kind == "binary" and len(raw.categories[wanted[0]]) == 2):
        return raw, choices, []
    name, *others = list(dict.fromkeys([*wanted, *predicted]))
    if others and raw.kind == "binary":
        return raw, choices, []
    if others:
        raise BadInput(
            f"--predict has {shorten(name)}, a category, and {shorten(', '.join(others))}; expected it alone, or numbers "
            f"alone, since one likelihood does not say both: --predict {shlex.quote(name)}, or --predict without it"
        )
    if choices.known or (choices.horizon or 1) > 1:
        option = "--known" if choices.known else "--horizon"
        raise BadInput(
            f"--predict {shlex.quote(name)} is a category, of which the next value is predicted, so that {option} is for "
            f"numbers alone; expected none: remove {option}"
        )
    values = raw.categories[name]
    names = raw.names or ()
    places = [names.index(column) for column in _columns(name, values)]
    classes = [_numbers(array[:, places], name, origin) for array, origin in zip(raw.sequences, raw.origins, strict=True)]
    target = Target("step", "label", 1, values, ahead=1)
    beside = shorten(", ".join(column for column in names if column not in _columns(name, values)))
    line = f"predicted: {name}, one of {len(values)} classes, the next step at each step (--predict A,B)"
    return (
        replace(raw, targets=classes, target=target),
        replace(choices, predict=None, horizon=None),
        [f"{line}; read: its own past" + (f" and {beside}" if beside else "")],
    )


def _numbers(one_hot: np.ndarray, name: str, origin: str) -> np.ndarray:
    """Return the number of the class of each step, ``[T, 1]``."""
    single = one_hot.shape[1] == 1
    has_value = np.isin(one_hot, (0, 1)).all(1) & (single or one_hot.sum(1) == 1)
    if not has_value.all():
        step = int(has_value.argmin())
        raise BadInput(
            f"{origin}, step {step + 1} has no {shorten(name)}, which is predicted; expected one in each: fill it, or "
            "--missing drop"
        )
    return one_hot.astype(int) if single else one_hot.argmax(1)[:, None]
