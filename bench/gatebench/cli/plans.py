"""The plan of ``gatebench compare``: from a task, a time and what the machine does in it to the overrides of a sweep."""

import json
import math
import re
import time
from dataclasses import dataclass, replace
from pathlib import Path

from gatebench.core.errors import BadInput, shorten
from gatebench.core.validation import NonNegative, construct
from gatebench.study import schedule
from gatebench.study.schedule import FIRST_SEEDS, PARAMETERS, Plan, Size

SHARE = 0.8
"""Of the time that is left, for which trials are planned: a machine does not hold its pace."""
MEASURED = 8
"""Members of the populations whose pace is measured."""
SEEDS = 20
"""Of each cell, at the most, where nobody asks for more."""


@dataclass(frozen=True)
class Wish:
    """What was asked for, checked."""

    task: str
    minutes: float
    cells: list[str]
    parameters: int | None
    seeds: int | None
    study: str
    results: Path

    @property
    def most(self) -> int:
        """Confirming seeds of a cell."""
        return self.seeds or SEEDS

    @property
    def file(self) -> Path:
        """Where the study's plan stands."""
        return self.results / self.study / "plan.json"

    def overrides(self, plan: Plan) -> list[str]:
        """The sweep of a plan."""
        import joblib

        exact = plan.parameters in PARAMETERS
        results = str(self.results) if re.fullmatch(r"[\w./-]+", str(self.results)) else f"'{self.results}'"
        return [
            "study=compare", f"name={self.study}", f"task={self.task}", f"cell={','.join(self.cells)}",
            f"budget=parameters_{plan.parameters // 1000}k" if exact else f"budget.parameters={plan.parameters}",
            f"training.batch={plan.batch}", f"training.epochs={plan.epochs}", f"search.size={plan.search}",
            f"population.seeds=[{','.join(map(str, range(1, plan.seeds + 1)))}]", f"results={results}",
            # One cell after the other with the whole machine, so that their seconds can be compared.
            "hydra/launcher=basic", f"engine.threads={joblib.cpu_count()}",
        ]  # fmt: skip


@dataclass(frozen=True)
class Kept:
    """A plan as it is kept beside its study, so that the same command comes to the same trials."""

    minutes: NonNegative
    """For which its seeds were chosen; 0 where that is still to come."""
    plan: Plan

    @staticmethod
    def read(file: Path) -> "Kept | None":
        """That of a study, if it has one."""
        if not file.is_file():
            return None
        try:
            values = json.loads(file.read_text())
            return construct(Kept, file.name, {**values, "plan": construct(Plan, file.name, values["plan"])})
        except (BadInput, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise BadInput(f"{file} is damaged ({shorten(error)}); remove it, and the study is planned anew") from error

    def write(self, wish: Wish) -> "Kept":
        """Keep it."""
        from gatebench.core import files

        files.atomic_write(wish.file, lambda partial: partial.write_text(files.to_json(self)))
        return self

    def settled(self, wish: Wish) -> bool:
        """Whether it is all that was asked for."""
        enough = wish.minutes <= self.minutes and (wish.seeds or 0) <= self.plan.seeds
        return enough and wish.parameters in (None, self.plan.parameters)


@dataclass(frozen=True)
class _Measured:
    """What a plan is made of."""

    size: Size
    parameters: int
    paces: dict[str, float]
    """Cell -> seconds of an epoch of one trial."""


def planned(wish: Wish, end: float) -> Kept:
    """The plan that the study has, if it will do, else a new one whose trials end in time. Says what it is."""
    kept = Kept.read(wish.file)
    if kept and kept.settled(wish):
        print(f"plan: as before, {_described(kept.plan)}, {kept.plan.seeds} seeds", flush=True)
        return kept
    measured = _measured(wish)
    fresh = schedule.fitting(measured.size, measured.parameters, measured.paces, SHARE * (end - time.monotonic()))
    if fresh is None:
        raise _too_short(wish, measured, end)
    # Seeds are added to trials that are there, unless there is time now for trials of another length.
    goes_on = kept and kept.plan.parameters == fresh.parameters and fresh.epochs < 2 * kept.plan.epochs
    plan = kept.plan if kept and goes_on else replace(fresh, seeds=min(FIRST_SEEDS, wish.most))
    expected = max(plan.seeds, min(fresh.seeds, wish.most))
    seconds = replace(plan, seeds=expected).seconds(measured.paces)
    paces = ", ".join(f"{cell} {pace:.2g} s" for cell, pace in measured.paces.items())
    size = measured.size
    print(f"data: {size.sequences:,} training sequences, {size.predictions:,} predictions of {size.outputs} number(s) each")
    before = "as before, " if goes_on else ""
    print(f"plan: {before}{_described(plan)}, {plan.seeds} seeds, then more if they fit: about {expected}")
    print(f"time: at most about {seconds / 60:.1f} min for all cells ({paces} for an epoch of one trial)", flush=True)
    return Kept(0.0, plan).write(wish)


def _described(plan: Plan) -> str:
    return (
        f"{plan.parameters:,} recurrent parameters a cell, batches of {plan.batch}, at most {plan.epochs} epochs; "
        f"{plan.search} settings of learning rate and weight noise are tried"
    )


def _measured(wish: Wish) -> _Measured:
    """The sizes of the data, and a few updates of every cell."""
    from gatebench.cli.compose import composed
    from gatebench.data import tasks
    from gatebench.study import run

    first = composed(wish.overrides(Plan(PARAMETERS[0], batch=1, epochs=1, search=1, seeds=1)))[0]
    task = tasks.load(first.labels["task"], first.dataset, first.predict)
    train = task.splits["train"]
    size = Size(len(train), sum(len(sequence.y) for sequence in train), train[0].y.shape[1], task.inputs)
    parameters = wish.parameters or schedule.parameters(size)
    plan = Plan(parameters, schedule.batch(size), epochs=1, search=MEASURED, seeds=1)
    return _Measured(size, parameters, {job.labels["cell"]: run.pace(job, task) for job in composed(wish.overrides(plan))})


def _too_short(wish: Wish, measured: _Measured, end: float) -> BadInput:
    besides = 60 * wish.minutes - (end - time.monotonic())
    least = besides + schedule.least(measured.size, measured.parameters, measured.paces) / SHARE
    return BadInput(
        f"{wish.minutes:g} minutes are too few to compare {len(wish.cells)} cells on {wish.task}; the least that says "
        f"anything takes about {math.ceil(least / 60)}: --minutes {math.ceil(least / 60)}"
    )
