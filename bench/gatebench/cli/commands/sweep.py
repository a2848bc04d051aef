"""``gatebench sweep``: Hydra composes and launches the jobs; each becomes plain objects here."""

import argparse
import importlib.util
import os
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import yaml

from gatebench.cli import compose, launch, workers
from gatebench.cli.arguments import results_flag
from gatebench.cli.configurations import GROUPS, Configuration
from gatebench.core import registry
from gatebench.core.errors import BadInput, did_you_mean

if TYPE_CHECKING:
    from gatebench.records.schema import Point
    from gatebench.study.job import Job
    from gatebench.study.select import Remainder

SUMMARY = "train what is missing of a study or of an ad-hoc sweep"
HELP = """\
usage: gatebench sweep [study=NAME] [group=CHOICE[,CHOICE...]] [setting=VALUE] [--dry-run] [--fail-fast]

Trains what is missing of a study, or of a sweep that you put together; finished trials are never computed again.
The grammar is Hydra's: commas sweep, and any setting can be overridden.

  gatebench sweep study=demo                             the demonstration, on music that a package ships
  gatebench sweep study=jsb --dry-run                    how many trials, and roughly how long
  gatebench sweep cell=gru,lstm task=nottingham name=mine search.size=4 population.seeds=[1,2]
  gatebench sweep cell=gru training.lr=0.01 training.batch=8

groups (choose one, or several with commas):
{groups}

settings (see conf/config.yaml and conf/training/*.yaml):
  name=STUDY             study that the trials of an ad-hoc sweep belong to (default: adhoc)
  results=FOLDER         where records and studies go (default: results)
  model.layers=N         layers of the cell; model.bidirectional=true reads both ways, where nothing is predicted
  search.size=N          learning rates to try; training.lr=RATE skips the search
  search.extend=N        how often a search may go on beyond an edge of its range at which its best setting lies (default: 0)
  pipelines=N            how often all of it is repeated: settings drawn, searched, selected, confirmed (default: 1)
  population.seeds=[..]  seeds of the confirming trials
  training.KEY=VALUE     any choice of the protocol, for example training.epochs=20
  tracking.uri=ADDRESS   MLflow server to log to (default: $MLFLOW_TRACKING_URI, or a database in the results folder)
  hydra/launcher=basic   one job after the other in this process (default: local, a worker a core; slurm: docs/slurm.md)

flags:
  --dry-run              how many trials, and roughly how long; trains nothing
  --fail-fast            stop at the first trial that ends with an error (default: the others go on)
"""
"""What ``gatebench sweep --help`` prints; ``groups`` are filled in."""
FLAGS = ("--dry-run", "--fail-fast")
"""Words that are ours; every other one is Hydra's."""
LAUNCHERS_OF_PLUGINS = ("basic", "joblib", "submitit_local", "submitit_slurm")
"""Launchers that Hydra and its plugins bring, beside those in ``conf/hydra/launcher/``."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the overrides; their grammar is Hydra's, so that they come here past argparse (see `gatebench.cli.main`)."""
    parser.add_argument("overrides", metavar="NAME=VALUE", nargs="*")


def run(options: argparse.Namespace) -> int:
    """Train what is missing, and return the exit status."""
    return sweep(options.overrides)


class _Part(NamedTuple):
    """One of the Hydra sweeps that a study is made of."""

    overrides: list[str]
    configurations: list[Configuration]
    jobs: "list[Job]"


def sweep(arguments: list[str], alone: bool = True) -> int:
    """Plan all jobs, which checks every one of them, then run them with Hydra's launcher; returns the exit status.

    ``arguments`` are what follows ``gatebench sweep``: overrides in Hydra's grammar, and `FLAGS`. ``alone`` says whether
    this is no part of another command, so that it ends with the command that comes next.
    """
    if {"--help", "-h"} & set(arguments):
        groups = [f"  {group:10}{', '.join(registry.available('conf', '.yaml', group))}" for group in GROUPS]
        print(HELP.format(groups="\n".join(groups)))
        return 0
    flags = [argument for argument in arguments if argument in FLAGS]
    overrides = [argument for argument in arguments if argument not in flags]
    try:
        return _sweep(overrides, flags, arguments, alone)
    finally:
        if alone:
            workers.end()


def _sweep(overrides: list[str], flags: list[str], arguments: list[str], alone: bool) -> int:
    """Plan and run the jobs; returns the exit status."""
    launcher = _launcher(overrides)
    sweeps = _sweeps(overrides)
    points = [compose.split(part) for part in sweeps]
    count = _local_workers(overrides, launcher, sum(map(len, points)))
    if count and "--dry-run" not in flags:
        workers.start(count)  # they come up while the jobs are planned
    composed = [compose.compose_points(part) for part in points]
    parts = [
        _Part(part, configurations, [compose.job_of(configuration) for configuration in configurations])
        for part, configurations in zip(sweeps, composed, strict=True)
    ]
    jobs = _distinct_jobs(parts)
    from gatebench.records import study_file
    from gatebench.records.store import Store
    from gatebench.study.select import remainder

    store = Store(jobs[0].results)
    store.prepare()
    plans = [remainder(job, store) for job in jobs]
    if "--dry-run" in flags:
        return _print_estimate(jobs, plans)
    left, name = sum(plan.left for plan in plans), jobs[0].study
    if left:
        _fetch_data(jobs)
    study_file.add_points(store.results, name, _points(plans))
    if left:
        trials = sum(plan.trials for plan in plans)
        print(f"{name}: {trials} trials in {len(jobs)} job(s), {trials - left} finished, {left} to train", flush=True)
        launch.Sweep(
            study=name,
            results=store.results,
            epochs=sum(plan.epochs for plan in plans),
            launch=lambda: _launch(parts, launcher, count),
            batch_system=launcher.endswith("slurm"),
            tracking=jobs[0].tracking,
            fail_fast="--fail-fast" in flags,
        ).run()
        plans = [remainder(job, store) for job in jobs]
        if any(plan.left for plan in plans):
            return _report_missing(store.results, name, plans, arguments)
        print(f"{name}: all trials are finished")
    else:
        trials = len(set(study_file.keys(_points(plans))))  # two budgets may come to the same cell
        print(f"{name}: nothing to train, all {trials} trials are finished")
    if alone:
        print(f"next: gatebench report {name}{results_flag(store.results)}")
    return 0


def _points(plans: "list[Remainder]") -> "list[Point]":
    """Return the points of all jobs."""
    return [point for plan in plans for point in plan.points]


def _distinct_jobs(parts: list[_Part]) -> "list[Job]":
    """Return the jobs of all parts; those for one point are one, with the pipelines and seeds of all."""
    from gatebench.study.job import united

    jobs = [job for part in parts for job in part.jobs]
    if len({(job.study, job.results) for job in jobs}) != 1:
        raise BadInput("name and results must be one for the whole sweep; run one sweep for each")
    return united(jobs)


def _fetch_data(jobs: "list[Job]") -> None:
    """Fetch, parse and verify each data set once, before the workers all want it."""
    from gatebench.data import cards

    for dataset in sorted({job.dataset for job in jobs}):
        cards.read_arrays(cards.load(dataset))


def _report_missing(results: Path, study: str, plans: "list[Remainder]", arguments: list[str]) -> int:
    """Print on stderr what failed and the command that trains it; returns the exit status."""
    from gatebench.records import status, study_file

    keys = study_file.keys(_points(plans))
    for line in status.failed(results, study, keys):
        print(line, file=sys.stderr)
    command = shlex.join(["gatebench", "sweep", *arguments])
    left = sum(plan.left for plan in plans)
    print(f"{study}: {left} trial(s) left; this trains just those: {command}", file=sys.stderr)
    return 1


def _launcher(overrides: list[str]) -> str:
    """Return the launcher that was asked for; ``BadInput`` if there is none of this name, or its extra is not installed."""
    name = next((o.partition("=")[2] for o in reversed(overrides) if re.match(r"\+*hydra/launcher=", o)), "local")
    launchers = [*registry.available("conf", ".yaml", "hydra/launcher"), *LAUNCHERS_OF_PLUGINS]
    if name not in launchers:
        raise BadInput(f"unknown hydra/launcher '{name}'{did_you_mean(name, launchers)}")
    if ("slurm" in name or "submitit" in name) and importlib.util.find_spec("submitit") is None:
        raise BadInput(f"hydra/launcher={name} needs an extra that is not installed: pip install 'gatebench[slurm]'")
    return name


def _local_workers(overrides: list[str], launcher: str, points: int) -> int | None:
    """Return how many processes beside this one run the jobs; None where Hydra's launcher runs them.

    That many as were asked for, of which one is this one; else no more than there are jobs, and no more threads of all of
    them than cores. A single job has a process of its own as well, since this one logs to MLflow meanwhile.
    """
    given = dict(o.lstrip("+").split("=", 1) for o in overrides if o.lstrip("+").startswith("hydra") and "=" in o)
    count = given.pop("hydra.launcher.n_jobs", None)
    if launcher != "local" or given.keys() - {"hydra/launcher"} or not re.fullmatch(r"-?[1-9]\d*", count or "1"):
        return None
    import joblib

    if count:
        processes = joblib.effective_n_jobs(int(count))
        return 0 if processes == 1 else min(points, processes)
    threads = next((o.partition("=")[2] for o in reversed(overrides) if o.startswith("engine.threads=")), "1")
    cores = joblib.cpu_count()  # that this process may use, not that the machine has
    most = cores // max(map(int, re.findall(r"[1-9]\d*", threads)), default=1)
    return 0 if cores == 1 else max(1, min(points, most))


def _launch(parts: list[_Part], launcher: str, count: int | None) -> None:
    """Run every job once: by Hydra's launcher, or by so many processes of this machine."""
    if count is None:
        for part in parts:
            compose.run_through_hydra(_with_workers(part, launcher), launch.run_job)
        return
    points: dict[str, list[Configuration]] = {}
    for part in parts:
        for configuration, job in zip(part.configurations, part.jobs, strict=True):
            points.setdefault(str(job.labels), []).append(configuration)
    command = launch.SweepCommand.of_environment()
    workers.run(count, launch.run_point, [(of_point, command) for of_point in points.values()])


def _with_workers(part: _Part, launcher: str) -> list[str]:
    """Return a part's overrides with a number of workers of Hydra's joblib, where none was asked for."""
    if launcher != "local" or any(o.lstrip("+").startswith("hydra.launcher.n_jobs=") for o in part.overrides):
        return part.overrides
    return [*part.overrides, f"hydra.launcher.n_jobs={_local_workers([], launcher, len(part.jobs)) or 1}"]


def _sweeps(overrides: list[str]) -> list[list[str]]:
    """Return the overrides of each sweep of a study: its own, and one for each of its ``parts``, which are overrides of it.

    A part that chooses what the command line chooses otherwise is left out.
    """
    choices = {name: value for name, _, value in (override.partition("=") for override in overrides)}
    parts = _parts(registry.available("conf", ".yaml", "study").get(choices.get("study", "")))
    chosen_here = {name for name in choices if name != "study"}
    sweeps = [overrides]
    for part in parts:
        names = {override.partition("=")[0] for override in part}
        # Another study brings its own tasks and protocol.
        if not (names | ({"task", "budget", "training"} if "study" in names else set())) & chosen_here:
            sweeps.append([o for o in overrides if o.partition("=")[0] not in names] + part)
    return sweeps


def _parts(file: Path | None) -> list[list[str]]:
    """Return the ``parts`` that the yaml of a study lists; ``BadInput`` if they are no lists of overrides."""
    if file is None:
        return []
    try:
        parts = (yaml.safe_load(file.read_text()) or {}).get("parts", [])
    except yaml.YAMLError as error:
        raise BadInput(f"{file} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(parts, list) or not all(isinstance(part, list) for part in parts):
        raise BadInput(f"{file}: parts is {parts!r}, expected a list of lists of overrides, for example [[task=nottingham]]")
    return [[str(override) for override in part] for part in parts]


def _print_estimate(jobs: "list[Job]", plans: "Sequence[Remainder]") -> int:
    """Print how many trials each job has and roughly how long they take; returns the exit status."""
    from gatebench.study import run

    seconds = 0.0
    for job, plan in zip(jobs, plans, strict=True):
        further = job.pipelines * job.search.extend * job.search.largest_extension if plan.left else 0
        epochs = plan.epochs + further * job.search_training.epochs
        job_seconds = run.seconds_per_epoch(job) * epochs if plan.left else 0.0
        seconds += job_seconds
        pipelines = f" in {job.pipelines} pipelines" if job.pipelines > 1 else ""
        extended = f" and up to {further} more where a search is extended" if further else ""
        print(
            f"{job.labels}: {job.units} units, {plan.trials} trials{pipelines}, {plan.left} to train{extended}, "
            f"at most {job_seconds / 60:.1f} core-minutes"
        )
    left, cores = sum(plan.left for plan in plans), min(os.cpu_count() or 1, len(jobs))
    print(
        f"{jobs[0].study}: {sum(plan.trials for plan in plans)} trials, {left} to train, "
        f"at most about {seconds / 60 / cores:.0f} min on {cores} cores (from a few updates; early stopping may end sooner)"
    )
    return 0
