"""Records to the frame: the only input of a figure. Columns and units are defined here.

``nll`` is in nats per time step: the sum of -log p over outputs and steps, divided by the number of predicted steps of
the split (nats per sequence, where a whole one has a label or a value); ``nll_sequence_mean`` is the mean over sequences of
each one's own. ``seconds`` is wall time of training and
validation, shared evenly by the members of a population. ``relative_throughput`` is the FLOPs a second of training and
validation over the rate of a 2048 matrix product. Other FLOPs: matrix products, a multiply-add as two, forward pass,
recurrent layer, per time step.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from gatebench.records import looks, samples, study_file
from gatebench.records.record import CURVE, SEQUENCES, Record, Store

IDENTITY = ["study", "stage", "task", "cell", "budget", "training", "key", "seed", "lr", "weight_noise", "weight_decay"]
COSTS = ["units", "inputs", "parameters_recurrent", "parameters_total", "flops_per_step", "state_size"]
SCORE = ["split", "nll", "nll_sequence_mean"]
WAY = ["best_epoch", "epochs", "updates", "seconds", "relative_throughput", "engine", "population_size", "device", "status"]
COLUMNS = [*IDENTITY, *COSTS, *SCORE, *WAY]
RESULT_COLUMNS = [
    column for column in COLUMNS if column not in ("seconds", "relative_throughput", "engine", "population_size")
]
"""What a resumed study shares exactly with an undisturbed one."""


class ComparisonGroup(NamedTuple):
    """What is compared with each other: cells on one task, at one budget, under one protocol."""

    task: str
    budget: str
    training: str


def comparison_groups(rows: pd.DataFrame) -> list[tuple[ComparisonGroup, pd.DataFrame]]:
    """The rows of each panel, in order of appearance."""
    return [
        (ComparisonGroup(*map(str, name)), part) for name, part in rows.groupby(list(ComparisonGroup._fields), sort=False)
    ]  # pyright: ignore


REPLICATION = "replication"
"""Folder below a study's, with the points and the records of its second run."""
_FORMER_REPLICATION = "again"
BEFORE_AUDIO = {"kind": "piano_roll", "time_step": ""}
"""What a record means that says nothing of its data."""
MACHINE = ["commit", "gatebench", "torch", "processor", "cores", "threads", "engine"]


@dataclass(frozen=True)
class Frame:
    """What figures and tables are drawn from."""

    trials: pd.DataFrame
    """One row per trial and split, at the trial's best validation point: `COLUMNS`."""
    curves: pd.DataFrame
    """One row per trial, evaluation and split: `IDENTITY` and `CURVE`."""
    sequences: pd.DataFrame
    """One row per confirming trial and sequence of the test split: ``key`` and `SEQUENCES`."""
    baselines: pd.DataFrame
    """Trivial predictors: ``task, baseline, split, nll, nll_sequence_mean``."""
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
    """Of those that can be heard: `samples.SPECTRA`."""
    machines: pd.DataFrame
    """Where the trials were computed: ``commit, gatebench, torch, processor, cores, threads, engine, trials``."""
    replication: "Frame | None" = None
    """The study as it was computed a second time."""
    looks: int = 0
    """Verdicts that ``gatebench compare`` gave on the study, each on other trials (`gatebench.records.looks`)."""
    at: dict[str, str] = field(default_factory=dict)
    """Task -> ``sequence`` where a whole one is predicted at once; others predict every step."""

    def title(self, panel: ComparisonGroup) -> str:
        """A panel's heading."""
        return f"{self.datasets[panel.task]}, {panel.budget}, {panel.training}"

    def predicted(self, task: str) -> str:
        """What a prediction of a task is made for, of which ``nll`` is in nats."""
        return "sequence" if self.at.get(task) == "sequence" else "time step"

    def nll(self, task: str) -> str:
        """The name of ``nll`` on an axis."""
        return f"NLL (nats per {self.predicted(task)})"

    @property
    def best(self) -> pd.DataFrame:
        """Of each panel and cell the confirming trial that is best on validation, on its validation split."""
        valid = self.confirmed("valid").dropna(subset="nll").query("status == 'finished'").sort_values("nll", kind="stable")
        return valid.drop_duplicates([*ComparisonGroup._fields, "cell"])

    def scored(self) -> pd.DataFrame:
        """Confirming trials on test, of those cells of a panel of which every run has a score."""
        test = self.confirmed("test")
        return test[test.groupby([*ComparisonGroup._fields, "cell"]).nll.transform(lambda nll: nll.notna().all())]

    def confirmed(self, split: str) -> pd.DataFrame:
        """Confirming trials on one split: what is reported as a result."""
        return self.trials[(self.trials.stage == "confirm") & (self.trials.split == split)]


def load(results: Path, study: str) -> Frame:
    """The frame of a study, from its file and the records alone."""
    points = study_file.read(results, study)
    store = Store(results)
    keys = study_file.keys(points)
    found = build(study, points, {**store.failures(keys), **store.read(keys)})
    drawn, spectra = samples.read(results, study)
    drawn = drawn[drawn.key.isin(found.best.key)]  # others were drawn before a better trial was there
    heard = spectra.set_index([*ComparisonGroup._fields, "cell"]).index.isin(
        drawn.set_index([*ComparisonGroup._fields, "cell"]).index
    )
    beside = spectra.set_index([*ComparisonGroup._fields]).index.isin(drawn.set_index([*ComparisonGroup._fields]).index)
    return replace(
        found,
        looks=len(looks.read(results, study)),
        samples=drawn,
        spectra=spectra[heard | (beside & (spectra.cell == samples.DATA))],
        replication=_load_replication(results / study),
    )


def _load_replication(folder: Path) -> Frame | None:
    """The second run that is kept in a study's folder, under today's name or that of earlier versions."""
    names = [name for name in (REPLICATION, _FORMER_REPLICATION) if study_file.path(folder, name).is_file()]
    return load(folder, names[0]) if names else None


def build(study: str, points: list[study_file.Point], records: dict[str, Record]) -> Frame:
    """The frame of those of a study's trials that are there."""
    trials, curves, sequences, machines, baselines, equations, datasets, data, at = [], [], [], [], {}, {}, {}, {}, {}
    for point in points:
        labels = point["labels"]
        for stage in ("search", "confirm"):
            for record in (records[key] for key in point[stage] if key in records):
                identity = _identity(study, stage, labels, record)
                trials += rows(identity, record)
                if record.summary["status"] == "failed":  # it has a row, and no numbers
                    continue
                curves.append((identity, record.curve))
                if stage == "confirm":
                    sequences.append(({"key": record.key}, record.sequences))
                equations[labels["cell"]] = record.equations
                baselines[labels["task"]] = record.summary["baselines"]
                datasets[labels["task"]] = record.summary["title"] + (" (synthetic)" if record.summary["synthetic"] else "")
                at[labels["task"]] = record.settings.get("at", "step")
                data[labels["task"]] = record.summary.get("data") or BEFORE_AUDIO
                machines.append(_machine(record))
    return Frame(
        trials=pd.DataFrame(trials, columns=COLUMNS),
        curves=_stacked(curves, [*IDENTITY, *CURVE]),
        sequences=_stacked(sequences, ["key", *SEQUENCES]),
        baselines=pd.DataFrame(
            [
                {"task": task, "baseline": baseline, "split": split, **scores}
                for task, by_baseline in baselines.items()
                for baseline, by_split in by_baseline.items()
                for split, scores in by_split.items()
            ],
            columns=["task", "baseline", "split", "nll", "nll_sequence_mean"],
        ),
        audio=pd.DataFrame(
            [(task, d["outputs"], d["std"]) for task, d in data.items() if d["kind"] == "audio"],
            columns=["task", "outputs", "std"],
        ),
        steps={task: d["time_step"] for task, d in data.items() if d["time_step"]},
        samples=pd.DataFrame(columns=samples.COLUMNS),
        spectra=pd.DataFrame(columns=samples.SPECTRA),
        equations=equations,
        datasets=datasets,
        at=at,
        machines=pd.DataFrame(machines, columns=MACHINE)
        .value_counts(sort=False, dropna=False)
        .rename("trials")
        .reset_index(),
    )


def _stacked(tables: list[tuple[dict[str, Any], pd.DataFrame]], columns: list[str]) -> pd.DataFrame:
    """Tables one below the other, each row with what identifies its table."""
    filled = [(identity, table) for identity, table in tables if len(table)]
    if not filled:
        return pd.DataFrame(columns=columns)
    # Once for all: a column set in each of thousands of tables takes most of the time.
    identities = pd.DataFrame([identity for identity, _ in filled])
    below = pd.concat([table for _, table in filled], ignore_index=True)
    beside = identities.loc[identities.index.repeat([len(table) for _, table in filled])].reset_index(drop=True)
    return pd.concat([beside, below], axis=1)[columns]


def rows(identity: dict[str, Any], record: Record) -> list[dict[str, Any]]:
    """One row of `COLUMNS` for each split."""
    summary = record.summary
    missing = float("nan")
    found = {name: summary.get(name) for name in [*COSTS, *WAY]}  # what a failed trial or an older record does not have
    shared = {name: missing if value is None else value for name, value in found.items()}
    return [
        {**identity, **shared, "split": split, **{name: missing if v is None else v for name, v in scores.items()}}
        for split, scores in summary["scores"].items()
    ]


def _identity(study: str, stage: str, labels: dict[str, str], record: Record) -> dict[str, Any]:
    settings = record.settings
    return {
        "study": study, "stage": stage, **labels, "key": record.key, "seed": settings["seed"], "lr": settings["lr"],
        "weight_noise": settings["training"]["weight_noise"],
        "weight_decay": settings["training"].get("weight_decay", 0.0),  # which older records do not have
    }  # fmt: skip


def _machine(record: Record) -> list[Any]:
    where = record.provenance
    return [
        (where["commit"] or "installed package")[:12], where["versions"]["gatebench"], where["versions"]["torch"],
        where["machine"]["processor"], where["machine"]["cores"], where["threads"], record.summary["engine"],
    ]  # fmt: skip
