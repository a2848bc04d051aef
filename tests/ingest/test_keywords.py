"""Flags of the command line become keyword arguments in what a Python program is told."""

from typing import Literal, get_args, get_origin, get_type_hints

import pytest

from gatebench.ingest import keywords, question
from gatebench.ingest.choices import Choices
from gatebench.ingest.question import Question, Reading

OF_TYPE: dict[object, object] = {list[str]: ["a", "b"], bool: True, int: 50, float: 0.5, str: "unit,cycle"}
"""A value for each type that a choice may have."""


def example(field: str) -> object:
    """A value that a choice may have, as the command line gives it."""
    hints = get_args(get_type_hints(Choices)[field])
    if get_origin(hints[0]) is Literal:
        return get_args(hints[0])[0]
    return next((OF_TYPE[hint] for hint in hints if hint in OF_TYPE), "labels.csv")


@pytest.mark.parametrize("field", Choices.__dataclass_fields__)
def test_every_choice_is_one_keyword(field: str):
    """What is said is Python that makes the same choice."""
    value = example(field)
    said = " ".join(question.flags({field: value}))
    assert eval(f"dict({keywords.in_python(said)})") == {field: value}
    with_other = keywords.in_python(f"it is so ({said}); or otherwise")
    assert with_other.startswith("it is so (")
    assert with_other.endswith("); or otherwise")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "choose it: --missing last (the value before), or fill it",
            'choose it: missing="last" (the value before), or fill it',
        ),
        ("(--missing last|drop)", '(missing="last" or "drop")'),
        ("window: 5 (--window N; 0: none)", "window: 5 (window=N; 0: none)"),
        ("--sequence is for one long table", "sequence is for one long table"),
        ("--with-steps reads them", "with_steps=True reads them"),
        ("leave it out: --without heart rate, or mend it", 'leave it out: without=["heart rate"], or mend it'),
        ("leave it out: --without 'wind speed', or mend it", 'leave it out: without=["wind speed"], or mend it'),
        ("(--label 'it'\"'\"'s b'; --without x)", '(label="it\'s b"; without=["x"])'),
        ("use --numbers rate", 'use numbers=["rate"]'),
        ("choose another: --name pumps_2, or remove it", 'choose another: name="pumps_2", or remove it'),
        ("use --as-target label", 'use as_target="label"'),
        ("of a name --unknown x", "of a name --unknown x"),
    ],
)
def test_sentences_stay_sentences(text: str, expected: str):
    assert keywords.in_python(text, ["rate", "heart rate"]) == expected


def test_a_question_is_asked_in_keywords():
    asked = Question(
        "it may be either",
        (Reading("a code", {"codes": ["a", 'b"'], "label": None}), Reading("several", {"sequence": "x", "order": "none"})),
    )
    line = str(keywords.refusal(asked))
    assert line == (
        'it may be either; choose one: a code: codes=["a", "b\\""]; or several: sequence="x", order="none"'
    )  # fmt: skip
