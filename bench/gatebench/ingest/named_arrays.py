"""Arrays by their names: inputs, target, lengths and groups, perhaps of each split, as sequences."""

from collections.abc import Hashable
from dataclasses import replace

import numpy as np

from gatebench.core.errors import BadInput, shorten
from gatebench.ingest import given, target
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData

ROLES = {
    "x": ("x", "xs", "data", "inputs", "input", "features", "sequences", "signals"),
    "y": ("y", "ys", "label", "labels", "target", "targets"),
    "lengths": ("lengths", "length", "lens", "seq_lengths", "x_lengths"),
    "group": ("group", "groups", "subject", "subjects"),
}
"""Role of an array -> the names, in small letters, that it may have."""
LAYOUT = (
    "expected x [N, T, X] with lengths [N] and perhaps y, or X_train, y_train, X_test, y_test, or arr_0, arr_1, ... as "
    "np.savez(file, *list) writes them"
)
"""What a message says of the arrays that are read."""
FEWEST_COLUMNS = 8
"""Numbers along an axis from which on it may be that of time."""
SMOOTHER = 0.6
"""Steps along an axis, relative to those along the other, below which it looks like that of time."""

Named = dict[str, np.ndarray | list[np.ndarray]]
"""Name -> array, or a list of them."""


def read(where: str, named: Named, choices: Choices) -> RawData:
    """Return the sequences that arrays hold, with target, groups and splits where there are some.

    Parameters
    ----------
    where
        The file, for messages.
    named
        Its arrays.
    choices
        What the user chose.

    """
    if columns := _columns(named):
        line = f"sequences: one series of {len(columns[0])} steps, a column an array: {shorten(', '.join(named))}"
        return RawData([np.stack(columns, 1)], "a row", [where], names=tuple(named), decisions=[line])
    parts, unread = _find_roles(where, named)
    split_names = [*parts]
    raws = [_read_part(where if split is None else f"{where}, {split}", parts[split], choices) for split in split_names]
    sequences = [array for raw in raws for array in raw.sequences]
    raw = RawData(
        sequences,
        "a row",
        [origin for raw in raws for origin in raw.origins],
        groups=_join_groups(raws),
        decisions=[*dict.fromkeys(line for raw in raws for line in raw.decisions)],
    )
    if split_names != [None]:
        splits = [str(split) for split, raw in zip(split_names, raws, strict=True) for _ in raw.sequences]
        raw = replace(raw, splits=splits)
    if unread:
        raw.decisions.append(f"left out: {shorten(', '.join(unread))}")
    with_target = [part for part in parts.values() if "y" in part]
    if not with_target:
        return raw
    if len(with_target) < len(parts):
        raise BadInput(f"{where} has a target of some splits and not of others; expected y of all: add it, or remove it")
    values = [
        array
        for (split, part), of_part in zip(parts.items(), raws, strict=True)
        for array in _target_values(where if split is None else f"{where}, {split}", part["y"], of_part)
    ]
    width = values[0].shape[1]
    names = tuple(f"y{i}" if width > 1 else "y" for i in range(width))
    targets, what, line = target.decide(values, names, choices.as_target)
    return replace(raw, targets=targets, target=what, decisions=[*raw.decisions, line])


def find_role(name: str) -> tuple[str | None, str | None]:
    """Return the role that an array has by its name, and the split that it is of; None where its name says nothing."""
    role_of = {name: role for role, names in ROLES.items() for name in names}
    plain, split = (name.lower(), None) if name.lower() in role_of else given.part_name(name)
    return role_of.get(plain), split


def _columns(named: Named) -> list[np.ndarray]:
    """Return arrays of one axis and one length under names of their own, which are the columns of one series."""
    arrays = [array for array in named.values() if isinstance(array, np.ndarray) and array.ndim == 1]
    called = any(find_role(name)[0] for name in named)
    alike = len(arrays) == len(named) > 1 and len({len(array) for array in arrays}) == 1
    return arrays if alike and not called and all(array.dtype.kind in "buif" for array in arrays) else []


def _find_roles(where: str, named: Named) -> tuple[dict[str | None, Named], list[str]]:
    """Return split (None: no split is given) -> role -> array, and the names of what has no role."""
    parts: dict[str | None, Named] = {}
    unread: list[str] = []
    for name, array in named.items():
        role, split = find_role(name)
        if role is None:
            unread.append(name)
        elif role in parts.setdefault(split, {}):
            raise BadInput(
                f"{where} has several arrays that are {role}, {name} one of them; expected one: rename the others"
            )
        else:
            parts[split][role] = array
    with_inputs = {split: part for split, part in parts.items() if "x" in part}
    if not with_inputs:
        raise BadInput(f"{where} has the arrays {shorten(', '.join(named)) or 'none'}; {LAYOUT}")
    if None in with_inputs and len(with_inputs) > 1:
        raise BadInput(f"{where} has arrays of splits and x of all; expected one or the other: remove x, or the splits")
    for split in [split for split in parts if split not in with_inputs]:
        unread += [f"{role} of {split or 'all'}" for role in parts[split]]
    order = [split for split in (None, "train", "valid", "test") if split in with_inputs]
    return {split: with_inputs[split] for split in order}, sorted(unread)


def _read_part(where: str, part: Named, choices: Choices) -> RawData:
    """Return the sequences of one split, with their groups."""
    sequences, line = _cut(where, part, choices)
    origins = [f"{where}, sequence {i}" for i in range(len(sequences))]
    checked = [_check_table(origin, array) for origin, array in zip(origins, sequences, strict=True)]
    return RawData(checked, "a row", origins, groups=_find_groups(where, part, len(checked)), decisions=[line])


def _cut(where: str, part: Named, choices: Choices) -> tuple[list[np.ndarray], str]:
    """Return the sequences that an array holds, and the line that says how."""
    x = part["x"]
    if isinstance(x, list):
        return _orient(x, choices)
    rows = choices.layout == "series-a-row" or bool({"lengths", "y", "group"} & part.keys())
    several = x.ndim > 2 or (x.ndim == 2 and rows)
    if not several:
        columns = x.shape[1] if x.ndim == 2 else 1
        other = f" ({len(x):,} series of {columns:,} steps: --series-a-row)" if x.ndim == 2 and columns > 1 else ""
        return [x], f"sequences: one series of {len(x) if x.ndim else 0:,} steps of {columns:,} column(s){other}"
    lengths = np.asarray(part["lengths"]) if "lengths" in part else None
    other = ""
    if x.ndim == 3:
        axes = choices.axes or _find_axes(where, x, lengths, part.get("y"))
        other = f" (--axes {'NXT' if axes == 'NTX' else 'NTX'})"
        x = x.transpose(0, 2, 1) if axes == "NXT" else x
    lengths = np.full(len(x), x.shape[1]) if lengths is None else lengths
    if lengths.dtype.kind == "f" and (lengths == np.floor(lengths)).all():
        lengths = lengths.astype(int)  # MATLAB has no other numbers
    if lengths.shape != (len(x),) or lengths.dtype.kind not in "iu" or (lengths < 1).any() or (lengths > x.shape[1]).any():
        raise BadInput(
            f"{where}: lengths has shape {lengths.shape} and values {shorten(np.unique(lengths))}; expected one of 1 to "
            f"{x.shape[1]} for each of the {len(x)} sequences of x: correct it"
        )
    columns = x.shape[2] if x.ndim == 3 else 1
    line = f"sequences: {len(x):,} of at most {max(lengths, default=0):,} steps of {columns:,} column(s){other}"
    return [array[:length] for array, length in zip(x, lengths, strict=True)], line


def _find_axes(where: str, x: np.ndarray, lengths: np.ndarray | None, y: object) -> str:
    """Return ``NTX`` or ``NXT``; ``BadInput`` where it could be either."""
    count, second, third = x.shape
    longest = int(lengths.max()) if lengths is not None and len(lengths) else None
    if longest is not None and second < longest <= third:
        return "NXT"
    if isinstance(y, np.ndarray) and y.ndim > 1 and y.shape[:2] == (count, third) and third > second and longest is None:
        return "NXT"
    if longest is None and second and third >= FEWEST_COLUMNS and _is_smoother_along_last(x):
        raise BadInput(
            f"{where}: x has shape {x.shape}, and its numbers change less along the last axis than along the second; choose "
            f"one: sequences of {third:,} steps of {second:,} columns, --axes NXT; or of {second:,} steps of {third:,} "
            "columns, --axes NTX"
        )
    return "NTX"


def _is_smoother_along_last(x: np.ndarray) -> bool:
    if x.dtype.kind not in "iuf" or x.shape[1] < 2:
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        steps = [np.abs(np.diff(x.astype(float), axis=axis)) for axis in (1, 2)]
    second, third = (float(of_axis[np.isfinite(of_axis)].mean()) if np.isfinite(of_axis).any() else 0.0 for of_axis in steps)
    return 0 < third < SMOOTHER * second


def _orient(arrays: list[np.ndarray], choices: Choices) -> tuple[list[np.ndarray], str]:
    """Return a list of sequences with time first, and the line that says how."""
    tables = [array for array in arrays if array.ndim == 2]
    heights, widths = {len(array) for array in tables}, {array.shape[1] for array in tables}
    seems = "NXT" if len(tables) == len(arrays) and len(heights) == 1 and len(widths) > 1 else "NTX"
    axes = choices.axes or seems
    turned = [array.T if axes == "NXT" and array.ndim == 2 else array for array in arrays]
    why = ", time along the second axis, which is the one that differs" if seems == axes == "NXT" else ""
    other = f" (--axes {'NXT' if axes == 'NTX' else 'NTX'})" if tables else ""
    return turned, f"sequences: {len(arrays):,}, an array each{why}{other}"


def _check_table(origin: str, array: np.ndarray) -> np.ndarray:
    """Return an array as ``[T, X]``; ``BadInput`` if it is not of one or two axes, or not of numbers."""
    if array.ndim not in (1, 2):
        raise BadInput(f"{origin} has shape {array.shape}; expected [steps, columns]: reshape it")
    if array.dtype.kind not in "buif":
        raise BadInput(f"{origin} holds {array.dtype}; expected numbers: convert it")
    return array[:, None] if array.ndim == 1 else array


def _find_groups(where: str, part: Named, count: int) -> list[Hashable] | None:
    if "group" not in part:
        return None
    group = np.asarray(part["group"])
    if group.shape != (count,):
        raise BadInput(f"{where}: group has shape {group.shape}; expected one of each of the {count} sequences: correct it")
    return group.tolist()


def _join_groups(raws: list[RawData]) -> list[Hashable] | None:
    groups = [raw.groups for raw in raws if raw.groups is not None]
    return [group for of_part in groups for group in of_part] if len(groups) == len(raws) else None


def _target_values(where: str, y: np.ndarray | list[np.ndarray], raw: RawData) -> list[np.ndarray]:
    """Return the target of each sequence ``[T, Y]`` from ``y [N]``, ``[N, T]`` or ``[N, T, Y]``, or a list of ``[T, Y]``."""
    lengths = [len(array) for array in raw.sequences]
    if not isinstance(y, list):
        return _padded_target(where, y, lengths, raw)
    if len(y) != len(lengths):
        raise BadInput(f"{where}: y has {len(y)} arrays; expected one for each of the {len(lengths)} sequences: correct it")
    if all(array.size == 1 for array in y):
        return _padded_target(where, np.array([array.reshape(-1)[0] for array in y]), lengths, raw)
    if [len(array) for array in y] != lengths:
        raise BadInput(f"{where}: y has arrays of other lengths than x; expected one value for each step: correct it")
    return [array if array.ndim > 1 else array[:, None] for array in y]


def _padded_target(where: str, y: np.ndarray, lengths: list[int], raw: RawData) -> list[np.ndarray]:
    """Return the target of each sequence from one array of all."""
    if y.ndim == 2 and 1 in y.shape and y.size == len(lengths):  # as MATLAB and Keras have one number for each sequence
        y = y.reshape(-1)
    longest = max(lengths, default=0)
    if y.ndim == 2 and len(y) == len(lengths) and y.shape[1] != longest and _is_one_hot(y):
        raw.decisions.append(f"target: y has one of {y.shape[1]} classes a row, as a one among zeros")
        y = y.argmax(1)
    if not y.ndim or len(y) != len(lengths) or y.ndim > 3 or (y.ndim > 1 and y.shape[1] < longest):
        raise BadInput(
            f"{where}: y has shape {y.shape}; expected [{len(lengths)}], one of each sequence, or "
            f"[{len(lengths)}, {longest}], one of each step: correct it"
        )
    if y.ndim == 1:
        return [np.full((length, 1), value) for value, length in zip(y, lengths, strict=True)]
    steps = y[..., None] if y.ndim == 2 else y
    return [array[:length] for array, length in zip(steps, lengths, strict=True)]


def _is_one_hot(y: np.ndarray) -> bool:
    return y.dtype.kind in "buif" and bool(((y == 0) | (y == 1)).all() and (y.sum(1) == 1).all())
