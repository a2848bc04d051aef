"""The records of a job's trials: of those that came to their end, and of those that ended with an error of their own."""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gatebench.data.cards import Card
from gatebench.data.contents import SPLITS
from gatebench.data.forecasts import forecast
from gatebench.data.tasks import Task
from gatebench.graph import latex
from gatebench.records import schema
from gatebench.records.data_facts import Blocks, DataFacts
from gatebench.records.provenance import provenance
from gatebench.records.schema import Record, Score, Stacking, Summary, TrialSettings
from gatebench.study.job import Job
from gatebench.training.protocol import Member, Training

if TYPE_CHECKING:
    from gatebench.training.model import Model
    from gatebench.training.outcome import Outcome

NO_SCORE = Score(None, None)
"""The score of a trial that has none."""
_NO_CURVE = pd.DataFrame(columns=schema.CURVE)


def finished(
    job: Job, task: Task, member: Member, training: Training, outcome: "Outcome", population_size: int, throughput: float
) -> Record:
    """Return the record of a trial that came to its end, ``finished`` or ``diverged``.

    ``throughput`` is the FLOPs a second of its training, relative to those of a large matrix product.
    """
    summary = replace(
        _unscored(job),
        status=outcome.status,
        scores={split: _score(**score) for split, score in outcome.scores.items()},
        best_epoch=outcome.best_epoch,
        epochs=outcome.epochs,
        updates=outcome.updates,
        seconds=round(outcome.seconds, 4),
        core_seconds=None if outcome.core_seconds is None else round(outcome.core_seconds, 4),
        relative_throughput=float(f"{throughput:.4g}"),
        population_size=population_size,
        trivial=outcome.measured.trivial,
    )
    scales = {"": task.output_scale, "read_": task.input_scale}
    numbers = {
        f"{side}{name}": np.asarray(value).tolist()
        for side, scale in scales.items()
        for name, value in scale._asdict().items()
    }
    data = replace(summary.data, **numbers, outside=task.outside, blocks=Blocks(*task.blocks))
    record = _record(job, member, training, replace(summary, data=data))
    return replace(
        record,
        curve=pd.DataFrame(outcome.curve, columns=schema.CURVE),
        sequences=pd.DataFrame({"sequence": range(len(outcome.sequences["steps"])), **outcome.sequences}),
        statistics=statistics_table(outcome.measured.statistics),
        predictions=_predictions(outcome.measured.predictions),
    )


def statistics_table(sums: dict[str, np.ndarray]) -> pd.DataFrame:
    """Return what each sequence adds to each sum as rows, without zeros, but for one where there are only zeros."""
    parts = [(np.flatnonzero(of_each) if of_each.any() else [0], name, of_each) for name, of_each in sums.items()]
    rows = [(int(i), name, float(of_each[i])) for positions, name, of_each in parts for i in positions]
    return pd.DataFrame(rows, columns=schema.STATISTICS)


def _predictions(columns: dict[str, np.ndarray]) -> pd.DataFrame:
    """Return predictions as a table, its numbers with as many digits as they were computed with."""
    kinds = schema.TABLES["predictions"]
    rounded = {name: [float(f"{x:.7g}") for x in column.tolist()] for name, column in columns.items()}
    return pd.DataFrame({name: pd.Series(rounded[name], dtype=kind) for name, kind in kinds.items()})


def flops_per_second(model: "Model", task: Task, outcome: "Outcome", threads: int) -> float:
    """Return the FLOPs a second of a trial's training with so many threads, by their processor time where it is known.

    They are those of the products of layer and readout: a step of training counts three times its forward pass.
    """
    readout = 2 * model.width * model.likelihood.readout(model.outputs)
    forward = {
        split: model.cost.flops_per_step * sum(map(len, sequences)) + readout * sum(s.predictions for s in sequences)
        for split, sequences in task.splits.items()
    }
    seconds = outcome.seconds if outcome.core_seconds is None else outcome.core_seconds / threads
    return (3 * forward["train"] + forward["valid"]) * outcome.epochs / seconds


def failed(job: Job, member: Member, training: Training, reason: str) -> Record:
    """Return the record of a trial that ended with an error of its own."""
    return _record(job, member, training, replace(_unscored(job), error=reason))


def _record(job: Job, member: Member, training: Training, summary: Summary) -> Record:
    """A record without its tables."""
    keyed = asdict(job.settings(member.hyperparameters, member.seed, training))
    del keyed["model"]
    settings = TrialSettings(
        **keyed,
        task=job.labels.task,
        dataset=job.dataset,
        predict=job.predict,
        likelihood={"name": type(job.likelihood).__name__, **asdict(job.likelihood)},
        cell=job.graph.name,
        options=job.graph.options,
        model=Stacking(**asdict(job.stack)),
        at=job.framing.predicted_per(job.card),
    )
    return Record(
        key=member.key,
        settings=settings,
        summary=summary,
        provenance=provenance(job.threads),
        equations=latex.equations(job.graph),
        curve=_NO_CURVE,
    )


def _unscored(job: Job) -> Summary:
    """What a record says of its trial before anything is trained."""
    inputs, outputs = job.framing.sizes(job.card)
    return Summary(
        status="failed",
        scores=dict.fromkeys(SPLITS, NO_SCORE),
        best_epoch=0,
        epochs=0,
        updates=0,
        seconds=None,
        units=job.units,
        inputs=inputs,
        **vars(job.stack.cost(job.graph, inputs, job.units, job.likelihood.readout(outputs))),
        engine=job.engine,
        population_size=1,
        device=job.device,
        title=job.card.title,
        synthetic=job.card.synthetic,
        baselines={
            baseline: {split: _score(**score) for split, score in by_split.items()}
            for baseline, by_split in job.card.baselines.items()
        },
        baseline_metrics=job.card.baseline_metrics,
        data=DataFacts(
            job.card.kind,
            job.card.time_step,
            outputs,
            job.card.rate,
            names=_names(job.card),
            horizon=job.card.forecast.horizon if job.card.forecast else 1,
        ),
    )


def _names(card: Card) -> list[str]:
    """Return the names of the classes or columns that are predicted, where they have some."""
    if card.forecast:
        return forecast.names(card)[1]
    names = card.target.names if card.target else card.names if card.kind == "reals" else ()
    return list(names)


def _score(nll: float, nll_sequence_mean: float) -> Score:
    """A score of which what is no number is missing."""
    return Score(*(float(value) if np.isfinite(value) else None for value in (nll, nll_sequence_mean)))
