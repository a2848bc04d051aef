"""Keys, records and checkpoints: a trial has an identity, and its record is the truth.

Everything on disk is plain: JSON, CSV and safetensors, never a pickle. Whatever is written appears whole or not at all:
it is written beside its place, flushed to the disk and renamed.
"""

import csv
import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gatebench.core.errors import BadInput, shorten
from gatebench.core.files import atomic_folder, atomic_write, nan_to_none, to_json, write_errors
from gatebench.records import shape

PROTOCOL = 1
"""Version of the numerical protocol. It moves when the same settings give other numbers, and every key with it."""

CURVE = ["epoch", "update", "seconds", "split", "nll", "nll_sequence_mean"]
SEQUENCES = ["sequence", "steps", "nll"]
DAMAGE = (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError, csv.Error)
"""What readers raise of a file that is not what it should be."""
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
    model: Any = None
    """A dataclass: layers and directions of the cell; None: one layer, forwards."""


def key(settings: Settings) -> str:
    """The identity of a trial: sixteen hexadecimal digits."""
    named = {"protocol": PROTOCOL, **neutral_free(settings)}
    return hashlib.sha256(json.dumps(_plain(named), sort_keys=True).encode()).hexdigest()[:16]


HASHED_AS = {"optimizer": "optimiser", "forget_bias": "retention"}
"""Setting -> the name under which keys hash it: what it was called when the first keys were published."""


def neutral_free(settings: Any) -> dict[str, Any]:
    """Fields of a dataclass that are not at their defaults, nested ones likewise."""
    kept = {}
    for own in fields(settings):
        value = getattr(settings, own.name)
        if value != own.default:
            kept[HASHED_AS.get(own.name, own.name)] = neutral_free(value) if is_dataclass(value) else value
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
    """The records of a results folder: ``trials/<key>/``, ``failed/<key>/``, and the compact ones that studies publish."""

    def __init__(self, results: Path) -> None:
        self.results = results
        self.trials = results / "trials"
        self.failed = results / "failed"

    def prepare(self) -> None:
        """Make the folder and see that it can be written to; ``BadInput`` if not."""
        try:
            self.trials.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.trials) as file:
                file.write(bytes(2**16))
        except OSError as error:
            raise BadInput(
                f"results folder '{self.results}' cannot be written ({error.strerror}); choose another: results=FOLDER"
            ) from error

    @cached_property
    def published(self) -> dict[str, Record]:
        """Key -> record of all studies that published theirs as ``records.parquet``."""
        return {record.key: record for path in self._compact for record in read_compact(path)}

    @cached_property
    def _published_summaries(self) -> dict[str, dict[str, Any]]:
        return {key: summary for path in self._compact for key, summary in read_summaries(path)}

    @property
    def _compact(self) -> list[Path]:
        return sorted(self.results.glob("*/records.parquet"))

    def finished(self) -> set[str]:
        """Keys that are never computed again."""
        # A folder that is still being written begins with a dot.
        there = {path.parent.name for path in self.trials.glob("[!.]*/record.json")}
        return there | set(self._published_summaries)

    def read(self, keys: list[str]) -> dict[str, Record]:
        """Records of those keys that are finished."""
        own = self._own(keys, read)
        found = own if len(own) == len(keys) else {**self.published, **own}
        return {k: found[k] for k in keys if k in found}

    def summaries(self, keys: list[str]) -> dict[str, dict[str, Any]]:
        """`Record.summary` of those keys that are finished; much faster than reading them whole."""
        own = self._own(keys, read_summary)
        found = own if len(own) == len(keys) else {**self._published_summaries, **own}
        return {k: found[k] for k in keys if k in found}

    def failures(self, keys: list[str]) -> dict[str, Record]:
        """Records of those keys that ended with an error of their own, and are not finished since."""
        there = [key for key in keys if (self.failed / key / "record.json").is_file()]
        finished = self.finished() if there else set()
        return {key: read(self.failed / key) for key in there if key not in finished}

    def _own(self, keys: list[str], read_one: Callable[[Path], Any]) -> dict[str, Any]:
        """What is read of the folders below ``trials/``; damaged ones are set aside, for the next sweep to compute again."""
        found, damaged = {}, []
        for folder in (self.trials / key for key in keys if (self.trials / key / "record.json").is_file()):
            try:
                found[folder.name] = read_one(folder)
            except BadInput as error:
                damaged.append((folder, error))
        if damaged:
            aside = self.results / "damaged"
            for folder, _ in damaged:
                with write_errors(folder):
                    aside.mkdir(exist_ok=True)
                    folder.rename(aside / f"{folder.name}.{time.time_ns()}")
            more = f" and {len(damaged) - 1} more" if len(damaged) > 1 else ""
            reason = str(damaged[0][1]).partition("; ")[0]
            raise BadInput(f"{reason}; set aside in {aside}{more}: give the sweep's command again, which computes it anew")
        return found

    def weights(self, key: str) -> dict[str, np.ndarray]:
        """The best-validation weights of a trial, ``[rows, columns]`` each; ``BadInput`` if they are not kept here."""
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        path = self.trials / key / "weights.safetensors"
        if not path.is_file():
            raise BadInput(
                f"the weights of trial {key} are not here: published records carry none; train it anew into a folder of "
                "its own, gatebench sweep ... results=FOLDER, and give that folder: --results FOLDER"
            )
        try:
            return load_file(path)
        except (SafetensorError, *DAMAGE) as error:  # some kinds of numbers NumPy does not know
            raise BadInput(f"{path} is damaged ({error}); remove its folder, and the next sweep trains it again") from error

    def write(self, record: Record, weights: Mapping[str, np.ndarray]) -> None:
        """Keep a record and its best weights. If two processes finish one trial, the first one's stays."""
        from safetensors.numpy import save

        with atomic_folder(self.trials / record.key, complete_with="record.json") as folder:
            _write(folder, record)
            # Bytes, since the library's own files are closed to everybody else whatever the umask says.
            (folder / "weights.safetensors").write_bytes(save(dict(weights)))
        shutil.rmtree(self.failed / record.key, ignore_errors=True)

    def write_failed(self, record: Record) -> None:
        """Keep what a trial leaves that ended with an error, in place of what an earlier attempt left."""
        shutil.rmtree(self.failed / record.key, ignore_errors=True)
        with atomic_folder(self.failed / record.key, complete_with="record.json") as folder:
            _write(folder, record)


def _write(folder: Path, record: Record) -> None:
    (folder / "record.json").write_text(to_json(record.described))
    record.curve.to_csv(folder / "curve.csv", index=False)
    record.sequences.to_csv(folder / "sequences.csv", index=False)


def read(folder: Path) -> Record:
    """One record from its folder; ``BadInput`` if it is damaged."""
    try:
        values = _shaped(json.loads((folder / "record.json").read_text()), shape.RECORD)
        if values["key"] != folder.name:
            raise ValueError(f"it is that of {values['key']}")
        kept = folder / "sequences.csv"
        sequences = _read_csv(kept, SEQUENCES) if kept.is_file() else _NO_SEQUENCES  # earlier versions kept none
        return Record(**values, curve=_read_csv(folder / "curve.csv", CURVE), sequences=sequences)
    except DAMAGE as error:
        raise _damaged(folder, error) from error


def read_summary(folder: Path) -> dict[str, Any]:
    """`Record.summary` from a record's folder; ``BadInput`` if it is damaged."""
    try:
        return _shaped(json.loads((folder / "record.json").read_text()), {"summary": shape.SUMMARY})["summary"]
    except DAMAGE as error:
        raise _damaged(folder, error) from error


def upgraded(value: Any) -> Any:
    """A record with the names of today, whatever version wrote it."""
    names = {"summary": {"matmul_fraction": "relative_throughput", "floors": "baselines"}}
    for part, renamed in names.items():
        if isinstance(value, dict) and isinstance(value.get(part), dict):
            for old, new in renamed.items():
                if old in value[part]:
                    value[part][new] = value[part].pop(old)
    training = (
        value.get("settings", {}).get("training")
        if isinstance(value, dict) and isinstance(value.get("settings"), dict)
        else None
    )
    if isinstance(training, dict):
        for new, old in HASHED_AS.items():
            if old in training:
                training[new] = training.pop(old)
    return value


def _shaped(value: Any, expected: shape.Shape) -> Any:
    value = upgraded(value)
    if place := shape.misfit(value, expected):
        raise ValueError(f"{place} is missing or of another kind")
    return value


def _damaged(folder: Path, error: Exception) -> BadInput:
    reason = shorten(error)
    return BadInput(f"record {folder} is damaged ({reason}); remove the folder, and the next sweep runs it again")


def _read_csv(path: Path, columns: list[str]) -> pd.DataFrame:
    # Without pandas' reader: what it makes of a float depends on its version, and it takes most of the time of a frame.
    with path.open(newline="") as file:
        header, *rows = csv.reader(file, strict=True)
    text = dict(zip(header, zip(*rows, strict=True) if rows else [()] * len(header), strict=True))
    kinds = {"split": str} | dict.fromkeys(("epoch", "update", "sequence", "steps"), int)
    return pd.DataFrame({name: [kinds.get(name, float)(value or "nan") for value in text[name]] for name in columns})


def read_compact(path: Path) -> Iterator[Record]:
    """Records of a ``records.parquet``."""
    for row in _rows(path, None):
        with _whole(path):
            curve = pd.DataFrame(_shaped(json.loads(row["curve"]), shape.CURVE))[CURVE]
            kept = "sequences" in row
            told = _shaped(json.loads(row["sequences"]), shape.SEQUENCES) if kept else {}
            sequences = pd.DataFrame(told)[SEQUENCES] if kept else _NO_SEQUENCES
            record = Record(**_shaped(json.loads(row["record"]), shape.RECORD), curve=curve, sequences=sequences)
        yield record


def read_summaries(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Key and `Record.summary` of each record of a ``records.parquet``."""
    for row in _rows(path, ["key", "record"]):
        with _whole(path):
            told = _shaped(json.loads(row["record"]), {"key": shape.key, "summary": shape.SUMMARY})
        yield told["key"], told["summary"]


def _rows(path: Path, columns: list[str] | None) -> list[dict[Any, Any]]:
    with _whole(path):
        return pd.read_parquet(path, columns=columns).to_dict("records")


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    try:
        yield
    except DAMAGE as error:
        reason = shorten(error)
        raise BadInput(f"{path} is damaged ({reason}); restore it, or remove it to train its trials again") from error


def write_compact(path: Path, records: list[Record]) -> None:
    """Records without their weights, in one file that can be committed."""
    rows = [
        {
            "key": record.key,
            "record": to_json(record.described),
            **{table: json.dumps(nan_to_none(getattr(record, table).to_dict("list"))) for table in ("curve", "sequences")},
        }
        for record in records
    ]
    frame = pd.DataFrame(rows, columns=["key", "record", "curve", "sequences"])
    atomic_write(path, lambda partial: frame.to_parquet(partial, index=False, compression="zstd"))


class Checkpoint:
    """The state of one population between two updates, below ``results/checkpoints/``."""

    FORMAT = "2"
    """Those of other formats count as none."""

    def __init__(self, results: Path, keys: list[str]) -> None:
        self.keys = keys
        self.folder = results / "checkpoints" / hashlib.sha256(" ".join(keys).encode()).hexdigest()[:16]

    def save(self, arrays: Mapping[str, np.ndarray], values: Mapping[str, Any]) -> None:
        """Replace what was saved before."""
        from safetensors.numpy import save

        whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        self.folder.mkdir(parents=True, exist_ok=True)
        # One file, so that arrays and values cannot come from different epochs.
        metadata = {"format": self.FORMAT, "keys": json.dumps(self.keys), "values": json.dumps(values)}
        atomic_write(self.folder / "state.safetensors", lambda partial: partial.write_bytes(save(whole, metadata)))

    def load(self) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
        """What was saved last, or None; a damaged checkpoint counts as none, since it can be computed again."""
        found = _checkpointed(self.folder / "state.safetensors", whole=True)
        return found and (found[0], found[1])

    def remove(self) -> None:
        """Forget it; the records are there."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def interrupted(results: Path) -> list[list[str]]:
        """Keys of every population that was interrupted, in the order of its members."""
        found = [_checkpointed(path) for path in sorted((results / "checkpoints").glob("*/state.safetensors"))]
        return [checkpoint[2] for checkpoint in found if checkpoint]


def _checkpointed(path: Path, whole: bool = False) -> tuple[dict[str, np.ndarray], dict[str, Any], list[str]] | None:
    """Arrays (if ``whole``), values and keys of a checkpoint; None if it is not there, damaged or of another format."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as stored:
            metadata = stored.metadata() or {}
            if metadata.get("format") != Checkpoint.FORMAT:
                return None
            arrays = {name: stored.get_tensor(name) for name in (stored.keys() if whole else [])}
            values = _shaped(json.loads(metadata["values"]), shape.Each(lambda _: True, dict))
            return arrays, values, _shaped(json.loads(metadata["keys"]), shape.Each(shape.text))
    except (SafetensorError, *DAMAGE):
        return None
