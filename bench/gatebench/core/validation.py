"""Values from outside, decoded by type hints: `construct` makes a dataclass of them, or says in one line what does not fit.

A hint is a plain type, ``Literal``, ``Annotated`` with a `Constraint`, a dataclass, a list, tuple or dict of such, or a
union.
"""

import re
import sys
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml

from gatebench.core.errors import BadInput, did_you_mean, shorten

T = TypeVar("T")
"""Any dataclass that values are read into."""

EXPECTED: Mapping[type, str] = {
    bool: "true or false", int: "a whole number", float: "a finite number", str: "a text", type(None): "null",
}  # fmt: skip
"""Type -> the words for a value of it in a message."""
_SETTINGS = "its settings"


@dataclass(frozen=True)
class Constraint:
    """A condition in an annotation beside a plain type, with the words for what was expected."""

    expected: str
    holds: Callable[[Any], bool]


def whole(low: int, high: int) -> Constraint:
    """Return the condition of a whole number from ``low`` to ``high``."""
    return Constraint(f"a whole number from {low:,} to {high:,}", lambda value: low <= value <= high)


def between(low: float, high: float) -> Constraint:
    """Return the condition of a number from ``low`` to ``high``."""
    return Constraint(f"a number from {low:g} to {high:g}", lambda value: low <= value <= high)


LARGEST = 1e12
"""The largest number that is asked for; of what counts something, it is `MOST`."""
MOST = 10**9
"""The largest number of what counts something: above it stand mistakes of typing, which would fill the memory."""
SMALLEST = 1e-30
"""The smallest number that is asked for where zero is none: computations in 32 bits still tell it from zero."""

Count = Annotated[int, whole(1, MOST)]
"""A whole number that is at least 1."""
Natural = Annotated[int, whole(0, MOST)]
"""A whole number that may be zero."""
Seed = Annotated[int, whole(0, 2**32 - 1)]
"""What random numbers begin with, of the range of NumPy's seeds."""
Positive = Annotated[
    float, Constraint(f"a positive number from {SMALLEST:g} to {LARGEST:g}", lambda value: SMALLEST <= value <= LARGEST)
]
"""A number above zero, zero excluded."""
NonNegative = Annotated[float, between(0, LARGEST)]
"""A number above zero, or zero itself."""
Signed = Annotated[float, between(-LARGEST, LARGEST)]
"""A number of either sign."""
Fraction = Annotated[float, Constraint("a number from 0 and below 1", lambda value: 0 <= value < 1)]
"""A part of one that may be zero and is never one."""
Share = Annotated[float, Constraint("a number above 0 and at most 1", lambda value: 0 < value <= 1)]
"""A part of one that is never zero and may be one."""
Repeats = Annotated[int, whole(1, 100)]
"""How often something is repeated in what is built, such as layers: thousands would take for ever to build."""
Rounds = Annotated[int, whole(0, 100)]
"""How often something is repeated that may be left out."""


SURROGATE = re.compile(r"[\ud800-\udfff]")
"""Half of a character of UTF-16, which an escape in a text may name."""


class _Loader(yaml.SafeLoader):
    """YAML without aliases: with a few lines of them a text would fill the memory, or stand inside itself."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("it has an alias (*): write out what it stands for")
        node = super().compose_node(parent, index)
        if isinstance(node, yaml.ScalarNode) and SURROGATE.search(node.value):
            raise yaml.YAMLError(f"it has {node.value!a}: half a character, which no file can have")
        return node


def read_yaml(text: str) -> Any:
    """Return the value of a YAML text.

    Any exception may be raised, since the parser lets those of its constructors out: ``!!int ""`` is an IndexError and
    ``!!bool x`` a KeyError.
    """
    return yaml.load(text, _Loader)


def construct(cls: type[T], where: str, values: Mapping[str, object]) -> T:
    """Make a dataclass of named values; nested dataclasses, and lists, tuples and dicts of them, are made of their parts.

    Parameters
    ----------
    cls
        The dataclass. Its annotations are the rules.
    where
        What messages put before a field: ``training`` for ``training.batch``, ``jsb.yaml:`` for ``jsb.yaml: files[0].url``.
    values
        Field name -> value, as YAML, JSON or Hydra give it. An instance of a nested dataclass is taken as it is.

    Raises
    ------
    BadInput
        A setting is unknown, missing or of the wrong type; the line names its place and what was expected.

    """
    if not isinstance(values, Mapping):
        raise BadInput(f"{where.rstrip(':')} is {shown(values)}, expected {_SETTINGS}")
    hints = _hints_of(cls)
    unknown = next((name for name in values if name not in hints), None)
    if unknown is not None:
        raise BadInput(f"unknown setting '{_place(where, shorten(unknown))}'{did_you_mean(str(unknown), list(hints))}")
    decoded = {name: _decode(value, hints[name], _place(where, name)) for name, value in values.items()}
    missing = [repr(name) for name in _required(cls) if name not in values]
    if missing:
        raise BadInput(f"{where.rstrip(':')}: missing {len(missing)} required setting(s): {', '.join(missing)}")
    return cls(**decoded)


def mismatch(value: object, hint: Any) -> str | None:
    """Return what was expected instead of a value, or None if it fits the hint. Named values fit no dataclass here."""
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        base, constraint = args
        return None if mismatch(value, base) is None and constraint.holds(value) else constraint.expected
    if origin is Literal:
        return None if value in args else "one of " + ", ".join(map(repr, args))
    if origin in (Union, types.UnionType):
        expected = [mismatch(value, arm) for arm in args]
        return None if None in expected else " or ".join(map(str, expected))
    if hint is Any:
        return None
    if origin is dict:
        return _mismatch_of_dict(value, args[1])
    if origin in (list, tuple):
        fits = isinstance(value, list | tuple) and all(mismatch(part, args[0]) is None for part in value)
        return None if fits else "a list of settings" if is_dataclass(args[0]) else f"a list, each {_words(args[0])}"
    # of whole numbers, the largest have no float
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    fits = is_number if hint is float else type(value) is hint
    return None if fits else _words(hint)


def check_text(where: str, value: object) -> None:
    """Raise ``BadInput`` for an argument that is no text, such as a number in place of a name."""
    if not isinstance(value, str):
        raise BadInput(f"{where} is {shown(value)}, expected {EXPECTED[str]}")


def shown(value: object) -> str:
    """Return a value as a message shows it: its ``repr``, cut to the length of a line."""
    try:
        return shorten(repr(value))
    except ValueError:  # Python does not write out a number of so many digits
        return "a number of thousands of digits"


def flatten(nested: object, prefix: str = "") -> dict[str, Any]:
    """Return nested mappings as one: ``{"a": {"b": 1}}`` as ``{"a.b": 1}``."""
    if not isinstance(nested, Mapping):
        return {prefix: nested}
    parts = ((f"{prefix}.{name}" if prefix else str(name), value) for name, value in nested.items())
    return {name: value for path, inner in parts for name, value in flatten(inner, path).items()}


def _hints_of(cls: type) -> dict[str, Any]:
    names = {field.name for field in fields(cls)}
    return {name: hint for name, hint in get_type_hints(cls, include_extras=True).items() if name in names}


def _required(cls: type) -> list[str]:
    return [field.name for field in fields(cls) if field.default is MISSING and field.default_factory is MISSING]


def _place(where: str, name: str) -> str:
    return f"{where} {name}" if where.endswith(":") else f"{where}.{name}"


def _decode(value: Any, hint: Any, where: str) -> Any:
    """Return a value as its hint has it; ``BadInput`` names the innermost place that does not fit."""
    container = _container(value, hint)
    if is_dataclass(container):
        return construct(container, where, value)  # pyright: ignore[reportArgumentType] - a class, no instance
    origin, args = get_origin(container), get_args(container)
    if container is None or not _is_structured(args[-1 if origin is dict else 0]):
        expected = mismatch(value, hint)
        if expected:
            raise BadInput(f"{where} is {shown(value)}, expected {expected}")
        return origin(value) if origin in (list, tuple) else value
    if origin is dict:
        return {name: _decode(part, args[1], f"{where}.{shorten(name)}") for name, part in value.items()}
    return origin(_decode(part, args[0], f"{where}[{i}]") for i, part in enumerate(value))


def _container(value: object, hint: Any) -> Any:
    """Return the hint, or the arm of a union, whose parts a value has: named values those of a dataclass or a dict, a list
    those of a list or tuple; None where the value has no parts that the hint knows.
    """
    for arm in get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,):
        origin = get_origin(arm)
        if isinstance(value, Mapping) and (is_dataclass(arm) or origin is dict):
            return arm
        if isinstance(value, list | tuple) and origin in (list, tuple):
            return arm
    return None


def _is_structured(hint: Any) -> bool:
    """Whether parts of a hint have parts of their own, so that a message names the inner one, not the whole."""
    arms = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    return any(is_dataclass(arm) or get_origin(arm) in (list, tuple, dict) for arm in arms)


def _mismatch_of_dict(value: object, hint: Any) -> str | None:
    """Return what was expected instead of names, each with a value that fits the hint.

    Where numbers are asked for, which ones is for whoever knows their names to say.
    """
    if hint is float:
        words, fits_each = "a number", lambda part: isinstance(part, int | float)
    else:
        words, fits_each = "a value" if hint is Any else _words(hint), lambda part: mismatch(part, hint) is None
    fits = isinstance(value, Mapping) and all(isinstance(name, str) and fits_each(part) for name, part in value.items())
    return None if fits else f"names, each with {words}"


def _words(hint: Any) -> str:
    return get_args(hint)[1].expected if get_origin(hint) is Annotated else EXPECTED.get(hint, _SETTINGS)
