"""What a record is in MLflow: a run, as plain values that any store can be given."""

import json
import math
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import NamedTuple

from gatebench.core.validation import flatten
from gatebench.records import metrics
from gatebench.records.schema import Record

DONE = {"complete": "yes"}
"""Tag that a run gets last: without it, logging was cut short."""
CONTEXT = "training"
"""What a run uses its data set for."""


class MetricValue(NamedTuple):
    """One number of a run."""

    key: str
    value: float
    timestamp: int
    """When it was measured, in milliseconds since 1970."""
    step: int
    """The epoch; 0 for what there is one number of."""


@dataclass(frozen=True)
class RunValues:
    """A run. Its times are milliseconds since 1970."""

    name: str
    start: int
    end: int
    tags: dict[str, str]
    params: dict[str, str]
    metrics: list[MetricValue]
    dataset: str
    """Name of the data set."""
    digest: str
    """The first digits of the checksum of its sequences."""
    source: dict[str, str]
    """Where the data set is from."""

    @property
    def dataset_source(self) -> str:
        """The source as MLflow keeps that of a data set made by code."""
        return json.dumps({"tags": self.source})


def of_record(record: Record, studies: Mapping[str, int]) -> RunValues:
    """Return the run of a record; it ends now and took as long as the training.

    ``studies``: name of a study that it belongs to -> the pipeline that it is a trial of there.
    """
    settings, summary = record.settings, record.summary
    end = int(time.time() * 1000)
    start = end - int((summary.seconds or 0.0) * 1000)
    tags = {
        "key": record.key,
        "task": settings.task,
        "cell": settings.cell,
        "status": summary.status,
        "synthetic": str(summary.synthetic).lower(),
        "engine": summary.engine,
        **membership(studies),
        **{f"system.{name}": str(value) for name, value in flatten(asdict(record.provenance)).items()},
    }
    return RunValues(
        name=f"{settings.cell} lr {settings.lr:g} seed {settings.seed} {settings.task}",
        start=start,
        end=end,
        tags=tags,
        params={
            "pipeline": str(min(studies.values(), default=1)),
            **{name: str(value) for name, value in flatten(asdict(settings)).items()},
        },
        metrics=list(_metrics(record, start)),
        dataset=settings.dataset,
        digest=settings.content[:32],
        source={"gatebench data": settings.dataset, "content": settings.content},
    )


def membership(studies: Iterable[str], present: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the tags of a run for the studies it belongs to, without those that it has already."""
    return {f"study.{study}": "member" for study in sorted(studies) if f"study.{study}" not in (present or {})}


def _metrics(record: Record, start: int) -> Iterator[MetricValue]:
    columns = (record.curve[name].tolist() for name in ("epoch", "seconds", "split", "nll", "nll_sequence_mean"))
    for epoch, seconds, split, *scores in zip(*columns, strict=True):
        if not any(map(math.isnan, (epoch, seconds, *scores))):
            for name, score in zip(("nll", "nll_sequence_mean"), scores, strict=True):
                yield MetricValue(f"curve/{split}_{name}", float(score), start + int(seconds * 1000), int(epoch))
    summary = record.summary
    once = {
        f"final/{split}_{score}": value for split, scores in summary.scores.items() for score, value in vars(scores).items()
    }
    statistics = metrics.statistics(record)
    if statistics is not None:
        once |= {f"final/test_{name}": value for name, value in metrics.values(statistics).items()}
    once |= {f"final/{name}": getattr(summary, name) for name in ("seconds", "epochs", "updates")}
    sizes = ("units", "parameters_recurrent", "parameters_total", "flops_per_step", "state_size")
    once |= {f"size/{name}": getattr(summary, name) for name in sizes}
    for name, value in once.items():
        if value is not None:
            yield MetricValue(name, float(value), start, 0)
