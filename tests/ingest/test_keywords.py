"""Flags of the command line become keyword arguments in what a Python program is told."""

import pytest

from gatebench.ingest import keywords, question
from gatebench.ingest.choices import Choices
from gatebench.ingest.question import Question, Reading

EXAMPLES: dict[str, object] = {
    "sequence": "unit,cycle", "order": "t", "group": "none", "label": "state", "columns": ["a", "b"], "without": ["a"],
    "codes": ["a", "b"], "numbers": ["a"], "layout": "series-a-row", "dates": "day-first", "decimal": "comma",
    "na": ["-999"], "missing": "mask", "gaps": "cut", "with_steps": True, "padding": "keep", "kind": "reals",
    "as_target": "value", "likelihood": "gaussian", "split": "time", "window": 50, "step": 0.5, "axes": "NXT",
    "tokens": "word", "sequence_a_line": True, "least_count": 3, "labels": "labels.csv", "folders": "group",
    "split_column": "part", "skip_bad": True, "drums": True, "predict": ["a"], "known": ["a", "b"], "horizon": 3,
}  # fmt: skip


@pytest.mark.parametrize("field", Choices.__dataclass_fields__)
def test_every_choice_is_one_keyword(field: str):
    """What is said is Python that makes the same choice."""
    said = " ".join(question.flags({field: EXAMPLES[field]}))
    assert eval(f"dict({keywords.in_python(said)})") == {field: EXAMPLES[field]}
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
