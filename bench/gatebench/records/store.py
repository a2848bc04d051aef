"""The records of a results folder: a trial's record is the truth, and no ordinary command destroys one.

Everything on disk is plain: JSON, CSV, Parquet and safetensors, never a pickle. Whatever is written appears whole or not
at all.
"""

import csv
import io
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from gatebench.core.errors import BadInput, shorten
from gatebench.core.files import atomic_folder, atomic_folders, to_json, write_errors
from gatebench.records import collection
from gatebench.records.schema import (
    TABLES,
    Record,
    Summary,
    decode_record,
    decode_summary,
)

_LATER = ("statistics", "predictions")
"""Tables that are written where there is something in them; earlier versions wrote the others alone."""
T = TypeVar("T")
"""Whatever a reader of a file returns."""

DAMAGE = (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError, csv.Error)
"""What readers raise of a file that is not what it should be."""


class Store:
    """The records of a results folder: ``trials/<key>/``, ``failed/<key>/``, and what studies published."""

    def __init__(self, results: Path) -> None:
        self.results = results
        self.trials = results / "trials"
        self.failed = results / "failed"
        self._decoded: dict[str, Record] = {}
        self._summaries: dict[str, Summary] = {}
        self._complete: set[str] = set()
        """Keys whose folders were seen to be complete, so that each is looked into once."""

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
    def _published_in(self) -> dict[str, Path]:
        """Key -> the ``records.parquet`` that has its record."""
        files = sorted(self.results.glob(f"*/{collection.NAME}"))
        return {key: path for path in files for key in collection.read_keys(path)}

    def _published(self, keys: Iterable[str]) -> dict[str, Record]:
        """Records of those keys that studies published; each is decoded once."""
        for path, of_path in self._places(keys, self._decoded).items():
            self._decoded |= {record.key: record for record in collection.read(path, of_path)}
        return self._decoded

    def _published_summaries(self, keys: Iterable[str]) -> dict[str, Summary]:
        """Summaries of those keys that studies published; each is decoded once."""
        for path, of_path in self._places(keys, self._summaries).items():
            self._summaries |= collection.read_summaries(path, of_path)
        return self._summaries

    def _places(self, keys: Iterable[str], known: Collection[str]) -> dict[Path, set[str]]:
        """Return ``records.parquet`` -> those of the keys that it has, but for what is known."""
        places: dict[Path, set[str]] = {}
        for key in keys:
            if key in self._published_in and key not in known:
                places.setdefault(self._published_in[key], set()).add(key)
        return places

    def finished(self) -> set[str]:
        """Return the keys of trials that are never computed again."""
        return self.in_folders() | self._published_in.keys()

    def in_folders(self) -> set[str]:
        """Return the keys of the records below ``trials/``, which have their weights beside them."""
        names: set[str] = set()
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(self.trials) as entries:
            # A folder that is still being written begins with a dot.
            names = {entry.name for entry in entries if not entry.name.startswith(".")}
        self._complete &= names  # others were set aside since
        new = names - self._complete
        self._complete |= {name for name in new if os.path.isfile(os.path.join(self.trials, name, "record.json"))}
        return set(self._complete)

    def read(self, keys: list[str]) -> dict[str, Record]:
        """Return the records of those keys that are finished."""
        records = self._from_folders(keys, read)
        if len(records) < len(keys):
            records = {**self._published(keys), **records}
        return {key: records[key] for key in keys if key in records}

    def summaries(self, keys: list[str]) -> dict[str, Summary]:
        """Return the summaries of those keys that are finished; much faster than reading records whole."""
        summaries = self._from_folders(keys, read_summary)
        if len(summaries) < len(keys):
            summaries = {**self._published_summaries(keys), **summaries}
        return {key: summaries[key] for key in keys if key in summaries}

    def failures(self, keys: list[str]) -> dict[str, Record]:
        """Return the records of those keys that ended with an error of their own, and are not finished since."""
        failed = [key for key in keys if (self.failed / key / "record.json").is_file()]
        finished = self.finished() if failed else set()
        return {key: read(self.failed / key) for key in failed if key not in finished}

    def _from_folders(self, keys: list[str], read_one: Callable[[Path], T]) -> dict[str, T]:
        """Read folders below ``trials/``; damaged ones are set aside, for the next sweep to compute again."""
        contents, damaged = {}, []
        for folder in (self.trials / key for key in keys if (self.trials / key / "record.json").is_file()):
            try:
                contents[folder.name] = read_one(folder)
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
        return contents

    def weights(self, key: str) -> dict[str, np.ndarray]:
        """Return the best-validation weights of a trial, ``[rows, columns]`` each; ``BadInput`` if they are not here."""
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
        self.write_all([(record, weights)])

    def write_all(self, trials: Sequence[tuple[Record, Mapping[str, np.ndarray] | None]]) -> None:
        """Keep several records with their best weights, as `write` does, in less time; they appear in their order.

        None in the place of weights: there are none any more.
        """
        from safetensors.numpy import save

        targets = [self.trials / record.key for record, _ in trials]
        with atomic_folders(targets, complete_with="record.json") as folders:
            for folder, (record, weights) in zip(folders, trials, strict=True):
                _write(folder, record)
                # Bytes, since the library's own files are closed to everybody else whatever the umask says.
                if weights is not None:
                    (folder / "weights.safetensors").write_bytes(save(dict(weights)))
        for record, _ in trials:
            shutil.rmtree(self.failed / record.key, ignore_errors=True)

    def write_failed(self, record: Record) -> None:
        """Keep what a trial leaves that ended with an error, in place of what an earlier attempt left."""
        shutil.rmtree(self.failed / record.key, ignore_errors=True)
        with atomic_folder(self.failed / record.key, complete_with="record.json") as folder:
            _write(folder, record)

    def publish(self, study: str, keys: Iterable[str]) -> Path:
        """Add the records of those keys that are finished to the study's ``records.parquet``, which only grows."""
        path = self.results / study / collection.NAME
        collection.add(path, self.read(list(dict.fromkeys(keys))).values())
        return path


def _write(folder: Path, record: Record) -> None:
    tables = {name: table for name, table in record.tables.items() if name not in _LATER or len(table)}
    texts = {f"{name}.csv": _csv(table) for name, table in tables.items()}
    for name, text in {"record.json": to_json(record.without_tables), **texts}.items():
        (folder / name).write_bytes(text.encode())


def _csv(table: pd.DataFrame) -> str:
    """Return what ``to_csv`` writes, in a fraction of its time; what is no number is left empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    rows = zip(*(column.tolist() for _, column in table.items()), strict=True)
    writer.writerows(["" if value != value else value for value in row] for row in rows)
    return text.getvalue()


def read(folder: Path) -> Record:
    """Read one record from its folder; ``BadInput`` if it is damaged."""
    try:
        values = decode_record((folder / "record.json").read_bytes())
        if values.key != folder.name:
            raise ValueError(f"it is that of {values.key}")
        is_there = {name: name == "curve" or (folder / f"{name}.csv").is_file() for name in TABLES}
        tables = {name: _read_csv(folder, name) for name in TABLES if is_there[name]}
        return Record(**{**vars(values), **tables})
    except DAMAGE as error:
        raise _damaged(folder, error) from error


def read_summary(folder: Path) -> Summary:
    """Read the summary of a record from its folder; ``BadInput`` if it is damaged."""
    try:
        return decode_summary((folder / "record.json").read_bytes())[1]
    except DAMAGE as error:
        raise _damaged(folder, error) from error


def _damaged(folder: Path, error: Exception) -> BadInput:
    return BadInput(f"record {folder} is damaged ({shorten(error)}); remove the folder, and the next sweep runs it again")


def _read_csv(folder: Path, name: str) -> pd.DataFrame:
    # Without pandas' reader: what it makes of a float depends on its version, and it takes most of the time of a frame.
    with (folder / f"{name}.csv").open(newline="") as file:
        header, *rows = csv.reader(file, strict=True)
    cells = dict(zip(header, zip(*rows, strict=True) if rows else [()] * len(header), strict=True))
    kinds = TABLES[name]
    return pd.DataFrame({column: [kind(cell or "nan") for cell in cells[column]] for column, kind in kinds.items()})
