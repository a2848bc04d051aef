"""The same sequences in files of arrays: functions that write one, as people's programs do."""

from pathlib import Path

import numpy as np
import scipy.io

RANDOM = np.random.default_rng(8)
LENGTHS = [int(length) for length in RANDOM.integers(5, 17, 24)]
LENGTHS[3] = 17
SEQUENCES = [RANDOM.standard_normal((length, 2)).round(3) for length in LENGTHS]
LABELS = [("down", "up")[i % 2] for i in range(24)]


def padded() -> np.ndarray:
    """``[N, T, X]``, zeros at the end of the shorter ones."""
    x = np.zeros((24, 17, 2))
    for i, sequence in enumerate(SEQUENCES):
        x[i, : len(sequence)] = sequence
    return x


def _saved(folder: Path, **arrays: object) -> Path:
    np.savez_compressed(folder / "x.npz", **arrays)  # type: ignore[arg-type]
    return folder / "x.npz"


def in_capitals(folder: Path) -> Path:
    return _saved(folder, X=padded(), Y=LABELS, Lengths=LENGTHS)


def by_words(folder: Path) -> Path:
    return _saved(folder, data=padded(), labels=LABELS, lengths=LENGTHS)


def channels_first(folder: Path) -> Path:
    """``[N, X, T]``, as UEA, tsai and convolutions have it."""
    return _saved(folder, x=padded().transpose(0, 2, 1), y=LABELS, lengths=LENGTHS)


def listed(folder: Path) -> Path:
    path = folder / "x.npz"
    np.savez(path, *SEQUENCES, labels=LABELS)
    return path


def listed_channels_first(folder: Path) -> Path:
    path = folder / "x.npz"
    np.savez(path, *(sequence.T for sequence in SEQUENCES), y=LABELS)
    return path


def one_hot(folder: Path) -> Path:
    rows = np.eye(2)[[int(label == "up") for label in LABELS]]
    return _saved(folder, x=padded(), y=rows, lengths=LENGTHS)


def _cells(values: list[object]) -> np.ndarray:
    cells = np.empty(len(values), object)
    cells[:] = values
    return cells


def matlab(folder: Path) -> Path:
    """A padded array, numbers of a row each, labels as rows of letters."""
    scipy.io.savemat(folder / "x.mat", {"x": padded(), "y": np.array(LABELS), "lengths": np.array(LENGTHS, float)})
    return folder / "x.mat"


def matlab_cells(folder: Path) -> Path:
    """Cell arrays, packed, of sequences with time along the second axis, as MATLAB's own networks read them."""
    sequences = _cells([sequence.T for sequence in SEQUENCES])
    scipy.io.savemat(folder / "x.mat", {"X": sequences, "Y": _cells(LABELS)}, do_compression=True)
    return folder / "x.mat"


ALL = (in_capitals, by_words, channels_first, listed, listed_channels_first, one_hot, matlab, matlab_cells)
