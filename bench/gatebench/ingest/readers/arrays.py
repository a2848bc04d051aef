"""Arrays of NumPy: a single series, a list of sequences, or a padded array of them with lengths."""

import re
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from gatebench.core.errors import BadInput, shorten
from gatebench.data import npz
from gatebench.ingest import targets
from gatebench.ingest.options import MOST, Choices, Found

LAYOUT = "expected x [N, T, X] with lengths [N], or arr_0, arr_1, ... as np.savez(file, *list) writes them"


def read(path: Path, choices: Choices) -> Found:
    """What stands in an ``.npz`` or ``.npy``."""
    choices.only(f"{path.name}, a file of arrays,")
    try:
        if path.suffix.lower() == ".npz":
            named = npz.read(path, MOST)
        else:
            with path.open("rb") as file:
                named = {"": npz.read_array(file, MOST)}
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}); make it readable, or remove it") from error
    except (ValueError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error) as error:
        raise BadInput(
            f"{path} cannot be read as arrays ({shorten(error)}); save it anew: np.savez(file, *sequences)"
        ) from error
    single = named.pop("", None)
    if single is not None:
        sequences, rest = [single] if single.ndim < 3 else list(single), {}
    else:
        sequences, rest = _sequences(path, named)
    lines = [f"left out: {', '.join(sorted(rest.keys() - {'y', 'group'}))}"] if rest.keys() - {"y", "group"} else []
    places = [f"{path.name}, sequence {i}" for i in range(len(sequences))]
    sequences = [_table(place, array) for place, array in zip(places, sequences, strict=True)]
    found = Found(sequences, "a row", places, groups=_groups(path, rest.get("group"), len(sequences)), lines=lines)
    return found if "y" not in rest else _told(path, found, rest["y"], choices)


def _sequences(path: Path, named: dict[str, np.ndarray]) -> tuple[list[np.ndarray], dict[str, np.ndarray]]:
    """The sequences, and what else there is."""
    listed = sorted((name for name in named if re.fullmatch(r"arr_\d+", name)), key=lambda name: int(name[4:]))
    if listed and "x" not in named:
        alone = len(listed) == 1 and named[listed[0]].ndim > 2
        found = list(named[listed[0]]) if alone else [named[name] for name in listed]
        return found, {name: array for name, array in named.items() if name not in listed}
    if "x" not in named:
        raise BadInput(f"{path} has the arrays {shorten(', '.join(named)) or 'none'}; {LAYOUT}")
    x, rest = named["x"], {name: array for name, array in named.items() if name not in ("x", "lengths")}
    several = x.ndim == 3 or (x.ndim == 2 and {"lengths", "y", "group"} & named.keys())
    if not several:
        return [x], rest
    lengths = named.get("lengths", np.full(len(x), x.shape[1]))
    if lengths.shape != (len(x),) or lengths.dtype.kind not in "iu" or (lengths < 1).any() or (lengths > x.shape[1]).any():
        raise BadInput(
            f"{path}: lengths has shape {lengths.shape} and values {shorten(np.unique(lengths))}; expected one of 1 to "
            f"{x.shape[1]} for each of the {len(x)} sequences of x: correct it"
        )
    return [array[:length] for array, length in zip(x, lengths, strict=True)], rest


def _table(place: str, array: np.ndarray) -> np.ndarray:
    if array.ndim not in (1, 2):
        raise BadInput(f"{place} has shape {array.shape}; expected [steps, columns]: reshape it")
    if array.dtype.kind not in "buif":
        raise BadInput(f"{place} holds {array.dtype}; expected numbers: convert it")
    return array[:, None] if array.ndim == 1 else array


def _groups(path: Path, group: np.ndarray | None, count: int) -> list[Any] | None:
    if group is not None and group.shape != (count,):
        raise BadInput(f"{path}: group has shape {group.shape}; expected one of each of the {count} sequences: correct it")
    return None if group is None else group.tolist()


def _told(path: Path, found: Found, y: np.ndarray, choices: Choices) -> Found:
    lengths = [len(array) for array in found.sequences]
    if not y.ndim or len(y) != len(lengths) or y.ndim > 3 or (y.ndim > 1 and y.shape[1] < max(lengths)):
        raise BadInput(
            f"{path}: y has shape {y.shape}; expected [{len(lengths)}], one of each sequence, or "
            f"[{len(lengths)}, {max(lengths)}], one of each step: correct it"
        )
    if y.ndim == 1:
        values = [np.full((length, 1), one) for one, length in zip(y, lengths, strict=True)]
    else:
        steps = y[..., None] if y.ndim == 2 else y
        values = [array[:length] for array, length in zip(steps, lengths, strict=True)]
    width = values[0].shape[1]
    told, target, line = targets.told(values, tuple(f"y{i}" if width > 1 else "y" for i in range(width)), choices.as_target)
    return Found(**{**vars(found), "told": told, "target": target, "lines": [*found.lines, line]})
