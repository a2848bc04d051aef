"""``gatebench sweep``: Hydra composes and launches the jobs; each becomes plain objects here."""

import importlib.util
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import yaml

from bench import places
from bench.checks import construct, flat
from bench.cli import launch
from bench.places import BadInput, suggestion

GROUPS = ("task", "cell", "budget", "training", "engine", "study")
LABELLED = ("task", "cell", "budget", "training")

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
        groups = [f"  {group:10}{', '.join(places.known('conf', '.yaml', group))}" for group in GROUPS]
        print(SWEEP_HELP.format(groups="\n".join(groups)))
        return 0
    flags = {flag for flag in ("--dry-run", "--fail-fast") if flag in arguments}
    overrides = [argument for argument in arguments if argument not in flags]
    launcher = _launcher(overrides)
    sweeps = _sweeps(overrides)
    planned = [composed(each) for each in sweeps]
    jobs = [job for each in planned for job in each]
    if len({(job.study, job.results) for job in jobs}) != 1:
        raise BadInput("name and results must be one for the whole sweep; run one sweep for each")
    from bench import study
    from bench.data import cards
    from bench.records import status, study_file
    from bench.records.record import Store

    store = Store(jobs[0].results)
    store.prepare()
    plans = [study.plan(job, store) for job in jobs]
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
            launch=lambda: [through_hydra(overrides, run_job) for overrides in each],
            batch_system=launcher.endswith("slurm"),
            tracking=jobs[0].tracking,
            fail_fast="--fail-fast" in flags,
        ).run()
        plans = [study.plan(job, store) for job in jobs]
        if left := sum(plan.left for plan in plans):
            keys = study_file.keys([plan.point for plan in plans])
            print("\n".join(status.failed(store.results, name, keys)), file=sys.stderr)
            command = shlex.join(["gatebench", "sweep", *arguments])
            print(f"{name}: {left} trial(s) left; this trains just those: {command}", file=sys.stderr)
            return 1
        print(f"{name}: all trials are finished")
    else:
        print(f"{name}: nothing to train, all {trials} trials are finished")
    if alone:
        print(f"next: gatebench report {name}" + ("" if str(store.results) == "results" else f" --results {store.results}"))
    return 0


def _launcher(overrides: list[str]) -> str:
    """The launcher that was asked for; ``BadInput`` if there is none of this name, or its extra is not installed."""
    name = next((o.partition("=")[2] for o in reversed(overrides) if re.match(r"\+*hydra/launcher=", o)), "local")
    known = [*places.known("conf", ".yaml", "hydra/launcher"), "basic", "joblib", "submitit_local", "submitit_slurm"]
    if name not in known:
        raise BadInput(f"unknown hydra/launcher '{name}'{suggestion(name, known)}")
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
    parts = _parts(places.known("conf", ".yaml", "study").get(given.get("study", "")))
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
    from bench import study

    seconds = 0.0
    for job, plan in zip(jobs, plans, strict=True):
        share = study.pace(job) * plan.epochs if plan.left else 0.0
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


def composed(overrides: list[str]) -> list[Any]:
    """Every job of a sweep, composed by Hydra in this process without running any."""
    jobs: list[Any] = []
    mistakes: list[BadInput] = []

    def collect(config: Any) -> None:
        try:
            jobs.append(_job(config))
        except BadInput as mistake:  # raised here, Hydra would print lines of its own around it
            mistakes.append(mistake)

    kept = [o for o in overrides if not re.match(r"[+~]*hydra[./](launcher|sweep)\b", o)]
    folder = tempfile.mkdtemp()
    try:
        through_hydra([*kept, "hydra/launcher=basic", f"hydra.sweep.dir={folder}"], collect)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if mistakes:
        raise mistakes[0]
    return jobs


def run_job(config: Any) -> None:
    """One job, wherever Hydra's launcher runs it. What ends it early is on record, and no reason to end the others."""
    from bench import progress, stopping, study
    from bench.records.files import Unwritable
    from bench.records.record import Store

    job = _job(config)
    folder, fail_fast = Path(os.environ["GATEBENCH_SWEEP"]), os.environ["GATEBENCH_FAIL_FAST"] == "1"
    stop = stopping.Stop(folder)
    with nullcontext() if os.environ["GATEBENCH_COMMAND"] == launch.this_process() else stop.listening():
        try:
            study.run(job, Store(job.results), progress.Report(folder), stop, fail_fast)
        except stopping.Stopped:
            if fail_fast:
                stop.ask("a trial failed")
        except Unwritable as error:  # told here, since Hydra would print lines of its own around it
            stop.give_up()
            print(f"\ngatebench: {error}", file=sys.stderr)


def through_hydra(overrides: list[str], task: Callable[[Any], Any]) -> None:
    """Run a function through Hydra; its errors become one line each."""
    import hydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    extra = [folder for folder in places.houses("conf") if folder != places.OWN["conf"]]
    path = [f"hydra.searchpath=[{','.join(f'file://{folder}' for folder in extra)}]"] if extra else []
    os.environ["HYDRA_FULL_ERROR"] = "1"  # hands us the exception instead of printing and leaving
    before = sys.argv
    sys.argv = ["gatebench", *overrides, *path]
    try:
        hydra.main(version_base="1.3", config_path=str(places.OWN["conf"]), config_name="config")(task)()
    except (HydraException, OmegaConfBaseException) as error:
        raise BadInput(_explain(str(error))) from error
    finally:
        sys.argv = before


def _explain(message: str) -> str:
    """Hydra's errors in one line, with the nearest name."""
    if found := re.search(r"Could not find '(\w+)/(\S+)'", message):
        group, choice = found.groups()
        return f"unknown {group} '{choice}'{suggestion(choice, list(places.known('conf', '.yaml', group)))}"
    if found := re.search(r"Could not override '([^']+)'", message):
        name = found.group(1)
        if name in _settings():
            whole = name.rpartition(".")[0]
            return f"'{name}' cannot be overridden alone in this study, which gives {whole} as a whole: {whole}={{...}}"
        nearest = suggestion(name, _settings()).partition(" (there are")[0]
        return f"unknown setting '{name}'{nearest} (see gatebench sweep --help)"
    if found := re.search(r"Interpolation key 'table1\.\w+\.(\w+)'", message):
        return f"Table 1 has no size for cell {found.group(1)}: it has rnn, gru and lstm_peephole; choose another budget"
    if found := re.search(r"Interpolation key 'arms\.([^.']+)", message):
        return (
            f"this study says nothing of {found.group(1)}: give it an entry under arms: in its yaml, or choose another task"
        )
    return " ".join(line.strip() for line in message.splitlines()[:2] if line.strip())


def _settings() -> list[str]:
    """Names of all settings and groups."""
    from hydra import compose, initialize_config_dir

    with initialize_config_dir(str(places.OWN["conf"]), version_base="1.3"):
        config = compose("config")
    from omegaconf import OmegaConf

    return [*GROUPS, *flat(OmegaConf.to_container(config))]


def _job(config: Any) -> Any:
    """A job's configuration as plain objects."""
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    from bench import job
    from bench.data import cards, framings
    from bench.engines import _choice as engines
    from bench.graph import trace
    from bench.graph.stack import Stack
    from bench.training import likelihoods
    from bench.training.settings import Training

    try:
        values: dict[str, Any] = OmegaConf.to_container(config, resolve=True)  # pyright: ignore[reportAssignmentType]
    except OmegaConfBaseException as error:
        raise BadInput(_explain(str(error))) from error
    runtime = HydraConfig.get()
    training, cell, search = (_group(name, values[name]) for name in ("training", "cell", "search"))
    stack = construct(Stack, "model", _group("model", values["model"]))
    task = construct(job.TaskSettings, "task", _group("task", values["task"]))
    card = cards.load(task.dataset)
    framing = framings.framing(task.predict, card)
    inputs, outputs = framing.sizes(card)
    options = dict(task.likelihood)
    likelihood = likelihoods.build(options.pop("name", ""), options, framing.of(card), framing.classes(card))
    tuned = construct(job.Tuned, "training", {name: training.pop(name) for name in ("lr", "weight_noise")})
    rates, noises = (training.pop(name) for name in ("rates", "noises"))
    lr = _axis(tuned.lr, "training.rates", rates)
    noise = _axis(tuned.weight_noise, "training.noises", noises)
    graph = trace.load(cell.pop("name"), **cell)
    if framing.causal:
        _looks_back(graph, stack, runtime.runtime.choices["task"])
    budget = construct(job.Budget, "budget", values["budget"])
    engine = construct(job.Engine, "engine", values["engine"])
    device = values["device"]
    members = construct(job.Members, "population", values["population"])
    return job.Job(
        study=_study_name(values["name"]),
        labels=_labels(runtime),
        dataset=task.dataset,
        predict=task.predict,
        likelihood=likelihood,
        graph=graph,
        stack=stack,
        units=budget.solve(graph, stack, inputs, likelihood.readout(outputs)),
        training=construct(Training, "training", training),
        search=construct(job.Search, "search", {**search, "lr": lr, "weight_noise": noise}),
        members=members,
        engine=engines.pick(engine.name, graph, device),
        threads=engine.threads,
        device=device,
        results=Path(values["results"]),
        tracking=_tracking(values),
    )


def _looks_back(graph: Any, stack: Any, task: str) -> None:
    """``BadInput`` for a model that would read the very step that it is to predict."""
    if graph.lookahead:
        raise BadInput(
            f"cell {graph.name} with window=ahead and length={graph.lookahead + 1} would read the very step that task "
            f"{task} has it predict; use cell.window=past"
        )
    if stack.bidirectional:
        raise BadInput(
            f"model.bidirectional=true would read the very step that task {task} has it predict; it is for tasks with a "
            "target of their own: gatebench data add PATH --label COLUMN"
        )


def _tracking(values: dict[str, Any]) -> str | None:
    from bench.records import track

    publish, uri = values["publish"], _group("tracking", values["tracking"]).get("uri")
    if not isinstance(publish, bool):
        raise BadInput(f"publish is {publish!r}, expected true or false")
    return track.store_uri(Path(values["results"]), uri) if publish else None


def _axis(given: float | None, name: str, values: Any) -> Any:
    """A number that is given, or the range in which to search for it."""
    from bench import job

    if given is not None:
        return given
    axis = construct(job.Range, name, _group(name, values))
    if axis.low > axis.high:
        raise BadInput(f"{name} go from {axis.low:g} down to {axis.high:g}; expected low <= high")
    return axis


def _group(name: str, values: Any) -> dict[str, Any]:
    """The settings of a group, which may have been overridden by something else."""
    if not isinstance(values, dict):
        raise BadInput(
            f"{name} is {values!r}, expected its settings; override one of them, for example {name}.SETTING=VALUE"
        )
    return dict(values)


def _study_name(name: Any) -> str:
    if not re.fullmatch(r"[\w-][\w.-]*", str(name)):
        raise BadInput(f"name is '{name}', expected letters, digits, '.', '_' and '-': it becomes a folder below results")
    return str(name)


def _labels(runtime: Any) -> dict[str, str]:
    """The choice in each group, with what was overridden inside it: ``modern batch=1``."""
    given = [o.lstrip("+").partition(".") for o in runtime.overrides.task]
    overridden = {label: sorted(what for group, _, what in given if group == label) for label in LABELLED}
    overridden["cell"] += sorted(what for group, _, what in given if group == "model")
    return {label: " ".join([runtime.runtime.choices[label], *overridden[label]]) for label in LABELLED}
