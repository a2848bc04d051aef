"""Recordings: wav or flac, one channel of 16 bits, all of one rate."""

import io
from collections import Counter
from pathlib import Path

from gatebench.core.errors import BadInput
from gatebench.data.readers.recordings import decoded
from gatebench.ingest.options import Choices, Found, contents, fits


def read(files: list[Path], choices: Choices) -> Found:
    """Samples ``[L, 1]`` of each file."""
    choices.only("audio")
    rates = {file: _rate(file) for file in files}
    ((rate, _),) = Counter(rates.values()).most_common(1)
    for file, other in rates.items():
        if other != rate:
            raise BadInput(f"{file} has {other:,} samples a second, others have {rate:,}; expected one rate: resample it")
    sequences, total = [], 0
    for file in files:
        samples = decoded(file.name, contents(file), rate)
        total += len(samples)
        fits(str(file.parent), total // 4)  # 16 bits each
        sequences.append(samples[:, None])
    lines = [f"sequences: {len(files)}, a file each, of {rate:,} samples a second"]
    milliseconds = f"{10_000 / rate:.3g} ms"
    return Found(
        sequences, f"a block of 10 samples ({milliseconds})", [file.name for file in files], "audio", rate=rate, lines=lines
    )


def _rate(file: Path) -> int:
    import soundfile

    try:
        return soundfile.info(io.BytesIO(contents(file))).samplerate
    except soundfile.SoundFileError as error:
        raise BadInput(f"{file} cannot be decoded ({str(error).strip()}); it is damaged or no audio: remove it") from error
