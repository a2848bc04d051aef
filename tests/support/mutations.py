"""Damage, as hypothesis draws it, and the law for whoever reads what is damaged.

A law of this folder draws a few dozen cases, the same ones in every run. ``GATEBENCH_FUZZ=N`` draws N of each law, others
in every run: ``GATEBENCH_FUZZ=5000 nice python -m pytest tests/fuzz`` takes a good while.
"""

import copy
import os
import re
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from gatebench.core.errors import BadInput

T = TypeVar("T")

LONG = int(os.environ.get("GATEBENCH_FUZZ", "0"))
REMEDY = re.compile(
    r"\b(expected|missing|did you mean|there are|remove|restore|fetch|correct|compare|set|use|choose|run|train|draw|install|"
    r"convert|resample|mix|give|ask for|save|fill|add)\b"
)
"""What a line says that says what to do."""


def law(cases: int) -> settings:
    """So many cases of a law. The deadline is what tells a hang from a slow machine."""
    return settings(
        max_examples=LONG or cases,
        derandomize=not LONG,
        database=None,
        deadline=timedelta(seconds=60),
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def answer(read: Callable[[], T], *names: str) -> T | None:
    """What a reader returns, or None where it says in one line which of these is wrong and what to do.

    Any other exception fails the test.
    """
    try:
        return read()
    except BadInput as error:
        line = str(error)
        assert line.splitlines() == [line], "one line"
        assert len(line) < 2000, "a line that can be read"
        assert any(name in line for name in names), f"it names none of {names}: {line}"
        assert REMEDY.search(line), f"it does not say what to do: {line}"
        return None


@contextmanager
def instead(path: Path, content: bytes) -> Iterator[None]:
    """A file with other content for a while."""
    whole = path.read_bytes()
    path.write_bytes(content)
    try:
        yield
    finally:
        path.write_bytes(whole)


@contextmanager
def frugal(most: int) -> Iterator[None]:
    """What stands below never holds more than so many bytes at once."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < most


# Bytes

NUMBERS = [b"\0", b"\0" * 4, b"\xff" * 4, b"\xff\xff\xff\x7f", b"\x7f\xff\xff\xff", b"\0\0\0\x80", b"\0" * 8, b"\xff" * 8]
"""What is large, negative or nothing where a format has a size."""


def anything(whole: bytes, junk: Sequence[bytes] = ()) -> st.SearchStrategy[bytes]:
    """Arbitrary bytes, or a file that something happened to; ``junk`` means something to its format."""
    return st.one_of(damaged(whole, junk), damaged(whole, junk), damaged(whole, junk), st.binary(max_size=300))


@st.composite
def damaged(draw: st.DrawFn, whole: bytes, junk: Sequence[bytes] = ()) -> bytes:
    """A file of which parts are flipped, overwritten, cut out, repeated, or gone from somewhere on."""
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(whole)))
        size = draw(st.sampled_from([1, 1, 2, 4, 8, 40]))
        part = st.sampled_from([*NUMBERS, *junk]) | st.binary(min_size=1, max_size=8)
        match draw(st.sampled_from(["flip", "overwrite", "overwrite", "insert", "insert", "remove", "repeat", "cut"])):
            case "flip" if at < len(whole):
                whole = whole[:at] + bytes([whole[at] ^ (1 << draw(st.integers(0, 7)))]) + whole[at + 1 :]
            case "overwrite":
                new = draw(part)
                whole = whole[:at] + new + whole[at + len(new) :]
            case "insert":
                whole = whole[:at] + draw(part) + whole[at:]
            case "remove":
                whole = whole[:at] + whole[at + size :]
            case "repeat":
                whole = whole[: at + size] + whole[at : at + size] * draw(st.sampled_from([1, 3])) + whole[at + size :]
            case "cut":
                whole = whole[:at]
    return whole


def flipped(whole: bytes, bit: int) -> bytes:
    """A file of which one bit is another, counted from its start."""
    return whole[: bit // 8] + bytes([whole[bit // 8] ^ 1 << bit % 8]) + whole[bit // 8 + 1 :]


# Structure

ODD = [
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**400, -(10**400), 0.5, 1e308, float("nan"), float("inf"), "", " ", "x",
    "\n", "a\nb", "\0", "\ud800", "é", "..", "../../etc/passwd", "/etc/passwd", "a" * 300, [], {}, [[]], {"": None}, [None],
    "train", "valid", "test", "audio", "piano_roll", "nan", "1",
]  # fmt: skip


def json_values() -> st.SearchStrategy[Any]:
    """Any JSON value: odd ones first, then whatever."""
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
    nested = st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    )
    return st.sampled_from(ODD) | st.sampled_from(ODD) | nested


@st.composite
def altered(draw: st.DrawFn, value: Any, extra: Sequence[Any] = ()) -> Any:
    """A JSON value of which nodes are replaced, deleted, renamed, wrapped or put in place of each other."""
    odd = (json_values() | st.sampled_from(list(extra)) if extra else json_values()).map(copy.deepcopy)
    value = copy.deepcopy(value)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(paths(value))))
        old = at(value, path)
        match draw(st.sampled_from(["replace", "replace", "replace", "delete", "rename", "wrap", "move", "fill"])):
            case "replace":
                value = put(value, path, draw(odd))
            case "delete" if path:
                del at(value, path[:-1])[path[-1]]
            case "rename" if path and isinstance(path[-1], str):
                at(value, path[:-1])[draw(st.text(max_size=4) | st.sampled_from(["key", "name", "", "\n"]))] = old
            case "wrap":
                value = put(value, path, draw(st.sampled_from([[old], {"x": old}, [old, old], str(old)])))
            case "move":
                value = put(value, path, copy.deepcopy(at(value, draw(st.sampled_from(list(paths(value)))))))
            case "fill" if isinstance(old, list):
                old.append(draw(odd))
    return value


def one_changed(value: Any, new: Callable[[Any], Any]) -> Iterator[Any]:
    """A JSON value once for each of its nodes, with another in its place; without it where the new one is `GONE`."""
    for path in paths(value):
        changed = new(copy.deepcopy(at(value, path)))
        if changed is not GONE:
            yield put(copy.deepcopy(value), path, changed)
        elif path:
            whole = copy.deepcopy(value)
            del at(whole, path[:-1])[path[-1]]
            yield whole


GONE = object()
"""In place of a node: nothing."""


def paths(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to all nodes of a JSON value."""
    yield here
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in inner:
        yield from paths(child, (*here, name))


def at(value: Any, path: tuple[Any, ...]) -> Any:
    """A node."""
    for name in path:
        value = value[name]
    return value


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The value with another node in a place."""
    if not path:
        return new
    at(value, path[:-1])[path[-1]] = new
    return value
