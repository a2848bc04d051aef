"""Hydra's part: configurations are composed, checked and launched here; what leaves are plain objects."""

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gatebench.core import registry
from gatebench.core.errors import BadInput, did_you_mean
from gatebench.core.validation import construct, flatten

GROUPS = ("task", "cell", "budget", "training", "engine", "study")
LABELLED = ("task", "cell", "budget", "training")


def composed(overrides: list[str]) -> list[Any]:
    """Every job of a sweep, composed by Hydra in this process without running any."""
    jobs: list[Any] = []
    mistakes: list[BadInput] = []

    def collect(config: Any) -> None:
        try:
            jobs.append(job_of(config))
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


def through_hydra(overrides: list[str], task: Callable[[Any], Any]) -> None:
    """Run a function through Hydra; its errors become one line each."""
    import hydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    extra = [folder for folder in registry.folders("conf") if folder != registry.BUILT_IN["conf"]]
    path = [f"hydra.searchpath=[{','.join(f'file://{folder}' for folder in extra)}]"] if extra else []
    os.environ["HYDRA_FULL_ERROR"] = "1"  # hands us the exception instead of printing and leaving
    before = sys.argv
    sys.argv = ["gatebench", *overrides, *path]
    try:
        hydra.main(version_base="1.3", config_path=str(registry.BUILT_IN["conf"]), config_name="config")(task)()
    except (HydraException, OmegaConfBaseException) as error:
        raise BadInput(_explain(str(error))) from error
    finally:
        sys.argv = before


def _explain(message: str) -> str:
    """Hydra's errors in one line, with the nearest name."""
    if found := re.search(r"Could not find '(\w+)/(\S+)'", message):
        group, choice = found.groups()
        return f"unknown {group} '{choice}'{did_you_mean(choice, list(registry.available('conf', '.yaml', group)))}"
    if found := re.search(r"Could not override '([^']+)'", message):
        name = found.group(1)
        if name in _settings():
            whole = name.rpartition(".")[0]
            return f"'{name}' cannot be overridden alone in this study, which gives {whole} as a whole: {whole}={{...}}"
        nearest = did_you_mean(name, _settings()).partition(" (there are")[0]
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

    with initialize_config_dir(str(registry.BUILT_IN["conf"]), version_base="1.3"):
        config = compose("config")
    from omegaconf import OmegaConf

    return [*GROUPS, *flatten(OmegaConf.to_container(config))]


def job_of(config: Any) -> Any:
    """A job's configuration as plain objects."""
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    from gatebench.data import cards, framings
    from gatebench.engines import selection as engines
    from gatebench.graph import trace
    from gatebench.graph.stack import Stack
    from gatebench.study import job
    from gatebench.training import likelihoods
    from gatebench.training.protocol import Training

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
    tuned = construct(job.Tuned, "training", {name: training.pop(name) for name in job.RANGES})
    ranges = {name: training.pop(name) for name in job.RANGES.values()}
    axes = {
        name: _axis(f"training.{name}", getattr(tuned, name), f"training.{axis}", ranges[axis])
        for name, axis in job.RANGES.items()
    }
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
        search=construct(job.Search, "search", {**search, **axes}),
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
    from gatebench.records import mlflow

    publish, uri = values["publish"], _group("tracking", values["tracking"]).get("uri")
    if not isinstance(publish, bool):
        raise BadInput(f"publish is {publish!r}, expected true or false")
    return mlflow.store_uri(Path(values["results"]), uri) if publish else None


def _axis(name: str, given: float | None, searched: str, values: Any) -> Any:
    """A number that is given, or the range in which to search for it."""
    from gatebench.study import job

    if given is not None:
        return given
    if values is None:
        raise BadInput(
            f"{name} and {searched} are both null: give a number, for example {name}=0.01, or a range to search for it in, "
            f"for example '{searched}={{low: 0.001, high: 0.1}}'"
        )
    axis = construct(job.Range, searched, _group(searched, values))
    if axis.low > axis.high:
        raise BadInput(f"{searched} go from {axis.low:g} down to {axis.high:g}; expected low <= high")
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
