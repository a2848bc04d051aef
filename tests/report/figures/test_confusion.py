"""Which class is taken for which: counts of the trial that is best on validation, with the names of the classes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from gatebench.core.metric import Predicted
from gatebench.report.figures import confusion
from gatebench.report.page import drawing, parts
from support.figures import drawn
from support.frames import HIGH, LOW, by_hand, seeds
from support.measured import of_predictions, with_statistics

TRUE = [0, 0, 0, 1, 1, 2, 0]
TAKEN = [0, 1, 0, 1, 1, 0, 0]


def statistics(taken: list[int], classes: int = 4):
    predicted = Predicted("label", "sequence", np.eye(classes)[taken], np.array(TRUE)[:, None], np.ones(len(TRUE), int))
    return of_predictions(predicted, np.ones(len(TRUE)))


@pytest.fixture
def frame():
    """Two cells, of which the gru is best on validation, and its first trial the best of it."""
    plain = by_hand([*seeds("music", "gru", LOW), *seeds("music", "rnn", HIGH)])
    wrong = statistics([3] * len(TRUE))
    return with_statistics(plain, {"gru": [statistics(TAKEN), wrong, wrong], "rnn": [wrong] * 3})


def test_names_of_classes_are_texts_and_no_formulas(frame, tmp_path: Path):
    called = replace(frame, names={"music": ["$x^$", "=1+1", r"\$", "<b>"]})
    part = parts.write("confusion", confusion, called, tmp_path)
    assert part is not None
    assert (tmp_path / "confusion.png").is_file()
    assert set(pd.read_csv(tmp_path / "confusion.csv").true) == {"$x^$", "'=1+1", r"\$", "<b>"}


def test_counts_are_those_of_the_best_trial(frame):
    numbers = confusion.numbers(replace(frame, names={"music": ["a", "b", "c", "never"]}))
    assert set(numbers.cell) == {"gru"}
    counts = {(row.true, row.predicted): row.count for row in numbers.rename(columns={"count": "n"}).itertuples()}
    assert len(counts) == 16
    table = numbers.set_index(["true", "predicted"])["count"]
    assert table[table > 0].to_dict() == {("a", "a"): 3, ("a", "b"): 1, ("b", "b"): 2, ("c", "a"): 1}
    shares = numbers.set_index(["true", "predicted"]).share
    assert (shares["a", "a"], shares["c", "a"], shares["never", "never"]) == (0.75, 1, 0)


def test_classes_without_names_are_numbered(frame):
    assert list(dict.fromkeys(confusion.numbers(frame).true)) == ["0", "1", "2"]


def test_fields_have_their_counts(frame):
    figure = drawn("confusion", frame)
    (axis,) = figure.axes
    assert sorted(text.get_text() for text in axis.texts) == ["1", "1", "2", "3"]
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("predicted", "true")


def test_counts_stand_out_from_their_fields_on_a_dark_page_too(frame):
    """Fields keep their colours there, white and black do not."""
    (axis,) = drawn("confusion", frame).axes
    assert len(axis.texts) > 2
    assert {to_hex(text.get_color()) for text in axis.texts} & set(drawing.COLOURS) == set()


def test_without_labels_there_is_none():
    assert confusion.numbers(by_hand(seeds("music", "gru", LOW))) is None
