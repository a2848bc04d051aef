"""What a sweep has to do, as plain values: planned where torch is at hand, and read by the command, which needs none."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gatebench.cli import compose, family
from gatebench.cli.configurations import Configuration
from gatebench.core.errors import BadInput

if TYPE_CHECKING:
    from gatebench.records.contrasts import Contrasts
    from gatebench.records.schema import Point
    from gatebench.study.job import Job
    from gatebench.study.select import Remainder


@dataclass(frozen=True)
class SweepPlan:
    """The jobs of a sweep, and how much of each is left."""

    study: str
    results: Path
    tracking: str | None
    """The MLflow store that trials are logged to; None: none."""
    datasets: list[str]
    remainders: "list[Remainder]"
    """What is left of each job."""
    of_jobs: list[list[int]]
    """Positions of each job's configurations: of several sweeps of a study, some may be for one point."""
    contrasts: "Contrasts | None" = None
    """The family of contrasts that the sweep declares; None: none."""

    @property
    def points(self) -> "list[Point]":
        """The points of all jobs."""
        return [point for one in self.remainders for point in one.points]

    @property
    def trials(self) -> int:
        """How many trials there are."""
        return sum(one.trials for one in self.remainders)

    @property
    def left(self) -> int:
        """How many trials are not finished."""
        return sum(one.left for one in self.remainders)

    @property
    def epochs(self) -> int:
        """Epochs of single trials that are left, at the most."""
        return sum(one.epochs for one in self.remainders)


def plan(configurations: list[Configuration]) -> SweepPlan:
    """Return what there is to do, which takes neither data nor training; ``BadInput`` for the first job that is wrong."""
    from gatebench.records.store import Store
    from gatebench.study.job import united
    from gatebench.study.select import remainder

    jobs = _jobs(configurations)
    distinct = united(jobs)
    first, store = distinct[0], Store(distinct[0].results)
    return SweepPlan(
        study=first.study,
        results=first.results,
        tracking=first.tracking,
        datasets=sorted({job.dataset for job in distinct}),
        remainders=[remainder(job, store) for job in distinct],
        of_jobs=[[i for i, job in enumerate(jobs) if job.labels == one.labels] for one in distinct],
        contrasts=family.declared(configurations),
    )


def print_estimate(configurations: list[Configuration], sweep_plan: SweepPlan, cores: int) -> None:
    """Print how many trials each job has and, from a few updates, roughly how long they take."""
    from gatebench.study import run
    from gatebench.study.job import united

    seconds, jobs = 0.0, united(_jobs(configurations))
    for job, rest in zip(jobs, sweep_plan.remainders, strict=True):
        further = job.pipelines * job.search.extend * job.search.largest_extension if rest.left else 0
        epochs = rest.epochs + further * job.search_training.epochs
        job_seconds = run.seconds_per_epoch(job) * epochs if rest.left else 0.0
        seconds += job_seconds
        pipelines = f" in {job.pipelines} pipelines" if job.pipelines > 1 else ""
        extended = f" and up to {further} more where a search is extended" if further else ""
        print(
            f"{job.labels}: {job.units} units, {rest.trials} trials{pipelines}, {rest.left} to train{extended}, "
            f"at most {job_seconds / 60:.1f} core-minutes"
        )
    used = min(cores, len(jobs))
    print(
        f"{sweep_plan.study}: {sweep_plan.trials} trials, {sweep_plan.left} to train, at most about "
        f"{seconds / 60 / used:.0f} min on {used} cores (from a few updates; early stopping may end sooner)"
    )


def _jobs(configurations: list[Configuration]) -> "list[Job]":
    """Return the job of each configuration; ``BadInput`` if they are not all for one study."""
    jobs = [compose.job_of(configuration) for configuration in configurations]
    if len({(job.study, job.results) for job in jobs}) != 1:
        raise BadInput("name and results must be one for the whole sweep; run one sweep for each")
    return jobs
