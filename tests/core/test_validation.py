"""Values from outside become dataclasses, or one line that names the innermost place that does not fit."""

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pytest
import yaml

from gatebench.core.errors import BadInput
from gatebench.core.validation import (
    Constraint,
    Count,
    Fraction,
    Positive,
    Seed,
    Signed,
    construct,
    flatten,
    mismatch,
    read_yaml,
)


@dataclass(frozen=True)
class Part:
    path: Annotated[str, Constraint("a short text", lambda text: len(text) < 5)]
    size: Count = 1


@dataclass(frozen=True)
class Whole:
    name: str
    kind: Literal["plain", "fancy"]
    parts: tuple[Part, ...] = ()
    named_parts: dict[str, Part] = field(default_factory=dict)
    main: Part | None = None
    words: list[str] = field(default_factory=list)
    numbers: tuple[Count, ...] = ()
    rates: dict[str, float] = field(default_factory=dict)
    tables: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    share: Fraction = 0.0
    either: int | str | None = None
    anything: Any = None


GIVEN = {"name": "x", "kind": "plain"}


def whole(**values: Any) -> Whole:
    return construct(Whole, "some.yaml:", {**GIVEN, **values})


def test_nested_values_become_what_the_hints_say():
    decoded = whole(
        parts=[{"path": "a"}, {"path": "b", "size": 2}],
        named_parts={"first": {"path": "c"}},
        main={"path": "d", "size": 3},
        words=("one", "two"),
        numbers=[1, 2],
        tables={"markov": {"test": {"nll": 1.5}}},
    )
    assert decoded == Whole(
        "x",
        "plain",
        parts=(Part("a"), Part("b", 2)),
        named_parts={"first": Part("c")},
        main=Part("d", 3),
        words=["one", "two"],
        numbers=(1, 2),
        tables={"markov": {"test": {"nll": 1.5}}},
    )


def test_an_instance_is_taken_as_it_is_and_nothing_stays_nothing():
    part = Part("a")
    assert whole(main=part).main is part
    assert whole(parts=[part, {"path": "b"}]).parts == (part, Part("b"))
    assert whole(main=None).main is None


def test_a_whole_number_stays_one_where_a_fraction_is_expected():
    # keys of trials hash numbers as they are written
    assert repr(whole(share=0).share) == "0"


WRONG = {
    "an unknown name": ({"nmae": "y"}, "unknown setting 'some.yaml: nmae'; did you mean 'name'?"),
    "an unknown name within": ({"main": {"pth": "a"}}, "unknown setting 'some.yaml: main.pth'; did you mean 'path'?"),
    "an unknown name in a list": ({"parts": [{"pth": "a"}]}, "unknown setting 'some.yaml: parts[0].pth'"),
    "a name that is a number": ({"main": {1: "a"}}, "unknown setting 'some.yaml: main.1'"),
    "nothing within": ({"main": {}}, "some.yaml: main: missing 1 required setting(s): 'path'"),
    "another type": ({"name": 3}, "some.yaml: name is 3, expected a text"),
    "true for a number": ({"share": True}, "some.yaml: share is True, expected a number from 0 and below 1"),
    "a constraint": ({"share": 1}, "some.yaml: share is 1, expected a number from 0 and below 1"),
    "no number": ({"share": float("nan")}, "some.yaml: share is nan, expected a number from 0 and below 1"),
    "a huge number": ({"share": 10**400}, "some.yaml: share is 1000"),
    "a number too long to show": ({"share": 10**5000}, "some.yaml: share is a number of thousands of digits, expected"),
    "another choice": ({"kind": "odd"}, "some.yaml: kind is 'odd', expected one of 'plain', 'fancy'"),
    "a choice that cannot be hashed": ({"kind": []}, "some.yaml: kind is [], expected one of 'plain', 'fancy'"),
    "a place in a list": (
        {"parts": [{"path": "a"}, {"path": "too long"}]},
        "some.yaml: parts[1].path is 'too long', expected a short text",
    ),
    "a number in a list of parts": ({"parts": [3]}, "some.yaml: parts[0] is 3, expected its settings"),
    "a number for a list of parts": ({"parts": 3}, "some.yaml: parts is 3, expected a list of settings"),
    "a text for a list": ({"words": "one"}, "some.yaml: words is 'one', expected a list, each a text"),
    "a place by name": (
        {"named_parts": {"first": {"path": "a", "size": 0}}},
        "some.yaml: named_parts.first.size is 0, expected a whole number from 1",
    ),
    "a list for a part": ({"main": []}, "some.yaml: main is [], expected its settings or null"),
    "a value in a list": ({"numbers": [1, 0]}, "some.yaml: numbers is [1, 0], expected a list, each a whole number from 1"),
    "a text for a number": ({"rates": {"a": "b"}}, "some.yaml: rates is {'a': 'b'}, expected names, each with a number"),
    "a table of texts": (
        {"tables": {"markov": {"test": {"nll": "low"}}}},
        "some.yaml: tables.markov.test is {'nll': 'low'}, expected names, each with a number",
    ),
    "none of several": ({"either": 1.5}, "some.yaml: either is 1.5, expected a whole number or a text or null"),
}


@pytest.mark.parametrize(("values", "message"), WRONG.values(), ids=WRONG)
def test_the_innermost_place_that_does_not_fit_is_named(values: dict[str, Any], message: str):
    with pytest.raises(BadInput) as error:
        whole(**values)
    assert str(error.value).startswith(message)


def test_every_missing_setting_is_named():
    with pytest.raises(BadInput, match=r"^training: missing 2 required setting\(s\): 'name', 'kind'$"):
        construct(Whole, "training", {})


@pytest.mark.parametrize("values", [None, [], "text", 3])
def test_what_is_no_set_of_named_values_is_said(values: Any):
    with pytest.raises(BadInput, match=r"^some.yaml is .*, expected its settings$"):
        construct(Whole, "some.yaml:", values)


def test_a_setting_of_a_group_is_named_with_a_point():
    with pytest.raises(BadInput, match=r"^training\.name is 3, expected a text$"):
        construct(Whole, "training", {**GIVEN, "name": 3})


def test_mismatch_says_what_was_expected_or_nothing():
    assert mismatch(3, Count) is None
    assert mismatch(0, Count) == mismatch(10**9 + 1, Count) == "a whole number from 1 to 1,000,000,000"
    assert mismatch(2**32, Seed) == "a whole number from 0 to 4,294,967,295"
    assert mismatch(1e-31, Positive) == mismatch(2e12, Positive) == "a positive number from 1e-30 to 1e+12"
    assert mismatch(-2e12, Signed) == "a number from -1e+12 to 1e+12"
    assert [mismatch(value, Seed) for value in (0, 2**32 - 1)] == [mismatch(value, Positive) for value in (1e-30, 1e12)]
    assert mismatch("x", int | None) == "a whole number or null"


@pytest.mark.parametrize("text", [r'title: "\ud800"', r'"\udfff": 1', r'a: ["x\uDC00y"]'])
def test_yaml_with_half_a_character_is_refused(text: str):
    with pytest.raises(yaml.YAMLError, match="half a character"):
        read_yaml(text)


@pytest.mark.parametrize("text", ["a: &a [1]\nb: *a", "&x [*x]"])
def test_yaml_with_aliases_is_refused(text: str):
    with pytest.raises(Exception, match="it has an alias"):
        read_yaml(text)


def test_flatten_names_what_is_nested():
    assert flatten({"a": {"b": 1, "c": {"d": [2]}}, "e": None}) == {"a.b": 1, "a.c.d": [2], "e": None}
