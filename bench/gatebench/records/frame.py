"""Records to the frame: the only input of a figure. Its columns and their units are those of `gatebench.records.columns`."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from gatebench.core.errors import BadInput, visible
from gatebench.core.measuring import MetricsOfTrials
from gatebench.core.metric import SequenceStatistics
from gatebench.records import beside, budgets, columns, former, looks, metrics, samples, study_file
from gatebench.records.contrasts import UNDECLARED, Declaration
from gatebench.records.data_facts import Blocks, DataFacts
from gatebench.records.schema import CURVE, PREDICTIONS, SEQUENCES, Point, Record, Scalar, Stage, Summary
from gatebench.records.stacking import joined, records_of, stacked, with_visible_labels
from gatebench.records.store import Store
from gatebench.records.tables import columns_of

IDENTITY = list(columns.IDENTITY)
"""Columns that say which trial a row is of."""
COSTS = list(columns.COSTS)
"""Columns of a cell's size and cost."""
SCORE = list(columns.SCORE)
"""Columns of a trial's score on one split."""
COURSE = list(columns.COURSE)
"""Columns of how a trial was trained."""
COLUMNS = list(columns.MEANING)
"""Columns of ``trials.csv``, in their order."""
RESULT_COLUMNS = [
    column
    for column in COLUMNS
    if column not in ("seconds", "core_seconds", "relative_throughput", "engine", "population_size")
]
"""Columns that a resumed study shares exactly with an undisturbed one."""
MACHINE = ["commit", "gatebench", "torch", "processor", "cores", "threads", "engine"]
"""Columns of where trials were computed."""
BASELINE = ["task", "baseline", *SCORE]
"""Columns of the scores of baselines."""
METRICS = ["key", "metric", "value"]
"""Columns of what people decide by beside NLL (`gatebench.core.metrics`)."""
EDGES = ["task", "cell", "budget", "training", "pipeline", "hyperparameter"]
"""Columns of what was selected at an edge of what was searched."""

REPLICATION = "replication"
"""Folder below a study's, with the study and the records of a second run of it."""
_REPLICATION_OF_0_1 = "again"


class ComparisonGroup(NamedTuple):
    """What is compared within: cells on one task, at one budget, under one protocol."""

    task: str
    budget: str
    training: str


def comparison_groups(rows: pd.DataFrame) -> list[tuple[ComparisonGroup, pd.DataFrame]]:
    """Return the rows of each comparison group, in order of appearance."""
    by_group = rows.groupby(list(ComparisonGroup._fields), sort=False)
    return [(ComparisonGroup(*map(str, name)), part) for name, part in by_group]  # pyright: ignore[reportArgumentType]


@dataclass(frozen=True, eq=False)
class Frame:
    """What figures and tables are drawn from; the same one is the same object, by which results are remembered."""

    trials: pd.DataFrame
    """One row per trial and split, at the trial's best validation point: `COLUMNS`."""
    curves: pd.DataFrame
    """One row per trial, evaluation and split: `IDENTITY` and `CURVE`."""
    sequences: pd.DataFrame
    """One row per confirming trial and sequence of the test split: ``key`` and `SEQUENCES`."""
    baselines: pd.DataFrame
    """Scores of baselines: `BASELINE`."""
    equations: dict[str, list[str]]
    """Cell -> its equations as LaTeX."""
    datasets: dict[str, str]
    """Task -> the title of its data set, marked if it is synthetic."""
    audio: pd.DataFrame
    """Tasks on audio: ``task, outputs`` (samples predicted at a step), ``std`` (16-bit units in a standardised one)."""
    steps: dict[str, str]
    """Task -> what a time step is."""
    samples: pd.DataFrame
    """Sequences drawn from the `best` trials: `samples.COLUMNS`."""
    spectra: pd.DataFrame
    """Spectra of those samples that can be heard: `samples.SPECTRA`."""
    machines: pd.DataFrame
    """Where the trials were computed: `MACHINE` and ``trials``, their number."""
    replication: "Frame | None" = None
    """The study as it was computed a second time."""
    left_out: int = 0
    """Finished trials of pipelines that were left out as the study was loaded."""
    looks: int = 0
    """Verdicts that ``gatebench compare`` gave on the study, each on other trials (`gatebench.records.looks`)."""
    declared: Declaration = UNDECLARED
    """Which pairs of cells are tested within each comparison group."""
    edges: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=EDGES))
    """Searches whose selected setting lies at an edge of what was searched, a row for each hyperparameter: `EDGES`."""
    at: dict[str, str] = field(default_factory=dict)
    """Task -> ``sequence`` where a whole one is predicted at once; others predict every step."""
    horizons: dict[str, int] = field(default_factory=dict)
    """Task -> how many steps ahead are predicted at once, where these are several."""
    blocks: dict[str, Blocks] = field(default_factory=dict)
    """Task -> what its test sequences stand together in, where they do not stand for themselves."""
    outside: dict[str, float] = field(default_factory=dict)
    """Task -> the largest share of a column's numbers in test that lie outside train's range, where there are some."""
    kinds: dict[str, str] = field(default_factory=dict)
    """Task -> what its sequences are: a kind of `gatebench.data.contents`."""
    former: dict[str, pd.DataFrame] = field(default_factory=dict)
    """Earlier study -> what it said of every two cells: `former.CONCLUSIONS`."""
    metrics: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=METRICS))
    """One row per confirming trial and metric on the test split: `METRICS`; none of records that do not have them."""
    baseline_metrics: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=metrics.OF_BASELINES))
    """Metrics of baselines on test: `metrics.OF_BASELINES`; none of records that do not have them."""
    statistics: dict[str, SequenceStatistics] = field(default_factory=dict)
    """Key of a confirming trial -> what its metrics are computed from, of those whose record has it."""
    predictions: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["key", *PREDICTIONS]))
    """Predictions of test sequences by confirming trials: ``key`` and `PREDICTIONS`."""
    names: dict[str, list[str]] = field(default_factory=dict)
    """Task -> the classes or columns that are predicted, where they have names."""
    trivial: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    """Task -> predictor that takes no model -> metric -> its value on test."""
    beside: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=beside.COLUMNS))
    """What others made of the same tasks: `beside.COLUMNS`."""
    independent: frozenset[str] = frozenset()
    """Keys of trials of searches whose settings were drawn independently of one another, each from the same ranges."""
    threads: dict[str, int] = field(default_factory=dict)
    """Key -> threads of the worker that computed the trial; 1 of those that are not there."""

    def title(self, group: ComparisonGroup) -> str:
        """Return a comparison group's heading."""
        return f"{self.datasets[group.task]}, {self.budget(group.budget, group.task)}, {group.training}"

    def budget(self, name: str, task: str | None = None) -> str:
        """Return a budget's name for people, with the sizes of its models on a task (None: on all) if it says none."""
        trials = self.trials[self.trials.budget == name]
        return budgets.with_sizes(name, trials if task is None else trials[trials.task == task])

    def predicted(self, task: str) -> str:
        """Return what a prediction of a task is made for, of which ``nll`` is in nats."""
        if task in self.horizons:
            return f"time step ({self.horizons[task]} steps ahead together)"
        return "sequence" if self.at.get(task) == "sequence" else "time step"

    def nll(self, task: str) -> str:
        """Return the name of ``nll`` on an axis."""
        return f"NLL (nats per {self.predicted(task)})"

    def output_name(self, task: str, number: int) -> str:
        """Return the name of one of the columns that are predicted, counted from 0."""
        names = self.names.get(task, [])
        return names[number] if number < len(names) else f"column {number}"

    @property
    def best(self) -> pd.DataFrame:
        """Validation rows of the confirming trials that are best on validation, one for each comparison group and cell."""
        valid = self.confirmed("valid").dropna(subset="nll").query("status == 'finished'").sort_values("nll", kind="stable")
        return valid.drop_duplicates([*ComparisonGroup._fields, "cell"])

    def scored(self) -> pd.DataFrame:
        """Return confirming trials on test, of those cells of a comparison group of which every trial has a score."""
        test = self.confirmed("test")
        return test[test.groupby([*ComparisonGroup._fields, "cell"]).nll.transform(lambda nll: nll.notna().all())]

    def confirmed(self, split: str) -> pd.DataFrame:
        """Return confirming trials on one split: what is reported as a result."""
        return self.trials[(self.trials.stage == "confirm") & (self.trials.split == split)]


def load(results: Path, study: str, pipelines: int | None = None) -> Frame:
    """Return the frame of a study, from its file and the records alone; ``pipelines``: of so many first ones, or of all."""
    all_points = study_file.read(results, study)
    points = [point for point in all_points if pipelines is None or point.pipeline <= pipelines]
    store = Store(results)
    keys = study_file.keys(points)
    frame = _build(study, points, lambda part: {**store.failures(part), **store.read(part)})
    drawn, spectra = samples.read(results, study)
    drawn = drawn[drawn.key.isin(frame.best.key)]  # others were drawn before a better trial was there
    group, cell = [*ComparisonGroup._fields], [*ComparisonGroup._fields, "cell"]
    of_drawn_cell = spectra.set_index(cell).index.isin(drawn.set_index(cell).index)
    of_drawn_group = spectra.set_index(group).index.isin(drawn.set_index(group).index)
    return replace(
        frame,
        left_out=len((set(study_file.keys(all_points)) - set(keys)) & store.finished()),
        looks=len(looks.read(results, study)),
        declared=study_file.declaration(results, study),
        samples=drawn,
        spectra=spectra[of_drawn_cell | (of_drawn_group & (spectra.cell == samples.DATA))],
        former=former.read(results, study),
        beside=beside.read(results, study),
        replication=next((load(results / study, name) for name in _replications(results, study)), None),
    )


def _replications(results: Path, study: str) -> list[str]:
    names = (REPLICATION, _REPLICATION_OF_0_1)
    return [name for name in names if study_file.path(results / study, name).is_file()]


def build(study: str, points: list[Point], records: Mapping[str, Record]) -> Frame:
    """Return the frame of those of a study's trials whose records are given, by key."""
    return _build(study, points, lambda keys: {key: records[key] for key in keys if key in records})


def _build(study: str, points: list[Point], read: Callable[[list[str]], dict[str, Record]]) -> Frame:
    """Return the frame of those of a study's trials that can be read; few records are in memory at a time."""
    trials, curves, sequences, predictions = [], [], [], []
    machines: dict[str, list[Scalar]] = {}  # of each trial once, although points may share it
    statistics: dict[str, SequenceStatistics] = {}
    values: dict[str, dict[str, float]] = {}
    summaries: dict[str, Summary] = {}
    trivial: dict[str, dict[str, dict[str, float]]] = {}
    equations: dict[str, list[str]] = {}
    datasets: dict[str, str] = {}
    data: dict[str, DataFacts] = {}
    blocks: dict[str, Blocks] = {}
    at: dict[str, str] = {}
    threads: dict[str, int] = {}
    of_trials = MetricsOfTrials()
    for part in records_of(points, read):
        part_trials, part_curves, part_sequences, part_predictions = [], [], [], []
        for point, stage, record in part:
            labels = point.labels
            identity = _identity(study, stage, point, record)
            part_trials += rows(identity, record)
            summary = record.summary
            if summary.status == "failed":  # it has a row, and no numbers
                continue
            part_curves.append((identity, columns_of(record, "curve")))
            if stage == "confirm":
                _check_blocks(record)
                part_sequences.append(({"key": record.key}, columns_of(record, "sequences")))
                part_predictions.append(({"key": record.key}, columns_of(record, "predictions")))
                measured = metrics.measured(record, of_trials)
                if measured is not None:
                    statistics[record.key], values[record.key] = measured
            equations[labels.cell] = record.equations
            summaries[labels.task] = summary
            trivial |= {labels.task: summary.trivial} if summary.trivial else {}
            altered = labels.task.partition(" ")[2]  # such as share=0.1
            datasets[labels.task] = " ".join(
                filter(None, [visible(summary.title), altered, "(synthetic)" if summary.synthetic else ""])
            )
            at[labels.task] = record.settings.at
            data[labels.task] = summary.data
            if summary.data.blocks.numbers:  # which are the data's, and which records of earlier versions do not say
                blocks[labels.task] = summary.data.blocks
            machines[record.key] = _machine(record)
            threads[record.key] = max(1, record.provenance.threads)  # 0 where a record does not say it
        trials.append(pd.DataFrame(part_trials, columns=COLUMNS))
        curves.append(stacked(part_curves, [*IDENTITY, *CURVE]))
        sequences.append(stacked(part_sequences, ["key", *SEQUENCES]))
        predictions.append(stacked(part_predictions, ["key", *PREDICTIONS]))
    return Frame(
        trials=joined(trials, COLUMNS),
        curves=joined(curves, [*IDENTITY, *CURVE]),
        sequences=joined(sequences, ["key", *SEQUENCES]),
        baselines=pd.DataFrame(
            [
                (task, baseline, split, score.nll, score.nll_sequence_mean)
                for task, summary in summaries.items()
                for baseline, by_split in summary.baselines.items()
                for split, score in by_split.items()
            ],
            columns=BASELINE,
        ),
        baseline_metrics=metrics.of_baselines({task: summary.baseline_metrics for task, summary in summaries.items()}),
        audio=pd.DataFrame(
            [(task, facts.outputs, facts.std) for task, facts in data.items() if facts.kind == "audio"],
            columns=["task", "outputs", "std"],
        ),
        steps={task: facts.time_step for task, facts in data.items() if facts.time_step},
        samples=pd.DataFrame(columns=samples.COLUMNS),
        spectra=pd.DataFrame(columns=samples.SPECTRA),
        equations=equations,
        datasets=datasets,
        edges=pd.DataFrame(
            [
                (*asdict(point.labels).values(), point.pipeline, name)
                for point in map(with_visible_labels, points)
                for name in point.edges
            ],
            columns=EDGES,
        ),
        at=at,
        kinds={task: facts.kind for task, facts in data.items()},
        metrics=pd.DataFrame(
            [(key, *named) for key, of_trial in values.items() for named in of_trial.items()],
            columns=METRICS,
        ),
        statistics=statistics,
        predictions=joined(predictions, ["key", *PREDICTIONS]),
        names={task: [*map(visible, facts.names)] for task, facts in data.items() if facts.names},
        trivial=trivial,
        horizons={task: facts.horizon for task, facts in data.items() if facts.horizon > 1},
        blocks=blocks,
        outside={task: facts.outside for task, facts in data.items() if facts.outside},
        independent=frozenset(key for point in points for key in point.search[: point.independent]),
        threads=threads,
        machines=pd.DataFrame(list(machines.values()), columns=MACHINE)
        .value_counts(sort=False, dropna=False)
        .rename("trials")
        .reset_index(),
    )


def _check_blocks(record: Record) -> None:
    """Raise ``BadInput`` where blocks are not of as many test sequences as a record has."""
    blocks, sequences = len(record.summary.data.blocks.numbers), len(columns_of(record, "sequences")["sequence"])
    if blocks and sequences and blocks != sequences:
        raise BadInput(
            f"record {record.key} has {sequences:,} test sequences, but blocks of {blocks:,}; it is damaged: remove its "
            "folder, and the next sweep trains it again"
        )


def rows(identity: dict[str, Scalar], record: Record) -> list[dict[str, Scalar]]:
    """Return one row of `COLUMNS` for each split; what a trial does not have is NaN."""
    shared = {name: _or_nan(getattr(record.summary, name)) for name in [*COSTS, *COURSE]}
    return [
        {**identity, **shared, "split": split, **{name: _or_nan(value) for name, value in vars(score).items()}}
        for split, score in record.summary.scores.items()
    ]


def _or_nan(value: Scalar) -> Scalar:
    return float("nan") if value is None else value


def _identity(study: str, stage: Stage, point: Point, record: Record) -> dict[str, Scalar]:
    named = {"study": study, "stage": stage, **asdict(point.labels), "pipeline": point.pipeline}
    return {**named, "key": record.key, "seed": record.settings.seed, **asdict(record.settings.hyperparameters)}


def _machine(record: Record) -> list[Scalar]:
    where, machine = record.provenance, record.provenance.machine
    return [
        (where.commit or "installed package")[:12], where.versions.get("gatebench"), where.versions.get("torch"),
        machine.processor, machine.cores, where.threads, record.summary.engine,
    ]  # fmt: skip
