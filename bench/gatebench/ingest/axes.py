"""The decision which axis of an array is that of sequences, of time and of columns, and how long each sequence is."""

from collections.abc import Mapping

import numpy as np

from gatebench.core.errors import BadInput, shorten
from gatebench.ingest.choices import Choices
from gatebench.ingest.question import Reading, ask

FEWEST_COLUMNS = 8
"""Numbers along an axis from which on it may be that of time."""
FEWEST_STEPS = 20
"""Steps of a series, at the least, that is split by time."""
SMOOTHER = 0.6
"""Steps along an axis, relative to those along the other, below which it looks like that of time."""
ORDERS = {"NTX": (0, 1, 2), "NXT": (0, 2, 1), "TNX": (1, 0, 2)}
"""Order of the axes of an array -> how they are transposed to sequences, time, columns."""

Part = Mapping[str, np.ndarray | list[np.ndarray]]
"""Role -> array of one split."""


def cut(where: str, part: Part, choices: Choices) -> tuple[list[np.ndarray], str]:
    """Return the sequences that the inputs ``x`` of a split hold, and the line that says how.

    `Undecided` where numbers fit two orders of axes alike.
    """
    x = part["x"]
    if isinstance(x, list):
        return _orient(where, x, choices)
    if not _are_several(where, x, part, choices):
        return _one_series(where, x, choices)
    lengths = _lengths(where, part)
    others = ""
    if x.ndim == 3:
        order = choices.axes or _find_order(where, x, lengths, part)
        others = f" (--axes {'NXT' if order == 'NTX' else 'NTX'})"
        x = x.transpose(ORDERS[order])
    lengths = np.full(len(x), x.shape[1]) if lengths is None else lengths
    if lengths.dtype.kind == "f" and (lengths == np.floor(lengths)).all():
        lengths = lengths.astype(int)  # MATLAB has no other numbers
    if lengths.shape != (len(x),) or lengths.dtype.kind not in "iu" or (lengths < 1).any() or (lengths > x.shape[1]).any():
        raise BadInput(
            f"{where}: lengths has shape {lengths.shape} and values {shorten(np.unique(lengths))}; expected one of 1 to "
            f"{x.shape[1]} for each of the {len(x)} sequences of x: correct it"
        )
    columns = x.shape[2] if x.ndim == 3 else 1
    line = f"sequences: {len(x):,} of at most {max(lengths, default=0):,} steps of {columns:,} column(s){others}"
    return [array[:length] for array, length in zip(x, lengths, strict=True)], line


def _are_several(where: str, x: np.ndarray, part: Part, choices: Choices) -> bool:
    """Whether an array has several sequences; `Undecided` about rows that are series or steps beside a value each."""
    if x.ndim != 2 or choices.layout == "step-a-row":
        return x.ndim > 2
    if choices.layout == "series-a-row" or {"lengths", "mask", "group"} & part.keys():
        return True
    if "y" not in part:
        return False
    y = part["y"]
    rows, columns = x.shape
    a_value_each = not isinstance(y, list) and y.size == len(y) == rows >= FEWEST_STEPS
    if a_value_each and columns > 1 and (columns < FEWEST_COLUMNS or _is_smoother(x[None], 1, 2)):
        raise ask(
            f"{where}: x has shape {x.shape} and y a value for each of its rows",
            Reading(
                f"a row is a step, and y has the target of each: one series of {rows:,} steps", {"layout": "step-a-row"}
            ),
            Reading(f"a row is a series: {rows:,} sequences of {columns:,} steps", {"layout": "series-a-row"}),
        )
    return True


def _one_series(where: str, x: np.ndarray, choices: Choices) -> tuple[list[np.ndarray], str]:
    """Return the only series of an array of one or two axes; `Undecided` where time seems to be the second one."""
    if x.ndim != 2:
        return [x], f"sequences: one series of {len(x) if x.ndim else 0:,} steps of 1 column(s)"
    rows, columns = x.shape
    if choices.axes is None and choices.layout is None and rows < columns and (
        rows < FEWEST_STEPS <= columns or _is_smoother(x[None], 2, 1)
    ):  # fmt: skip
        raise ask(
            f"{where}: x has shape {x.shape}, more columns than rows",
            Reading(f"one series of {columns:,} steps of {rows:,} columns, time along the second axis", {"axes": "NXT"}),
            Reading(f"{rows:,} series of {columns:,} steps", {"layout": "series-a-row"}),
            Reading(f"one series of {rows:,} steps of {columns:,} columns", {"layout": "step-a-row"}),
        )
    x = x.T if choices.axes == "NXT" else x
    steps, columns = x.shape
    other = f" ({steps:,} series of {columns:,} steps: --series-a-row)" if columns > 1 else ""
    return [x], f"sequences: one series of {steps:,} steps of {columns:,} column(s){other}"


def _lengths(where: str, part: Part) -> np.ndarray | None:
    """Return how many steps each sequence has, where that is said: by numbers, or by a mask of what is no padding."""
    if "lengths" in part:
        return np.asarray(part["lengths"])
    if "mask" not in part:
        return None
    mask = np.asarray(part["mask"])
    mask = mask[..., 0] if mask.ndim == 3 and mask.shape[2] == 1 else mask
    expected = "expected [N, T], 1 in the steps of each sequence and 0 behind them, or the other way round"
    if mask.ndim != 2 or mask.dtype.kind not in "buif" or not ((mask == 0) | (mask == 1)).all():
        raise BadInput(f"{where}: mask has shape {mask.shape} of {mask.dtype}; {expected}: correct it, or remove it")
    is_step = mask.astype(bool)
    is_step = ~is_step if not is_step[:, 0].any() else is_step  # as PyTorch marks what is padding
    lengths = is_step.sum(1)
    if (is_step != (np.arange(mask.shape[1]) < lengths[:, None])).any():
        raise BadInput(
            f"{where}: mask is 0 in the midst of sequences; {expected}: put NaN where values are missing, x[mask == 0] = "
            "np.nan, and save x without the mask"
        )
    return lengths


def _find_order(where: str, x: np.ndarray, lengths: np.ndarray | None, part: Part) -> str:
    """Return the order of three axes, one of `ORDERS`; `Undecided` where it could be two of them."""
    count, second, third = x.shape
    y = part.get("y")
    longest = int(lengths.max()) if lengths is not None and len(lengths) else None
    beside = [len(of_each) for role in ("lengths", "mask", "y", "group") if (of_each := part.get(role)) is not None]
    if beside and count != second and {*beside} == {second}:
        return "TNX"
    if longest is not None and second < longest <= third:
        return "NXT"
    if isinstance(y, np.ndarray) and y.ndim > 1 and y.shape[:2] == (count, third) and third > second and longest is None:
        return "NXT"
    if longest is None and second and third >= FEWEST_COLUMNS and _is_smoother(x, 2, 1):
        raise BadInput(
            f"{where}: x has shape {x.shape}, and its numbers change less along the last axis than along the second; choose "
            f"one: sequences of {third:,} steps of {second:,} columns, --axes NXT; or of {second:,} steps of {third:,} "
            "columns, --axes NTX"
        )
    if not beside and count >= FEWEST_COLUMNS and _is_smoother(x, 0, 1):
        raise ask(
            f"{where}: x has shape {x.shape}, and its numbers change less along the first axis than along the second",
            Reading(f"time first: {second:,} sequences of {count:,} steps of {third:,} columns", {"axes": "TNX"}),
            Reading(f"{count:,} sequences of {second:,} steps of {third:,} columns", {"axes": "NTX"}),
        )
    return "NTX"


def _is_smoother(x: np.ndarray, along: int, than: int) -> bool:
    """Whether numbers change clearly less from one to the next along an axis than along another one."""
    if x.dtype.kind not in "iuf" or min(x.shape[along], x.shape[than]) < 2:
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        steps = [np.abs(np.diff(x.astype(float), axis=axis)) for axis in (along, than)]
    first, second = (float(of_axis[np.isfinite(of_axis)].mean()) if np.isfinite(of_axis).any() else 0.0 for of_axis in steps)
    return 0 < first < SMOOTHER * second


def _orient(where: str, arrays: list[np.ndarray], choices: Choices) -> tuple[list[np.ndarray], str]:
    """Return a list of sequences with time first, and the line that says how."""
    if choices.axes == "TNX":
        raise BadInput(f"--axes TNX is for one array of three axes, but {where} has a list of sequences: remove it")
    if any(array.ndim == 3 and len(array) > 1 for array in arrays):
        shapes = shorten(", ".join(str(array.shape) for array in arrays))
        raise BadInput(
            f"{where} has arrays of the shapes {shapes} without names; expected a sequence each, [steps, columns], or names "
            "for what they are: save them anew, as np.savez(file, X_train=..., y_train=..., X_test=..., y_test=...)"
        )
    tables = [array for array in arrays if array.ndim == 2]
    heights, widths = {len(array) for array in tables}, {array.shape[1] for array in tables}
    seems = "NXT" if len(tables) == len(arrays) and len(heights) == 1 and len(widths) > 1 else "NTX"
    axes = choices.axes or seems
    turned = [array.T if axes == "NXT" and array.ndim == 2 else array for array in arrays]
    why = ", time along the second axis, which is the one that differs" if seems == axes == "NXT" else ""
    other = f" (--axes {'NXT' if axes == 'NTX' else 'NTX'})" if tables else ""
    return turned, f"sequences: {len(arrays):,}, an array each{why}{other}"
