"""What is to be told of sequences: labels or values, of every step or of the whole."""

from typing import Any

import numpy as np

from gatebench.core.errors import BadInput, shorten
from gatebench.data.contents import Target

FEW = 20
"""Different whole numbers that are taken for labels, at the most."""
MOST_CLASSES = 1000


def told(values: list[np.ndarray], names: tuple[str, ...], kind: str | None) -> tuple[list[np.ndarray], Target, str]:
    """Numbers ``[T, Y]`` of what is to be told, the target, and the line that says what was decided.

    ``values`` are texts or numbers, ``[T, Y]`` for every sequence; ``names`` are those of the columns.
    """
    called = ", ".join(names)
    whole = np.concatenate(values)
    if not len(whole):
        raise BadInput(f"{called} has no value; expected one for every step or sequence")
    text = whole.dtype.kind not in "buif"
    if not text and not np.isfinite(whole.astype(float)).all():
        raise BadInput(
            f"{called} has values that are empty, NaN or infinite; expected numbers: fill them, or remove the rows"
        )
    classes = np.unique(whole.astype(str) if text else whole)
    few = bool(text or (len(classes) <= FEW and (classes == np.floor(classes)).all()))
    chosen = kind or ("label" if few and whole.shape[1] == 1 else "value")
    of = "sequence" if all((array == array[0]).all() for array in values) else "step"
    once = "one of each sequence, since it is the same in all its steps" if of == "sequence" else "one of each step"
    if len(classes) < 2:
        raise BadInput(f"{called} is {shorten(classes[0])} everywhere, which says nothing; choose another: --label COLUMN")
    if chosen == "value":
        if text:
            raise BadInput(f"{called} holds texts, which are no values; expected numbers: use --as-target label")
        line = f"target: {called}, a value, {once} (--as-target label)"
        return [array.astype(float) for array in values], Target(of, "value", whole.shape[1], names), line
    if whole.shape[1] > 1 or len(classes) > MOST_CLASSES:
        raise BadInput(
            f"{called} has {whole.shape[1]} column(s) and {len(classes):,} different values; expected one column "
            f"and at most {MOST_CLASSES:,} classes of a label: use --as-target value"
        )
    numbers = [np.searchsorted(classes, array.astype(str) if text else array) for array in values]
    target = Target(of, "label", 1, tuple(map(_name, classes)))
    other = "" if text else " (--as-target value)"
    return numbers, target, f"target: {called}, a label of {len(classes)} classes, {once}{other}"


def _name(value: Any) -> str:
    return str(value.item() if isinstance(value, np.generic) else value)
