"""Every yaml composes and builds what its name says, and every cell and card has its yaml."""

import ast
import inspect
import itertools
import re
from dataclasses import asdict, fields
from functools import cache, partial
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf, open_dict

from gatebench.cli.commands import sweep
from gatebench.cli.compose import compose_jobs, compose_points
from gatebench.cli.settings import search_space
from gatebench.core import registry
from gatebench.core.hyperparameters import TUNABLE
from gatebench.core.validation import construct
from gatebench.data import cards, framings
from gatebench.engines import selection
from gatebench.engines.base import Engine
from gatebench.graph import trace
from gatebench.graph.cost import cost
from gatebench.graph.stack import Stack
from gatebench.report import published
from gatebench.study.budget import Budget
from gatebench.study.job import united
from gatebench.study.search import Range, Search, SearchSettings
from gatebench.study.settings import PopulationSettings, TaskSettings
from gatebench.training import likelihoods
from gatebench.training.protocol import Training

CONF = registry.BUILT_IN["conf"]
AUTO = selection.AUTO
CHOICES = sorted(
    (path.parent.relative_to(CONF).as_posix(), path.stem) for path in CONF.rglob("*.yaml") if path.parent != CONF
)


def composed(*overrides, hydra=False):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("config", list(overrides), return_hydra_config=hydra)


def values(*overrides):
    """As the command line hands them on."""
    config = composed(*overrides, hydra=True)
    HydraConfig.instance().set_config(config)  # studies ask it which task is on
    with open_dict(config):
        del config["hydra"]
    return OmegaConf.to_container(config, resolve=True)


@cache
def jobs_of(*overrides):
    """Jobs of a sweep, composed once for all tests that look at them."""
    return compose_jobs(list(overrides))


def of(group):
    return [name for folder, name in CHOICES if folder == group]


def protocol(training):
    """The training, and where its search looks for what it tunes."""
    training = dict(training)
    space = search_space(training)
    return construct(Training, "training", training), space


def search(given, space):
    """As the command line makes it."""
    return Search(**vars(construct(SearchSettings, "search", given)), space=space)


def test_every_group_is_known():
    # a yaml in a folder that this file does not know would go untested
    groups = {"cell", "task", "training", "budget", "engine", "study", "hydra/launcher"}
    assert {group for group, _ in CHOICES} == groups
    assert [path.name for path in CONF.glob("*.yaml")] == ["config.yaml"]


@pytest.mark.parametrize(("group", "name"), CHOICES, ids=lambda text: text)
def test_every_yaml_composes(group, name):
    config = composed(f"{group}={name}", hydra=True)
    assert config.hydra.runtime.choices[group] == name


def test_the_default_job_is_complete():
    job = values()
    assert set(job) == {
        "name", "results", "contrasts", "pipelines", "data", "model", "search", "population", "device", "publish",
        "tracking", "task", "cell", "budget", "training", "engine",
    }  # fmt: skip
    assert search(job["search"], protocol(job["training"])[1]).given is None
    construct(PopulationSettings, "population", job["population"])
    assert "???" not in str(job)


def test_every_cell_has_its_yaml():
    assert of("cell") == list(registry.available("cells", ".py"))


@pytest.mark.parametrize("name", of("cell"))
def test_a_cell_is_the_one_of_its_name(name):
    cell = values(f"cell={name}")["cell"]
    assert cell.pop("name") == name
    graph = trace.load(name, **cell)
    assert graph.name == name
    # all options are there to be overridden, at the cell's own defaults
    assert list(cell.items()) == list(trace.load(name).options.items())


def test_every_card_has_its_task():
    assert {values(f"task={name}")["task"]["dataset"] for name in of("task")} == set(registry.available("datasets", ".yaml"))


@pytest.mark.parametrize("name", of("task"))
def test_a_task_frames_the_data_of_its_name(name):
    task = construct(TaskSettings, "task", values(f"task={name}")["task"])
    assert name == task.dataset
    card = cards.load(task.dataset)
    framing = framings.find(task.predict, card)
    inputs, outputs = framing.sizes(card)
    labels = card.target.names if card.target and card.target.kind == "label" else ()
    classes = len(card.names if card.kind == "symbols" and not card.target else labels)
    columns = card.facts["width"] - (card.target.columns if card.target else 0)
    assert inputs == {"audio": 20, "symbols": len(card.names)}.get(card.kind, columns)
    options = dict(task.likelihood)
    likelihood = likelihoods.build(options.pop("name"), options, framing.predicted_kind(card), classes)
    # all options are there to be overridden, at their defaults; the classes are those of the data
    assert {**options, **({"classes": classes} if classes else {})} == asdict(likelihood)
    assert likelihoods.described(likelihood) == task.likelihood["name"] + (f" classes={classes}" if classes else "")
    readout = {"bernoulli": outputs, "categorical": classes, "gaussian": 2 * outputs, "gaussian_mixture": 420}
    assert likelihood.readout(outputs) == readout[task.likelihood["name"]]


@pytest.mark.parametrize("name", of("training"))
def test_a_training_is_a_whole_protocol(name):
    given = values(f"training={name}")["training"]
    # every choice is written down, and so can be overridden
    assert set(given) == {field.name for field in fields(Training)} | {"lr", "ranges"}
    assert set(given["ranges"]) == set(TUNABLE)
    training, space = protocol(given)
    fixed = asdict(training).keys() - TUNABLE.keys()
    assert {choice: given[choice] for choice in fixed} == {choice: asdict(training)[choice] for choice in fixed}
    assert isinstance(space["lr"], Range)
    assert not isinstance(space["weight_noise"], Range)
    tried = search({"size": 3, "seed": 1, "epochs": None}, space).settings()
    for name, limits in given["ranges"].items():
        numbers = [getattr(setting, name) for setting in tried]
        assert (len(set(numbers)) > 1) == (given[name] is None)
        assert given[name] is not None or all(limits["low"] <= number <= limits["high"] for number in numbers)


NUMBERED = [name for name in of("budget") if name != "table1"]


@pytest.mark.parametrize("name", NUMBERED)
def test_a_budget_is_the_number_of_its_name(name):
    what, number, thousand = re.fullmatch(r"([a-z_]+)_(\d+)(k?)", name).groups()
    budget = values(f"budget={name}")["budget"]
    assert budget == {what: int(number) * (1000 if thousand else 1)}


def costs(graph, inputs, column, units):
    return getattr(cost(graph, graph.sizes(inputs, units), inputs), column)


@pytest.mark.parametrize(("kind", "cell"), published.TABLE_1)
def test_table_1_is_that_of_the_paper(kind, cell):
    task = {"music": "jsb_chorales", "speech": "librispeech_long"}[kind]
    units, _ = published.TABLE_1[kind, cell]
    assert values("budget=table1", f"task={task}", f"cell={cell}")["budget"] == {"units": units}


@pytest.mark.parametrize("name", NUMBERED)
def test_a_budget_sizes_every_cell(name):
    given = values(f"budget={name}")["budget"]
    budget = construct(Budget, "budget", given)
    ((what, value),) = given.items()
    column = {"parameters": "parameters_recurrent", "total_parameters": "parameters_total", "flops": "flops_per_step"}
    for cell, inputs in itertools.product(of("cell"), (20, 88)):
        graph = trace.load(cell)
        units = budget.solve(graph, Stack(), inputs, inputs)
        if what == "units":
            assert units == value
        else:
            count = partial(costs, graph, inputs, column[what])
            distance = abs(count(units) - value)
            assert abs(count(units + 1) - value) >= distance
            assert units == 1 or abs(count(units - 1) - value) > distance


@pytest.mark.parametrize("name", of("engine"))
def test_an_engine_is_the_one_of_its_name(name):
    engine = values(f"engine={name}")["engine"]
    assert set(engine) == {"name", "threads"}
    assert engine["name"] == name
    assert engine["threads"] >= 1
    if name != AUTO:
        built_engine = selection.create(name, threads=3, device="cpu")
        assert isinstance(built_engine, Engine)
        assert (built_engine.threads, built_engine.device) == (3, "cpu")
        place = Path(inspect.getfile(type(built_engine))).relative_to(registry.BUILT_IN["engines"])
        assert place.as_posix() in {f"{name}.py", f"{name}/engine.py"}


def test_every_engine_has_its_yaml():
    assert of("engine") == sorted([AUTO, *selection.names()])
    assert len(of("engine")) > 2


def test_the_default_engine_is_the_rule():
    assert values()["engine"]["name"] == AUTO
    assert values()["device"] == "cpu"


def test_the_study_of_the_paper_states_its_protocol_as_the_protocol_does():
    # the study gives these for both of its protocols, so that they stand in two files
    stated, protocol = (values(*choice)["training"] for choice in (["study=chung2014"], ["training=chung2014"]))
    for name in set(protocol) - {"epochs"}:
        assert stated[name] == protocol[name], name


PARTS = {
    "answer_matched": "answer",
    "answer_sizes_speech": "answer_sizes",
    "answer_speech": "answer",
    "chung2014_speech": "chung2014",
    "fair_decay": "fair",
}
"""Study -> the study that it is a part of."""


@pytest.mark.parametrize("name", of("study"))
def test_a_study_builds_each_of_its_jobs(name):
    config = composed(f"study={name}", hydra=True)
    assert config.name == PARTS.get(name, name)
    assert config.hydra.mode.name == "MULTIRUN"
    swept = {
        group: of(group) if choices == "glob(*)" else re.split(r"\s*,\s*", choices)
        for group, choices in config.hydra.sweeper.params.items()
    }
    points = list(itertools.product(*([f"{group}={choice}" for choice in choices] for group, choices in swept.items())))
    assert len(set(points)) == len(points)
    jobs = jobs_of(f"study={name}")
    assert len({str(job.labels) for job in jobs}) == len(jobs) == len(points)
    for job in jobs:
        assert job.units >= 1
        assert job.search.given is None
    (last,) = compose_points([[f"study={name}", *points[-1]]])
    assert last.values == values(f"study={name}", *points[-1]), "composed at once as Hydra composes it alone"


@pytest.mark.parametrize("name", of("study"))
def test_all_sweeps_of_a_study_compose_and_no_two_differ_about_a_point(name):
    jobs = [job for overrides in sweep._sweeps([f"study={name}"]) for job in jobs_of(*overrides)]
    assert {job.study for job in jobs} == {PARTS.get(name, name)}
    assert len(united(jobs)) == len({str(job.labels) for job in jobs})


@pytest.mark.parametrize(
    "path", sorted(registry.PACKAGE.rglob("*.py")), ids=lambda path: path.relative_to(registry.PACKAGE).as_posix()
)
def test_every_module_says_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text()))
