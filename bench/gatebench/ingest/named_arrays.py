"""Arrays by their names: inputs, target, lengths and groups, perhaps of each split, as sequences."""

from collections.abc import Hashable
from dataclasses import replace

import numpy as np

from gatebench.core.errors import BadInput, shorten
from gatebench.ingest import axes, given, target
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData

ROLES = {
    "x": ("x", "xs", "data", "inputs", "input", "features", "sequences", "signals"),
    "y": ("y", "ys", "label", "labels", "target", "targets"),
    "lengths": (
        "lengths", "length", "lens", "x_lengths", "x_lens", "n_steps",
        "seq_lengths", "seq_length", "seq_lens", "seq_len", "seqlens", "seqlen", "sequence_lengths", "sequence_length",
    ),
    "mask": ("mask", "masks", "padding_mask", "pad_mask", "attention_mask"),
    "group": ("group", "groups", "subject", "subjects"),
}  # fmt: skip
"""Role of an array -> the names, in small letters, that it may have."""
LAYOUT = (
    "expected x [N, T, X] with lengths [N] and perhaps y, or X_train, y_train, X_test, y_test, or arr_0, arr_1, ... as "
    "np.savez(file, *list) writes them"
)
"""What a message says of the arrays that are read."""
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
    with_target = [part for part in parts.values() if "y" in part]
    if with_target and len(with_target) < len(parts):
        raise BadInput(f"{where} has a target of some splits and not of others; expected y of all: add it, or remove it")
    values = [
        array
        for (split, part), of_part in zip(parts.items(), raws, strict=True)
        if with_target
        for array in _target_values(where if split is None else f"{where}, {split}", part["y"], of_part)
    ]
    raw = RawData(
        [array for raw in raws for array in raw.sequences],
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
    if not with_target:
        return raw
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
        raise BadInput(
            f"{where} has the arrays {shorten(', '.join(named)) or 'none'}; {LAYOUT}: rename them, as "
            "np.savez(file, x=..., y=...)"
        )
    if None in with_inputs and len(with_inputs) > 1:
        raise BadInput(f"{where} has arrays of splits and x of all; expected one or the other: remove x, or the splits")
    for split in [split for split in parts if split not in with_inputs]:
        unread += [f"{role} of {split or 'all'}" for role in parts[split]]
    order = [split for split in (None, "train", "valid", "test") if split in with_inputs]
    return {split: with_inputs[split] for split in order}, sorted(unread)


def _read_part(where: str, part: Named, choices: Choices) -> RawData:
    """Return the sequences of one split, with their groups."""
    sequences, line = axes.cut(where, part, choices)
    origins = [f"{where}, sequence {i}" for i in range(len(sequences))]
    checked = [_check_table(origin, array) for origin, array in zip(origins, sequences, strict=True)]
    return RawData(checked, "a row", origins, groups=_find_groups(where, part, len(checked)), decisions=[line])


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
        if y.ndim and len(lengths) == 1 and len(y) == lengths[0] > 1:  # of the steps of one series
            y = y[None]
        return _classes_of_steps(_padded_target(where, y, lengths, raw), raw)
    if len(y) != len(lengths):
        raise BadInput(f"{where}: y has {len(y)} arrays; expected one for each of the {len(lengths)} sequences: correct it")
    if all(array.size == 1 for array in y):
        return _padded_target(where, np.array([array.reshape(-1)[0] for array in y]), lengths, raw)
    if [len(array) for array in y] != lengths:
        raise BadInput(f"{where}: y has arrays of other lengths than x; expected one value for each step: correct it")
    return _classes_of_steps([array if array.ndim > 1 else array[:, None] for array in y], raw)


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


def _classes_of_steps(values: list[np.ndarray], raw: RawData) -> list[np.ndarray]:
    """Return the class of each step where a target has a one among zeros in each; else the target as it is."""
    width = values[0].shape[-1]
    if width < 2 or any(array.ndim != 2 or array.shape[1] != width or not _is_one_hot(array) for array in values):
        return values
    raw.decisions.append(f"target: y has one of {width} classes a step, as a one among zeros")
    return [array.argmax(1)[:, None] for array in values]


def _is_one_hot(y: np.ndarray) -> bool:
    return y.dtype.kind in "buif" and bool(((y == 0) | (y == 1)).all() and (y.sum(1) == 1).all())
