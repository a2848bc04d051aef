"""Arrays of NumPy: a single series, a list of sequences, or a padded array of them with lengths, in one file or several."""

import re
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from gatebench.core.errors import BadInput, shorten
from gatebench.data import npz
from gatebench.ingest import given, limits, named_arrays
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData

SUFFIXES = (".npz", ".npy")
MOST_FILES = None


def read(files: list[Path], choices: Choices) -> RawData:
    """Return the sequences of one file, of arrays by the names of their files, or of a file each."""
    choices.check_only(f"{files[0].name}, a file of arrays,", "axes", "layout", "missing")
    if len(files) == 1:
        return named_arrays.read(files[0].name, _without_numbers(_read_arrays(files[0])), choices)
    folder = files[0].parent.name or "the folder"
    if are_named(files):
        return named_arrays.read(folder, {file.stem: _read_arrays(file)["x"] for file in files}, choices)
    splits = given.splits_of_files(files)
    if splits is not None:
        of_split = dict(zip(splits, map(_read_arrays, files), strict=True))
        named = {f"{name}_{split}": array for split in splits for name, array in _without_numbers(of_split[split]).items()}
        return named_arrays.read(folder, named, choices)
    series = []
    for file in files:
        with limits.reading(file):
            series.append(_read_series(file))
    limits.check_count(folder, sum(array.size for array in series))
    raw = named_arrays.read(folder, {"x": series}, choices)
    return replace(raw, origins=[file.name for file in files], files=[*range(len(files))])


def find_partners(path: Path) -> list[Path]:
    """Return a file with those beside it that have its target, lengths or groups, or are the same of other splits."""
    beside = sorted(file for file in path.parent.glob("*") if file.suffix.lower() == ".npy" and file.is_file())
    named = [file for file in beside if named_arrays.find_role(file.stem)[0]]
    return named if path in named and are_named(named) else given.with_partner(path)


def are_named(files: list[Path]) -> bool:
    """Whether files have an array each, under names such as ``X_train.npy`` and ``y_train.npy``."""
    roles = [named_arrays.find_role(file.stem) for file in files]
    by_name = all(role and file.suffix.lower() == ".npy" for (role, _), file in zip(roles, files, strict=True))
    return by_name and len({*roles}) == len(roles) and any(role == "x" for role, _ in roles)


def _read_series(file: Path) -> np.ndarray:
    """Return the only array of a file, which is a sequence."""
    named = _read_arrays(file)
    if len(named) != 1 or (array := next(iter(named.values()))).ndim not in (1, 2) or array.dtype.kind not in "buif":
        shapes = shorten(", ".join(f"{name} {array.shape}" for name, array in named.items()))
        raise BadInput(
            f"{file} has {shapes}; of several files, expected one array of numbers in each, [steps, columns], which is a "
            "sequence: save them so, np.save(file, sequence), or all in one file: np.savez(file, *sequences)"
        )
    return array


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return name -> array; the only one of an ``.npy`` is called ``x``."""
    try:
        if path.suffix.lower() == ".npz":
            return npz.read(path, limits.MOST_BYTES)
        with path.open("rb") as file:
            return {"x": npz.read_array(file, limits.MOST_BYTES)}
    except OSError as error:
        raise limits.unreadable(path, error) from error
    except (ValueError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error) as error:
        raise BadInput(
            f"{path} cannot be read as arrays ({shorten(error)}); save it anew: np.savez(file, *sequences)"
        ) from error


def _without_numbers(arrays: dict[str, np.ndarray]) -> named_arrays.Named:
    """Return arrays by name, those that ``np.savez`` numbers as one list, or one stack, called ``x``."""
    listed = sorted((name for name in arrays if re.fullmatch(r"arr_\d+", name)), key=lambda name: int(name[4:]))
    if not listed or "x" in arrays:
        return {**arrays}
    others = {name: array for name, array in arrays.items() if name not in listed}
    if [arrays[name].ndim for name in listed] in ([2, 1], [3, 1]) and len({len(arrays[name]) for name in listed}) == 1:
        return {"x": arrays[listed[0]], "y": arrays[listed[1]], **others}  # as np.savez(file, X, y) writes them
    stacked = len(listed) == 1 and arrays[listed[0]].ndim > 2
    return {"x": arrays[listed[0]] if stacked else [arrays[name] for name in listed], **others}
