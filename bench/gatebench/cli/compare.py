"""``gatebench compare``: a study of a task that fits a time, planned, run and reported, and its verdict in three lines."""

import argparse
import math
import shlex
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gatebench.cli.deadline import TimeUp, until
from gatebench.cli.plans import SEEDS, SHARE, Kept, Wish, planned
from gatebench.core import registry
from gatebench.core.errors import BadInput, did_you_mean, shorten
from gatebench.study import schedule

if TYPE_CHECKING:
    from gatebench.records.frame import ComparisonGroup, Frame

TEXT = "which cell for this task? plans a study that fits a time, runs it and says what it found"
SLACK, SLACK_SHARE = 4.0, 0.03
"""Seconds, and share of the time, for what nobody measures: the interpreter's start, an update under way when the time is
up, its checkpoint, a machine that is slower by the time the report is drawn."""


def add(sub: argparse.ArgumentParser) -> None:
    """Its arguments."""
    sub.add_argument("task", metavar="NAME", help="a task; for data of your own: gatebench data add PATH --name NAME")
    sub.add_argument("--minutes", type=float, default=10.0, metavar="M", help="by then all is over (default: 10)")
    sub.add_argument("--cells", default="rnn,lstm,gru", metavar="A,B,...", help="default: rnn,lstm,gru")
    sub.add_argument("--parameters", type=int, metavar="N", help="of the recurrent layer (default: by the data's size)")
    sub.add_argument(
        "--seeds", type=int, metavar="N", help=f"of each cell at the most (default: as many as fit, to {SEEDS})"
    )
    sub.add_argument("--study", metavar="NAME", help="that the trials belong to (default: compare_NAME)")
    sub.add_argument("--results", type=Path, default=Path("results"), help="results folder (default: results)")


def run(options: argparse.Namespace) -> int:
    """Plan, run, report, and say what was found."""
    begun = time.monotonic()
    wish = _wish(options)
    from gatebench.report.page import page

    end = begun + 60 * wish.minutes * (1 - SLACK_SHARE) - SLACK - page.pace()
    try:
        with until(end):
            kept = planned(wish, end)
    except TimeUp as up:
        raise BadInput(f"{wish.minutes:g} minutes are over before anything is measured; give it more: --minutes M") from up
    code = 0
    try:
        with until(end):
            code = _train(wish, kept)
            if not kept.settled(wish):
                kept = _with_more_seeds(wish, kept, end)
                code = max(code, _train(wish, kept))
    except TimeUp:
        print(f"{wish.study}: the time is up before all is trained; the same command goes on from here")
    conclude(wish, kept)
    return code


def _wish(options: argparse.Namespace) -> Wish:
    """The arguments, each checked."""
    tasks, known = list(registry.available("conf", ".yaml", "task")), list(registry.available("conf", ".yaml", "cell"))
    cells = [name.strip() for name in options.cells.split(",")]
    if options.task not in tasks:
        raise BadInput(
            f"unknown task '{shorten(options.task)}'{did_you_mean(options.task, tasks)}; "
            f"for data of your own: gatebench data add PATH --name {shorten(options.task)}"
        )
    for cell in cells:
        if cell not in known:
            raise BadInput(f"--cells: unknown cell '{shorten(cell)}'{did_you_mean(cell, known)}")
    if len(cells) < 2 or len(set(cells)) < len(cells):
        raise BadInput(f"--cells is {shorten(options.cells)}, expected two or more different ones, for example lstm,gru")
    if not 0 < options.minutes < math.inf:
        raise BadInput(f"--minutes is {options.minutes:g}, expected a positive number")
    for name in ("parameters", "seeds"):
        given = getattr(options, name)
        if given is not None and given < 1:
            raise BadInput(f"--{name} is {given}, expected a whole number from 1")
    return Wish(
        options.task, options.minutes, cells, options.parameters, options.seeds,
        options.study or f"compare_{options.task}", options.results,
    )  # fmt: skip


def _train(wish: Wish, kept: Kept) -> int:
    from gatebench.cli.sweep import sweep

    return sweep(wish.overrides(kept.plan), alone=False)


def _with_more_seeds(wish: Wish, kept: Kept, end: float) -> Kept:
    """As many as fit at the pace of the seeds that are there, whatever they found: a test is no stopping rule."""
    from gatebench.records import frame

    trained = frame.load(wish.results, wish.study).confirmed("valid").groupby("cell").seconds.mean()
    left, most = SHARE * (end - time.monotonic()), max(0, wish.most - kept.plan.seeds)
    further = schedule.seeds(float(trained.sum()), left, most)
    return replace(kept, minutes=wish.minutes, plan=replace(kept.plan, seeds=kept.plan.seeds + further)).write(wish)


def conclude(wish: Wish, kept: Kept) -> None:
    """The report, the commands that go on from here, the verdict."""
    from gatebench.cli.compose import composed
    from gatebench.records import frame
    from gatebench.records.frame import ComparisonGroup
    from gatebench.report import verdict
    from gatebench.report.page import page

    overrides = wish.overrides(kept.plan)
    labels = composed(overrides)[0].labels
    panel = ComparisonGroup(*(labels[name] for name in ComparisonGroup._fields))
    found = frame.load(wish.results, wish.study)
    if found.confirmed("test").empty:
        hopeless = len(found.trials) and (found.trials.status == "diverged").all()
        raise BadInput(
            f"{wish.study}: every setting of every cell diverged; gatebench sweep by hand with training.rates.high=0.001"
            if hopeless
            else f"{wish.study}: there was no time for a confirmed trial; the same command goes on from here"
        )
    by_hand = f"the same by hand: {shlex.join(['gatebench', 'sweep', *overrides])}"
    print("\n".join([by_hand, *_trained(found, panel, wish)]))
    print(page.write(wish.results, wish.study))
    print("\n".join(verdict.lines(found, panel, wish.cells)))


def _trained(found: "Frame", panel: "ComparisonGroup", wish: Wish) -> list[str]:
    """How to take out the confirming trial that is best on validation; nothing if all diverged."""
    own = found.best[(found.best[list(panel._fields)] == list(panel)).all(axis=1) & found.best.cell.isin(wish.cells)]
    where = "" if str(wish.results) == "results" else f" --results {shlex.quote(str(wish.results))}"
    return [f"the best on validation as a module: gatebench export {key}{where}" for key in own.key.head(1)]
