"""Accuracies beside those of others: cells with their intervals, published numbers, and what stands beside a study."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gatebench.core import registry
from gatebench.data import cards
from gatebench.records.frame import Frame
from gatebench.report import field, metrics, style
from support.figures import FIGURES, drawn
from support.frames import BESIDE, VARIANT, everything

FIGURE = FIGURES["field"]


@pytest.fixture(scope="module")
def frame() -> Frame:
    return everything()


def of_gun_point(frame: Frame) -> Frame:
    """The same trials, as of a set that others published accuracies of, with nothing beside it."""
    names = {"task": {"music": "ucr_gun_point"}}
    return replace(
        frame, trials=frame.trials.replace(names), datasets={**frame.datasets, "ucr_gun_point": "GunPoint"},
        baselines=frame.baselines.replace(names), beside=frame.beside.iloc[:0],
    )  # fmt: skip


def test_cells_have_the_estimates_of_the_metric_and_others_follow(frame: Frame):
    rows = FIGURE.numbers(frame)
    assert list(zip(rows.method, rows.by, rows.n, strict=True)) == [
        ("gru", "cell", 3), (VARIANT, "cell", 1), ("novel", "cell", 2), ("once", "beside", 1), ("theirs", "beside", 2),
    ]  # fmt: skip
    trials = frame.confirmed("test")
    by_cell = style.by_cell(trials[trials.task == "music"])
    accuracy = next(one for one in metrics.of_cells(frame, by_cell) if one.metric.name == "accuracy")
    for cell, row in zip(by_cell, rows.itertuples(), strict=False):
        expected = accuracy.estimates[cell]
        assert (row.accuracy, row.low, row.high) == pytest.approx((expected.mean, expected.low, expected.high), nan_ok=True)
    once, theirs = rows.iloc[3], rows.iloc[4]
    assert once.accuracy == 1
    assert np.isnan([once.low, once.high]).all()
    # two repetitions: t = 12.7062 times half of what they are apart, which is more than an accuracy can be
    assert (theirs.accuracy, theirs.low, theirs.high) == (pytest.approx(0.6), 0, 1)
    assert {row[0] for row in BESIDE} == set(rows.task)


def test_published_accuracies_follow_in_the_order_of_their_sources(frame: Frame):
    rows = FIGURE.numbers(of_gun_point(frame))
    published = rows[rows.by == "published"]
    assert dict(zip(published.method, published.accuracy, strict=True)) == field.ACCURACIES["ucr_gun_point"]
    assert list(published.method) == list(field.SOURCES)
    notes = FIGURE.notes(of_gun_point(frame))
    assert [note.partition(":")[0] for note in notes[1:4]] == list(field.SOURCES)
    assert notes[4:] == field.DEVIATIONS
    assert len(FIGURE.notes(frame)) == 1


def test_without_others_or_without_accuracies_there_is_no_figure(frame: Frame):
    assert FIGURE.numbers(replace(frame, beside=frame.beside.iloc[:0])) is None
    assert FIGURE.numbers(replace(frame, statistics={})) is None
    assert FIGURE.numbers(replace(frame, beside=frame.beside.assign(metric="mae"))) is None


def test_a_panel_has_a_row_for_each_of_them(frame: Frame):
    (axis,) = drawn("field", of_gun_point(frame)).axes
    assert [text.get_text() for text in axis.get_yticklabels()] == ["gru", VARIANT, "novel", *field.SOURCES]
    assert axis.yaxis_inverted()


def test_published_accuracies_are_shares_of_sets_that_there_are():
    assert set(field.ACCURACIES) <= set(registry.available("datasets", ".yaml"))
    assert all(set(accuracies) <= set(field.SOURCES) for accuracies in field.ACCURACIES.values())
    assert all(0 < share <= 1 for accuracies in field.ACCURACIES.values() for share in accuracies.values())


def test_what_is_published_of_our_own_baseline_is_what_the_cards_say():
    folder = registry.PACKAGE.parents[1] / "results" / "own" / "beside"
    rows = pd.read_csv(folder / "minirocket.csv")
    assert len(rows) == 11
    for row in rows.itertuples():
        assert cards.load(str(row.task)).baseline_metrics["minirocket"][str(row.metric)][0] == row.value
