"""Every number has a range that is checked before work begins: all settings, all flags, wherever they are declared."""

import argparse
import copy
from collections.abc import Iterator
from dataclasses import replace
from functools import reduce

import pytest
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser

from gatebench.cli import compose, settings
from gatebench.cli.configurations import GROUPS, Configuration
from gatebench.cli.parser import command_line_parser
from gatebench.core import registry
from gatebench.core.errors import BadInput
from gatebench.core.validation import flatten
from support.command_line import CommandLine, run_python
from support.datasets import Tiny

HUGE = str(10**30)
ABSURD = ("nan", "inf", "-inf", "1e308", "-1e308", "1e400", HUGE, f"-{HUGE}", "0x10", "true", "abc", "''", "'1'", "{a:1}")
"""What no number may be."""
ABSURD_LISTS = (
    "[]",
    "[1,1]",
    f"[{HUGE}]",
    "[nan]",
    "[1e308]",
    "[-1]",
    "[0.5]",
    "[true]",
    "[0x10]",
    "[[1]]",
    "[null]",
    "1",
    "null",
)
"""What no list of seeds may be."""
PERHAPS = ("0", "-1", "1", "0.5", "1e-320", "1_000", "1000000000", "1e12", "null", "[]", "[1,1]")
"""What some may be."""


def numbers_of(values: dict[str, object]) -> Iterator[tuple[str, object]]:
    """Settings that are numbers, or lists of them, or null, which stands for a number that is not given."""
    for name, value in flatten(values).items():
        first = value[0] if isinstance(value, list) and value else value
        if first is None or (isinstance(first, int | float) and not isinstance(first, bool)):
            yield name, value


def all_numbers() -> dict[str, str]:
    """Setting -> the choice with which it is there, of all yamls; the settings of a cell are its own."""
    conf = registry.BUILT_IN["conf"]
    job = yaml.safe_load((conf / "config.yaml").read_text())
    numbers = {name: "cell=gru" for name, _ in numbers_of({n: job[n] for n in job if n not in ("defaults", "hydra")})}
    for group in GROUPS:
        for choice, path in registry.available("conf", ".yaml", group).items():
            if "@package _global_" not in path.read_text():
                of_one_cell = f" of {choice}" if group == "cell" else ""
                for name, _ in numbers_of({group: yaml.safe_load(path.read_text())}):
                    numbers.setdefault(f"{name}{of_one_cell}", f"{group}={choice}")
    return numbers


NUMBERS = all_numbers()


def name_of(number: str) -> str:
    return number.partition(" ")[0]


def values_of(number: str) -> tuple[str, ...]:
    if name_of(number) == "population.seeds":
        return (*ABSURD, *ABSURD_LISTS)
    return (*ABSURD, *PERHAPS)


@pytest.fixture(scope="module")
def composed() -> dict[str, Configuration]:
    """Choice -> configuration."""
    choices = sorted(set(NUMBERS.values()))
    return dict(zip(choices, compose.compose_points([[choice] for choice in choices]), strict=True))


def changed(configuration: Configuration, name: str, text: str) -> Configuration:
    """A configuration with another value, which Hydra reads; it takes too long to compose hundreds."""
    (override,) = OverridesParser.create().parse_overrides([f"{name}={text}"])
    values = copy.deepcopy(configuration.values)
    *groups, last = name.split(".")
    reduce(dict.__getitem__, groups, values)[last] = override.value()
    return replace(configuration, values=values)


def line_of(configuration: Configuration) -> str | None:
    """What is said of a configuration; None if it makes a job."""
    try:
        settings.check([configuration])
        compose.job_of(configuration)
    except BadInput as error:
        return str(error)
    return None


def test_all_numbers_are_there():
    assert {"search.size", "population.seeds", "training.constants.beta1", "training.ranges.lr.low"} <= set(NUMBERS)
    assert {"budget.flops", "engine.threads", "task.likelihood.components", "cell.depth of rhn"} <= set(NUMBERS)
    assert len(NUMBERS) > 50


@pytest.mark.parametrize("number", NUMBERS)
def test_a_setting_refuses_what_cannot_be_and_builds_what_can(composed: dict[str, Configuration], number: str):
    name = name_of(number)
    for value in values_of(number):
        line = line_of(changed(composed[NUMBERS[number]], name, value))
        assert line is not None or value in PERHAPS, f"{name}={value} makes a job"
        is_named = line is None or name.rpartition(".")[2] in line or line.startswith("a budget of ")
        assert is_named, f"{name}={value}: {line}"
        assert line is None or "\n" not in line


def numeric_flags() -> Iterator[tuple[list[str], str]]:
    """Words of a command, and a flag of it that takes a number."""

    def walk(parser: argparse.ArgumentParser, words: list[str]) -> Iterator[tuple[list[str], str]]:
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for word, subparser in action.choices.items():
                    yield from walk(subparser, [*words, word])
            elif callable(action.type) and takes_numbers(action.type):
                yield words, action.option_strings[-1]

    yield from walk(command_line_parser(), [])


def takes_numbers(type_of_argument: object) -> bool:
    try:
        return isinstance(type_of_argument("2"), int | float)  # pyright: ignore[reportCallIssue] - of argparse
    except (argparse.ArgumentTypeError, ValueError):
        return False


FLAGS = [" ".join([*words, flag]) for words, flag in numeric_flags()]


def test_all_flags_are_there():
    assert {"sample --steps", "compare --minutes", "data add --step", "data alter --hold", "count --units"} <= set(FLAGS)


@pytest.mark.parametrize("flag", FLAGS)
def test_a_flag_refuses_what_cannot_be(gatebench: CommandLine, flag: str):
    *words, name = flag.split()
    for value in ("1e308", "-1e308", "nan", "inf", "1e400", HUGE, f"-{HUGE}", "9" * 5000, "0x10", "abc", "", "[]"):
        result = gatebench(*words, f"{name}={value}")
        assert (result.code, result.out) == (2, "")
        last = result.err.splitlines()[-1]
        assert name in last, value
        assert len(last) < 600
        assert "Traceback" not in result.err
        assert result.err.count("\n") == 1 or result.err.startswith("usage: "), result.err
    assert list(gatebench.folder.iterdir()) == []


SWEEPS = {
    "population.seeds={a:1}": "'population.seeds' cannot have this value",
    "population.seeds=[]": "population.seeds is [], expected different whole numbers",
    "population.seeds=[1,1]": "population.seeds is [1, 1], expected different whole numbers",
    "training.batch=range(1,1000000000)": "makes 999,999,999 jobs; expected at most 10,000",
    "training.batch=range(1,200) population.max=range(1,200)": "makes 39,601 jobs; expected at most 10,000",
    "training.lr=range(0,1e308,1e-300)": "expected at most 10,000",
    "training.lr=range(0.0,1.0,0.0)": "has no end; expected a step other than 0",
    "training.lr=range(0,inf)": "has no end; expected a step other than 0 and finite numbers",
    "training.lr=range(nan,1)": "has no end; expected a step other than 0 and finite numbers",
    "training.lr=interval(0,1)": "has no end of values; expected a list of choices",
    "training.batch=range(5,1)": "makes no job",
    "pipelines=100000 search.size=100000": "has more than 1,000,000 trials, which is as many as one may have",
    "cell=gru,lstm pipelines=10000 search.size=100": "has more than 1,000,000 trials",
    "hydra.launcher.n_jobs=0": "hydra.launcher.n_jobs is 0, expected how many workers, from 1 to 1,024; -1: one a core",
    "hydra.launcher.n_jobs=100000": "hydra.launcher.n_jobs is 100000, expected how many workers",
    "hydra.launcher.n_jobs=nan": "'hydra.launcher.n_jobs=nan' is nothing that hydra/launcher=local can have",
    "hydra.launcher.nope=1": "'hydra.launcher.nope=1' is nothing that hydra/launcher=local can have",
    "hydra/launcher=basic hydra.launcher.n_jobs=2": "is nothing that hydra/launcher=basic can have; leave it out, or choose",
    "hydra/launcher=joblib hydra.launcher.timeout=1e400": "hydra.launcher.timeout is inf, expected a number from 0",
    "results=null": "results is None, expected a folder",
    "name=null": "name is null, expected a text",
    "publish=true tracking.uri=5": "tracking.uri is 5, expected the address",
}


@pytest.mark.parametrize("overrides", SWEEPS)
def test_a_sweep_that_nobody_could_run_is_refused_at_once(gatebench: CommandLine, overrides: str):
    assert SWEEPS[overrides] in gatebench.refuses("sweep", "task=tiny", "publish=false", *overrides.split())


@pytest.mark.parametrize(
    "overrides", ["population.seeds=[]", "search.size=1000000000", "training.constants.beta1=2", "cell=,"]
)
def test_a_mistake_in_a_setting_is_said_without_torch(home: Tiny, overrides: str):
    program = (
        "import sys; from gatebench.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: print(end.code, 'torch' in sys.modules)"
    )
    result = run_python(home, program, "sweep", "task=tiny", overrides)
    assert result.out == "2 False\n"
    assert result.err.count("\n") == 1, result.err
