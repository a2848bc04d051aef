"""The state of a population between two updates, from which an interrupted sweep goes on."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gatebench.core.files import atomic_write
from gatebench.records.decoding import convert, parse
from gatebench.records.parts import DAMAGE

FORMAT = "2"
"""Version of what is written; checkpoints of others count as none."""


class Saved(NamedTuple):
    """The content of a checkpoint."""

    arrays: dict[str, np.ndarray]
    values: dict[str, Any]
    """Whatever else changes, as JSON has it; what it means is the population's to know."""
    keys: list[str]
    """Keys of the population's members, in their order."""


class Checkpoint:
    """The checkpoint of one population, below ``results/checkpoints/``."""

    def __init__(self, results: Path, keys: list[str]) -> None:
        self.keys = keys
        self.folder = results / "checkpoints" / hashlib.sha256(" ".join(keys).encode()).hexdigest()[:16]

    def save(self, arrays: Mapping[str, np.ndarray], values: Mapping[str, object]) -> None:
        """Replace what was saved before."""
        from safetensors.numpy import save

        contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        self.folder.mkdir(parents=True, exist_ok=True)
        # One file, so that arrays and values cannot come from different epochs.
        metadata = {"format": FORMAT, "keys": json.dumps(self.keys), "values": json.dumps(values)}
        atomic_write(self.folder / "state.safetensors", lambda partial: partial.write_bytes(save(contiguous, metadata)))

    def load(self) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
        """Return what was saved last, or None; a damaged checkpoint counts as none, since it can be computed again."""
        saved = _read(self.folder / "state.safetensors", with_arrays=True)
        return saved and (saved.arrays, saved.values)

    def remove(self) -> None:
        """Forget it; the records are there."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def interrupted(results: Path) -> list[list[str]]:
        """Return the keys of every population that was interrupted, in the order of its members."""
        files = sorted((results / "checkpoints").glob("*/state.safetensors"))
        return [saved.keys for saved in map(_read, files) if saved]


def _read(path: Path, with_arrays: bool = False) -> Saved | None:
    """Read a checkpoint; None if it is not there, damaged or of another format."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as stored:
            metadata = stored.metadata() or {}
            if metadata.get("format") != FORMAT:
                return None
            arrays = {name: stored.get_tensor(name) for name in (stored.keys() if with_arrays else [])}
            values = convert(json.loads(metadata["values"]), dict[str, Any])  # which may hold infinities
            return Saved(arrays, values, convert(parse(metadata["keys"]), list[str]))
    except (SafetensorError, *DAMAGE):
        return None
