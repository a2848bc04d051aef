"""``results/<study>/samples/``: sequences drawn from a study's trials, with the spectra of those that can be heard."""

from pathlib import Path

import pandas as pd

from gatebench.core.errors import BadInput, shorten
from gatebench.core.files import atomic_write

COLUMNS = ["task", "cell", "budget", "training", "key", "sound", "picture", "primed", "drawn", "distance"]
"""``sound`` (wav or MIDI) and ``picture`` are file names; ``primed`` and ``drawn`` count frames or samples; ``distance`` is
the log-spectral distance from the validation split in dB."""
SPECTRA = ["task", "cell", "budget", "training", "hertz", "decibel"]
"""``cell`` is `DATA` for the validation split."""
DATA = "[data]"
"""What stands in place of a cell's name for the validation split."""


def folder(results: Path, study: str) -> Path:
    """Where a study's samples lie."""
    return results / study / "samples"


def write(results: Path, study: str, samples: pd.DataFrame, spectra: pd.DataFrame) -> None:
    """Keep both tables beside the files that they name."""
    place = folder(results, study)
    for name, table in (("samples", samples), ("spectra", spectra)):
        atomic_write(place / f"{name}.csv", lambda partial, table=table: table.to_csv(partial, index=False))


def read(results: Path, study: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Samples and spectra; empty tables where nothing was drawn yet."""
    place = folder(results, study)
    if not (place / "samples.csv").is_file():
        return pd.DataFrame(columns=COLUMNS), pd.DataFrame(columns=SPECTRA)
    try:
        return pd.read_csv(place / "samples.csv")[COLUMNS], pd.read_csv(place / "spectra.csv")[SPECTRA]
    except (OSError, ValueError, KeyError) as error:
        raise BadInput(
            f"{place} is damaged ({shorten(error)}); remove it and draw anew: gatebench sample {study}"
        ) from error
