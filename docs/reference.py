"""The reference, made from what it is about.

Commands come from their parsers, settings from ``conf/``, columns from the frame, names for Python from docstrings.
"""

import argparse
import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from gatebench.cli import parser as command_line
from gatebench.cli.commands import sweep
from gatebench.core.validation import flatten
from gatebench.records import columns as of_frame
from gatebench.training import protocol

ROOT = Path(__file__).resolve().parents[1]
CONF = ROOT / "conf"
PROTOCOLS = ["modern", "modern_decay", "modern_speech", "chung2014"]
CHOICES = {
    "task": "What is predicted of which data, and how it is scored.",
    "budget": "The size of a cell: hidden units, or what pays for them.",
    "engine": "What runs a cell.",
    "training": "The training protocol; its settings stand in the table above.",
    "study": "A study: sweeps of the settings above, with a name.",
    "hydra/launcher": "Who runs the jobs.",
}
"""Group of choices -> what it is; cells have a page of their own."""

ALL = "all"
"""All members of a class that have a docstring."""
PYTHON = {
    "Compare": {
        "gatebench.compare": "",
        "gatebench.cli.comparison_result.ComparisonResult": ALL,
        "gatebench.models.prediction.TrainedModel": ALL,
    },
    "Look": {"gatebench.results": "", "gatebench.load": ""},
    "Estimators": {
        "gatebench.models.recurrent.Recurrent": "fit, predict, predict_proba, score",
        "gatebench.models.recurrent.RecurrentClassifier": "",
        "gatebench.models.recurrent.RecurrentRegressor": "",
    },
    "Cells": {
        "gatebench.cells": "",
        "gatebench.graph.catalogue.CellDescription": ALL,
        "gatebench.count": "",
        "gatebench.graph.cost.CellCost": ALL,
    },
}
"""Part of the page -> name -> which members of a class it shows."""


def commands() -> str:
    """Return the page of the commands, grouped as ``gatebench --help`` has them."""
    lines = [
        "# Commands",
        "",
        "Made from the commands themselves: what stands here is what `gatebench COMMAND --help` says.",
        "",
    ]
    parser = command_line.command_line_parser()
    assert isinstance(parser, command_line.CommandLineParser)
    parsers = next(_subparsers(parser))
    for group, purpose in command_line.GROUPS.items():
        for name, command in parser.commands.items():
            if group == command.GROUP:
                where = f"*{group}: {purpose}.*" if purpose else f"*{group}.*"
                lines += [f"## gatebench {name}", "", where, "", f"{_sentence(command.SUMMARY)}", ""]
                lines += _sweep() if name == "sweep" else _command(parsers[name])
    return "\n".join(lines)


def _subparsers(parser: argparse.ArgumentParser) -> Iterator[dict[str, argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield dict(action.choices)


def _sweep() -> list[str]:
    """Return the help of a command whose grammar is Hydra's."""
    return ["```text", sweep.help_text("  task, cell, budget, training, engine: see Settings").rstrip(), "```", ""]


def _command(parser: argparse.ArgumentParser) -> list[str]:
    lines = _usage(parser)
    for actions in _subparsers(parser):
        for name, below in actions.items():
            lines += [f"### {parser.prog} {name}", "", _sentence(below.description or ""), "", *_usage(below)]
    return lines


def _usage(parser: argparse.ArgumentParser) -> list[str]:
    usage = " ".join(parser.format_usage().removeprefix("usage: ").split())
    lines = ["```text", *_folded(usage), "```", ""]
    for group in parser._action_groups:
        shown = [a for a in group._group_actions if not isinstance(a, argparse._HelpAction | argparse._SubParsersAction)]
        if shown:
            title = group.title if group.title not in ("positional arguments", "options", "optional arguments") else ""
            lines += [f"| {title or 'argument'} | what it does |", "| --- | --- |", *map(_argument, shown), ""]
    return lines


def _folded(usage: str) -> list[str]:
    """Return a line of usage in several that a narrow screen can show."""
    lines = [""]
    for word in re.findall(r"\[[^\]]*\]|\S+", usage):
        if len(lines[-1]) + len(word) > 76:
            lines.append("   ")
        lines[-1] += f"{' ' if lines[-1] else ''}{word}"
    return lines


def _argument(action: argparse.Action) -> str:
    names = " ".join(action.option_strings) or str(action.metavar or action.dest)
    value = action.metavar or (",".join(map(str, action.choices)) if action.choices else "")
    takes = f" {value}" if action.option_strings and action.nargs != 0 and value else ""
    return f"| `{_cell(names + takes)}` | {_cell(_filled(action))} |"


def _filled(action: argparse.Action) -> str:
    return (action.help or "") % {"default": action.default} if "%(" in (action.help or "") else (action.help or "")


def columns() -> str:
    """Return the page of the columns of a study's trials."""
    lines = [
        "# Columns of a study's trials", "",
        "`trials.csv`, and `gatebench.results(\"STUDY\")`, have one row for each trial and split, at the trial's best",
        "validation point. Their columns stand in `bench/gatebench/records/columns.py`; this page is made from it.", "",
        "| column | what it holds |", "| --- | --- |",
    ]  # fmt: skip
    return "\n".join([*lines, *(f"| `{name}` | {_cell(meaning)} |" for name, meaning in of_frame.MEANING.items()), ""])


def settings() -> str:
    """Return the page of the settings of a sweep: names, defaults, meanings, and the choices of each group."""
    of_a_sweep = [f"| `{n}` | {_value(v)} | {_cell(meaning)} |" for n, v, meaning in _commented(CONF / "config.yaml")]
    protocols = f"| setting | {' | '.join(f'`{name}`' for name in PROTOCOLS)} | meaning |"
    lines = [
        "# Settings", "",
        "What can stand behind `gatebench sweep`, as `NAME=VALUE`. Commas make several jobs: `training.batch=8,16`. This",
        "page is made from the files of `conf/`, whose comments are the texts here, and from the code that reads them.", "",
        "## Of a sweep", "", "| setting | default | meaning |", "| --- | --- | --- |", *of_a_sweep, "",
        "## Of the training protocol", "",
        "`training=NAME` chooses a protocol; `training.SETTING=VALUE` changes one setting of it.", "",
        protocols, f"| --- |{' --- |' * len(PROTOCOLS)} --- |", *_protocols(), "",
    ]  # fmt: skip
    for group, text in CHOICES.items():
        lines += [f"## {group}=CHOICE", "", text, "", "| choice | what it is |", "| --- | --- |"]
        lines += [f"| `{path.stem}` | {_choice(group, path)} |" for path in sorted((CONF / group).glob("*.yaml"))]
        lines.append("")
    return "\n".join(lines)


def _commented(path: Path) -> Iterator[tuple[str, object, str]]:
    """Name of a setting of a yaml, its value, and the comment beside it, or beside what it belongs to."""
    values = flatten({k: v for k, v in yaml.safe_load(path.read_text()).items() if k not in ("defaults", "hydra")})
    comments = _comments(path)
    for name, value in values.items():
        yield name, value, _comment(comments, name)


def _comments(path: Path) -> dict[str, str]:
    """Name of what stands in a line of a yaml -> the comment beside it, empty where there is none."""
    above: list[tuple[int, str]] = []
    comments = {}
    for line in path.read_text().splitlines():
        if match := re.match(r"( *)([\w-]+):(?: [^#]*?)?(?: # (.*))?$", line):
            depth = len(match[1])
            above = [*((d, name) for d, name in above if d < depth), (depth, match[2])]
            comments[".".join(name for _, name in above)] = match[3] or ""
    return comments


def _comment(comments: dict[str, str], name: str) -> str:
    parts = name.split(".")
    return next(filter(None, (comments.get(".".join(parts[:depth]), "") for depth in range(len(parts), 0, -1))), "")


def _protocols() -> Iterator[str]:
    """Rows of the settings of the protocols, with what the class of a protocol says of them, and their own comments."""
    meanings, comments = _documented(protocol.Training), _comments(CONF / "training" / f"{PROTOCOLS[0]}.yaml")
    of_each = {name: {n: (v, c) for n, v, c in _commented(CONF / "training" / f"{name}.yaml")} for name in PROTOCOLS}
    for name in dict.fromkeys(name for values in of_each.values() for name in values):
        cells = [_value(values[name][0]) if name in values else "" for values in of_each.values()]
        meaning = meanings.get(name.partition(".")[0]) or _comment(comments, name)
        notes = [
            f"`chung2014`: {comment}"
            for _, comment in [of_each["chung2014"].get(name, ("", ""))]
            if "paper" in comment or "code" in comment
        ]
        yield f"| `training.{name}` | {' | '.join(cells)} | {_cell(' '.join([meaning, *notes]))} |"


def _documented(kind: type) -> dict[str, str]:
    """Field of a class -> the docstring below it."""
    (tree,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(tree, ast.ClassDef)
    texts = {}
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            texts[ast.unparse(field.target)] = " ".join(str(below.value.value).split()).replace("``", "`")
    return texts


def _choice(group: str, path: Path) -> str:
    """Return what the comment at the beginning of a choice says, or else what it sets."""
    values = flatten(yaml.safe_load(path.read_text()) or {})
    return _cell(_first_comment(path) or ", ".join(f"`{group}.{name}={value}`" for name, value in values.items()))


def _first_comment(path: Path) -> str:
    """Return the comment at the beginning of a yaml, without what is for Hydra."""
    lines = []
    for line in path.read_text().splitlines():
        if line.startswith("# @package"):
            continue
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").strip())
    return " ".join(lines)


def api() -> str:
    """Return the page of what a Python program uses, which Sphinx fills from the docstrings."""
    lines = [
        "# Python",
        "",
        "`import gatebench` is enough for all of it; each name imports what it uses when it is called.",
        "",
    ]
    for title, names in PYTHON.items():
        lines += [f"## {title}", ""]
        for name, members in names.items():
            kind = "autofunction" if name.rpartition(".")[0] == "gatebench" else "autoclass"
            shown = ["   :members:" if members is ALL else f"   :members: {members}"] if members else []
            lines += ["```{eval-rst}", f".. {kind}:: {name}", *shown, "```", ""]
    return "\n".join(lines)


def _value(value: object) -> str:
    return f"`{'null' if value is None else str(value).lower() if isinstance(value, bool) else value}`"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith(("?", ".")) else ".")


def _cell(text: str) -> str:
    """Return a text as the cell of a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
