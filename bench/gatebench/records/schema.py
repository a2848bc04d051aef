"""What a record and a study's file are made of: the one place that says so, with the decoder that checks it.

Files are JSON. `decode_record` and `decode_study` turn what was read into these objects, whatever version wrote it, and
raise ``ValueError`` with one line that names the place that does not fit. Unknown entries are ignored: later versions may
add some.
"""

import math
import re
from contextlib import suppress
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, Literal

from msgspec import Meta, MsgspecError, json

from gatebench.core.hyperparameters import TUNABLE, Hyperparameters
from gatebench.records.contrasts import ALL, Contrasts
from gatebench.records.data_facts import DataFacts
from gatebench.records.decoding import Natural, convert, parse
from gatebench.records.tables import Columns, TableField, columns_of

TABLES: dict[str, dict[str, type]] = {
    "curve": {"epoch": int, "update": int, "seconds": float, "split": str, "nll": float, "nll_sequence_mean": float},
    "sequences": {"sequence": int, "steps": int, "nll": float},
    "statistics": {"sequence": int, "statistic": str, "value": float},
    "predictions": {"sequence": int, "step": int, "output": int, "true": float, "predicted": float},
}
"""Table of a record -> its columns and what they hold."""
CURVE = list(TABLES["curve"])
"""Columns of a learning curve; ``seconds`` since the start of training."""
SEQUENCES = list(TABLES["sequences"])
"""Columns of the table of test sequences; ``nll`` is the sum over the predicted steps of a sequence, in nats."""
STATISTICS = list(TABLES["statistics"])
"""Columns of what test sequences add to the sums that metrics are computed from (`gatebench.core.metric`): what is not zero,
and one row of each sum at the least."""
PREDICTIONS = list(TABLES["predictions"])
"""Columns of predictions of test sequences, in the units of the data: of whole sequences, up to a number, those of all; of
values of steps those of a few sequences, to be drawn. Of a label each class is an output, true (1) or not (0), with its
probability."""

Scalar = bool | int | float | str | None
"""A setting that is one plain value of JSON."""
Key = Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
"""A trial's identity, which is also the name of its folder."""
Ordinal = Annotated[int, Meta(ge=1, lt=2**62)]
"""A whole number from 1."""
Amount = Natural | float
"""A count that may be a mean of several."""
Status = Literal["finished", "diverged", "failed"]
"""How a trial ended: failed is one that an exception ended."""
Stage = Literal["search", "confirm"]
"""Stage of a study: only trials of ``confirm`` are results."""

HASHED_AS = {"optimizer": "optimiser", "forget_bias": "retention"}
"""Setting -> its name in records and keys of version 0.1; keys hash this name for ever."""
_SUMMARY_OF_0_1 = {"matmul_fraction": "relative_throughput", "floors": "baselines"}


@dataclass(frozen=True)
class Score:
    """NLL of one split in nats per prediction; None for a trial that diverged before its first evaluation."""

    nll: float | None
    """Sum over outputs and steps, divided by the number of predictions of the split."""
    nll_sequence_mean: float | None
    """Mean over sequences of each one's own NLL per prediction."""


@dataclass(frozen=True)
class Summary:
    """What became of a trial: its scores at the best validation point, its costs, and what they are to be compared with."""

    status: Status
    scores: dict[str, Score]
    """Split -> score of the best-validation weights."""
    best_epoch: Natural
    epochs: Natural
    updates: Natural
    seconds: float | None
    """Wall time of training and validation; a population's is shared evenly by its members."""
    units: Natural
    inputs: Natural
    parameters_recurrent: Amount
    parameters_total: Amount
    flops_per_step: Amount
    state_size: Amount
    engine: str
    population_size: Natural
    device: str
    title: str
    """Title of the data set, for people."""
    synthetic: bool
    baselines: dict[str, dict[str, Score]]
    """Baseline -> split -> score."""
    baseline_metrics: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    """Baseline -> metric on test -> its value and, where it is known, the ends of its interval; none on older cards."""
    trivial: dict[str, dict[str, float]] = field(default_factory=dict)
    """Predictor that takes no model -> metric -> its value on test."""
    data: DataFacts = field(default_factory=DataFacts)
    relative_throughput: float | None = None
    """FLOPs a second of training and validation over those of a product of two 2048 x 2048 matrices in torch."""
    core_seconds: float | None = None
    """Processor time of training and validation, of all threads; a population's is shared evenly by its members. None on
    a GPU, and in records of the versions that did not measure it."""
    error: str | None = None
    """Traceback of a failed trial; None for any other."""


@dataclass(frozen=True)
class _Summarized:
    """The entries of ``record.json`` that say what became of which trial."""

    key: Key
    summary: Summary


_SUMMARIZED = json.Decoder(_Summarized)


@dataclass(frozen=True)
class Machine:
    """The computer that a trial was computed on; nothing that names a person or a host."""

    processor: str | None
    cores: Natural | None
    system: str = ""
    architecture: str = ""


@dataclass(frozen=True)
class Provenance:
    """Where and with what a trial was computed."""

    commit: str | None
    """Commit of the checkout, with ``+changes`` if tracked files differed from it; None for an installed package."""
    versions: dict[str, str]
    """Package -> version; ``gatebench`` and ``torch`` are always there."""
    machine: Machine
    threads: Natural


@dataclass(frozen=True)
class Stacking:
    """Layers and directions of a recurrent model."""

    layers: Natural = 1
    bidirectional: bool = False


@dataclass(frozen=True)
class TrialSettings:
    """What was trained: what the key hashes, in a readable form, with the names of task, data set and cell."""

    framing: str
    content: str
    equations: str
    """Fingerprint of the cell's graph."""
    sizes: dict[str, Natural]
    training: dict[str, Scalar | dict[str, float]]
    """Fields of `gatebench.training.protocol.Training`; what is missing was at its neutral default."""
    lr: float
    seed: Natural
    task: str
    dataset: str
    predict: str
    likelihood: dict[str, Scalar]
    """The likelihood's ``name`` and its options."""
    cell: str
    options: dict[str, Scalar]
    """Options of the cell, by name."""
    model: Stacking = field(default_factory=Stacking)
    at: Literal["step", "sequence"] = "step"
    """What is predicted: every step, or the whole sequence at once."""

    def __post_init__(self) -> None:
        self.hyperparameters  # noqa: B018 - ``training`` must hold numbers for them

    @property
    def hyperparameters(self) -> Hyperparameters:
        """The tuned numbers of the trial."""
        numbers = {name: self.training[name] for name in TUNABLE if name in self.training}
        return convert({**numbers, "lr": self.lr}, Hyperparameters)


@dataclass(frozen=True)
class RecordFields:
    """A record without its tables: what ``record.json`` holds."""

    key: Key
    settings: TrialSettings
    summary: Summary
    provenance: Provenance
    equations: list[str]
    """The cell as LaTeX, a line each."""


@dataclass(frozen=True)
class Record(RecordFields):
    """What a finished trial leaves on disk; the source of truth."""

    curve: TableField = TableField(CURVE, is_optional=False)  # noqa: RUF009 - a descriptor
    """Columns `CURVE`: one row per evaluation and split."""
    sequences: TableField = TableField(SEQUENCES)  # noqa: RUF009 - a descriptor
    """Columns `SEQUENCES`: one row per sequence of the test split, at the best validation point. Empty in records of the
    versions that did not keep it, like those that follow."""
    statistics: TableField = TableField(STATISTICS)  # noqa: RUF009 - a descriptor
    """Columns `STATISTICS`, of the same sequences and weights."""
    predictions: TableField = TableField(PREDICTIONS)  # noqa: RUF009 - a descriptor
    """Columns `PREDICTIONS`, of the same sequences and weights."""

    @property
    def columns(self) -> dict[str, Columns]:
        """The tables by name, as in `TABLES`, each as its columns: for who reads many records."""
        return {name: columns_of(self, name) for name in TABLES}

    @property
    def without_tables(self) -> RecordFields:
        """The part that stands in ``record.json``."""
        return RecordFields(**{one.name: getattr(self, one.name) for one in fields(RecordFields)})


@dataclass(frozen=True)
class Labels:
    """What tells the points of a study apart, and names them in reports."""

    task: str
    cell: str
    budget: str
    training: str

    def __str__(self) -> str:
        return ", ".join(vars(self).values())


@dataclass(frozen=True)
class Point:
    """One pipeline of one point of a study: the keys of its trials, by stage."""

    labels: Labels
    search: list[Key]
    """Trials of the search, in the order of its settings; empty where nothing was searched for."""
    selected: Hyperparameters | None
    """What the search selected, or was given; None while that is not known."""
    confirm: list[Key]
    """Confirming trials at the selected setting; empty while that is not known."""
    confirm_planned: Natural
    """How many confirming trials there are to be."""
    pipeline: Ordinal = 1
    """Which repetition of the whole procedure: its own draw of settings, search, selection and confirming trials."""
    edges: list[str] = field(default_factory=list)
    """Hyperparameters of which the selected number lies at an edge of what was searched."""
    independent: Natural = 0
    """How many trials of the search, the first ones, have settings that were drawn independently of one another; none of
    an even sequence, nor of what extends a search."""

    @property
    def name(self) -> str:
        """What the point is called in its study's file, and no other one."""
        return str(self.labels) if self.pipeline == 1 else f"{self.labels}, pipeline {self.pipeline}"

    @property
    def by_stage(self) -> dict[Stage, list[Key]]:
        """Stage -> keys of its trials."""
        return {"search": self.search, "confirm": self.confirm}

    @property
    def keys(self) -> list[Key]:
        """Keys of both stages."""
        return [*self.search, *self.confirm]


@dataclass(frozen=True, kw_only=True)
class StudyFile:
    """``study.json``, in the order in which it is written."""

    study: str = ""
    """Name of the study and of its folder."""
    contrasts: Contrasts = ALL
    """Family of contrasts that is tested."""
    contrasts_before_results: Contrasts | None = None
    """Family that was declared before there were results, where ``contrasts`` took its place later."""
    points: dict[str, Point]
    """Its name -> a point, in the order in which they were planned."""


def decode_record(text: str | bytes) -> RecordFields:
    """Decode ``record.json``; ``ValueError`` says what does not fit and where."""
    return convert(_renamed(parse(text)), RecordFields)


def decode_summary(text: str | bytes) -> tuple[str, Summary]:
    """Decode the key and the summary of ``record.json`` alone, which is faster."""
    text = text if isinstance(text, str) else text.decode()  # all of it is looked at, the parts that are passed over too
    if not any(f'"{former}"' in text for former in _SUMMARY_OF_0_1):
        with suppress(MsgspecError, OverflowError, SystemError):  # what does not fit, and where, is said below
            summarized = _SUMMARIZED.decode(text)
            return summarized.key, summarized.summary
    value = _renamed(parse(text))
    return convert(_entry(value, "key"), Key), convert(_entry(value, "summary"), Summary)


def decode_study(text: str | bytes) -> StudyFile:
    """Decode ``study.json``; ``ValueError`` says what does not fit and where."""
    return convert(parse(text), StudyFile)


def decode_table(text: str | bytes, name: str) -> Columns:
    """Decode a table of a ``records.parquet``, one of `TABLES`: name -> column; a number that is null is missing."""
    columns = convert(parse(text), dict[str, list[Scalar]])
    checked = {
        column: convert(columns.get(column), list[kind if kind is str else kind | None])  # type: ignore[valid-type]
        for column, kind in TABLES[name].items()
    }
    if len({len(values) for values in checked.values()}) > 1:
        raise ValueError(f"columns of {name} are not of one length")
    return {column: [math.nan if value is None else value for value in values] for column, values in checked.items()}


def is_key(text: str) -> bool:
    """Whether a text has the form of a trial's key."""
    return re.fullmatch("[0-9a-f]{16}", text) is not None


def _entry(value: object, name: str) -> object:
    if not isinstance(value, dict) or name not in value:
        raise ValueError(f"Object missing required field `{name}`")
    return value[name]


def _renamed(value: object) -> Any:
    """A record with the names of today, whatever version wrote it."""
    if isinstance(value, dict):
        _rename(value.get("summary"), _SUMMARY_OF_0_1)
        settings = value.get("settings")
        if isinstance(settings, dict):
            _rename(settings.get("training"), {former: name for name, former in HASHED_AS.items()})
            if settings.get("model", Stacking) is None:
                del settings["model"]
    return value


def _rename(entries: object, names: dict[str, str]) -> None:
    if isinstance(entries, dict):
        for former, name in names.items():
            if former in entries:
                entries[name] = entries.pop(former)
