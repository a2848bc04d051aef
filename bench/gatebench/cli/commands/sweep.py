"""``gatebench sweep``: Hydra composes and launches the jobs; each becomes plain objects here."""

import argparse
import importlib.util
import os
import re
import shlex
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import yaml

from gatebench.cli import compose, settings, slurm
from gatebench.cli import overrides as grammar
from gatebench.cli.arguments import results_flag
from gatebench.cli.configurations import GROUPS, Configuration
from gatebench.cli.workers import Call, Workers
from gatebench.core import interpreters, registry, terminal
from gatebench.core.documentation import address
from gatebench.core.errors import BadInput, did_you_mean
from gatebench.core.validation import shown

if TYPE_CHECKING:
    from gatebench.cli.planning import SweepPlan
    from gatebench.records.contrasts import Contrasts
    from gatebench.records.store import Store

SUMMARY = "train what is missing of a study or of an ad-hoc sweep"
GROUP = "Study"
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

settings (all of them: {settings} and training/ beside it):
  name=STUDY             study that the trials of an ad-hoc sweep belong to (default: adhoc)
  results=FOLDER         where records and studies go (default: results)
  model.layers=N         layers of the cell; model.bidirectional=true reads both ways, where nothing is predicted
  search.size=N          learning rates to try; training.lr=RATE skips the search
  search.extend=N        how often a search may go on beyond an edge of its range at which its best setting lies (default: 0)
  pipelines=N            how often all of it is repeated: settings drawn, searched, selected, confirmed (default: 1)
  population.seeds=[..]  seeds of the confirming trials
  contrasts=FAMILY       which pairs of cells are tested: all, {{against: gru}} or [[lstm,gru],..]; before there are results
  training.KEY=VALUE     any choice of the protocol, for example training.epochs=20
  tracking.uri=ADDRESS   MLflow server to log to (default: $MLFLOW_TRACKING_URI, or a database in the results folder)
  hydra/launcher=basic   one job after the other in this process (default: local, a worker a core; slurm: a job array,
                         {slurm})

flags:
  --dry-run              how many trials, and roughly how long; trains nothing
  --fail-fast            stop at the first trial that ends with an error (default: the others go on)
"""
"""What ``gatebench sweep --help`` prints; `help_text` fills it in."""
FLAGS = ("--dry-run", "--fail-fast")
"""Words that are ours; every other one is Hydra's."""
LAUNCHERS_OF_PLUGINS = ("basic", "joblib", "submitit_local", "submitit_slurm")
"""Launchers that Hydra and its plugins bring, beside those in ``conf/hydra/launcher/``."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the overrides; their grammar is Hydra's, so that they come here past argparse (see `gatebench.cli.main`)."""
    parser.add_argument("overrides", metavar="NAME=VALUE", nargs="*")


def help_text(groups: str) -> str:
    """Return the help, with the choices of each group."""
    return HELP.format(groups=groups, settings=address("conf/config.yaml"), slurm=address("docs/slurm.md"))


def _choices(group: str) -> str:
    names = ", ".join(registry.available("conf", ".yaml", group))
    return textwrap.fill(f"  {group:10}{names}", 120, subsequent_indent=12 * " ", break_long_words=False)


def run(options: argparse.Namespace) -> int:
    """Train what is missing, and return the exit status."""
    return sweep(options.overrides)


class _Part(NamedTuple):
    """One of the Hydra sweeps that a study is made of."""

    overrides: list[str]
    configurations: list[Configuration]


def sweep(arguments: list[str], alone: bool = True) -> int:
    """Plan all jobs, which checks every one of them, then run them with Hydra's launcher; returns the exit status.

    ``arguments`` are what follows ``gatebench sweep``: overrides in Hydra's grammar, and `FLAGS`. ``alone`` says whether
    this is no part of another command, so that it ends with the command that comes next. Without arguments it is the help.
    """
    if not arguments or {"--help", "-h"} & set(arguments):
        print(help_text("\n".join(map(_choices, GROUPS))))
        return 0
    flags = [argument for argument in arguments if argument in FLAGS]
    overrides = [argument for argument in arguments if argument not in flags]
    grammar.check(overrides)
    workers = Workers()
    try:
        return _sweep(overrides, flags, arguments, workers, alone)
    finally:
        workers.end()


def _sweep(overrides: list[str], flags: list[str], arguments: list[str], workers: Workers, alone: bool) -> int:
    """Plan and run the jobs; returns the exit status."""
    launcher = _launcher(overrides)
    is_dry = "--dry-run" in flags
    if not is_dry and _may_have_workers(overrides, launcher):
        workers.start()  # which takes longer than the command needs to know what it wants of them
    from gatebench.cli import launch, planning
    from gatebench.records import study_file
    from gatebench.records.store import Store

    with terminal.busy("planning"):
        compose.check_launcher(overrides, launcher)
        parts = [_Part(part, compose.compose_points(compose.split(part))) for part in _sweeps(overrides)]
        configurations = [configuration for part in parts for configuration in part.configurations]
        settings.check(configurations)
        count = None if is_dry else _local_workers(overrides, launcher, len(configurations))
        workers.count = count or 0
        launch.import_all()
        plan = _plan(configurations, workers)
    store = Store(plan.results)
    store.prepare()
    if is_dry:
        planning.print_estimate(configurations, plan, os.cpu_count() or 1)
        return 0
    if plan.left:
        _fetch_data(plan.datasets)
    if plan.contrasts is not None:
        _declare(plan.contrasts, plan.study, store)
    study_file.add_points(store.results, plan.study, plan.points)
    if plan.left:
        finished = plan.trials - plan.left
        print(
            f"{plan.study}: {plan.trials} trials in {len(plan.remainders)} job(s), {finished} finished, "
            f"{plan.left} to train",
            flush=True,
        )
        launch.Sweep(
            study=plan.study,
            results=store.results,
            epochs=plan.epochs,
            launch=lambda: _launch(parts, plan, launcher, None if count is None else workers),
            end=workers.end,
            batch_system=launcher.endswith("slurm"),
            tracking=plan.tracking,
            fail_fast="--fail-fast" in flags,
        ).run()
        plan = _plan(configurations, workers)
        if plan.left:
            return _report_missing(plan, arguments)
        print(f"{plan.study}: all trials are finished")
    else:
        trials = len(set(study_file.keys(plan.points)))  # two budgets may come to one cell
        print(f"{plan.study}: nothing to train, all {trials} trials are finished")
    if alone:
        print(f"next: gatebench report {plan.study}{results_flag(store.results)}")
    return 0


def _plan(configurations: list[Configuration], workers: Workers) -> "SweepPlan":
    """Plan the sweep in a worker, unless what that takes is at hand in this process."""
    from gatebench.cli import planning

    is_at_hand = "torch" in sys.modules
    return planning.plan(configurations) if is_at_hand else workers.call(planning.plan, configurations)


def _declare(contrasts: "Contrasts", study: str, store: "Store") -> None:
    """Write down which pairs of cells the study tests, and say so where that was another family when results came."""
    from gatebench.records import study_file

    former = study_file.declaration(store.results, study)
    declared = study_file.declare(store.results, study, contrasts, store.finished())
    if declared.before and declared != former:
        print(
            f"{study}: contrasts are {contrasts} from now on, declared when there were results: reports call them post hoc; "
            f"declared before was {declared.before}",
            flush=True,
        )


def _fetch_data(datasets: list[str]) -> None:
    """Fetch, parse and verify each data set once, before the workers all want it."""
    from gatebench.data import cards

    for dataset in datasets:
        cards.read_arrays(cards.load(dataset))


def _report_missing(plan: "SweepPlan", arguments: list[str]) -> int:
    """Print on stderr what failed and the command that trains it; returns the exit status."""
    from gatebench.records import status, study_file

    keys = study_file.keys(plan.points)
    for line in status.failed(plan.results, plan.study, keys):
        print(line, file=sys.stderr)
    command = shlex.join(["gatebench", "sweep", *arguments])
    print(f"{plan.study}: {plan.left} trial(s) left; this trains just those: {command}", file=sys.stderr)
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


def _may_have_workers(overrides: list[str], launcher: str) -> bool:
    """Whether `_local_workers` may come to any, by what is known without the number of jobs."""
    count = _given_count(overrides, launcher)
    return count is not None and count != "1" and os.cpu_count() != 1


def _local_workers(overrides: list[str], launcher: str, points: int) -> int | None:
    """Return how many processes beside this one run the jobs; None where Hydra's launcher runs them.

    That many as were asked for, of which one is this one; else no more than there are jobs, and no more threads of all of
    them than cores. A single job has a process of its own as well, since this one logs to MLflow meanwhile.
    """
    count = _given_count(overrides, launcher)
    if count is None:
        return None
    import joblib

    if count:
        processes = joblib.effective_n_jobs(int(count))
        return 0 if processes == 1 else min(points, processes)
    threads = next((o.partition("=")[2] for o in reversed(overrides) if o.startswith("engine.threads=")), "1")
    cores = joblib.cpu_count()  # that this process may use, not that the machine has
    most = cores // max(map(int, re.findall(r"[1-9]\d*", threads)), default=1)
    return 0 if cores == 1 else max(1, min(points, most))


def _given_count(overrides: list[str], launcher: str) -> str | None:
    """Return how many workers were asked for, nothing where none was; None where Hydra's launcher runs the jobs."""
    given = dict(o.lstrip("+").split("=", 1) for o in overrides if o.lstrip("+").startswith("hydra") and "=" in o)
    count = given.pop("hydra.launcher.n_jobs", "")
    is_ours = launcher == "local" and not given.keys() - {"hydra/launcher"} and re.fullmatch(r"(-?[1-9]\d*)?", count)
    return count if is_ours else None


def _launch(parts: list[_Part], plan: "SweepPlan", launcher: str, workers: Workers | None) -> None:
    """Run every job once: by Hydra's launcher, or by workers of this machine."""
    from gatebench.cli import launch

    if workers is None:
        with interpreters.safe():
            for part in parts:
                compose.run_through_hydra(_with_workers(part, launcher), launch.run_job)
        return
    configurations = [configuration for part in parts for configuration in part.configurations]
    command = launch.SweepCommand.of_environment()
    chains: list[list[Call]] = []
    for rest, positions in zip(plan.remainders, plan.of_jobs, strict=True):
        of_job = [configurations[i] for i in positions]
        stages = ("search", "confirm") if any(point.search for point in rest.points) else (None,)
        chains.append([(launch.run_point, (of_job, command, stage)) for stage in stages])
    workers.run(chains)


def _with_workers(part: _Part, launcher: str) -> list[str]:
    """Return a part's overrides with a number of workers of Hydra's joblib, or of jobs of an array, where none is stated."""
    if launcher.endswith("slurm"):
        return slurm.within_arrays(part.overrides)
    if launcher != "local" or any(o.lstrip("+").startswith("hydra.launcher.n_jobs=") for o in part.overrides):
        return part.overrides
    return [*part.overrides, f"hydra.launcher.n_jobs={_local_workers([], launcher, len(part.configurations)) or 1}"]


def _sweeps(overrides: list[str]) -> list[list[str]]:
    """Return the overrides of each sweep of a study: its own, and one for each of its ``parts``, which are overrides of it.

    A part that chooses what the command line chooses otherwise is left out; with ``parts=[]`` all are.
    """
    choices = {name: value for name, _, value in (override.partition("=") for override in overrides)}
    if "parts" in choices:
        if choices["parts"].replace(" ", "") != "[]":
            raise BadInput(f"parts={choices['parts']}: expected parts=[], which leaves out the further sweeps of the study")
        return [[override for override in overrides if override.partition("=")[0] != "parts"]]
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
        values = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"{file} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise BadInput(f"{file}: it is {shown(values)}, which is no settings; expected names, each with a value")
    parts = values.get("parts", [])
    if not isinstance(parts, list) or not all(isinstance(part, list) for part in parts):
        raise BadInput(f"{file}: parts is {parts!r}, expected a list of lists of overrides, for example [[task=nottingham]]")
    return [[str(override) for override in part] for part in parts]
