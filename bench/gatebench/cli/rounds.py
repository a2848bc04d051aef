"""The pipelines of a comparison, trained in rounds: one of every cell, then the next of every cell.

So a deadline takes no cell from a comparison, only its last round, which is left out for all of them.
"""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from gatebench.cli.comparison import PLANNED_SHARE, ComparisonRequest, SavedPlan
from gatebench.core.errors import BadInput

if TYPE_CHECKING:
    from gatebench.study.job import Job


def train(request: ComparisonRequest, saved: SavedPlan) -> int:
    """Train what is missing of the plan, round by round; returns the exit status of the first sweep that fails, or 0."""
    from gatebench.cli.commands.sweep import sweep

    planned = saved.plan.pipelines
    # With all rounds there, a single sweep says so.
    for pipelines in range(min(completed(jobs_of(request, saved)) + 1, planned), planned + 1):
        status = sweep(request.overrides(replace(saved.plan, pipelines=pipelines)), alone=False)
        if status:
            return status
    return 0


def jobs_of(request: ComparisonRequest, saved: SavedPlan) -> "list[Job]":
    """Return the jobs of a plan, one for each cell."""
    from gatebench.cli.compose import compose_jobs

    return compose_jobs(request.overrides(saved.plan))


def completed(jobs: "list[Job]") -> int:
    """Return how many rounds are over: of those, every cell has its confirming trials, or no setting that could be."""
    from gatebench.records.store import Store
    from gatebench.study.select import remainder

    store, planned = Store(jobs[0].results), jobs[0].pipelines
    is_left = (any(remainder(_first(job, rounds), store).left for job in jobs) for rounds in range(1, planned + 1))
    return next((over for over, left in enumerate(is_left) if left), planned)


def unfinished(request: ComparisonRequest, saved: SavedPlan) -> BadInput:
    """Return the error of a comparison of which not even the first round is over: which cells are missing, and the time."""
    from gatebench.records.store import Store
    from gatebench.report.words import listed
    from gatebench.study.select import remainder

    store = Store(request.results)
    left = {job.labels.cell: remainder(_first(job, 1), store) for job in jobs_of(request, saved)}
    missing = [cell for cell, of_cell in left.items() if of_cell.left]
    share = sum(of_cell.left for of_cell in left.values()) / sum(of_cell.trials for of_cell in left.values())
    minutes = max(1, math.ceil(share * saved.seconds / PLANNED_SHARE / 60))
    return BadInput(
        f"{request.study}: no verdict without every cell, and no pipeline is finished of {listed(missing)}; that takes "
        f"about {minutes} more minute(s), and the same command goes on from here: --minutes "
        f"{max(math.ceil(request.minutes), minutes + 1)}"
    )


def _first(job: "Job", pipelines: int) -> "Job":
    return replace(job, seeds=job.seeds[:pipelines])
