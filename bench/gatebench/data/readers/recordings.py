"""Speech recordings as windows of equal length: a manifest, and the files it names in an archive, a folder or fetched.

The card's ``options`` are the fields of `RecordingOptions`. The manifest is a CSV beside the card with the columns ``file,
split, speaker, samples, sha256``; the checksum is that of the decoded samples (16-bit little-endian), so that it holds
for an archive, whatever packed it, and for single files alike.

Windows do not overlap and never cross a file. Where fewer are asked for than there are, which ones is drawn from the
card's seed, as many of each speaker as of the others.
"""

import csv
import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from gatebench.core import registry
from gatebench.core.errors import BadInput, shorten
from gatebench.core.validation import Count, construct, mismatch
from gatebench.data import cards
from gatebench.data.cards import Address, Below, Card
from gatebench.data.contents import SPLITS, Arrays
from gatebench.data.origins import Origins

DAMAGED = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError, struct.error)
"""What zipfile raises of an archive that is damaged or is none."""


@dataclass(frozen=True)
class RecordingOptions:
    """What a card says about its recordings."""

    manifest: Below
    """CSV below the folder of the card."""
    archive: Below
    """Zip below a data folder with the files in it, in whatever folder; without it, the files are fetched one by one."""
    url: Address
    """Folder on the web that has the single files."""
    length: Count
    """Samples of a window."""
    seed: int
    """Seed of the draw of windows."""
    train: Count | None = None
    """Windows of the split; None: all that there are."""
    valid: Count | None = None
    test: Count | None = None


@dataclass(frozen=True)
class Recording:
    """A row of the manifest: a file, where it belongs, and how its decoded samples are verified."""

    file: str
    split: str
    speaker: str
    samples: int
    sha256: str


def read(card: Card, paths: list[Path]) -> Arrays:
    """Return split -> windows ``[length, 1]`` of 16-bit samples, speaker after speaker."""
    options = construct(RecordingOptions, f"{card.name}.yaml: options", card.options)
    rows = _manifest(card, options)
    pools: dict[str, list[np.ndarray]] = {split: [] for split in SPLITS}
    for recording, samples in recordings(card, options):
        usable = len(samples) // options.length * options.length
        pools[recording.split] += list(samples[:usable].reshape(-1, options.length, 1))
    return {split: [pools[split][i] for i, _ in _drawn(card, options, split, rows)] for split in SPLITS}


def read_origins(card: Card, paths: list[Path]) -> Origins:
    """Return the recording that each window was cut from, as its group; the manifest says it, without the files."""
    options = construct(RecordingOptions, f"{card.name}.yaml: options", card.options)
    rows = _manifest(card, options)
    return Origins(
        groups={split: np.array([row for _, row in _drawn(card, options, split, rows)], np.int64) for split in SPLITS}
    )


def _manifest(card: Card, options: RecordingOptions) -> list[Recording]:
    return read_manifest(registry.find("datasets", card.name, ".yaml").parent / options.manifest)


def _drawn(card: Card, options: RecordingOptions, split: str, rows: list[Recording]) -> list[tuple[int, int]]:
    """Return the windows of a split: each one's position among all that there are, and the row of its recording.

    So many as the card asks for, evenly over speakers, in the order in which they are cut.
    """
    pool = [i for i, row in enumerate(rows) if row.split == split for _ in range(row.samples // options.length)]
    count: int | None = getattr(options, split)
    if count is None:
        return list(enumerate(pool))
    if count > len(pool):
        raise BadInput(
            f"{card.name}.yaml: options.{split} asks for {count} windows, but there are {len(pool)}; ask for fewer"
        )
    random = np.random.default_rng([options.seed, SPLITS.index(split)])
    return [(i, pool[i]) for i in spread([rows[row].speaker for row in pool], count, random)]


def spread(speakers: list[str], count: int, random: np.random.Generator) -> list[int]:
    """Return ``count`` positions, drawn in rounds that take one window of every speaker that has some left."""
    turns: dict[str, int] = {}
    drawn = []
    for i in random.permutation(len(speakers)):
        turns[speakers[i]] = turns.get(speakers[i], 0) + 1
        drawn.append((turns[speakers[i]], int(i)))
    # The last round may not reach all speakers: whoever was drawn first is in.
    ordered = sorted(drawn, key=lambda pair: pair[0])
    return sorted(i for _, i in ordered[:count])


def recordings(card: Card, options: RecordingOptions) -> Iterator[tuple[Recording, np.ndarray]]:
    """Yield every recording of the manifest with its samples ``[L]``, verified."""
    rows = _manifest(card, options)
    read_contents = _open_source(card, options, rows)
    for row in rows:
        yield row, _verify(row, decode(row.file, read_contents(row.file), card.rate, _plausible_size(row.samples)))


def read_manifest(path: Path) -> list[Recording]:
    """Return the rows of a manifest; ``BadInput`` if it is none."""
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            table = csv.DictReader(lines, restval="")  # a row that is too short is reported by what it lacks
            rows = [Recording(**{**row, "samples": int(row["samples"])}) for row in table]
    except (OSError, ValueError, TypeError, KeyError, csv.Error) as error:
        raise BadInput(
            f"manifest {path} cannot be read ({shorten(error)}); "
            "expected CSV with columns file, split, speaker, samples, sha256"
        ) from error
    if len({row.file for row in rows}) < len(rows):
        raise BadInput(f"manifest {path} names a file twice; a recording belongs to one split: remove one of the rows")
    for row in rows:
        if row.split not in SPLITS or "/" in row.file or mismatch(row.file, Below):
            raise BadInput(
                f"manifest {path}: '{shorten(row.file)}' of split '{shorten(row.split)}'; "
                f"expected a plain file name and one of {SPLITS}"
            )
    return rows


def _open_source(card: Card, options: RecordingOptions, rows: list[Recording]) -> Callable[[str], bytes]:
    """Return what reads the bytes of a file: from the archive, if it is here, or else from files fetched one by one."""
    archive = cards.find_local(options.archive)
    if archive is not None:
        return _open_archive(archive, {row.file: row.samples for row in rows})
    folder = cards.cache() / PurePosixPath(options.archive).parent
    missing = [row.file for row in rows if not (folder / row.file).is_file()]
    if missing:
        from multiprocessing.pool import ThreadPool

        from tqdm import tqdm

        with ThreadPool(8) as pool:
            fetched = pool.imap(lambda file: cards.fetch(card, f"{options.url}/{file}", folder / file), missing)
            for _ in tqdm(fetched, total=len(missing), desc=f"fetching {card.name}", unit="file", disable=None):
                pass
    return lambda file: (folder / file).read_bytes()


def _plausible_size(samples: int) -> int:
    """Return how many bytes a file, and samples in it, may have where so many samples were promised."""
    return 4 * max(samples, 0) + 2**20


def _open_archive(path: Path, samples: dict[str, int]) -> Callable[[str], bytes]:
    """Return what reads the files of a zip by name, none of which may be far larger than its samples ask for."""
    try:
        archive = zipfile.ZipFile(path)
    except DAMAGED as error:
        raise BadInput(f"{path} is not a zip archive ({shorten(error)}); fetch it again or remove it") from error
    members: dict[str, str] = {}
    for name in archive.namelist():
        parts = PurePosixPath(name).parts
        if ".." in parts or name.startswith(("/", "\\")) or "\\" in name or ":" in name:
            raise BadInput(
                f"{path} has a member named '{shorten(name)}', which points out of the archive; "
                "it is not to be trusted: remove it"
            )
        if parts and parts[-1] in samples:
            members[parts[-1]] = name
    missing = sorted(samples.keys() - members.keys())
    if missing:
        raise BadInput(
            f"{path} lacks {missing[0]} and {len(missing) - 1} other files of the manifest; use the complete archive"
        )

    def read_contents(file: str) -> bytes:
        member, name = archive.getinfo(members[file]), shorten(members[file])
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BadInput(f"{path}: {name} is packed in a way that is not read here; expected deflate: pack it anew")
        if member.file_size > _plausible_size(samples[file]):
            raise BadInput(
                f"{path}: {name} unpacks to {member.file_size:,} bytes, "
                f"far more than its {samples[file]:,} samples; remove it"
            )
        try:
            # So many bytes and no more: reading all there is would unpack first and see then that it is more than was said.
            with archive.open(member) as packed:
                return packed.read(member.file_size)
        except DAMAGED as error:
            raise BadInput(
                f"{path}: {name} cannot be unpacked ({shorten(error)}); the archive is damaged: fetch it again"
            ) from error

    return read_contents


def decode(name: str, contents: bytes, rate: int | None, most: int = 2**31) -> np.ndarray:
    """Return the samples ``[L]``, at most so many, of a 16-bit mono wav or flac of ``rate`` samples a second.

    ``BadInput`` says what it is instead.
    """
    import soundfile

    if not contents:
        raise BadInput(f"{name} is empty; expected a wav or flac file: fetch it again")
    try:
        with soundfile.SoundFile(io.BytesIO(contents)) as sound:
            if sound.format not in ("WAV", "WAVEX", "FLAC"):
                raise BadInput(f"{name} is a {sound.format} file; expected wav or flac")
            if sound.channels != 1:
                raise BadInput(f"{name} has {sound.channels} channels; expected mono: mix it down")
            if sound.subtype != "PCM_16":
                raise BadInput(f"{name} holds {sound.subtype} samples; expected 16-bit whole numbers (PCM_16): convert it")
            if sound.samplerate != rate:
                raise BadInput(f"{name} has {sound.samplerate} samples a second; its card says {rate}: resample it")
            if sound.frames > most:
                raise BadInput(f"{name} states {sound.frames:,} samples, far more than its manifest; fetch it again")
            stated, samples = sound.frames, sound.read(dtype="int16")
    except soundfile.SoundFileError as error:
        raise BadInput(
            f"{name} cannot be decoded ({str(error).strip()}); it is damaged or no audio: fetch it again"
        ) from error
    if len(samples) < stated:
        raise BadInput(f"{name} ends after {len(samples)} of {stated} samples; it is cut short: fetch it again")
    if not len(samples):
        raise BadInput(f"{name} has no samples; expected at least one: remove it")
    return samples


def _verify(row: Recording, samples: np.ndarray) -> np.ndarray:
    digest = hashlib.sha256(samples.astype("<i2").tobytes()).hexdigest()
    if digest != row.sha256 or len(samples) != row.samples:
        raise BadInput(
            f"{row.file} decodes to {len(samples)} samples with SHA-256 {digest}; "
            f"the manifest says {shorten(row.samples)} with {shorten(row.sha256)}: "
            "it is damaged or another recording, fetch it again"
        )
    return samples
