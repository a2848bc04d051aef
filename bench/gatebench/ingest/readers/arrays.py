"""Arrays of NumPy: a single series, a list of sequences, or a padded array of them with lengths, perhaps of each split."""

import re
import zipfile
import zlib
from pathlib import Path

import numpy as np

from gatebench.core.errors import BadInput, shorten
from gatebench.data import npz
from gatebench.ingest import limits, named_arrays
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData

SUFFIXES = (".npz", ".npy")
MOST_FILES = 1


def read(files: list[Path], choices: Choices) -> RawData:
    """Return the sequences of one ``.npz`` or ``.npy``, with their target, groups and splits where there are some."""
    (path,) = files
    choices.check_only(f"{path.name}, a file of arrays,", "axes", "layout", "missing")
    return named_arrays.read(path.name, _without_numbers(_read_arrays(path)), choices)


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
    stacked = len(listed) == 1 and arrays[listed[0]].ndim > 2
    return {"x": arrays[listed[0]] if stacked else [arrays[name] for name in listed], **others}
