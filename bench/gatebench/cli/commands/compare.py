"""``gatebench compare``: a study of a task that fits a time, planned, run and reported, and its verdict in a few lines."""

import argparse
import shlex
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from gatebench.cli import rounds
from gatebench.cli.arguments import add_results, number, results_flag
from gatebench.cli.comparison import PLANNED_SHARE, ComparisonRequest, SavedPlan, plan_comparison
from gatebench.cli.comparison_result import ComparisonResult
from gatebench.cli.deadline import TimeUp, until
from gatebench.core import registry, terminal
from gatebench.core.errors import BadInput, did_you_mean, shorten
from gatebench.core.validation import Constraint, Count, Signed, mismatch, shown
from gatebench.study import schedule
from gatebench.study.settings import Pipelines

if TYPE_CHECKING:
    import pandas as pd

    from gatebench.records.frame import ComparisonGroup, Frame
    from gatebench.study.job import Job

SUMMARY = "which cell for this task? Plans a study that fits a time, runs it and gives the verdict"
GROUP = "Ask"
SLACK_SECONDS = 4.0
"""Seconds for what nobody measures: the interpreter's start, an update under way when the time is up, its checkpoint."""
SLACK_SHARE = 0.03
"""Share of the time for a machine that is slower by the time the report is drawn."""

Minutes = Annotated[float, Constraint("a positive number up to 1,000,000", lambda value: 0 < value <= 1_000_000)]
"""How long a comparison may take."""
CLASS_WEIGHTS = ("none", "balanced")
"""What classes of a label may weigh."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the task, the time, and what may be chosen of the study."""
    parser.add_argument("task", metavar="NAME", help="a task; for data of your own: gatebench data add PATH --name NAME")
    parser.add_argument(
        "--minutes", type=number("--minutes", Minutes), default=10.0, metavar="M", help="by then all is over (default: 10)"
    )
    parser.add_argument("--cells", default="rnn,lstm,gru", metavar="A,B,...", help="default: rnn,lstm,gru")
    parser.add_argument(
        "--against", metavar="CELL", help="test each other cell against this one alone (default: every pair)"
    )
    parser.add_argument(
        "--parameters",
        type=number("--parameters", Count),
        metavar="N",
        help="of the recurrent layer (default: by the data's size)",
    )
    parser.add_argument(
        "--pipelines",
        type=number("--pipelines", Pipelines),
        metavar="N",
        help=f"of each cell at the most (default: what fits, to {schedule.MOST_PIPELINES})",
    )
    parser.add_argument(
        "--class-weights", choices=CLASS_WEIGHTS, help="balanced: in training, all classes of a label weigh alike"
    )
    parser.add_argument(
        "--forget-bias",
        type=number("--forget-bias", Signed),
        metavar="B",
        help="of gates that keep the state: the logarithm of a long lag (default: 1)",
    )
    parser.add_argument("--dry-run", action="store_true", help="the plan, and how long it takes here; trains nothing")
    parser.add_argument("--study", metavar="NAME", help="that the trials belong to (default: compare_NAME)")
    add_results(parser)


def run(options: argparse.Namespace) -> int:
    """Plan, train, report, and print the verdict; of a dry run, only plan."""
    if options.dry_run:
        request = _request(options)
        plan_comparison(request, _end(request, time.monotonic()), write=False)
        print("nothing is trained or saved; the same without --dry-run does it")
        return 0
    return compare(options)[0]


def compare(options: argparse.Namespace) -> tuple[int, ComparisonResult]:
    """Plan, train, report, and print the verdict; returns the exit status and the result, a list of the verdict's lines."""
    started = time.monotonic()
    request = _request(options)
    end = _end(request, started)
    try:
        with until(end):
            saved = plan_comparison(request, end)
    except TimeUp as up:
        raise BadInput(
            f"{request.minutes:g} minutes are over before anything is measured; give it more: --minutes M"
        ) from up
    status = 0
    try:
        with until(end):
            status = rounds.train(request, saved)
            if not (status or saved.satisfies(request)):
                extended = _with_more_pipelines(request, saved, end)
                is_extended, saved = extended.plan != saved.plan, extended
                status = rounds.train(request, saved) if is_extended else 0
    except TimeUp:
        print(f"{request.study}: the time is up before all is trained; the same command goes on from here")
    return status, conclude(request, saved)


def _end(request: ComparisonRequest, started: float) -> float:
    """Return the time of `time.monotonic` by which trials are to end, so that the report is drawn in time."""
    from gatebench.report.page import page

    return started + 60 * request.minutes * (1 - SLACK_SHARE) - SLACK_SECONDS - page.estimate_seconds()


def _request(options: argparse.Namespace) -> ComparisonRequest:
    """Check the arguments; ``BadInput`` for the first that does not fit."""
    tasks = list(registry.available("conf", ".yaml", "task"))
    available_cells = list(registry.available("conf", ".yaml", "cell"))
    cells = [name.strip() for name in options.cells.split(",")]
    if options.task not in tasks:
        raise BadInput(
            f"unknown task '{shorten(options.task)}'{did_you_mean(options.task, tasks)}; "
            f"for data of your own: gatebench data add PATH --name {shorten(options.task)}"
        )
    for cell in cells:
        if cell not in available_cells:
            raise BadInput(f"--cells: unknown cell '{shorten(cell)}'{did_you_mean(cell, available_cells)}")
    if len(cells) < 2 or len(set(cells)) < len(cells):
        raise BadInput(f"--cells is {shorten(options.cells)}, expected two or more different ones, for example lstm,gru")
    if options.against is not None and options.against not in cells:
        raise BadInput(
            f"--against is {shorten(options.against)}, expected one of the cells that are compared: {options.cells}"
        )
    numbers = {"minutes": Minutes, "parameters": Count, "pipelines": Pipelines, "forget_bias": Signed}
    for name, hint in numbers.items():  # of a Python program, which has no flags
        value = getattr(options, name)
        if value is not None and (expected := mismatch(value, hint)):
            raise BadInput(f"--{name.replace('_', '-')} is {shown(value)}, expected {expected}")
    if options.class_weights not in (None, *CLASS_WEIGHTS):
        raise BadInput(f"--class-weights is {shorten(str(options.class_weights))}, expected balanced or none")
    return ComparisonRequest(
        options.task, options.minutes, cells, options.parameters, options.pipelines,
        options.study or f"compare_{options.task}", options.results, options.class_weights, options.forget_bias,
        options.against,
    )  # fmt: skip


def _with_more_pipelines(request: ComparisonRequest, saved: SavedPlan, end: float) -> SavedPlan:
    """Save a plan with as many more pipelines as fit, by what those that are there took, whatever they scored.

    A test is no stopping rule: scores are not looked at here.
    """
    from gatebench.records import frame
    from gatebench.report import deciding

    study = frame.load(request.results, request.study)
    group = _group(rounds.jobs_of(request, saved))
    trained = _rows_of(study.trials, group, request).query("split == 'valid'").drop_duplicates("key")
    seconds_per_pipeline = float(trained.seconds.sum()) / saved.plan.pipelines + schedule.OVERHEAD * len(request.cells)
    seconds = PLANNED_SHARE * (end - time.monotonic())
    pipelines = saved.plan.pipelines + schedule.further_pipelines(
        seconds_per_pipeline, seconds, max(0, request.most_pipelines - saved.plan.pipelines)
    )
    shown = deciding.detectable_by(replace(study, trials=_rows_of(study.trials, group, request)), pipelines)
    if shown:
        print(
            f"power: by the scores of its first {saved.plan.pipelines} pipelines, {pipelines} would show a difference of "
            f"about {shown:.2g} nats per {study.predicted(group.task)} with a probability of 80%",
            flush=True,
        )
    return replace(saved, minutes=request.minutes, plan=replace(saved.plan, pipelines=pipelines)).write(request)


def _group(jobs: "list[Job]") -> "ComparisonGroup":
    """Return the comparison group of the jobs of a plan."""
    from gatebench.records.frame import ComparisonGroup

    labels = jobs[0].labels
    return ComparisonGroup(labels.task, labels.budget, labels.training)


def conclude(request: ComparisonRequest, saved: SavedPlan) -> ComparisonResult:
    """Write the report; print the commands that go on from here, and the verdict, whose lines are the result.

    Both are about the rounds that all cells completed. ``BadInput`` without one.
    """
    from gatebench.records import frame
    from gatebench.report import ranking, verdict
    from gatebench.report.page import page

    jobs = rounds.jobs_of(request, saved)
    completed = rounds.completed(jobs)
    if not completed:
        raise rounds.unfinished(request, saved)
    group = _group(jobs)
    compared = frame.load(request.results, request.study, completed)
    if compared.confirmed("test").empty:
        raise BadInput(
            f"{request.study}: every setting of every cell diverged; sweep by hand with training.ranges.lr.high=0.001"
        )
    _count_look(compared, group, request)
    replace(saved, finished=completed).write(request)
    compared = frame.load(request.results, request.study, completed)
    by_hand = f"the same by hand: {shlex.join(['gatebench', 'sweep', *request.overrides(saved.plan)])}"
    print("\n".join([by_hand, *_export_commands(compared, group, request)]))
    with terminal.busy("drawing the report"):
        report = page.write(request.results, request.study, pipelines=completed)
    print(report)
    if completed < saved.plan.pipelines:
        print(
            f"pipelines: {completed} of {saved.plan.pipelines} are finished for every cell; report and verdict are about "
            f"these, and leave out {compared.left_out} trial(s) of others"
        )
    lines = verdict.lines(compared, group, request.cells)
    print("\n".join(lines))
    return ComparisonResult(lines, ranking.of_group(compared, group, request.cells), request.results, report)


def _rows_of(trials: "pd.DataFrame", group: "ComparisonGroup", request: ComparisonRequest) -> "pd.DataFrame":
    """Return the rows of the comparison group and of the cells that are compared."""
    return trials[(trials[list(group._fields)] == list(group)).all(axis=1) & trials.cell.isin(request.cells)]


def _count_look(study: "Frame", group: "ComparisonGroup", request: ComparisonRequest) -> None:
    """Write down that a verdict is given now, where one can be: single pipelines are not tested."""
    from gatebench.records import looks

    confirmed = _rows_of(study.confirmed("test"), group, request)
    pipelines = sorted(confirmed.groupby("cell").pipeline.nunique())
    if len(pipelines) > 1 and pipelines[-2] > 1:
        looks.add(request.results, request.study, int(pipelines[0]), sorted(set(confirmed.key)))


def _export_commands(study: "Frame", group: "ComparisonGroup", request: ComparisonRequest) -> list[str]:
    """Return a line with the command that exports the trial that is best on validation; none if all diverged."""
    best_keys = _rows_of(study.best, group, request).key.head(1)
    flag = results_flag(request.results)
    return [f"the best on validation as a module: gatebench export {key}{flag}" for key in best_keys]
