"""What ``gatebench compare`` is asked for, and the plan it makes: from a task, a time and this machine to a sweep."""

import json
import math
import re
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from gatebench.cli.overrides import study_name
from gatebench.core import terminal
from gatebench.core.errors import BadInput, shorten
from gatebench.core.validation import Natural, NonNegative, construct
from gatebench.study import schedule
from gatebench.study.schedule import MANY, MOST_PIPELINES, PARAMETERS, ComparisonPlan, DataSize, Pace

PLANNED_SHARE = 0.8
"""Share of the time that is left for which trials are planned: a machine does not keep its pace."""


def plan_file(results: Path, study: str) -> Path:
    """Return where the plan of a comparison is saved."""
    return results / study / "plan.json"


@dataclass(frozen=True)
class ComparisonRequest:
    """What was asked for, checked."""

    task: str
    minutes: float
    cells: list[str]
    parameters: int | None
    """Recurrent parameters of each cell; None: chosen by the size of the data."""
    pipelines: int | None
    """Pipelines of each cell at the most; None: as many as fit, up to `MOST_PIPELINES`."""
    study: str
    results: Path
    class_weights: Literal["none", "balanced"] | None = None
    """What classes of a label weigh in the loss that is trained; None: as the protocol has it."""
    forget_bias: float | None = None
    """Initial bias of the gate that keeps the state; None: as the protocol has it."""
    against: str | None = None
    """The cell that every other one is tested against; None: as declared before, or every pair is tested."""

    @property
    def settings(self) -> dict[str, str]:
        """Settings of the protocol that were asked for, as ``gatebench sweep`` takes them."""
        bias = None if self.forget_bias is None else f"{self.forget_bias:g}"
        settings = {"training.class_weights": self.class_weights, "training.forget_bias": bias}
        return {name: value for name, value in settings.items() if value is not None}

    @property
    def contrasts(self) -> int:
        """How many pairs of cells are tested."""
        from gatebench.records import study_file
        from gatebench.records.contrasts import Contrasts

        before = study_file.declaration(self.results, self.study).contrasts
        return len((Contrasts(self.against) if self.against else before).among(self.cells))

    @property
    def most_pipelines(self) -> int:
        """Pipelines of a cell at the most."""
        return self.pipelines or MOST_PIPELINES

    @property
    def plan_file(self) -> Path:
        """Where the plan of the study is saved."""
        return plan_file(self.results, self.study)

    def overrides(self, plan: ComparisonPlan) -> list[str]:
        """Return the arguments of ``gatebench sweep`` that train a plan."""
        import joblib

        has_budget = plan.parameters in PARAMETERS
        results = str(self.results) if re.fullmatch(r"[\w./-]+", str(self.results)) else f"'{self.results}'"
        return [
            "study=compare", f"name={study_name(self.study)}", f"task={self.task}", f"cell={','.join(self.cells)}",
            f"budget=parameters_{plan.parameters // 1000}k" if has_budget else f"budget.parameters={plan.parameters}",
            f"training.batch={plan.batch}", f"training.epochs={plan.epochs}", f"search.size={plan.search}",
            f"pipelines={plan.pipelines}", f"results={results}",
            *(f"{name}={value}" for name, value in self.settings.items()),
            *([f"contrasts={{against:{self.against}}}"] if self.against else []),
            # One cell after the other with the whole machine, so that their seconds can be compared.
            "hydra/launcher=basic", f"engine.threads={joblib.cpu_count()}",
        ]  # fmt: skip


@dataclass(frozen=True)
class SavedPlan:
    """A plan as it is saved beside its study, so that the same command comes to the same trials."""

    minutes: NonNegative
    """Minutes for which its pipelines were chosen; 0 where that is still to come."""
    plan: ComparisonPlan
    seconds: NonNegative = 0.0
    """Seconds that a pipeline of all cells was expected to take at the most; 0 where nothing was measured."""
    finished: Natural = 0
    """Pipelines that were finished for every cell when the last verdict was given, which is about these; 0 before one."""
    settings: dict[str, str] = field(default_factory=dict)
    """Settings of the protocol that were asked for."""

    @staticmethod
    def read(file: Path) -> "SavedPlan | None":
        """Return the plan in a file; None where there is no file, ``BadInput`` for a damaged one."""
        if not file.is_file():
            return None
        try:
            values = json.loads(file.read_text(encoding="utf-8"))
            plan = construct(ComparisonPlan, file.name, values["plan"])
            return construct(SavedPlan, file.name, {**values, "plan": plan})
        except (BadInput, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise BadInput(f"{file} is damaged ({shorten(error)}); remove it, and the study is planned anew") from error

    def write(self, request: ComparisonRequest) -> "SavedPlan":
        """Save the plan beside the study of a request, and return it."""
        from gatebench.core import files

        files.atomic_write(request.plan_file, lambda partial: partial.write_text(files.to_json(self), encoding="utf-8"))
        return self

    def satisfies(self, request: ComparisonRequest) -> bool:
        """Return whether the plan is all that a request asks for."""
        enough = request.minutes <= self.minutes and (request.pipelines or 0) <= self.plan.pipelines
        return enough and self.settings == request.settings and request.parameters in (None, self.plan.parameters)


@dataclass(frozen=True)
class _Measurements:
    """What a plan is made of."""

    size: DataSize
    parameters: int
    """Recurrent parameters of each cell."""
    tested: int
    """Test sequences."""
    of: str
    """What NLL is given for: ``time step`` or ``sequence``."""
    pace: dict[str, Pace]
    """Cell -> how fast it is trained."""


def plan_comparison(request: ComparisonRequest, end: float, write: bool = True) -> SavedPlan:
    """Return the saved plan of the study, if it satisfies the request, else a new one; prints which.

    ``end``: the time of `time.monotonic` by which its trials are to end; ``write``: whether a new plan is saved.
    ``BadInput`` where no plan ends by then.
    """
    saved = SavedPlan.read(request.plan_file)
    if saved and saved.satisfies(request):
        print(f"plan: as before, {_described(saved.plan)}, {saved.plan.pipelines} pipelines", flush=True)
        if saved.seconds:
            minutes = saved.plan.pipelines * saved.seconds / 60
            print(f"time: at most about {minutes:.1f} min for all cells, with what is trained of it already", flush=True)
        return saved
    with terminal.busy(f"measuring how fast {', '.join(request.cells)} are trained"):
        measured = _measure(request)
    seconds = PLANNED_SHARE * (end - time.monotonic())
    best_plan = schedule.best_fitting_plan(measured.size, measured.parameters, measured.pace, seconds)
    if best_plan is None:
        raise _too_short(request, measured, end)
    # Pipelines are added to those that are there, unless there is time now for trials of another length.
    extends = (
        saved
        and saved.settings == request.settings
        and saved.plan.parameters == best_plan.parameters
        and best_plan.epochs < 2 * saved.plan.epochs
    )
    pipelines = min(best_plan.pipelines, request.most_pipelines)
    plan = saved.plan if saved and extends else replace(best_plan, pipelines=pipelines)
    _print_plan(plan, measured, request.contrasts, "as before, " if extends else "")
    of_one = replace(plan, pipelines=1).seconds(measured.pace)
    new = SavedPlan(0.0, plan, of_one, settings=request.settings)
    return new.write(request) if write else new


def _print_plan(plan: ComparisonPlan, measured: _Measurements, contrasts: int, before: str) -> None:
    from gatebench.report import deciding

    size = measured.size
    of_cells = ", ".join(f"{cell} {pace.alone:.2g} and {pace.many:.2g} s" for cell, pace in measured.pace.items())
    minutes = plan.seconds(measured.pace) / 60
    shown = deciding.detectable_as_on_chorales(plan.pipelines, measured.tested, len(measured.pace), contrasts)
    print(f"data: {size.sequences:,} training sequences, {size.predictions:,} predictions of {size.outputs} number(s) each")
    print(f"plan: {before}{_described(plan)}, {plan.pipelines} pipelines, then more if they fit")
    print(f"time: at most about {minutes:.1f} min for all cells (an epoch of one trial and of {MANY}: {of_cells})")
    print(
        f"power: this plan would show a difference of about {shown:.2g} nats per {measured.of} with a probability of 80%, "
        "if scores vary as on JSB Chorales",
        flush=True,
    )


def _described(plan: ComparisonPlan) -> str:
    return (
        f"{plan.parameters:,} recurrent parameters a cell, batches of {plan.batch}, at most {plan.epochs} epochs; "
        f"{plan.search} settings of learning rate and weight noise are tried in each pipeline"
    )


def _measure(request: ComparisonRequest) -> _Measurements:
    """Return the sizes of the data, and how fast a few updates of every cell are."""
    from gatebench.cli.compose import compose_jobs
    from gatebench.data import tasks
    from gatebench.study import run

    smallest_plan = ComparisonPlan(PARAMETERS[0], batch=1, epochs=1, search=1, pipelines=1)
    job = compose_jobs(request.overrides(smallest_plan))[0]
    task = tasks.load(job.labels.task, job.dataset, job.predict, job.portion)
    train = task.splits["train"]
    size = DataSize(len(train), sum(len(sequence.y) for sequence in train), train[0].y.shape[1], task.inputs)
    parameters = request.parameters or schedule.recurrent_parameters(size)
    plan = ComparisonPlan(parameters, schedule.batch_size(size), epochs=1, search=1, pipelines=1)
    alone, many = (
        {
            job.labels.cell: members * run.seconds_per_epoch(job, task)
            for job in compose_jobs(request.overrides(replace(plan, search=members)))
        }
        for members in (1, MANY)
    )
    return _Measurements(
        size, parameters, tested=len(task.splits["test"]),
        of="time step" if job.framing.predicted_per(job.card) == "step" else "sequence",
        pace={cell: Pace(alone[cell], many[cell]) for cell in alone},
    )  # fmt: skip


def _too_short(request: ComparisonRequest, measured: _Measurements, end: float) -> BadInput:
    spent = 60 * request.minutes - (end - time.monotonic())
    of_trials = schedule.fewest_seconds(measured.size, measured.parameters, measured.pace)
    minutes = math.ceil((spent + of_trials / PLANNED_SHARE) / 60)
    return BadInput(
        f"{request.minutes:g} minutes are too few to compare {len(request.cells)} cells on {request.task}; the least that "
        f"says anything takes about {minutes}: --minutes {minutes}"
    )
