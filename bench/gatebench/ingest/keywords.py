"""What is said to a user of the command line, as somebody who calls a function reads it: keywords in place of flags."""

import re
import shlex
from collections.abc import Iterable
from typing import get_args, get_type_hints

from gatebench.core.errors import BadInput
from gatebench.ingest.choices import Choices
from gatebench.ingest.question import Question

_FIELDS = {"as": "kind"}
LISTS = [name for name, hint in Choices.__annotations__.items() if list[str] in get_args(hint)]
"""Choices that have several columns, or texts."""
_YES = [name for name, hint in Choices.__annotations__.items() if bool in get_args(hint)]
_LAYOUTS = ("series-a-row", "series-a-column", "step-a-row", "step-a-cell")
_OTHERS = ("name", "minutes", "cells", "parameters", "pipelines", "study")
_NUMBERS = [
    name
    for name, hint in get_type_hints(Choices).items()  # without the ranges of numbers
    if {int, float} & {*get_args(hint)}
]
_AS_THEY_STAND = (*_NUMBERS, "minutes", "parameters", "pipelines")
_QUOTED = r"'[^']*'(?:\"'\"'[^']*')*"
"""A value in the quotes of a shell."""
_VERBS = ("is", "are", "has", "have", "names", "reads", "means", "and", "or", "but", "would", "with", "beside")
"""Words behind a flag that are no value of it, since they go on with the sentence."""


def refusal(question: Question) -> BadInput:
    """Return the line that prints each reading as the keyword arguments that choose it."""
    options = [
        f"{reading.meaning}: {', '.join(_arguments(reading.choices)) or 'nothing more'}" for reading in question.readings
    ]
    return BadInput(f"{question.evidence}; choose one: {'; or '.join(options)}")


def _arguments(choices: dict[str, object]) -> Iterable[str]:
    return (f"{field}={_written(value)}" for field, value in choices.items() if value is not None and value is not False)


def _written(value: object) -> str:
    """Return a value as Python writes it, texts in double quotes."""
    if isinstance(value, str):
        return '"{}"'.format(value.replace("\\", "\\\\").replace('"', '\\"'))
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    return str(value)


def in_python(text: str, names: Iterable[str] = ()) -> str:
    """Return a text in which flags of ``gatebench data add`` and ``compare`` are keyword arguments.

    Parameters
    ----------
    text
        A message or a decision, such as ``order: by column t (--order COLUMN)``.
    names
        Names of columns, which may have blanks in them.

    """
    known = "|".join(map(re.escape, sorted(filter(None, names), key=len, reverse=True)))
    word = r"[^\s;:)`,|]+(?:[,|][^\s;:)`,|]+)*"
    word = rf"{_QUOTED}|{word}"
    value = rf"(?:{known})(?:,(?:{known}))*(?![^\s;:)`,|])|{word}" if known else word
    flags = "|".join(
        sorted((*map(_flag, Choices.__dataclass_fields__), *_LAYOUTS, *_OTHERS, *_FIELDS), key=len, reverse=True)
    )
    return re.sub(rf"--({flags})(?![\w-])(?:[ =]({value}))?", _keyword, text)


def _flag(field: str) -> str:
    return field.replace("_", "-")


def _keyword(matched: re.Match[str]) -> str:
    flag, value = matched[1], matched[2]
    rest = "" if value is None else matched[0][len(f"--{flag}") :]
    if flag in _LAYOUTS:
        return f'layout="{flag}"{rest}'
    field = _FIELDS.get(flag, flag.replace("-", "_"))
    if value is not None and value.startswith("'"):
        return f"{field}={_value_of(field, shlex.split(value)[0])}"
    if field in _YES:
        return f"{field}=True{rest}"
    if value is None or value in _VERBS:
        return f"{field}{rest}"
    return " or ".join(f"{field}={_value_of(field, one)}" if place == 0 else _value_of(field, one)
                       for place, one in enumerate(value.split("|")))  # fmt: skip


def _value_of(field: str, value: str) -> str:
    if field in _AS_THEY_STAND:
        return value
    return _written(value.split(",") if field in LISTS else value)
