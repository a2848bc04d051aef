"""Arrays of NumPy: a single series, a list of sequences, or a padded array of them with lengths."""

import re
import zipfile
import zlib
from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path

import numpy as np

from gatebench.core.errors import BadInput, shorten
from gatebench.data import npz
from gatebench.ingest import limits, target
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData

SUFFIXES = (".npz", ".npy")
MOST_FILES = 1
LAYOUT = "expected x [N, T, X] with lengths [N], or arr_0, arr_1, ... as np.savez(file, *list) writes them"
"""What a message says of the arrays that are read."""


def read(files: list[Path], choices: Choices) -> RawData:
    """Return the sequences of one ``.npz`` or ``.npy``, with their target and their groups where there are some."""
    (path,) = files
    choices.check_only(f"{path.name}, a file of arrays,")
    sequences, others = _find_sequences(path, _read_arrays(path))
    unread = sorted(others.keys() - {"y", "group"})
    origins = [f"{path.name}, sequence {i}" for i in range(len(sequences))]
    raw = RawData(
        [_check_table(origin, array) for origin, array in zip(origins, sequences, strict=True)],
        "a row",
        origins,
        groups=_find_groups(path, others.get("group"), len(sequences)),
        decisions=[f"left out: {', '.join(unread)}"] if unread else [],
    )
    return _with_target(path, raw, others["y"], choices) if "y" in others else raw


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return name -> array; the name of the only one of an ``.npy`` is empty."""
    try:
        if path.suffix.lower() == ".npz":
            return npz.read(path, limits.MOST_BYTES)
        with path.open("rb") as file:
            return {"": npz.read_array(file, limits.MOST_BYTES)}
    except OSError as error:
        raise limits.unreadable(path, error) from error
    except (ValueError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error) as error:
        raise BadInput(
            f"{path} cannot be read as arrays ({shorten(error)}); save it anew: np.savez(file, *sequences)"
        ) from error


def _find_sequences(path: Path, named: dict[str, np.ndarray]) -> tuple[list[np.ndarray], dict[str, np.ndarray]]:
    """Return the sequences, and what other arrays there are by name."""
    if "" in named:
        single = named[""]
        return ([single] if single.ndim < 3 else list(single)), {}
    listed = sorted((name for name in named if re.fullmatch(r"arr_\d+", name)), key=lambda name: int(name[4:]))
    if listed and "x" not in named:
        is_stack = len(listed) == 1 and named[listed[0]].ndim > 2
        sequences = list(named[listed[0]]) if is_stack else [named[name] for name in listed]
        return sequences, {name: array for name, array in named.items() if name not in listed}
    if "x" not in named:
        raise BadInput(f"{path} has the arrays {shorten(', '.join(named)) or 'none'}; {LAYOUT}")
    x, others = named["x"], {name: array for name, array in named.items() if name not in ("x", "lengths")}
    several = x.ndim == 3 or (x.ndim == 2 and {"lengths", "y", "group"} & named.keys())
    if not several:
        return [x], others
    lengths = named.get("lengths", np.full(len(x), x.shape[1]))
    if lengths.shape != (len(x),) or lengths.dtype.kind not in "iu" or (lengths < 1).any() or (lengths > x.shape[1]).any():
        raise BadInput(
            f"{path}: lengths has shape {lengths.shape} and values {shorten(np.unique(lengths))}; expected one of 1 to "
            f"{x.shape[1]} for each of the {len(x)} sequences of x: correct it"
        )
    return [array[:length] for array, length in zip(x, lengths, strict=True)], others


def _check_table(origin: str, array: np.ndarray) -> np.ndarray:
    """Return an array as ``[T, X]``; ``BadInput`` if it is not of one or two axes, or not of numbers."""
    if array.ndim not in (1, 2):
        raise BadInput(f"{origin} has shape {array.shape}; expected [steps, columns]: reshape it")
    if array.dtype.kind not in "buif":
        raise BadInput(f"{origin} holds {array.dtype}; expected numbers: convert it")
    return array[:, None] if array.ndim == 1 else array


def _find_groups(path: Path, group: np.ndarray | None, count: int) -> list[Hashable] | None:
    if group is not None and group.shape != (count,):
        raise BadInput(f"{path}: group has shape {group.shape}; expected one of each of the {count} sequences: correct it")
    return None if group is None else group.tolist()


def _with_target(path: Path, raw: RawData, y: np.ndarray, choices: Choices) -> RawData:
    """Return the data with the target that is in ``y [N]``, ``[N, T]`` or ``[N, T, Y]``."""
    lengths = [len(array) for array in raw.sequences]
    if not y.ndim or len(y) != len(lengths) or y.ndim > 3 or (y.ndim > 1 and y.shape[1] < max(lengths)):
        raise BadInput(
            f"{path}: y has shape {y.shape}; expected [{len(lengths)}], one of each sequence, or "
            f"[{len(lengths)}, {max(lengths)}], one of each step: correct it"
        )
    if y.ndim == 1:
        values = [np.full((length, 1), value) for value, length in zip(y, lengths, strict=True)]
    else:
        steps = y[..., None] if y.ndim == 2 else y
        values = [array[:length] for array, length in zip(steps, lengths, strict=True)]
    width = values[0].shape[1]
    names = tuple(f"y{i}" if width > 1 else "y" for i in range(width))
    targets, what, line = target.decide(values, names, choices.as_target)
    return replace(raw, targets=targets, target=what, decisions=[*raw.decisions, line])
