"""Data of a Python program as a data set and a task: what is in memory, or a path; the same again is the same one."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from gatebench.core.errors import BadInput, did_you_mean, shorten
from gatebench.core.validation import construct
from gatebench.ingest import add, keywords, memory, question, writing
from gatebench.ingest.add import PreparedData
from gatebench.ingest.choices import Choices

_ROLES = ("sequence", "order", "group", "label", "split_column")


@dataclass(frozen=True)
class AddedTask:
    """A task of data that was given, and what is to be said about it."""

    name: str
    """Name of the data set and of the task."""
    lines: list[str]
    """What was decided, and where it is written, a line each."""


def add_data(data: object, name: str | None, keyword_choices: Mapping[str, object]) -> AddedTask:
    """Return the task of data, which is read and written unless the same is there already.

    Parameters
    ----------
    data
        A path, or what `memory.EXPECTED` names.
    name
        Name of the data set and the task; None: from the path, or from what is in the data.
    keyword_choices
        Fields of `Choices` by name, as a caller gives them. Beside arrays, ``labels`` is the target and ``group`` has the
        group of each sequence.

    Raises
    ------
    BadInput
        Where the data cannot be read, or can be read in several ways: the line names the keywords to choose from.

    """
    is_path = isinstance(data, str | Path)
    columns = [] if is_path else memory.columns_of(data)
    choices, labels, groups = _choices(keyword_choices, is_path)
    try:
        if isinstance(data, str | Path):
            source = add.find(Path(data), choices)
            return _placed(name or source.name, add.prepare(source, choices))
        read = memory.read(data, labels, groups, choices)
        plan = add.decide(read.raw, "the data", choices)
        prepared = PreparedData(plan, read.described, plan.lines)
        return _placed(name or f"{read.called}_{_digest(prepared)[:8]}", prepared)
    except question.Undecided as undecided:
        raise keywords.refusal(undecided.question) from undecided
    except BadInput as error:
        raise BadInput(keywords.in_python(str(error), [*columns, *_named(choices)])) from error


def _choices(values: Mapping[str, object], is_path: bool) -> tuple[Choices, object, object]:
    """Return choices, labels and groups from keywords; ``BadInput`` for one that is none, or whose value does not fit."""
    unknown = next((name for name in values if name not in Choices.__dataclass_fields__), None)
    if unknown is not None:
        known = list(Choices.__dataclass_fields__)
        raise BadInput(f"unknown argument '{shorten(unknown)}'{did_you_mean(unknown, known)}")
    given = {name: _plain(name, value) for name, value in values.items() if value is not None}
    labels = given.pop("labels", None)
    groups = None if is_path or isinstance(given.get("group"), str) else given.pop("group", None)
    choices = construct(Choices, "compare:", given)
    if is_path and labels is not None:
        if not isinstance(labels, str | Path):
            raise BadInput(
                f"labels is {shorten(type(labels).__name__)} beside a path; expected a file that has a row for each file: "
                "give its path"
            )
        return replace(choices, labels=Path(labels)), None, None
    return choices, labels, groups


def _plain(name: str, value: Any) -> object:
    """Return the value of a keyword as `Choices` has it: columns by name, several in a list or with commas between."""
    if name in keywords.LISTS:
        listed = value.split(",") if isinstance(value, str) else list(value) if isinstance(value, Iterable) else [value]
        return [str(one) for one in listed]
    if name in ("sequence", "order") and isinstance(value, list | tuple):
        return ",".join(map(str, value))
    if name in _ROLES and isinstance(value, int):
        return str(value)
    return value


def _named(choices: Choices) -> list[str]:
    """Return the columns that choices name, since a message may repeat them."""
    roles = [value for value in (getattr(choices, role) for role in _ROLES) if value is not None]
    return [*roles, *(name for of_list in keywords.LISTS for name in getattr(choices, of_list) or [])]


def _digest(prepared: PreparedData) -> str:
    """Return a digest of all that makes a data set and its task."""
    return hashlib.sha256(yaml.safe_dump(writing.identity(prepared.plan)).encode()).hexdigest()


def _placed(name: str, prepared: PreparedData) -> AddedTask:
    """Write prepared data under a name, unless it is there; returns its task."""
    columns = prepared.plan.raw.names
    lines = [keywords.in_python(line, columns) for line in prepared.lines]
    if writing.holds(name, prepared.plan):
        return AddedTask(name, [*lines, f"data set: {name}, which is there already"])
    written = writing.write(writing.check_name(name), prepared.plan, prepared.source)
    return AddedTask(name, [*lines, *(f"written: {file}" for file in written)])
