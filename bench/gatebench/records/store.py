"""The records of a results folder: a trial's record is the truth, and no ordinary command destroys one.

Everything on disk is plain: JSON, CSV, Parquet and safetensors, never a pickle. Whatever is written appears whole or not
at all.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from gatebench.core.errors import BadInput
from gatebench.core.files import atomic_folder, atomic_folders
from gatebench.records import aside, collection, packing, parts
from gatebench.records.packed import Pack
from gatebench.records.schema import Record, Status, Summary

if TYPE_CHECKING:
    import numpy as np

T = TypeVar("T")
"""Whatever is read of a record."""
MOVES = 5
"""How often a record may be packed or unpacked while it is read."""


class Ending(NamedTuple):
    """How a trial ended, and what it took."""

    status: Status
    seconds: float
    """Wall time of training and validation; 0 where it is not known."""


class Store:
    """The records of a results folder: ``trials/<key>/``, packed ones, ``failed/<key>/``, and what studies published."""

    def __init__(self, results: Path) -> None:
        self.results = results
        self.trials = results / "trials"
        self.failed = results / "failed"
        self._pack = Pack(results)
        self._texts: dict[Path, dict[str, dict[str, Any]]] = {}
        """``records.parquet`` -> what stands in it, read once."""
        self._summaries: dict[str, Summary] = {}
        self._endings: dict[str, Ending] = {}
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
        """Key -> the ``records.parquet`` that has its record; of files that are damaged, which is said, none."""
        places: dict[str, Path] = {}
        for path in sorted(self.results.glob(f"*/{collection.NAME}")):
            with _left_out_if_damaged(lambda: None):
                places |= dict.fromkeys(collection.read_keys(path), path)
        return places

    def _published(self, keys: Iterable[str]) -> dict[str, Record]:
        """Records of those keys that studies published."""
        records: dict[str, Record] = {}
        for path, of_path in self._places(keys, ()).items():
            with _left_out_if_damaged(lambda path=path: self._leave_out(path)):
                if path not in self._texts:
                    self._texts[path] = collection.texts(path)
                records |= {key: collection.decode(path, self._texts[path][key]) for key in of_path}
        return records

    def _of_published(self, keys: Iterable[str], known: dict[str, T], of: Callable[[Summary], T]) -> dict[str, T]:
        """Add to what is known what is made of the summaries of those keys that studies published; each is decoded once."""
        for path, of_path in self._places(keys, known).items():
            with _left_out_if_damaged(lambda path=path: self._leave_out(path)):
                known |= {key: of(summary) for key, summary in collection.read_summaries(path, of_path)}
        return known

    def _leave_out(self, path: Path) -> None:
        """Count what stands in a ``records.parquet`` no more as published."""
        self._published_in = {key: place for key, place in self._published_in.items() if place != path}

    def _places(self, keys: Iterable[str], known: Collection[str]) -> dict[Path, set[str]]:
        """Return ``records.parquet`` -> those of the keys that it has, but for what is known."""
        places: dict[Path, set[str]] = {}
        for key in keys:
            if key in self._published_in and key not in known:
                places.setdefault(self._published_in[key], set()).add(key)
        return places

    def finished(self) -> set[str]:
        """Return the keys of trials that are never computed again."""
        return self.recorded() | self._published_in.keys()

    def recorded(self) -> set[str]:
        """Return the keys of the records below ``trials/`` and in the pack, which have their weights beside them."""
        packed = self._pack.keys()  # before and after: trials may be unpacked or packed meanwhile
        names: set[str] = set()
        with suppress(FileNotFoundError, NotADirectoryError), os.scandir(self.trials) as entries:
            # A folder that is still being written begins with a dot.
            names = {entry.name for entry in entries if not entry.name.startswith(".")}
        self._complete &= names  # others were set aside since
        new = names - self._complete
        self._complete |= {name for name in new if os.path.isfile(os.path.join(self.trials, name, parts.RECORD))}
        return self._complete | packed | self._pack.keys()

    def parts_of(self, key: str) -> parts.RecordParts | None:
        """Return the parts of the record of a trial, packed or in a folder, as they lie there; None if there are none."""
        packed = self._pack.record(key)
        if packed is None:
            folder = f"{self.trials}/{key}"
            if os.path.isfile(f"{folder}/{parts.RECORD}") or (os.path.isdir(folder) and aside.is_stray(Path(folder))):
                return parts.RecordFolder(folder)
            packed = self._pack.record(key)  # it may have been packed meanwhile
        return packed

    def read(self, keys: list[str]) -> dict[str, Record]:
        """Return the records of those keys that are finished."""
        records = self._read(keys, parts.read_record)
        if len(records) < len(keys):
            records = {**self._published(keys), **records}
        return {key: records[key] for key in keys if key in records}

    def summaries(self, keys: list[str]) -> dict[str, Summary]:
        """Return the summaries of those keys that are finished; much faster than reading records whole."""
        return self._summarized(keys, self._summaries, lambda summary: summary)

    def endings(self, keys: list[str]) -> dict[str, Ending]:
        """Return how the trials of those keys ended that are finished; faster than to keep thousands of summaries."""
        return self._summarized(keys, self._endings, lambda summary: Ending(summary.status, summary.seconds or 0.0))

    def _summarized(self, keys: list[str], published: dict[str, T], of: Callable[[Summary], T]) -> dict[str, T]:
        """Return what is made of the summaries of those keys that are finished; of published ones some is known."""
        contents = self._read(keys, lambda there: of(parts.read_summary(there)))
        if len(contents) < len(keys):
            contents = {**self._of_published(keys, published, of), **contents}
        return {key: contents[key] for key in keys if key in contents}

    def failures(self, keys: list[str]) -> dict[str, Record]:
        """Return the records of those keys that ended with an error of their own, and are not finished since."""
        failed = [key for key in keys if (self.failed / key / parts.RECORD).is_file()]
        finished = self.finished() if failed else set()
        records, lines = {}, []
        for key in (key for key in failed if key not in finished):
            folder = parts.RecordFolder(self.failed / key)
            records[key] = self._read_or_set_aside(folder, parts.read_record, lines)
        aside.say(lines)
        return {key: record for key, record in records.items() if record is not None}

    def _read(self, keys: list[str], read_one: Callable[[parts.RecordParts], T]) -> dict[str, T]:
        """Read records below ``trials/`` and packed ones; damaged ones are said and set aside, and the others go on."""
        contents: dict[str, T] = {}
        lines: list[str] = []
        for key in keys:
            there = self.parts_of(key)
            content = None if there is None else self._read_or_set_aside(there, read_one, lines)
            if content is not None:
                contents[key] = content
        aside.say(lines)
        return contents

    def _read_or_set_aside(
        self, of: parts.RecordParts, read_one: Callable[[parts.RecordParts], T | None], lines: list[str]
    ) -> T | None:
        """Read a record; a damaged one is set aside, with a line to say so. It may just have been packed, or unpacked."""
        for _ in range(MOVES):
            try:
                return read_one(of)
            except parts.DamagedRecord:
                if isinstance(of, parts.RecordFolder):
                    remedy = lambda of=of: self._remedy(of.key)  # noqa: E731 - of this record
                    content, line = aside.record(self.results, of.path, read_one, remedy)
                else:
                    content, line = packing.set_aside(self.results, of.key, read_one, lambda of=of: self._remedy(of.key))
            lines += [line] if line else []
            elsewhere = None if content is not None or line else self.parts_of(of.key)
            if elsewhere is None:
                return content
            of = elsewhere
        return None

    def _remedy(self, key: str) -> str:
        if key in self._published_in:
            return "what its study published of it is read instead"
        return "the next sweep of its study trains it anew"

    def weights(self, key: str) -> "dict[str, np.ndarray]":
        """Return the best-validation weights of a trial, ``[rows, columns]`` each; ``BadInput`` if they are not here."""
        there = self.parts_of(key)
        lines: list[str] = []
        weights = None if there is None else self._read_or_set_aside(there, parts.read_weights, lines)
        if lines:
            raise BadInput(lines[0])
        if weights is None:
            raise BadInput(
                f"the weights of trial {key} are not here: published records carry none; train it anew into a folder of "
                "its own, gatebench sweep ... results=FOLDER, and give that folder: --results FOLDER"
            )
        return weights

    def write(self, record: Record, weights: "Mapping[str, np.ndarray]") -> None:
        """Keep a record and its best weights. If two processes finish one trial, the first one's stays."""
        self.write_all([(record, weights)])

    def write_all(self, trials: "Sequence[tuple[Record, Mapping[str, np.ndarray] | None]]") -> None:
        """Keep several records with their best weights, as `write` does, in less time; they appear in their order.

        None in the place of weights: there are none any more.
        """
        packed = self._pack.keys()
        new = [(record, weights) for record, weights in trials if record.key not in packed]
        targets = [self.trials / record.key for record, _ in new]
        with atomic_folders(targets, complete_with=parts.RECORD) as folders:
            for folder, (record, weights) in zip(folders, new, strict=True):
                parts.write(folder, record, weights)
        for record, _ in trials:
            shutil.rmtree(self.failed / record.key, ignore_errors=True)

    def write_failed(self, record: Record) -> None:
        """Keep what a trial leaves that ended with an error, in place of what an earlier attempt left."""
        shutil.rmtree(self.failed / record.key, ignore_errors=True)
        with atomic_folder(self.failed / record.key, complete_with=parts.RECORD) as folder:
            parts.write(folder, record)

    def publish(self, study: str, keys: Iterable[str]) -> Path:
        """Add the records of those keys that are finished to the study's ``records.parquet``, which only grows."""
        path = self.results / study / collection.NAME
        collection.add(path, self.read(list(dict.fromkeys(keys))).values())
        return path


@contextmanager
def _left_out_if_damaged(leave_out: Callable[[], object]) -> Iterator[None]:
    """Say what is wrong with a ``records.parquet``, which is its user's to restore, and go on without it."""
    try:
        yield
    except BadInput as error:
        aside.say([f"{error}; its records are left out until then"])
        leave_out()


def read(folder: Path) -> Record:
    """Read one record from its folder; ``BadInput`` if it is damaged."""
    return parts.read_record(parts.RecordFolder(folder))
