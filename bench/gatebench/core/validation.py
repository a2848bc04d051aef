"""Values from outside, checked against type hints: one clear line for what does not fit."""

import sys
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml

from gatebench.core.errors import BadInput, did_you_mean, shorten

T = TypeVar("T")

EXPECTED = {bool: "true or false", int: "a whole number", float: "a finite number", str: "a text", type(None): "null"}


@dataclass(frozen=True)
class Constraint:
    """A condition in an annotation, with the words for what was expected."""

    expected: str
    holds: Callable[[Any], bool]


Count = Annotated[int, Constraint("a whole number from 1", lambda value: value >= 1)]
Positive = Annotated[float, Constraint("a positive number", lambda value: value > 0)]
NonNegative = Annotated[float, Constraint("a number from 0", lambda value: value >= 0)]
Fraction = Annotated[float, Constraint("a number from 0 and below 1", lambda value: 0 <= value < 1)]
Share = Annotated[float, Constraint("a number above 0 and at most 1", lambda value: 0 < value <= 1)]


class _Loader(yaml.SafeLoader):
    """YAML without aliases: with a few lines of them a text would fill the memory, or stand inside itself."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("it has an alias (*): write out what it stands for")
        return super().compose_node(parent, index)


def read_yaml(text: str) -> Any:
    """What a YAML says. Of some tags the parser raises anything: ``!!int ""`` is an IndexError, ``!!bool x`` a KeyError."""
    return yaml.load(text, _Loader)


def construct(cls: type[T], where: str, values: Mapping[str, Any]) -> T:
    """A dataclass from named values; ``BadInput`` names a setting that is unknown, missing or of the wrong type."""
    named = {field.name for field in fields(cls)}  # pyright: ignore[reportArgumentType] - a dataclass
    hints = {name: hint for name, hint in get_type_hints(cls, include_extras=True).items() if name in named}
    for name, value in values.items():
        if name not in hints:
            raise BadInput(f"unknown setting '{where}.{shorten(name)}'{did_you_mean(str(name), list(hints))}")
        expected = mismatch(value, hints[name])
        if expected:
            raise BadInput(f"{where}.{name} is {shown(value)}, expected {expected}")
    try:
        return cls(**values)
    except TypeError as error:
        raise BadInput(f"{where}: {str(error).partition(') ')[2] or error}") from error


def mismatch(value: Any, hint: Any) -> str | None:
    """What was expected instead, or None if the value fits the hint."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        base, must = args
        return None if mismatch(value, base) is None and must.holds(value) else must.expected
    if origin is Literal:
        return None if value in args else "one of " + ", ".join(map(repr, args))
    if origin in (Union, types.UnionType):
        expected = [mismatch(value, arg) for arg in args]
        return None if None in expected else " or ".join(map(str, expected))
    if hint is Any:
        return None
    if origin is dict:  # what number each may be is for whoever knows its name to say
        fits = isinstance(value, Mapping) and (args[1] is Any or all(isinstance(v, int | float) for v in value.values()))
        return None if fits else f"names, each with a {'value' if args[1] is Any else 'number'}"
    if origin is tuple:
        fits = isinstance(value, list | tuple) and all(mismatch(v, args[0]) is None for v in value)
        return None if fits else f"a list, each {_words(args[0])}"
    # of whole numbers, the largest have no float
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    fits = is_number if hint is float else type(value) is hint
    return None if fits else _words(hint)


def shown(value: Any) -> str:
    """A value for a message."""
    try:
        return shorten(repr(value))
    except ValueError:  # Python does not write out a number of so many digits
        return "a number of thousands of digits"


def flatten(nested: Any, prefix: str = "") -> dict[str, Any]:
    """``{"a": {"b": 1}}`` as ``{"a.b": 1}``."""
    if not isinstance(nested, Mapping):
        return {prefix: nested}
    parts = ((f"{prefix}.{name}" if prefix else str(name), value) for name, value in nested.items())
    return {name: value for path, inner in parts for name, value in flatten(inner, path).items()}


def _words(hint: Any) -> str:
    return get_args(hint)[1].expected if get_origin(hint) is Annotated else EXPECTED.get(hint, "its settings")
