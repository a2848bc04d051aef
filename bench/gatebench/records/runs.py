"""What a record is in MLflow: a run, as plain values that any store can be given."""

import getpass
import json
import math
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import NamedTuple

from gatebench.core.validation import flatten
from gatebench.records import metrics
from gatebench.records.schema import Record, Stage
from gatebench.records.study_file import Membership
from gatebench.records.tables import columns_of

DONE = {"complete": "yes", "form": "2"}
"""Tags that a run gets last: without them, logging was cut short, or was that of a version that logged other things."""
FORMER = "former"
"""Stage of a trial that its study has no more."""
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
    profile: dict[str, str]
    """What the data set is."""

    @property
    def dataset_source(self) -> str:
        """The source as MLflow keeps that of a data set made by code."""
        return json.dumps({"tags": self.source})

    @property
    def dataset_profile(self) -> str:
        """The profile as MLflow keeps it."""
        return json.dumps(self.profile)


def of_record(record: Record, studies: Mapping[str, Membership]) -> RunValues:
    """Return the run of a record; it ends now and took as long as the training.

    ``studies``: name of a study that it belongs to -> what it is there. It has the labels that the first one gives it.
    """
    settings, summary = record.settings, record.summary
    end = int(time.time() * 1000)
    start = end - int((summary.seconds or 0.0) * 1000)
    params = {name: str(value) for name, value in flatten(asdict(settings)).items()}
    hashes = {name: params.pop(name) for name in ("content", "equations")}
    first = next((studies[name].labels for name in sorted(studies)), None)
    labels = {} if first is None else {"budget": first.budget, "protocol": first.training}
    searched = "search " if _stage(studies) == "search" else ""
    facts = {"kind": summary.data.kind, "time step": summary.data.time_step, "synthetic": str(summary.synthetic).lower()}
    return RunValues(
        name=f"{settings.task} {settings.cell} {searched}lr {settings.lr:g} seed {settings.seed}",
        start=start,
        end=end,
        tags={
            "key": record.key,
            "task": settings.task,
            "cell": settings.cell,
            "status": summary.status,
            "synthetic": str(summary.synthetic).lower(),
            "engine": summary.engine,
            **hashes,
            **membership(studies),
            **{f"system.{name}": str(value) for name, value in flatten(asdict(record.provenance)).items()},
            **_origin(record, studies),
        },
        params={  # in the order in which the page of a run lists them
            **{name: params[name] for name in ("cell", "task")},
            **labels,
            **{name: params[name] for name in ("lr", "seed")},
            "pipeline": str(min((place.pipeline for place in studies.values()), default=1)),
            **params,
        },
        metrics=list(_metrics(record, start)),
        dataset=settings.dataset,
        digest=settings.content[:32],
        source={"gatebench data": settings.dataset, "content": settings.content},
        profile={"title": summary.title, **facts},
    )


def membership(studies: Mapping[str, Membership], present: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the tags of a run for the studies it belongs to, without those that it has already.

    A trial that confirms something in one study stays a confirming one, wherever else it was searched with.
    """
    tags = {"stage": _stage(studies)} if studies and (present or {}).get("stage") != "confirm" else {}
    for name, place in sorted(studies.items()):
        of_study = {"study": "member", "stage": place.stage, "group": place.group}
        tags |= {f"{tag}.{name}": value for tag, value in of_study.items()}
    return {tag: value for tag, value in tags.items() if (present or {}).get(tag) != value}


def stages(studies: Mapping[str, Membership], present: Mapping[str, str]) -> dict[str, str]:
    """Return the tags of a run of which some study has another opinion now, or none: its search selected another setting."""
    names = [tag.removeprefix("stage.") for tag in present if tag.startswith("stage.")]
    tags = {f"stage.{name}": studies[name].stage if name in studies else FORMER for name in names}
    if "stage" in present:
        tags["stage"] = _stage(studies) if studies else FORMER
    return {tag: value for tag, value in tags.items() if present[tag] != value}


def _stage(studies: Mapping[str, Membership]) -> Stage:
    return "search" if studies and all(place.stage == "search" for place in studies.values()) else "confirm"


def _origin(record: Record, studies: Mapping[str, Membership]) -> dict[str, str]:
    """MLflow's own tags: who logged the run, what made it, and what it is in words."""
    tags = {
        "mlflow.user": _user(),
        "mlflow.source.name": "gatebench",
        "mlflow.source.type": "LOCAL",
        "mlflow.note.content": _description(record, studies),
    }
    if record.provenance.commit is not None:
        tags["mlflow.source.git.commit"] = record.provenance.commit.removesuffix("+changes")
    return tags


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as containers have them
        return "unknown"


def _description(record: Record, studies: Mapping[str, Membership]) -> str:
    """What was trained and what came out, in Markdown; of a trial of a search without test, by which nobody is to choose."""
    settings, summary = record.settings, record.summary
    size = (
        f"**{_plain(settings.cell)}** on {_plain(summary.title)}: {summary.units:,} units, "
        f"{summary.parameters_recurrent:,.0f} recurrent parameters, {summary.flops_per_step:,.0f} FLOPs a step."
    )
    stage = _stage(studies)
    splits = {"valid": "validation"} if stage == "search" else {"valid": "validation", "test": "test"}
    scores = [
        f"**{summary.scores[split].nll:.4f}** on {name}"
        for split, name in splits.items()
        if split in summary.scores and summary.scores[split].nll is not None
    ]
    status = "" if summary.status == "finished" else f"It {summary.status}. "
    outcome = f"NLL {', '.join(scores)} (nats per prediction), at epoch {summary.best_epoch} of {summary.epochs}."
    kind = {"search": "A trial of a search, which is no result", "confirm": "A confirming trial"}[stage]
    of_studies = [f"{name} ({place.labels.budget}, {place.labels.training})" for name, place in sorted(studies.items())]
    named = f" of {_plain(', '.join(of_studies))}" if of_studies else ""
    return f"{size} {status}{outcome if scores else 'It has no score.'}\n\n{kind}{named}."


def _plain(text: str) -> str:
    """A text of a file, such that Markdown shows it as it is."""
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", text)


def _metrics(record: Record, start: int) -> Iterator[MetricValue]:
    """The numbers of a run, in the order in which its page lists them; of scores in two weightings one has a curve."""
    summary = record.summary
    scores = {split: summary.scores[split] for split in ("valid", "test", "train") if split in summary.scores}
    sizes = ("units", "parameters_recurrent", "parameters_total", "flops_per_step", "state_size")
    once = {f"final/{split}_nll": score.nll for split, score in scores.items()}
    once |= {f"size/{name}": getattr(summary, name) for name in sizes}
    once |= {f"final/{name}": getattr(summary, name) for name in ("seconds", "epochs", "updates")}
    measured = metrics.measured(record)
    if measured is not None:
        once |= {f"final/test_{name}": value for name, value in measured.values.items()}
    once |= {f"final/{split}_nll_sequence_mean": score.nll_sequence_mean for split, score in scores.items()}
    for name, value in once.items():
        if value is not None:
            yield MetricValue(name, float(value), start, 0)
    columns = (columns_of(record, "curve")[name] for name in ("epoch", "seconds", "split", "nll"))
    for epoch, seconds, split, nll in zip(*columns, strict=True):
        if not any(map(math.isnan, (epoch, seconds, nll))):
            yield MetricValue(f"curve/{split}_nll", float(nll), start + int(seconds * 1000), int(epoch))
