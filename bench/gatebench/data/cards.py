"""Cards: what a data set is, where its files come from, and how we know that they are the right ones."""

import hashlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar, cast

from gatebench.core import registry
from gatebench.core.errors import BadInput, shorten, visible
from gatebench.core.validation import Constraint, Count, construct, mismatch, read_yaml, shown
from gatebench.data.alteration import Alteration
from gatebench.data.contents import Arrays, Forecast, Kind, Target, check_columns, check_sequences, content_digest
from gatebench.data.origins import NO_ORIGINS, Origins

LOWEST_PITCH = 21
"""MIDI pitch of column 0 of a piano roll."""
Result = TypeVar("Result")
"""What a reader returns."""
Baselines = dict[str, dict[str, dict[str, float]]]
"""Baseline -> split -> ``nll`` and ``nll_sequence_mean``, in nats per prediction."""


BaselineMetrics = dict[str, dict[str, list[float]]]
"""Baseline -> metric on test -> its value and, where it is known, the ends of its 95% interval for new sequences."""


def _is_below(path: str) -> bool:
    plain = path.isprintable() and len(path.encode()) < 256 and not {"\\", ":"} & set(path)  # of other systems
    return plain and all(part not in ("", ".", "..") for part in path.split("/"))


def _matches(expected: str, pattern: str) -> Constraint:
    return Constraint(expected, lambda text: re.fullmatch(pattern, text, re.ASCII) is not None)


Below = Annotated[str, Constraint("a path below a folder, for example music/JSB_Chorales.mat", _is_below)]
"""A path that stays below its folder, so that what is read from there or fetched to there is nobody else's file."""
HOST = r"[\w-]{1,63}(\.[\w-]{1,63})*(:\d{1,5})?"
"""Pattern of the host and the port in an address."""
Address = Annotated[str, _matches("an address, for example https://zenodo.org/x.zip", rf"https?://{HOST}(/[!-~]{{0,999}})?")]
"""A web address without blanks."""
Digest = Annotated[str, _matches("64 hexadecimal digits", "[0-9a-f]{64}")]
"""A SHA-256 checksum as 64 hexadecimal digits."""
Requirement = Annotated[str, _matches("a package and its version, for example music21==10.5.1", r"[\w-]+==[\w.]+|")]
"""A package pinned to a version, or nothing."""


@dataclass(frozen=True)
class File:
    """One file of a data set."""

    path: Below
    """Where it is below a data folder."""
    sha256: Digest
    """The checksum of its bytes."""
    url: Address | None = None
    """Where it is fetched from; None: a user added it."""


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
    """What a step is, for example ``an eighth note``."""
    synthetic: bool
    """Whether no one played, said or measured it."""
    kind: Kind
    """What a sequence is; see `Kind`."""
    reader: str
    """The file of ``data/readers/``, or of a plugin folder's ``readers/``, that reads it."""
    content: str
    """SHA-256 of the decoded sequences (`content_digest`)."""
    facts: dict[str, Any]
    """What `gatebench.data.facts` computes for the kind."""
    baselines: Baselines
    """Scores of baselines, as `gatebench.data.baselines.compute` gives them."""
    baseline_metrics: BaselineMetrics = field(default_factory=dict)
    """What people decide by beside NLL, of the same predictors; none on cards of earlier versions."""
    files: tuple[File, ...] = ()
    package: Requirement = ""
    """Requirement of the package that ships the data, for example ``music21==10.5.1``."""
    extra: str = ""
    """The extra of gatebench that installs that package."""
    rate: Count | None = None
    """Samples of audio a second."""
    names: tuple[str, ...] = ()
    """The symbols, in the order of their numbers; of other kinds the input columns, where they have names."""
    target: Target | None = None
    """What is predicted of a sequence; None: how it goes on."""
    forecast: Forecast | None = None
    """Which columns go on how far; None: every column by one step."""
    differenced: tuple[str, ...] = ()
    """Names of the columns that are changes from the step before, of which the data came as values."""
    season: Annotated[int, Constraint("a whole number of steps from 2", lambda value: value >= 2)] | None = None
    """Steps after which something comes again, for baselines; None: they look for it."""
    has_series: bool = False
    """Whether its reader says which sequences are windows of one series, that follow one another. Then what a model has
    read of a series goes on from window to window."""
    has_groups: bool = False
    """Whether its reader says which sequences belong to one group, such as a person's."""
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

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns of its arrays but for a target's; their numbers where they have none."""
        columns = self.width - (self.target.columns if self.target else 0)
        return self.names if self.names and self.kind != "symbols" else tuple(map(str, range(columns)))


SHOWN = ("title", "description", "source", "licence", "citation", "time_step")
"""Texts of a card that are for people."""


class Reader(Protocol):
    """A file of ``readers/``: it reads one format."""

    def read(self, card: Card, paths: list[Path]) -> Arrays:
        """Return the sequences of every split from the files of the card, whose checksums are verified."""
        ...

    def read_origins(self, card: Card, paths: list[Path]) -> Origins:
        """Return the series and the groups of all sequences; only of cards that have some, so that readers may lack it."""
        ...


def load(name: str) -> Card:
    """Return the card called ``name``; ``BadInput`` if there is none, or it is not as a card should be."""
    path = registry.find("datasets", name, ".yaml", called="dataset")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise _no_card(path, error) from error
    return _card(path, text)


@lru_cache(16)
def _card(path: Path, text: str) -> Card:
    """Return the card that a text at a path is; jobs of a sweep ask for the same ones again and again."""
    try:
        values = read_yaml(text)
        if not isinstance(values, Mapping):
            raise ValueError("it has no entries")
    except Exception as error:  # of tags, the parser raises anything
        raise _no_card(path, error) from error
    values = {("baselines" if entry == "floors" else entry): value for entry, value in values.items()}  # of earlier versions
    card = construct(Card, f"{path.name}:", {**values, "name": path.stem})
    card = replace(card, **{name: visible(getattr(card, name)) for name in SHOWN})
    _check_entries(card, path.name)
    return card


def _no_card(path: Path, error: Exception) -> BadInput:
    return BadInput(f"{path} is not a card ({shorten(error)}); compare it with another card")


def _check_entries(card: Card, file: str) -> None:
    """Raise ``BadInput`` where entries of a card do not fit one another."""
    if (card.kind == "audio") != (card.rate is not None):
        raise BadInput(f"{file}: rate is {shown(card.rate)}; expected samples a second for kind audio, and none for others")
    if card.kind == "symbols" and len(card.names) < 2:
        raise BadInput(f"{file}: names is {shown(card.names)}; expected the symbols, at least two")
    if card.altered and (card.has_series or card.has_groups):
        raise BadInput(f"{file}: altered is given, and so is has_series or has_groups; expected altered rolls without them")
    if card.altered and card.kind != "piano_roll":
        raise BadInput(f"{file}: altered is given, but kind is {card.kind}; expected piano_roll, or nothing altered")
    target = card.target
    if card.forecast and (target or card.kind in ("audio", "symbols")):
        raise BadInput(
            f"{file}: forecast is given, but {'there is a target' if target else f'kind is {card.kind}'}; expected numbers "
            "that go on, or no forecast"
        )
    if target is None:
        return
    if card.kind == "audio":
        raise BadInput(f"{file}: target is given, but kind is audio; expected another kind, or no target")
    if target.ahead and target.of == "sequence":
        raise BadInput(f"{file}: target.ahead is {target.ahead}, of a whole sequence; expected target.of step, or ahead 0")
    if target.kind == "label" and (target.columns != 1 or len(target.names) < 2):
        raise BadInput(
            f"{file}: target has {target.columns} column(s) and {len(target.names)} name(s); "
            "expected one column and at least two classes for a label"
        )


def read_arrays(card: Card) -> Arrays:
    """Return the sequences of a data set, verified: the checksums of its files before reading, that of the content after.

    ``BadInput`` says which file, or what in it, is not as the card says.
    """
    sequences, origins = _read(card, lambda reader, paths: reader.read(card, paths)), read_origins(card)
    if card.altered:
        sequences = card.altered.apply(sequences)
    check_sequences(card.name, sequences, card.kind)
    check_columns(card.name, sequences, card.kind, len(card.names), card.target)
    origins.check(card.name, sequences)
    digest = content_digest(sequences, origins.series)
    if digest != card.content:
        origin, stated = card.package or "its files", shorten(card.content)
        raise BadInput(
            f"dataset {card.name}: the sequences read from {origin} have SHA-256 {digest}, the card says {stated}; "
            + (f"install {card.package}" if card.package else "correct the card")
        )
    return sequences


def read_origins(card: Card) -> Origins:
    """Return what the sequences of a data set come from, as far as its card says that this is known."""
    if not card.has_series and not card.has_groups:
        return NO_ORIGINS
    return _read(card, lambda reader, paths: reader.read_origins(card, paths))


def _read(card: Card, function: Callable[[Reader, list[Path]], Result]) -> Result:
    """Return what a card's reader makes of its files; ``BadInput`` if they are not what the card says."""
    paths = [locate(card, file) for file in card.files]
    reader_file = registry.find("readers", card.reader, ".py", called=f"reader in {card.name}.yaml")
    reader = cast(Reader, registry.load_module("gatebench.data.readers", reader_file))
    try:
        return function(reader, paths)
    except BadInput:
        raise
    except Exception as error:  # whatever a parser makes of a file that is not what its card says
        reason = shorten(str(error) or type(error).__name__)
        raise BadInput(
            f"dataset {card.name} cannot be read by {card.reader}: {reason}; correct the card, or fetch what it describes"
        ) from error


def locate(card: Card, file: File) -> Path:
    """Return where a file lies, its checksum verified.

    It is looked for in ``data/`` beside the folder of its card, in ``$GATEBENCH_DATA`` and in the cache, then fetched.
    """
    beside_card = registry.find("datasets", card.name, ".yaml").parent.parent / "data" / file.path
    path = beside_card if beside_card.is_file() else find_local(file.path)
    if path is None and file.url is None:
        raise BadInput(
            f"dataset {card.name}: {file.path} is not in the folder data/ of its plugin folder; add it again: "
            "gatebench data add"
        )
    if path is None:
        path = cache() / file.path
        fetch(card, str(file.url), path, file.sha256)
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}); remove it, or make it readable") from error
    if digest != file.sha256:
        raise BadInput(f"{path} has SHA-256 {digest}, expected {file.sha256}; it is damaged or another file: remove it")
    return path


def find_local(path: str) -> Path | None:
    """Return the file at a path below ``$GATEBENCH_DATA``, or below the cache; None if it is in neither."""
    variable = os.environ.get("GATEBENCH_DATA")
    data_folders = [registry.folder_from_environment("GATEBENCH_DATA", variable)] if variable else []
    if data_folders and not data_folders[0].is_dir():
        raise BadInput(f"GATEBENCH_DATA is '{variable}', which is not a folder; expected the one with {path} in it")
    return next((folder / path for folder in [*data_folders, cache()] if (folder / path).is_file()), None)


def cache() -> Path:
    """Return the folder for fetched and parsed data: ``datasets/cache`` in a checkout, the user's cache folder otherwise."""
    if registry.CHECKOUT:
        return registry.CHECKOUT / "datasets" / "cache"
    import pooch

    return Path(pooch.os_cache("gatebench"))


def fetch(card: Card, url: str, target: Path, sha256: str | None = None) -> None:
    """Fetch one file to ``target``; without a checksum here, its content is verified by whoever decodes it."""
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
