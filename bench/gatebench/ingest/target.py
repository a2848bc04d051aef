"""The decision what the target is: labels or values, of every step or of the whole sequence."""

import numpy as np

from gatebench.core.errors import BadInput, shorten
from gatebench.data import long_arrays
from gatebench.data.contents import Target

FEW_CLASSES = 20
"""Different whole numbers that are taken for labels, at the most."""
MOST_CLASSES = 1000
"""Classes that a label may have."""


def decide(
    values: list[np.ndarray], names: tuple[str, ...], kind: str | None, texts: np.ndarray | None = None
) -> tuple[list[np.ndarray], Target, str]:
    """Return the target of each sequence as numbers ``[T, Y]``, what it is, and the line that says why.

    Parameters
    ----------
    values
        Texts or numbers ``[T, Y]`` of each sequence.
    names
        Names of the ``Y`` columns.
    kind
        ``label`` or ``value`` as the user chose; None: it follows from the values.
    texts
        The different texts of a label, in their order, where values are their numbers.

    """
    columns = ", ".join(names)
    stacked = np.concatenate(values)
    if not len(stacked):
        raise BadInput(f"{columns} has no value; expected one for every step or sequence")
    is_text = texts is not None or stacked.dtype.kind not in "buif"
    if not is_text and not np.isfinite(stacked.astype(float)).all():
        raise BadInput(
            f"{columns} has values that are empty, NaN or infinite; expected numbers: fill them, or remove the rows"
        )
    numbered = texts is not None or not is_text
    different = long_arrays.distinct(stacked.reshape(-1)) if numbered else np.unique(stacked.astype(str))
    classes = different if texts is None else texts[different]
    few = bool(is_text or (len(classes) <= FEW_CLASSES and (classes == np.floor(classes)).all()))
    of = "sequence" if all((array == array[0]).all() for array in values) else "step"
    once = "one of each sequence, since it is the same in all its steps" if of == "sequence" else "one of each step"
    if len(classes) < 2:
        raise BadInput(f"{columns} is {shorten(classes[0])} everywhere, which says nothing; choose another: --label COLUMN")
    if stacked.shape[1] > 1 and not is_text and kind != "value" and np.isin(stacked, (0, 1)).all():
        line = f"target: {columns}, {stacked.shape[1]} labels of which any number hold, {once} (--as-target value)"
        return [array.astype(int) for array in values], Target(of, "labels", stacked.shape[1], names), line
    kind = kind or ("value" if stacked.shape[1] > 1 or not few else "label")
    if kind == "value":
        if is_text:
            raise BadInput(f"{columns} holds texts, which are no values; expected numbers: use --as-target label")
        line = f"target: {columns}, a value, {once} (--as-target label)"
        return [array.astype(float) for array in values], Target(of, "value", stacked.shape[1], names), line
    if stacked.shape[1] > 1 or len(classes) > MOST_CLASSES:
        raise BadInput(
            f"{columns} has {stacked.shape[1]} column(s) and {len(classes):,} different values; expected one column "
            f"and at most {MOST_CLASSES:,} classes of a label, or several of 0 and 1: use --as-target value"
        )
    numbers = [np.searchsorted(different, array if numbered else array.astype(str)) for array in values]
    target = Target(of, "label", 1, tuple(map(_name, classes)))
    alternative = "" if is_text else " (--as-target value)"
    return numbers, target, f"target: {columns}, a label of {len(classes)} classes, {once}{alternative}"


def _name(value: object) -> str:
    return str(value.item() if isinstance(value, np.generic) else value)
