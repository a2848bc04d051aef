"""Files of NumPy arrays, read without trust: nothing is unpickled, and no more is unpacked than was looked at before."""

import math
import zipfile
from collections.abc import Container, Mapping
from pathlib import Path
from typing import IO

import numpy as np

from gatebench.data import long_arrays

MOST_BYTES = 2**31
"""Bytes that the arrays of a file may unpack to."""


def read(path: Path | IO[bytes], most: int = MOST_BYTES, names: Container[str] | None = None) -> dict[str, np.ndarray]:
    """Return name -> array of an ``.npz`` of at most so many bytes when unpacked; ``ValueError`` says what is wrong.

    With ``names`` no others are unpacked.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > most:
            raise ValueError(f"it unpacks to more than {most:,} bytes")
        if len({member.filename for member in members}) < len(members):
            raise ValueError("it has two arrays of one name")
        arrays = {}
        for member in members:
            if not member.filename.endswith(".npy"):
                raise ValueError(f"it has a file {member.filename} in it, which is no array")
            name = member.filename.removesuffix(".npy")
            if names is None or name in names:
                with archive.open(member) as file:
                    arrays[name] = read_array(file, member.file_size)
        return arrays


def read_array(file: IO[bytes], size: int) -> np.ndarray:
    """Return the array of an ``.npy`` of ``size`` bytes, whose header is believed only where it fits them.

    ``ValueError`` says what is wrong with it.
    """
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"version {version[0]}.{version[1]} of the format is not read here")
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, by_column, dtype = header(file)
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which could run code when they are read; save arrays of numbers")
    content = file.read(size)
    if len(content) != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"an array of shape {shape} of {dtype} does not fit its {len(content):,} bytes")
    return np.frombuffer(content, dtype).reshape(shape, order="F" if by_column else "C")


def write(path: Path, arrays: Mapping[str, list[np.ndarray]]) -> None:
    """Write name -> array, each in parts that follow one another, into an ``.npz`` that is not there yet.

    The same numbers make the same bytes, whenever they are written and in whatever parts.
    """
    with path.open("xb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, parts in arrays.items():
            dtype = np.result_type(*parts)
            shape = (sum(map(len, parts)), *parts[0].shape[1:])
            header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array_header_1_0(member, header)
                for block in long_arrays.blocks(parts):
                    member.write(block.astype(dtype, copy=False).tobytes())
