"""Hydra's part: configurations are composed, checked and launched here; what leaves are plain objects."""

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from gatebench.cli import configurations
from gatebench.cli import overrides as grammar
from gatebench.cli.configurations import GROUPS, Configuration
from gatebench.core import registry
from gatebench.core.errors import BadInput, did_you_mean, shorten
from gatebench.core.validation import Count, construct, flatten, mismatch, shown

if TYPE_CHECKING:
    from gatebench.data.cards import Card
    from gatebench.data.sequences import Framing
    from gatebench.graph.stack import Stack
    from gatebench.graph.trace import Graph
    from gatebench.records.schema import Labels
    from gatebench.study.job import Job
    from gatebench.study.search import Range
    from gatebench.training.protocol import Training

LABELLED = ("task", "cell", "budget", "training")
"""Groups whose choices label a point of a study, in the order of the label."""


def compose_jobs(overrides: list[str]) -> "list[Job]":
    """Return every job of a sweep, without running any; ``BadInput`` for the first that is wrong."""
    return [job_of(configuration) for configuration in compose_points(split(overrides))]


def split(overrides: list[str]) -> list[list[str]]:
    """Return the overrides of each job of a sweep, as Hydra's own sweeper deals them out."""
    without_launcher = [o for o in overrides if not re.match(r"[+~]*hydra[./](launcher|sweep)\b", o)]
    if any(override.startswith("-") for override in overrides):
        run_through_hydra(without_launcher, lambda _: None)  # whose command line refuses what it does not know
    with hydra_errors():
        return configurations.split(without_launcher)


def compose_points(points: list[list[str]]) -> list[Configuration]:
    """Return the configuration of each job, of which these are the overrides."""
    with hydra_errors():
        return configurations.compose_all(points)


def run_through_hydra(overrides: list[str], function: Callable[[Any], object]) -> None:
    """Call a function with each configuration that the overrides make, by Hydra's launcher; its errors are one line each."""
    import hydra

    search_path = configurations.search_path()
    os.environ["HYDRA_FULL_ERROR"] = "1"  # hands us the exception instead of printing and leaving
    arguments = sys.argv
    sys.argv = ["gatebench", *overrides, *search_path]
    decorate = hydra.main(version_base="1.3", config_path=str(registry.BUILT_IN["conf"]), config_name="config")
    try:
        with _help_of_any_type(), hydra_errors():
            decorate(function)()
    finally:
        sys.argv = arguments


@contextmanager
def hydra_errors() -> Iterator[None]:
    """Turn the errors of Hydra and OmegaConf in a block into ``BadInput``, one line each."""
    from hydra.errors import HydraException, OverrideParseException
    from omegaconf.errors import OmegaConfBaseException

    try:
        yield
    except OverrideParseException as error:
        reason = grammar.in_our_words(str(error).partition("\n")[0])
        raise grammar.unreadable(str(error.override), reason) from error
    except (HydraException, OmegaConfBaseException) as error:
        raise BadInput(_explain(str(error))) from error


@contextmanager
def _help_of_any_type() -> Iterator[None]:
    """Let argparse take a help that is no string, as hydra-core 1.3 has one: from Python 3.14 on it checks each as one."""
    checked = getattr(argparse.ArgumentParser, "_check_help", None)
    if checked is None:
        yield
        return

    def check_texts(parser: argparse.ArgumentParser, action: argparse.Action) -> None:
        if isinstance(action.help, str):
            checked(parser, action)

    argparse.ArgumentParser._check_help = check_texts  # pyright: ignore[reportAttributeAccessIssue] - of Python 3.14
    try:
        yield
    finally:
        argparse.ArgumentParser._check_help = checked  # pyright: ignore[reportAttributeAccessIssue]


def _explain(message: str) -> str:
    """Return an error of Hydra or OmegaConf in one line, with the nearest name that there is."""
    if match := re.search(r"Could not find '(\w+)/(\S*)'", message):
        group, choice = match.groups()
        return f"unknown {group} '{choice}'{did_you_mean(choice, list(registry.available('conf', '.yaml', group)))}"
    if match := re.search(r"Could not override '([^']+)'", message):
        name, names = match.group(1), _setting_names()
        if name in names:
            parent = name.rpartition(".")[0]
            return f"'{name}' cannot be overridden alone in this study, which gives {parent} as a whole: {parent}={{...}}"
        nearest = did_you_mean(name, names).partition(" (there are")[0]
        return f"unknown setting '{name}'{nearest} (see gatebench sweep --help)"
    if match := re.search(r"Interpolation key 'table1\.\w+\.(\w+)'", message):
        return f"Table 1 has no size for cell {match.group(1)}: it has rnn, gru and lstm_peephole; choose another budget"
    if match := re.search(r"Interpolation key 'arms\.([^.']+)", message):
        return (
            f"this study says nothing of {match.group(1)}: give it an entry under arms: in its yaml, or choose another task"
        )
    return " ".join(line.strip() for line in message.splitlines()[:2] if line.strip())


def _setting_names() -> list[str]:
    """Return the names of all groups and settings of the default job."""
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    with initialize_config_dir(str(registry.BUILT_IN["conf"]), version_base="1.3"):
        config = compose("config")
    return [*GROUPS, *flatten(OmegaConf.to_container(config))]


def job_of(configuration: Configuration) -> "Job":
    """Return the job that a configuration describes, as plain objects; ``BadInput`` for what does not fit."""
    from gatebench.data import cards, framings
    from gatebench.data.tasks import Portion
    from gatebench.engines import selection as engines
    from gatebench.graph import trace
    from gatebench.graph.stack import Stack
    from gatebench.study import job
    from gatebench.study.budget import Budget
    from gatebench.study.search import Search, SearchSettings
    from gatebench.training import likelihoods
    from gatebench.training.protocol import Training

    values = configuration.values
    training, cell, search = (_group(name, values[name]) for name in ("training", "cell", "search"))
    stack = construct(Stack, "model", _group("model", values["model"]))
    task = construct(job.TaskSettings, "task", _group("task", values["task"]))
    card = cards.load(task.dataset)
    framing = framings.find(task.predict, card)
    inputs, outputs = framing.sizes(card)
    options = dict(task.likelihood)
    likelihood = likelihoods.build(options.pop("name", ""), options, framing.predicted_kind(card), framing.classes(card))
    space = search_space(training)
    graph = trace.load(cell.pop("name"), **cell)
    if framing.causal(card):
        _check_causal(graph, stack, configuration.choices["task"])
    budget = construct(Budget, "budget", values["budget"])
    engine = construct(job.EngineSettings, "engine", values["engine"])
    device = values["device"]
    population = construct(job.PopulationSettings, "population", values["population"])
    if expected := mismatch(values["pipelines"], Count):
        raise BadInput(f"pipelines is {shown(values['pipelines'])}, expected {expected}")
    return job.Job(
        study=_study_name(values["name"]),
        labels=_labels(configuration),
        dataset=task.dataset,
        predict=task.predict,
        portion=construct(Portion, "data", _group("data", values["data"])),
        likelihood=likelihood,
        graph=graph,
        stack=stack,
        units=budget.solve(graph, stack, inputs, likelihood.readout(outputs)),
        training=_carrying(_weighing(construct(Training, "training", training), card), card, framing, graph, stack),
        search=Search(**vars(construct(SearchSettings, "search", search)), space=space),
        seeds=(population.seeds,) * values["pipelines"],
        population_max=population.max,
        engine=engines.pick(engine.name, graph, device),
        threads=engine.threads,
        device=device,
        results=Path(values["results"]),
        tracking=_tracking(values),
    )


def _check_causal(graph: "Graph", stack: "Stack", task: str) -> None:
    """Raise ``BadInput`` for a model that would read the very step that it is to predict."""
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


def _weighing(training: "Training", card: "Card") -> "Training":
    """Return a training; ``BadInput`` if it weighs classes where none are predicted."""
    if training.class_weights != "none" and (card.target is None or card.target.kind != "label"):
        raise BadInput(
            f"training.class_weights is {training.class_weights}, but dataset {card.name} has no label that is "
            "one of several classes; use training.class_weights=none, or leave --class-weights out"
        )
    return training


def _carrying(training: "Training", card: "Card", framing: "type[Framing]", graph: "Graph", stack: "Stack") -> "Training":
    """Return a training whose ``carry_state`` is None where it says what would be done anyway.

    ``BadInput`` if states are to be carried where they cannot be.
    """
    goes_on = card.has_series and framing.predicted_per(card) == "step" and not graph.lookahead and not stack.bidirectional
    if training.carry_state and not goes_on:
        reason = f"no sequence of dataset {card.name} is said to follow another one"
        if card.has_series:
            reason = "a label of a whole sequence is read from that sequence alone"
        if graph.lookahead or stack.bidirectional:
            reason = "the model looks ahead, into windows that are yet to come"
        raise BadInput(f"training.carry_state is true, but {reason}; use training.carry_state=null")
    return training if goes_on and training.carry_state is False else replace(training, carry_state=None)


def _tracking(values: dict[str, Any]) -> str | None:
    """Return the address of the MLflow store that trials are logged to; None where they are not."""
    from gatebench.records import mlflow

    publish, uri = values["publish"], _group("tracking", values["tracking"]).get("uri")
    if not isinstance(publish, bool):
        raise BadInput(f"publish is {publish!r}, expected true or false")
    return mlflow.store_uri(Path(values["results"]), uri) if publish else None


def search_space(training: dict[str, Any]) -> "dict[str, float | Range]":
    """Take what a search may tune out of the training's settings: each a number, or the range to search for it in."""
    from gatebench.core.hyperparameters import TUNABLE, Hyperparameters

    ranges = _group("training.ranges", training.pop("ranges"))
    for name in ranges:
        if name not in TUNABLE:
            raise BadInput(f"unknown setting 'training.ranges.{shorten(name)}'{did_you_mean(str(name), list(TUNABLE))}")
    hints = get_type_hints(Hyperparameters, include_extras=True)
    space: dict[str, float | Range] = {}
    for name in TUNABLE:
        number = training.pop(name)
        if number is None:
            space[name] = _range(name, ranges.get(name))
        elif expected := mismatch(number, hints[name]):
            raise BadInput(f"training.{name} is {shown(number)}, expected {expected} or null")
        else:
            space[name] = number
    return space


def _range(name: str, values: object) -> "Range":
    """Return the range in which a hyperparameter is searched for; ``BadInput`` if there is none."""
    from gatebench.study.search import Range

    where = f"training.ranges.{name}"
    if values is None:
        raise BadInput(
            f"training.{name} and {where} are both null: give a number, for example training.{name}=0.01, or a range to "
            f"search for it in, for example '{where}={{low: 0.001, high: 0.1}}'"
        )
    limits = construct(Range, where, _group(where, values))
    if limits.low > limits.high:
        raise BadInput(f"{where} goes from {limits.low:g} down to {limits.high:g}; expected low <= high")
    return limits


def _group(name: str, values: object) -> dict[str, Any]:
    """Return the settings of a group; ``BadInput`` if it was overridden by something else."""
    if not isinstance(values, dict):
        raise BadInput(
            f"{name} is {values!r}, expected its settings; override one of them, for example {name}.SETTING=VALUE"
        )
    return dict(values)


def _study_name(name: object) -> str:
    """Return the name of the study; ``BadInput`` if it cannot be a folder's, or is no text, as ``null`` is none."""
    if name is None or isinstance(name, bool):
        word = "null" if name is None else str(name).lower()
        raise BadInput(f"name is {word}, expected a text; write name=\\'{word}\\' if a study shall be called so")
    if not grammar.STUDY.fullmatch(str(name)):
        raise BadInput(f"name is '{name}', expected letters, digits, '.', '_' and '-': it becomes a folder below results")
    return str(name)


def _labels(configuration: Configuration) -> "Labels":
    """Return the choice in each group of `LABELLED`, with what was overridden inside it: ``modern batch=1``.

    A search that is given otherwise makes another point: ``modern search.size=4``.
    """
    from gatebench.records.schema import Labels

    overrides = [override.lstrip("+") for override in configuration.overrides]
    last = {override.partition("=")[0]: override for override in overrides}  # of what is given twice, the last one counts
    parts = [override.partition(".") for override in last.values()]
    overridden = {label: sorted(name for group, _, name in parts if group == label) for label in LABELLED}
    overridden["task"] += sorted(name for group, _, name in parts if group == "data")
    overridden["cell"] += sorted(name for group, _, name in parts if group == "model")
    overridden["training"] += sorted(f"search.{name}" for group, _, name in parts if group == "search")
    return Labels(**{label: " ".join([configuration.choices[label], *overridden[label]]) for label in LABELLED})
