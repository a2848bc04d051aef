"""Recordings: wav or flac, one channel of 16 bits, all of one rate."""

import io
import struct
from collections import Counter
from pathlib import Path

from gatebench.core.errors import BadInput, shorten
from gatebench.data.readers.recordings import decode
from gatebench.ingest import limits
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData

SUFFIXES = (".wav", ".flac")
MOST_FILES = None
UNKNOWN_SIZE = 0x7FFF0000
"""Bytes from which on a wav states no size: what writes a stream puts a number as large as can be there."""


def read(files: list[Path], choices: Choices) -> RawData:
    """Return the samples ``[L, 1]`` of each file."""
    choices.check_only("audio")
    rates: dict[Path, int] = {}
    for file in files:
        with limits.reading(file):
            rates[file] = _read_rate(file)
    ((rate, _),) = Counter(rates.values()).most_common(1)
    for file, other in rates.items():
        if other != rate:
            message = f"{file} has {other:,} samples a second, others have {rate:,}; expected one rate: resample it"
            raise limits.UnreadableFile(message, file)
    sequences, total, cut_off = [], 0, []
    for file in files:
        with limits.reading(file):
            contents = limits.read_bytes(file)
            samples = decode(file.name, contents, rate)
        cut_off += [file.name] * _is_cut_off(contents)
        total += len(samples)
        limits.check_count(str(file.parent), total // 4)  # 16 bits each
        sequences.append(samples[:, None])
    decisions = [f"sequences: {len(files)}, a file each, of {rate:,} samples a second"]
    if cut_off:
        decisions.append(
            f"cut off: {len(cut_off):,} file(s) end before the samples that they state, and are read to their end: "
            f"{shorten(', '.join(cut_off))}"
        )
    time_step = f"a block of 10 samples ({10_000 / rate:.3g} ms)"
    return RawData(
        sequences,
        time_step,
        [file.name for file in files],
        "audio",
        rate=rate,
        files=[*range(len(files))],
        decisions=decisions,
    )


def _read_rate(file: Path) -> int:
    import soundfile

    try:
        return soundfile.info(io.BytesIO(limits.read_bytes(file))).samplerate
    except soundfile.SoundFileError as error:
        why = getattr(error, "error_string", str(error)).strip(" .")  # without the name of what stands for the file
        raise BadInput(f"{file} cannot be decoded ({why}); it is damaged or no audio: remove it") from error


def _is_cut_off(contents: bytes) -> bool:
    """Whether a wav ends before the bytes of samples that it states, as one does of which the end was not copied."""
    start = 12 if contents[:4] == b"RIFF" else len(contents)
    while start + 8 <= len(contents):
        name, size = struct.unpack_from("<4sI", contents, start)
        start += 8
        if name == b"data":
            return len(contents) - start < size < UNKNOWN_SIZE
        start += size + size % 2
    return False
