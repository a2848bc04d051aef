"""What became of what an earlier study said of two cells."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gatebench.records.former import CONCLUSIONS
from gatebench.records.frame import Frame
from gatebench.report import comparisons, conclusions
from support.frames import BUDGET, HIGH, NAN, TRAINING, by_hand, seeds

CELLS = {"gru": [3.00, 3.01, 3.03], "lstm": [3.02, 3.03, 3.06], "novel": [2.6, 3.3, 3.9], "rnn": HIGH, "single": [3.5]}
"""The first two are equivalent, the third is undecided beside them, the fourth worse, the last a single run."""


def study(training: str = TRAINING) -> Frame:
    frame = by_hand([trial for cell, scores in CELLS.items() for trial in seeds("music", cell, scores)])
    return replace(frame, trials=frame.trials.assign(training=training))


def said(lower: str, other: str, verdict: str, **place: str) -> pd.DataFrame:
    group = {"task": "music", "budget": BUDGET, "training": TRAINING} | place
    return pd.DataFrame([(*group.values(), lower, other, -0.5, -0.6, -0.4, verdict, 10, "seeds")], columns=CONCLUSIONS)


@pytest.mark.parametrize(
    ("lower", "other", "verdict", "became"),
    [
        ("gru", "rnn", "better", "survived"),
        ("rnn", "gru", "better", "withdrawn"),  # it is the other way round
        ("gru", "lstm", "better", "withdrawn"),  # they are equivalent
        ("gru", "novel", "better", "weakened"),
        ("lstm", "gru", "equivalent", "survived"),
        ("rnn", "lstm", "equivalent", "withdrawn"),
        ("novel", "gru", "equivalent", "weakened"),
        ("gru", "absent", "better", "not repeated"),
        ("gru", "single", "better", "not repeated"),  # of which nothing is known
        ("gru", "rnn", "undecided", ""),
        ("gru", "rnn", "", ""),
    ],
)
def test_a_conclusion_survives_or_is_weakened_or_withdrawn(lower: str, other: str, verdict: str, became: str):
    (outcome,) = conclusions.outcomes(study(), said(lower, other, verdict))
    assert outcome.became == became


@pytest.mark.parametrize(("name", "value"), [("task", "speech"), ("budget", "units_64")])
def test_on_another_task_or_budget_it_is_not_repeated(name: str, value: str):
    (outcome,) = conclusions.outcomes(study(), said("gru", "rnn", "better", **{name: value}))
    assert (outcome.became, outcome.pair) == ("not repeated", None)


def test_it_is_held_against_the_same_protocol_or_else_one_of_its_name_or_else_another():
    """What the table says of it."""
    frames = [study(training) for training in ("chung2014", "modern search.size=4", "modern")]

    def protocol(parts: list[Frame], training: str) -> str:
        frame = replace(parts[0], trials=pd.concat([part.trials for part in parts]))
        (outcome,) = conclusions.outcomes(frame, said("gru", "rnn", "better", training=training))
        assert outcome.pair
        return outcome.pair.group.training

    assert protocol(frames, "modern") == "modern"
    assert protocol(frames[:2], "modern") == "modern search.size=4"
    assert protocol(frames[1:], "chung2014") == "modern search.size=4"
    assert protocol(frames, "chung2014 epochs=5") == "chung2014"


def test_of_a_study_every_pair_is_kept_with_its_verdict():
    kept = conclusions.of_study(study())
    pairs = comparisons.pairs(study())
    assert list(kept.columns) == CONCLUSIONS
    assert list(zip(kept.lower, kept.other, strict=True)) == [(pair.lower, pair.other) for pair in pairs]
    assert list(kept.verdict) == ["" if "single" in (pair.lower, pair.other) else pair.verdict for pair in pairs]
    assert set(kept.verdict) == {"better", "equivalent", "undecided", ""}
    np.testing.assert_array_equal(kept[["difference", "low"]], [(p.difference.mean, p.difference.low) for p in pairs])
    assert list(kept.n) == [min(pair.n) for pair in pairs]
    assert conclusions.of_study(by_hand([("music", "gru", "confirm", 1, 0.01, NAN, NAN, "diverged")])).empty


def test_every_conclusion_of_a_study_survives_in_itself():
    outcomes = conclusions.outcomes(study(), conclusions.of_study(study()))
    assert {outcome.became for outcome in outcomes} == {"survived", ""}
