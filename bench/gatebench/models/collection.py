"""Collections of sequences as estimators are given them: three axes, two, or a list of arrays of unequal lengths."""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import numpy as np

from gatebench.core.errors import shorten
from gatebench.models.estimator import Unusable

EXPECTED = "[N, T, X], [N, T], or a list of N arrays [T, X]"
"""What a message says of the shapes that are read."""


class Collection(NamedTuple):
    """Sequences, and what they were given as."""

    sequences: list[np.ndarray]
    """Numbers ``[T, X]`` of each sequence, in 64 bits."""
    features: int
    """What scikit-learn calls the number of features: steps of two axes, columns of three or of a list."""
    names: np.ndarray | None
    """Names of the columns of a data frame ``[N, T]``, if all are texts."""


def read(x: object, axes: str) -> Collection:
    """Return sequences as arrays ``[T, X]``; ``BadInput`` if they are none, or have something that is no finite number.

    Parameters
    ----------
    x
        What `EXPECTED` names, as arrays, tensors, lists or a data frame.
    axes
        ``NTX``, or ``NXT`` where time is the last axis.

    """
    if axes not in ("NTX", "NXT"):
        raise Unusable(f"axes is {shorten(repr(axes))}, expected 'NTX' or 'NXT'")
    if hasattr(x, "tocsr"):
        raise Unusable(f"X is sparse data, which is not supported; expected {EXPECTED}: use its toarray()")
    names = _names_of(x)
    value = cast(Any, x).detach().cpu().numpy() if hasattr(x, "detach") else x
    if _is_list_of_arrays(value):
        arrays = [_numbers(one.detach().cpu() if hasattr(one, "detach") else one) for one in cast(Sequence[Any], value)]
        sequences = [array[:, None] if array.ndim == 1 else array for array in arrays]
        turned = [array.T for array in sequences] if axes == "NXT" and all(a.ndim == 2 for a in arrays) else sequences
        return Collection(_checked(turned), turned[0].shape[-1], names)
    array = _numbers(value)
    if array.ndim == 2:
        if not array.shape[1]:
            raise Unusable(
                f"Found array with 0 feature(s) (shape={array.shape}) while a minimum of 1 is required; expected {EXPECTED}"
            )
        return Collection(_checked([row[:, None] for row in array]), array.shape[1], names)
    if array.ndim != 3:
        raise Unusable(
            f"X has {array.ndim} axis(es); expected {EXPECTED}. Reshape your data: X.reshape(-1, 1) if each number is a "
            "sequence, X.reshape(1, -1) if all are one"
        )
    array = array.transpose(0, 2, 1) if axes == "NXT" else array
    return Collection(_checked([*array]), array.shape[2], names)


def _is_list_of_arrays(value: object) -> bool:
    """Whether something is a list of arrays that are no rows of one table, as those of unequal lengths are."""
    if isinstance(value, np.ndarray):
        return value.dtype == object and value.ndim == 1 and len(value) > 0 and not np.isscalar(value[0])
    if not isinstance(value, list | tuple) or not value or any(np.isscalar(one) or one is None for one in value):
        return False
    return any(hasattr(one, "shape") for one in value) or len({len(cast(Sequence[Any], one)) for one in value}) > 1


def _names_of(x: object) -> np.ndarray | None:
    if not hasattr(x, "columns"):
        return None
    names = np.asarray([*cast(Any, x).columns], object)
    are_texts = [isinstance(name, str) for name in names]
    if any(are_texts) and not all(are_texts):
        raise TypeError(
            "Feature names are only supported if all input features have string names, but your input has other column "
            "names as well; rename them: X.columns = X.columns.astype(str)"
        )
    return names if len(names) and all(are_texts) else None


def _numbers(value: object) -> np.ndarray:
    try:
        array = np.asarray(value)
        if array.dtype.kind == "c":
            raise Unusable("Complex data not supported; expected real numbers")
        return array.astype(float)
    except Unusable:
        raise
    except TypeError as error:
        raise TypeError(f"X holds what is no number ({shorten(error)}); argument must be a string or a number") from error
    except ValueError as error:
        raise Unusable(f"X holds what is no number ({shorten(error)}); expected {EXPECTED}") from error


def _checked(sequences: list[np.ndarray]) -> list[np.ndarray]:
    if not sequences:
        raise Unusable(f"Found array with 0 sample(s) while a minimum of 1 is required; expected {EXPECTED}")
    for place, array in enumerate(sequences):
        if array.ndim != 2 or not array.size or array.shape[1] != sequences[0].shape[1]:
            raise Unusable(
                f"sequence {place} of X has shape {array.shape} beside {sequences[0].shape}; expected [T, X] with a step at "
                "least and one X for all"
            )
        if not np.isfinite(array).all():
            raise Unusable(f"sequence {place} of X contains NaN or infinity; expected finite numbers: fill them")
    return sequences
