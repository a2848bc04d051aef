"""What the pages name is there: links, commands, settings, files."""

import argparse
import ast
import inspect
import re
import shlex
import unicodedata
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser

import gatebench
from gatebench.cli.comparison_result import ComparisonResult
from gatebench.cli.compose import GROUPS
from gatebench.cli.parser import command_line_parser
from gatebench.core import registry
from gatebench.core.validation import flatten
from gatebench.models.prediction import TrainedModel
from gatebench.records import frame

ROOT = Path(__file__).resolve().parents[2]
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text() for path in sorted((ROOT / "docs").glob("*.md"))}
TEXTS = {**PAGES, **{name: (ROOT / name).read_text() for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")}}
CURRENT = {name: text for name, text in TEXTS.items() if name != "CHANGELOG.md"}
"""A changelog also names what is no more."""
CONF = registry.BUILT_IN["conf"]
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
OF_A_SWEEP = {"--dry-run", "--fail-fast"}
OF_A_READER = "light_ru"
"""The cell that docs/cell.md writes."""


def fenced(text, language):
    """Code blocks, without what they are indented by."""
    blocks = [(match[1], match[2].splitlines(keepends=True)) for match in FENCE.finditer(text)]
    indents = [min(len(line) - len(line.lstrip()) for line in lines if line.strip()) for _, lines in blocks]
    cut = ["".join(line[indent:] or "\n" for line in lines) for (_, lines), indent in zip(blocks, indents, strict=True)]
    return [block for (marked, _), block in zip(blocks, cut, strict=True) if marked == language]


def spans(text):
    """What stands between backticks in running text."""
    return re.findall(r"(?<!`)`([^`\n]+)`(?!`)", FENCE.sub("", text))


def anchor(heading):
    """As GitHub makes it of a heading."""
    letters = "".join(c for c in heading.strip().lower() if c in " -_" or unicodedata.category(c)[0] in "LN")
    return letters.replace(" ", "-")


@pytest.mark.parametrize("name", TEXTS)
def test_links_lead_somewhere(name):
    for link in re.findall(r"\]\((?!\w+:)([^)\s]+)\)", TEXTS[name]):
        path, _, place = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.is_file(), link
        assert ROOT in target.resolve().parents, link
        headings = re.findall(r"^#+ (.*)$", FENCE.sub("", target.read_text()), re.MULTILINE) if place else []
        assert not place or place in map(anchor, headings), link


def quoted(text):
    """Commands of ours in shell blocks and in running text, as words; `gatebench NAME` alone in the text is no command."""
    lines = [line for block in fenced(text, "sh") for line in block.splitlines()]
    lines += [span for span in spans(text) if re.match(r"(\w+=\S+ )?gatebench \w+ ", span)]
    for line in lines:
        for part in re.split(r"&&|\|", line):
            if re.search(r"\bgatebench ", part):
                words = shlex.split(part.replace('"$(', "").replace(')"', ""), comments=True)
                yield words[words.index("gatebench") + 1 :]


COMMANDS = sorted({(name, shlex.join(words)) for name, text in CURRENT.items() for words in quoted(text) if words})


def test_commands_are_found():
    assert len(COMMANDS) > 30
    assert {command.split()[0] for _, command in COMMANDS} >= {"sweep", "report", "status", "count", "data", "sample"}


@pytest.mark.parametrize(("name", "command"), [(n, c) for n, c in COMMANDS if c.split()[0] != "sweep"])
def test_a_command_is_one(name, command):
    command_line_parser().parse_args(shlex.split(command))  # ends the test if it is none


def flags(parser):
    """Of a command and of those below it."""
    names = set(parser._option_string_actions)
    for action in parser._actions:
        for below in (action.choices or {}).values() if isinstance(action, argparse._SubParsersAction) else ():
            names |= flags(below)
    return names


@pytest.mark.parametrize("name", CURRENT)
def test_flags_are_there(name):
    available = flags(command_line_parser()) | OF_A_SWEEP
    assert {flag for span in spans(TEXTS[name]) for flag in re.findall(r"(?<![\w-])--[a-z-]+", span)} <= available


def placeholder(choice):
    return choice.isupper() or choice == OF_A_READER


@pytest.mark.parametrize(("name", "command"), [(n, c) for n, c in COMMANDS if c.split()[0] == "sweep"])
def test_a_sweep_is_one(name, command):
    """Its flags, groups and choices are known, and Hydra finds every setting."""
    words = [word for word in shlex.split(command)[1:] if word not in OF_A_SWEEP]
    overrides = OverridesParser.create().parse_overrides(words)
    choices_of_one_job = []
    for override in overrides:
        group = override.key_or_group
        value = override.value() if not override.is_sweep_override() else next(override.sweep_string_iterator())
        choices = list(override.sweep_string_iterator()) if override.is_sweep_override() else [str(value)]
        if group in GROUPS or group == "hydra/launcher":
            unknown = {choice for choice in choices if not placeholder(choice)} - set(
                registry.available("conf", ".yaml", group)
            )
            assert not unknown, command
        if not any(map(placeholder, choices)):
            choices_of_one_job.append(f"{group}={choices[0]}" if override.is_sweep_override() else override.input_line)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        compose("config", choices_of_one_job, return_hydra_config=True)


def settings():
    """Names of all settings, of whatever choice."""
    names = set(flatten(yaml.safe_load((CONF / "config.yaml").read_text())))
    for path in CONF.rglob("*/*.yaml"):
        group = path.parent.relative_to(CONF).as_posix().replace("/", ".")
        values = yaml.safe_load(path.read_text()) or {}
        names |= set(flatten(values, "" if path.parent.name == "study" else group))
    with initialize_config_dir(str(CONF), version_base="1.3"):
        launcher = compose("config", ["hydra/launcher=slurm"], return_hydra_config=True).hydra.launcher
    return names | {f"hydra.launcher.{name}" for name in launcher}


SETTINGS = settings()
PREFIXES = "search|population|tracking|task|cell|budget|training|engine|model|hydra.launcher"


@pytest.mark.parametrize("name", CURRENT)
def test_settings_are_there(name):
    # the yaml of a cell gives all its options, a task's those of its likelihood: a test of conf/ sees to that
    for span in spans(TEXTS[name]):
        if match := re.match(rf"((?:{PREFIXES})\.(?!py|onnx|safetensors)[a-z_.]+)(?:=|$)", span):
            stem = match[1]
            assert stem in SETTINGS or any(setting.startswith(f"{stem}.") for setting in SETTINGS), span


@pytest.mark.parametrize("name", CURRENT)
def test_files_targets_and_variables_are_there(name):
    code = "".join(path.read_text() for path in registry.PACKAGE.rglob("*.py")) + (ROOT / "tests/conftest.py").read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for span in spans(TEXTS[name]):
        if re.fullmatch(r"(bench|conf|datasets|docs|tests)/[a-z0-9_./-]*", span):
            assert (ROOT / span).exists() or OF_A_READER in span, span
        if match := re.match(r"make ([a-z-]+)", span):
            assert match[1] in targets, span
        for variable in re.findall(r"GATEBENCH_[A-Z]+", span):
            assert f'"{variable}"' in code, span


def test_what_a_notebook_needs_is_there():
    """The calls in the first Python of the page on one's own data fit the signatures of the public face."""
    block = fenced(TEXTS["docs/own-data.md"], "python")[0]
    calls = [node for node in ast.walk(ast.parse(block)) if isinstance(node, ast.Call)]
    of_ours = [call for call in calls if ast.unparse(call.func).startswith("gatebench.")]
    assert len(of_ours) > 2
    for call in of_ours:
        function = getattr(gatebench, call.func.attr)
        inspect.signature(function).bind(*call.args, **{keyword.arg: keyword.value for keyword in call.keywords})
    assert gatebench.count("gru", inputs=88, parameters=20_000).units == 48
    of_result = {ast.unparse(call.func) for call in calls if ast.unparse(call.func).startswith("result.")}
    assert len(of_result) > 2
    for name in of_result:
        assert callable(getattr(TrainedModel if ".best." in name else ComparisonResult, name.rpartition(".")[2])), name


RETIRED = re.compile(r"\b(panels?|house|houses|optimisers?|claims?|retention|gatebench_house|bench\.\w+)\b(?! in numbers)")
"""Words that have given way to the field's own: comparison group, plugin folder, optimizer, lock, forget bias."""


@pytest.mark.parametrize("name", CURRENT)
def test_words_are_those_of_the_field(name):
    assert RETIRED.findall(TEXTS[name]) == []


@pytest.mark.parametrize("name", TEXTS)
def test_no_page_names_a_folder_of_somebodys_machine(name):
    assert not re.search(r"(?<![\w.])/(work|root|home|tmp|Users)/", TEXTS[name])


def test_the_tree_is_that_of_the_package():
    """Every room stands in the tree of CONTRIBUTING.md, and nothing else does."""
    (tree,) = [block for block in fenced(TEXTS["CONTRIBUTING.md"], "") if "bench/gatebench/" in block]
    rooms = re.findall(r"^  (\w+)/", tree, re.MULTILINE)
    folders = [path.name for path in registry.PACKAGE.iterdir() if any(path.rglob("*.py")) and path.is_dir()]
    assert sorted(rooms) == sorted(folders)


def rows(page, first):
    """The rows of the table whose header begins with ``first``, cells without backticks."""
    (table,) = re.findall(rf"^\| {re.escape(first)} \|.*\n\|[-| :]+\|\n((?:\|.*\n)+)", PAGES[page], re.MULTILINE)
    return [[cell.strip().replace("`", "") for cell in line.strip("|").split("|")] for line in table.splitlines()]


def test_the_protocols_are_those_of_their_yaml():
    stated = rows("docs/protocol.md", "setting | `chung2014` | `modern` | `modern_decay` | `modern_speech`")
    assert len(stated) > 10
    for column, protocol in enumerate(("chung2014", "modern", "modern_decay", "modern_speech"), 1):
        given = flatten(yaml.safe_load((CONF / "training" / f"{protocol}.yaml").read_text()))
        for row in stated:
            value = given[row[0].partition(",")[0].removeprefix("training.")]
            assert row[column] == ("null" if value is None else str(value)), (protocol, row[0])


def test_the_cell_of_the_journey_is_counted(tmp_path, monkeypatch, capsys):
    (cell,) = fenced(PAGES["docs/cell.md"], "python")
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells" / f"{OF_A_READER}.py").write_text(cell)
    monkeypatch.setenv("GATEBENCH_PATH", str(tmp_path))
    (command,) = {c for n, c in COMMANDS if n == "docs/cell.md" and c.startswith(f"count {OF_A_READER}")}
    options = command_line_parser().parse_args(shlex.split(command))
    assert options.run(options) == 0
    assert re.search(r"^units +78$", capsys.readouterr().out, re.MULTILINE)


def test_the_figure_of_its_page_is_drawn(tmp_path):
    (code,) = fenced(PAGES["docs/figure.md"], "python")
    path = tmp_path / "stopped.py"
    path.write_text(code)
    module = registry.load_module("gatebench.report.figures", path)
    nothing = frame.build("none", [], {})
    assert module.table(nothing) is None
    study = replace(nothing, trials=pd.read_csv(ROOT / "results" / "jsb" / "trials.csv"))
    table = module.table(study)
    assert len(table) == study.confirmed("test").cell.nunique()
    assert (table["best epoch"] <= table.epochs).all()


@pytest.mark.parametrize("name", [*PAGES, "README.md"])
def test_code_is_no_wider_than_a_page_shows(name):
    lines = [line for match in FENCE.finditer(TEXTS[name]) for line in match[2].splitlines()]
    assert [line for line in lines if len(line) > 88] == []
