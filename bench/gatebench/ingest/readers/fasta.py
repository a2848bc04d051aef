"""FASTA: sequences of letters, of nucleotides or amino acids, each below a line that begins with ``>`` and names it."""

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gatebench.core.errors import BadInput, shorten
from gatebench.ingest import encoding, given, limits
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData

SUFFIXES = (".fasta", ".fa", ".fna", ".faa", ".fasta.gz", ".fa.gz")
MOST_FILES = None


def read(files: list[Path], choices: Choices) -> RawData:
    """Return a sequence of numbers of letters for each entry of all files."""
    choices.check_only("FASTA", "least_count")
    entries: list[tuple[Path, str, str]] = []
    encodings: list[str] = []
    for file in files:
        with limits.reading(file):
            decoded, said = encoding.decode(_unpacked(file), str(file))
            entries += [(file, name, letters) for name, letters in _entries(file, decoded)]
            encodings += said
    sequences = [letters.rstrip("*") for _, _, letters in entries]
    lines = [*dict.fromkeys(encodings), f"sequences: {len(entries):,}, an entry each"]
    if ended := sum(letters.endswith("*") for _, _, letters in entries):
        lines.append(f"left out: the * at the end of {ended:,} entries, which says that a sequence ends")
    everywhere = set().union(*sequences)
    if any(letter.islower() for letter in everywhere) and any(letter.isupper() for letter in everywhere):
        sequences = [letters.upper() for letters in sequences]
        lines.append("letters: small ones, which mark repeats, are read as large ones")
    points = np.unique(np.concatenate([_points(letters) for letters in sequences]))
    number_of = {file: i for i, file in enumerate(files)}
    splits = given.splits_of_files(files)
    return RawData(
        [np.searchsorted(points, _points(letters))[:, None] for letters in sequences],
        "a letter",
        [f"{file.name}, {shorten(name)}" for file, name, _ in entries],
        "symbols",
        tuple(map(chr, points)),
        files=[number_of[file] for file, _, _ in entries],
        splits=[splits[number_of[file]] for file, _, _ in entries] if splits else None,
        decisions=lines,
    )


def _points(letters: str) -> np.ndarray:
    return np.frombuffer(letters.encode("utf-32-le"), np.uint32)


def _unpacked(file: Path) -> bytes:
    content = limits.read_bytes(file)
    if file.suffix.lower() != ".gz":
        return content
    try:
        with gzip.open(io.BytesIO(content)) as packed:
            return packed.read(limits.MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput(f"{file} cannot be unpacked ({shorten(error)}); it is damaged: save it anew") from error


def _entries(file: Path, decoded: str) -> Iterator[tuple[str, str]]:
    """Yield name and letters of every entry of a file; ``BadInput`` if it is not as FASTA is."""
    name, letters = None, []
    for number, line in enumerate(decoded.splitlines(), 1):
        text = line.strip()
        if text.startswith(">"):
            if name is not None:
                yield name, _joined(file, name, letters)
            name, letters = text[1:].strip() or f"entry in line {number}", []
        elif text and not text.startswith(";"):
            if name is None:
                raise BadInput(f"{file}, line {number} stands before any that begins with >; expected a name first: add it")
            letters.append(text)
    if name is None:
        raise BadInput(f"{file} has no line that begins with >; expected FASTA: correct it, or name it .txt if it is text")
    yield name, _joined(file, name, letters)


def _joined(file: Path, name: str, letters: list[str]) -> str:
    joined = "".join(letters).replace(" ", "")
    if not joined.rstrip("*"):
        raise BadInput(f"{file}: {shorten(name)} has no letters; expected a sequence below each name: remove it")
    return joined
