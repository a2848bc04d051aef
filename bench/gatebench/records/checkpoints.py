"""The state of a population between two updates, from which an interrupted sweep goes on."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from gatebench.core.errors import shorten
from gatebench.core.files import atomic_write
from gatebench.records import aside
from gatebench.records.decoding import convert, parse
from gatebench.records.parts import DAMAGE

if TYPE_CHECKING:
    import numpy as np

FORMAT = "2"
"""Version of what is written; checkpoints of others count as none."""
FILE = "state.safetensors"
"""Name of the one file of a checkpoint."""


class Saved(NamedTuple):
    """The content of a checkpoint."""

    arrays: "dict[str, np.ndarray]"
    values: dict[str, Any]
    """Whatever else changes, as JSON has it; what it means is the population's to know."""
    keys: list[str]
    """Keys of the population's members, in their order."""


class Checkpoint:
    """The checkpoint of one population, below ``results/checkpoints/``."""

    def __init__(self, results: Path, keys: list[str]) -> None:
        self.results, self.keys = results, keys
        self.folder = results / "checkpoints" / _name(keys)

    def save(self, arrays: "Mapping[str, np.ndarray]", values: Mapping[str, object]) -> None:
        """Replace what was saved before."""
        import numpy as np
        from safetensors.numpy import save

        contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        self.folder.mkdir(parents=True, exist_ok=True)
        # One file, so that arrays and values cannot come from different epochs.
        metadata = {"format": FORMAT, "keys": json.dumps(self.keys), "values": json.dumps(values)}
        metadata["sha256"] = _digest(contiguous, metadata)
        atomic_write(self.folder / FILE, lambda partial: partial.write_bytes(save(contiguous, metadata)))

    def load(self) -> "tuple[dict[str, np.ndarray], dict[str, Any]] | None":
        """Return what was saved last, or None; a damaged checkpoint is said and set aside: its trials begin anew."""
        saved = _read(self.results, self.folder / FILE, with_arrays=True)
        return saved and (saved.arrays, saved.values)

    def remove(self) -> None:
        """Forget it; the records are there."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def interrupted(results: Path) -> list[list[str]]:
        """Return the keys of every population that was interrupted, in the order of its members."""
        files = sorted((results / "checkpoints").glob(f"*/{FILE}"))
        return [saved.keys for file in files if (saved := _read(results, file))]


def _name(keys: list[str]) -> str:
    """Name of the folder of a population's checkpoint."""
    return hashlib.sha256(" ".join(keys).encode()).hexdigest()[:16]


def _read(results: Path, path: Path, with_arrays: bool = False) -> Saved | None:
    """Read a checkpoint; None if it is not there, of another format, or damaged and set aside."""
    try:
        return _decode(path, with_arrays)
    except FileNotFoundError:
        return None
    except ValueError as error:
        moved = aside.move(results, path.parent, f"checkpoint.{path.parent.name}", "its trials begin anew")
        aside.say([f"checkpoint {path.parent} is damaged ({shorten(error)}); {moved}"])
        return None


def _decode(path: Path, with_arrays: bool) -> Saved | None:
    """Decode a checkpoint; None if it is of another format, ``ValueError`` if it is not what was written."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as stored:
            metadata = stored.metadata() or {}
            if metadata.get("format") != FORMAT:
                return None
            keys = convert(parse(metadata["keys"]), list[str])
            if _name(keys) != path.parent.name:
                raise ValueError("its keys are those of another one")
            values = convert(json.loads(metadata["values"]), dict[str, Any])  # which may hold infinities
            arrays = {name: stored.get_tensor(name) for name in (stored.keys() if with_arrays else [])}
            # Versions before 0.2 wrote no checksum.
            if with_arrays and metadata.get("sha256", digest := _digest(arrays, metadata)) != digest:
                raise ValueError("it does not fit its checksum")
            return Saved(arrays, values, keys)
    except FileNotFoundError:
        raise
    except (SafetensorError, *DAMAGE) as error:
        raise ValueError(str(error)) from error


def _digest(arrays: "Mapping[str, np.ndarray]", metadata: Mapping[str, str]) -> str:
    """Checksum of what a checkpoint holds."""
    digest = hashlib.sha256(json.dumps([metadata[name] for name in ("format", "keys", "values")]).encode())
    for name, array in sorted(arrays.items()):
        digest.update(json.dumps([name, str(array.dtype), array.shape]).encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
