"""Arrays of MATLAB 5: matrices, or cell arrays of sequences, by the names that arrays of NumPy have."""

import zlib
from pathlib import Path

import numpy as np

from gatebench.core.errors import BadInput, shorten
from gatebench.data import mat
from gatebench.ingest import limits, named_arrays
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData

SUFFIXES = (".mat",)
MOST_FILES = 1


def read(files: list[Path], choices: Choices) -> RawData:
    """Return the sequences of a file, with their target, groups and splits where there are some."""
    (path,) = files
    choices.check_only(f"{path.name}, a file of arrays,", "axes", "layout", "missing")
    try:
        named = dict(mat.variables(limits.read_bytes(path), limits.MOST_BYTES))
    except (ValueError, UnicodeDecodeError, IndexError, KeyError, zlib.error) as error:
        raise BadInput(
            f"{path} cannot be read as arrays ({shorten(error)}); save it anew: scipy.io.savemat(file, dict(x=x, y=y))"
        ) from error
    return named_arrays.read(path.name, {name: _squeeze(value) for name, value in named.items()}, choices)


def _squeeze(value: np.ndarray | list[np.ndarray]) -> np.ndarray | list[np.ndarray]:
    """Return a row or a column of a matrix as a list of numbers, which MATLAB has no other form for."""
    return value.reshape(-1) if isinstance(value, np.ndarray) and value.ndim == 2 and 1 in value.shape else value
