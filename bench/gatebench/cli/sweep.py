"""``gatebench sweep``: Hydra composes and launches the jobs; each becomes plain objects here."""

import importlib.util
import os
import re
import shlex
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import yaml

from gatebench.cli import compose, launch
from gatebench.core import registry
from gatebench.core.errors import BadInput, did_you_mean

SWEEP_HELP = """\
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
  population.seeds=[..]  seeds of the confirming trials
  training.KEY=VALUE     any choice of the protocol, for example training.epochs=20
  tracking.uri=ADDRESS   MLflow server to log to (default: $MLFLOW_TRACKING_URI, or a database in the results folder)
  hydra/launcher=basic   one job after the other in this process (default: local, a worker a core; slurm: docs/slurm.md)

flags:
  --dry-run              how many trials, and roughly how long; trains nothing
  --fail-fast            stop at the first trial that ends with an error (default: the others go on)
"""


def sweep(arguments: list[str], alone: bool = True) -> int:
    """Plan all jobs, which checks every one of them, then run them with Hydra's launcher.

    ``alone``: no part of another command, so that it says what comes next.
    """
    if {"--help", "-h"} & set(arguments):
        groups = [f"  {group:10}{', '.join(registry.available('conf', '.yaml', group))}" for group in compose.GROUPS]
        print(SWEEP_HELP.format(groups="\n".join(groups)))
        return 0
    flags = {flag for flag in ("--dry-run", "--fail-fast") if flag in arguments}
    overrides = [argument for argument in arguments if argument not in flags]
    launcher = _launcher(overrides)
    sweeps = _sweeps(overrides)
    planned = [compose.composed(each) for each in sweeps]
    jobs = [job for each in planned for job in each]
    if len({(job.study, job.results) for job in jobs}) != 1:
        raise BadInput("name and results must be one for the whole sweep; run one sweep for each")
    # A part may give a point of the sweep before it further seeds.
    jobs = list({tuple(job.labels.values()): job for job in jobs}.values())
    from gatebench.data import cards
    from gatebench.records import status, study_file
    from gatebench.records.record import Store
    from gatebench.study import run

    store = Store(jobs[0].results)
    store.prepare()
    plans = [run.plan(job, store) for job in jobs]
    left, trials = sum(plan.left for plan in plans), sum(plan.trials for plan in plans)
    name = jobs[0].study
    if "--dry-run" in flags:
        return _dry_run(jobs, plans)
    for dataset in sorted({job.dataset for job in jobs if left}):
        cards.arrays(cards.load(dataset))  # fetched, parsed and verified once, before the workers all want it
    study_file.write_points(store.results, name, [plan.point for plan in plans])
    if left:
        print(f"{name}: {trials} trials in {len(jobs)} job(s), {trials - left} finished, {left} to train", flush=True)
        each = [_with_workers(each, launcher, of) for each, of in zip(sweeps, planned, strict=True)]
        launch.Sweep(
            study=name,
            results=store.results,
            epochs=sum(plan.epochs for plan in plans),
            launch=lambda: [compose.through_hydra(overrides, run_job) for overrides in each],
            batch_system=launcher.endswith("slurm"),
            tracking=jobs[0].tracking,
            fail_fast="--fail-fast" in flags,
        ).run()
        plans = [run.plan(job, store) for job in jobs]
        if left := sum(plan.left for plan in plans):
            keys = study_file.keys([plan.point for plan in plans])
            print("\n".join(status.failed(store.results, name, keys)), file=sys.stderr)
            command = shlex.join(["gatebench", "sweep", *arguments])
            print(f"{name}: {left} trial(s) left; this trains just those: {command}", file=sys.stderr)
            return 1
        print(f"{name}: all trials are finished")
    else:
        trials = len(set(study_file.keys([plan.point for plan in plans])))  # two budgets may come to the same cell
        print(f"{name}: nothing to train, all {trials} trials are finished")
    if alone:
        print(f"next: gatebench report {name}" + ("" if str(store.results) == "results" else f" --results {store.results}"))
    return 0


def _launcher(overrides: list[str]) -> str:
    """The launcher that was asked for; ``BadInput`` if there is none of this name, or its extra is not installed."""
    name = next((o.partition("=")[2] for o in reversed(overrides) if re.match(r"\+*hydra/launcher=", o)), "local")
    known = [*registry.available("conf", ".yaml", "hydra/launcher"), "basic", "joblib", "submitit_local", "submitit_slurm"]
    if name not in known:
        raise BadInput(f"unknown hydra/launcher '{name}'{did_you_mean(name, known)}")
    if ("slurm" in name or "submitit" in name) and importlib.util.find_spec("submitit") is None:
        raise BadInput(f"hydra/launcher={name} needs an extra that is not installed: pip install 'gatebench[slurm]'")
    return name


def _with_workers(overrides: list[str], launcher: str, jobs: list[Any]) -> list[str]:
    """Local workers: no more than there are jobs, and no more threads of all of them than cores."""
    if launcher != "local" or any(o.lstrip("+").startswith("hydra.launcher.n_jobs=") for o in overrides):
        return overrides
    import joblib

    cores = joblib.cpu_count()  # that this process may use, not that the machine has
    workers = max(1, min(len(jobs), cores // max(job.threads for job in jobs)))
    return [*overrides, f"hydra.launcher.n_jobs={workers}"]


def _sweeps(overrides: list[str]) -> list[list[str]]:
    """The sweeps of a study: its own, and one for each of its ``parts``, which are overrides of it.

    A part that chooses what the command line chooses otherwise is left out.
    """
    given = {name: value for name, _, value in (override.partition("=") for override in overrides)}
    parts = _parts(registry.available("conf", ".yaml", "study").get(given.get("study", "")))
    others = {name for name in given if name != "study"}
    sweeps = [overrides]
    for part in parts:
        chosen = {override.partition("=")[0] for override in part}
        # Another study brings its own tasks and protocol.
        if not (chosen | ({"task", "budget", "training"} if "study" in chosen else set())) & others:
            sweeps.append([o for o in overrides if o.partition("=")[0] not in chosen] + part)
    return sweeps


def _parts(file: Path | None) -> list[list[str]]:
    if file is None:
        return []
    try:
        parts = (yaml.safe_load(file.read_text()) or {}).get("parts", [])
    except yaml.YAMLError as error:
        raise BadInput(f"{file} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(parts, list) or not all(isinstance(part, list) for part in parts):
        raise BadInput(f"{file}: parts is {parts!r}, expected a list of lists of overrides, for example [[task=nottingham]]")
    return [[str(override) for override in part] for part in parts]


def _dry_run(jobs: list[Any], plans: list[Any]) -> int:
    from gatebench.study import run

    seconds = 0.0
    for job, plan in zip(jobs, plans, strict=True):
        share = run.pace(job) * plan.epochs if plan.left else 0.0
        seconds += share
        where = ", ".join(job.labels.values())
        print(
            f"{where}: {job.units} units, {plan.trials} trials, {plan.left} to train, at most {share / 60:.1f} core-minutes"
        )
    left, cores = sum(plan.left for plan in plans), min(os.cpu_count() or 1, len(jobs))
    print(
        f"{jobs[0].study}: {sum(plan.trials for plan in plans)} trials, {left} to train, "
        f"at most about {seconds / 60 / cores:.0f} min on {cores} cores (from a few updates; early stopping may end sooner)"
    )
    return 0


def run_job(config: Any) -> None:
    """One job, wherever Hydra's launcher runs it. What ends it early is on record, and no reason to end the others."""
    from gatebench.core.files import Unwritable
    from gatebench.records.record import Store
    from gatebench.study import cancellation, progress, run

    job = compose.job_of(config)
    folder, fail_fast = Path(os.environ["GATEBENCH_SWEEP"]), os.environ["GATEBENCH_FAIL_FAST"] == "1"
    stop = cancellation.Cancellation(folder)
    with nullcontext() if os.environ["GATEBENCH_COMMAND"] == launch.this_process() else stop.listening():
        try:
            run.run(job, Store(job.results), progress.Report(folder), stop, fail_fast)
        except cancellation.Cancelled:
            if fail_fast:
                stop.ask("a trial failed")
        except Unwritable as error:  # told here, since Hydra would print lines of its own around it
            stop.give_up()
            print(f"\ngatebench: {error}", file=sys.stderr)
