"""Hydra's part: configurations are composed, checked and launched here; what leaves are plain objects."""

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

from gatebench.cli import configurations, settings
from gatebench.cli import overrides as grammar
from gatebench.cli.configurations import GROUPS, Configuration
from gatebench.core import registry
from gatebench.core.documentation import address
from gatebench.core.errors import BadInput, did_you_mean, shorten
from gatebench.core.validation import Constraint, NonNegative, flatten, mismatch, shown

if TYPE_CHECKING:
    from gatebench.records.schema import Labels
    from gatebench.study.job import Job

Workers = Annotated[int, Constraint("how many workers, from 1 to 1,024; -1: one a core", lambda n: n and abs(n) <= 1024)]
"""How many workers joblib is asked for."""
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
    with _composing(without_launcher), hydra_errors():
        return configurations.split(without_launcher)


def compose_points(points: list[list[str]]) -> list[Configuration]:
    """Return the configuration of each job, of which these are the overrides."""
    with _composing(points[0]), hydra_errors():
        return configurations.compose_all(points)


def check_launcher(overrides: list[str], launcher: str) -> None:
    """Raise ``BadInput`` for the first setting that a launcher does not have, or a number of it that cannot be."""
    from hydra import compose, initialize_config_dir
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    given = [override for override in overrides if re.match(r"\+*hydra\.launcher\b", override)]
    if not given:
        return
    with initialize_config_dir(str(registry.BUILT_IN["conf"]), version_base="1.3"):
        for override in given:  # one by one, to name it
            try:
                config = compose("config", [f"hydra/launcher={launcher}", override], return_hydra_config=True)
                numbers = flatten(OmegaConf.to_container(config.hydra.launcher))
                _check_launcher_numbers({name: value for name, value in numbers.items() if f".{name}=" in override})
            except (HydraException, OmegaConfBaseException, AttributeError, TypeError, ValueError) as error:
                raise BadInput(
                    f"'{shorten(override)}' is nothing that hydra/launcher={launcher} can have; leave it out, or choose "
                    f"another launcher (local has hydra.launcher.n_jobs=N; that of Slurm: {address('docs/slurm.md')})"
                ) from error


def _check_launcher_numbers(numbers: dict[str, Any]) -> None:
    for name, value in numbers.items():
        expected = None if isinstance(value, bool) else mismatch(value, Workers if name == "n_jobs" else NonNegative)
        if expected and isinstance(value, int | float):
            raise BadInput(f"hydra.launcher.{name} is {shown(value)}, expected {expected}")


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
        raise grammar.unreadable(str(error.override), grammar.in_our_words(str(error))) from error
    except (HydraException, OmegaConfBaseException) as error:
        raise BadInput(_explain(str(error))) from error


@contextmanager
def _composing(overrides: list[str]) -> Iterator[None]:
    """Turn what Hydra stumbles over in a block, such as a group of its own that is null, into ``BadInput``."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadInput(
            f"Hydra cannot compose {shorten(' '.join(overrides))} ({shorten(error)}); see gatebench sweep --help"
        ) from error


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
        parent = name.rpartition(".")[0]
        if any(other.startswith(f"{name}.") for other in names) or (name in names and not parent):
            return f"'{name}' is given something that it does not have; override one of its settings: {name}.SETTING=VALUE"
        if name in names:
            return f"'{name}' cannot be overridden alone in this study, which gives {parent} as a whole: {parent}={{...}}"
        if name.startswith("cell."):
            return (
                f"unknown setting '{name}': the cell has no such option, or its yaml in conf/cell/ has no line for it; "
                "gatebench cells NAME prints the options of a cell"
            )
        nearest = did_you_mean(name, names).partition(" (there are")[0]
        return f"unknown setting '{name}'{nearest} (see gatebench sweep --help)"
    if match := re.search(r"Error merging override ([^=]*)=", message):
        settings_page = address("conf/config.yaml")
        return f"'{match[1]}' cannot have this value; expected one as {settings_page} or the yaml of its group has it"
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
    from gatebench.engines import selection as engines
    from gatebench.study import job
    from gatebench.training import likelihoods

    given = settings.of(configuration)
    inputs, outputs = given.framing.sizes(given.card)
    options = dict(given.task.likelihood)
    name = options.pop("name", "")
    kind, classes = given.framing.predicted_kind(given.card), given.framing.classes(given.card)
    likelihood = likelihoods.build(name, options, kind, classes)
    return job.Job(
        study=given.study,
        labels=_labels(configuration),
        dataset=given.task.dataset,
        predict=given.task.predict,
        portion=given.portion,
        likelihood=likelihood,
        graph=given.graph,
        stack=given.stack,
        units=given.budget.solve(given.graph, given.stack, inputs, likelihood.readout(outputs)),
        training=given.training,
        search=given.search,
        seeds=(given.population.seeds,) * given.pipelines,
        population_max=given.population.max,
        engine=engines.pick(given.engine.name, given.graph, given.device),
        threads=given.engine.threads,
        device=given.device,
        results=given.results,
        tracking=given.tracking,
    )


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
