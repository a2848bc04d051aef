"""Keys, records and checkpoints: a trial has an identity, and its record is the truth.

Everything on disk is plain: JSON, CSV and safetensors, never a pickle. Whatever is written appears whole or not at all:
it is written beside its place, flushed to the disk and renamed.
"""

import hashlib
import json
import math
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from filelock import FileLock

from bench.places import BadInput

PROTOCOL = 1
"""Version of the numerical protocol. It moves when the same settings give other numbers, and every key with it."""

CURVE = ["epoch", "update", "seconds", "split", "nll", "nll_sequence_mean"]
SEQUENCES = ["sequence", "steps", "nll"]
_NO_SEQUENCES = pd.DataFrame(columns=SEQUENCES)


@dataclass(frozen=True)
class Settings:
    """What changes a trial's numbers, and nothing else. Sizes, never the budget that led to them."""

    framing: str
    """What the task makes of the sequences: how targets follow from them, and the likelihood."""
    content: str
    """The card's checksum of the sequences."""
    equations: str
    """Fingerprint of the cell's graph: two texts that mean the same model have one."""
    sizes: dict[str, int]
    training: Any
    """A dataclass; fields at their defaults are neutral and left out of the key."""
    lr: float
    seed: int


def key(settings: Settings) -> str:
    """The identity of a trial: sixteen hexadecimal digits."""
    named = {"protocol": PROTOCOL, **neutral_free(settings)}
    return hashlib.sha256(json.dumps(_plain(named), sort_keys=True).encode()).hexdigest()[:16]


def neutral_free(settings: Any) -> dict[str, Any]:
    """Fields of a dataclass that are not at their defaults, nested ones likewise."""
    kept = {}
    for own in fields(settings):
        value = getattr(settings, own.name)
        if value != own.default:
            kept[own.name] = neutral_free(value) if is_dataclass(value) else value
    return kept


def _plain(value: Any) -> Any:
    """JSON with floats as their shortest exact text, whole floats included (1.0 and 1 are one number)."""
    if isinstance(value, Mapping):
        return {name: _plain(v) for name, v in value.items()}
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    return repr(float(value))


@dataclass(frozen=True)
class Record:
    """What a finished trial leaves."""

    key: str
    settings: dict[str, Any]
    """As given to the key, readable, with the names and options of task, data set, likelihood and cell."""
    summary: dict[str, Any]
    """Status, scores of each split at the best validation point, counts and costs."""
    provenance: dict[str, Any]
    """Commit, versions, machine, engine, population."""
    equations: list[str]
    """The cell as LaTeX, a line each."""
    curve: pd.DataFrame
    """Columns `CURVE`: one row per evaluation and split."""
    sequences: pd.DataFrame = field(default_factory=lambda: _NO_SEQUENCES)
    """Columns `SEQUENCES`: one row per sequence of the test split, with its predicted steps and its NLL summed over them,
    at the best validation point. Empty in records of the versions that did not keep it."""

    @property
    def described(self) -> dict[str, Any]:
        """What is no table."""
        return {name: value for name, value in vars(self).items() if not isinstance(value, pd.DataFrame)}


class Store:
    """The records of a results folder: ``trials/<key>/`` and the compact ones that studies publish."""

    def __init__(self, results: Path) -> None:
        self.results = results
        self.trials = results / "trials"

    def prepare(self) -> None:
        """Make the folder and see that it can be written to; ``BadInput`` if not."""
        try:
            self.trials.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.trials):
                pass
        except OSError as error:
            raise BadInput(
                f"results folder '{self.results}' cannot be written ({error.strerror}); choose another: results=FOLDER"
            ) from error

    @cached_property
    def published(self) -> dict[str, Record]:
        """Key -> record of all studies that published theirs as ``records.parquet``."""
        found: dict[str, Record] = {}
        for path in sorted(self.results.glob("*/records.parquet")):
            found.update({record.key: record for record in read_compact(path)})
        return found

    def finished(self) -> set[str]:
        """Keys that are never computed again."""
        # A folder that is still being written begins with a dot.
        there = {path.parent.name for path in self.trials.glob("[!.]*/record.json")}
        return there | set(self.published)

    def read(self, keys: list[str]) -> dict[str, Record]:
        """Records of those keys that are finished."""
        own = {k: read(self.trials / k) for k in keys if (self.trials / k / "record.json").is_file()}
        found = own if len(own) == len(keys) else {**self.published, **own}
        return {k: found[k] for k in keys if k in found}

    def weights(self, key: str) -> dict[str, np.ndarray]:
        """The best-validation weights of a trial, ``[rows, columns]`` each; ``BadInput`` if they are not kept here."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        path = self.trials / key / "weights.safetensors"
        if not path.is_file():
            raise BadInput(
                f"the weights of trial {key} are not here: published records carry none; train it anew: "
                "gatebench sweep ... results=FOLDER, then gatebench sample ... --results FOLDER"
            )
        try:
            return load_file(path)
        except (SafetensorError, OSError) as error:
            raise BadInput(f"{path} is damaged ({error}); remove its folder, and the next sweep trains it again") from error

    def write(self, record: Record, weights: Mapping[str, np.ndarray]) -> None:
        """Keep a record and its best weights. If two processes finish one trial, the first one's stays."""
        from safetensors.numpy import save

        with appearing(self.trials / record.key) as folder:
            (folder / "record.json").write_text(_json(record.described))
            record.curve.to_csv(folder / "curve.csv", index=False)
            record.sequences.to_csv(folder / "sequences.csv", index=False)
            # Bytes, since the library's own files are closed to everybody else whatever the umask says.
            (folder / "weights.safetensors").write_bytes(save(dict(weights)))


def read(folder: Path) -> Record:
    """One record from its folder; ``BadInput`` if it is damaged."""
    try:
        values = json.loads((folder / "record.json").read_text())
        kept = folder / "sequences.csv"
        sequences = _read_csv(kept, SEQUENCES) if kept.is_file() else _NO_SEQUENCES  # earlier versions kept none
        return Record(**values, curve=_read_csv(folder / "curve.csv", CURVE), sequences=sequences)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BadInput(
            f"record {folder} is damaged ({error}); remove the folder, and the next sweep runs it again"
        ) from error


def _read_csv(path: Path, columns: list[str]) -> pd.DataFrame:
    text = pd.read_csv(path, dtype=str, keep_default_na=False)
    # Python reads a float back exactly; what pandas does depends on its version.
    kinds = {"split": str} | dict.fromkeys(("epoch", "update", "sequence", "steps"), int)
    return pd.DataFrame({name: [kinds.get(name, float)(value or "nan") for value in text[name]] for name in columns})


def read_compact(path: Path) -> Iterator[Record]:
    """Records of a ``records.parquet``."""
    try:
        for row in pd.read_parquet(path).itertuples():
            curve = pd.DataFrame(json.loads(str(row.curve)))[CURVE]
            kept = hasattr(row, "sequences")
            sequences = pd.DataFrame(json.loads(str(row.sequences)))[SEQUENCES] if kept else _NO_SEQUENCES
            yield Record(**json.loads(str(row.record)), curve=curve, sequences=sequences)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadInput(f"{path} is damaged ({error}); restore it, or remove it to train its trials again") from error


def write_compact(path: Path, records: list[Record]) -> None:
    """Records without their weights, in one file that can be committed."""
    rows = [
        {
            "key": record.key,
            "record": _json(record.described),
            **{table: json.dumps(_finite(getattr(record, table).to_dict("list"))) for table in ("curve", "sequences")},
        }
        for record in records
    ]
    frame = pd.DataFrame(rows, columns=["key", "record", "curve", "sequences"])
    replace(path, lambda partial: frame.to_parquet(partial, index=False, compression="zstd"))


class Checkpoint:
    """The state of one population between two epochs, below ``results/checkpoints/``."""

    def __init__(self, results: Path, keys: list[str]) -> None:
        self.keys = keys
        self.folder = results / "checkpoints" / hashlib.sha256(" ".join(keys).encode()).hexdigest()[:16]

    def save(self, arrays: Mapping[str, np.ndarray], values: Mapping[str, Any]) -> None:
        """Replace what was saved before."""
        from safetensors.numpy import save

        whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        self.folder.mkdir(parents=True, exist_ok=True)
        # One file, so that arrays and values cannot come from different epochs.
        metadata = {"keys": json.dumps(self.keys), "values": json.dumps(values)}
        replace(self.folder / "state.safetensors", lambda partial: partial.write_bytes(save(whole, metadata)))

    def load(self) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
        """What was saved last, or None; a damaged checkpoint counts as none, since it can be computed again."""
        from safetensors import SafetensorError, safe_open

        path = self.folder / "state.safetensors"
        if not path.is_file():
            return None
        try:
            with safe_open(path, "numpy") as stored:
                metadata = stored.metadata()
                return {name: stored.get_tensor(name) for name in stored.keys()}, json.loads(metadata["values"])  # noqa: SIM118
        except (SafetensorError, ValueError, KeyError):
            return None

    def remove(self) -> None:
        """Forget it; the records are there."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def interrupted(results: Path) -> list[list[str]]:
        """Keys of every population that was interrupted, in the order of its members."""
        from safetensors import SafetensorError, safe_open

        found = []
        for path in sorted((results / "checkpoints").glob("*/state.safetensors")):
            try:
                with safe_open(path, "numpy") as stored:
                    found.append(json.loads(stored.metadata()["keys"]))
            except (SafetensorError, ValueError, KeyError, OSError):
                continue
        return found


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """A folder that appears at ``target`` whole, or not at all. If it is there already, that one stays."""
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = target.with_name(f".{target.name}.{os.getpid()}.{time.monotonic_ns()}")
    folder.mkdir()
    try:
        yield folder
        for path in folder.iterdir():
            _flush(path)
        try:
            folder.rename(target)
        except OSError:
            if not target.is_dir():
                raise
        _flush(target.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def replace(path: Path, write: Any) -> None:
    """Write a file so that a reader sees the old one or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        write(partial)
        _flush(partial)
        partial.replace(path)
        _flush(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def update_json(path: Path, change: Any) -> None:
    """Read, change and replace a JSON file under a lock; ``change`` gets its value, or None where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f"{path.name}.lock")):
        value = change(json.loads(path.read_text()) if path.is_file() else None)
        replace(path, lambda partial: partial.write_text(_json(value)))


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _json(value: Any) -> str:
    return json.dumps(_finite(value), indent=1, default=asdict) + "\n"


def _finite(value: Any) -> Any:
    """NaN is no JSON: a number that is not there is null."""
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
