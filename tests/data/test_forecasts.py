"""Forecasts: which columns are read and predicted, how far ahead, by examples made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from gatebench.core.errors import BadInput
from gatebench.data import cards, columns
from gatebench.data.contents import SPLITS, Forecast
from gatebench.data.forecasts import forecast
from gatebench.data.framings import find, name_of, next_step

BASE = cards.load("jsb_chorales")
NAMES = ("load", "hour", "wind")


def make_card(wanted, kind="reals", names=NAMES):
    return replace(BASE, name="made", kind=kind, names=names, forecast=wanted, facts={"width": 3})


def splits(random, steps=(9, 14)):
    return {split: [random.standard_normal((length, 3)) * [5, 1, 2] + [100, 0, 7] for length in steps] for split in SPLITS}


def test_what_is_read_and_what_is_predicted():
    card = make_card(Forecast(("load",), ("hour",), 2), "binary")
    assert forecast.sizes(card) == (5, 2)
    assert forecast.names(card) == (["load", "hour", "wind", "hour (+1)", "hour (+2)"], ["load (+1)", "load (+2)"])
    rows = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0]])
    (sequence,) = forecast.frame(card, {split: [rows] for split in SPLITS}).splits["valid"]
    assert sequence.x.tolist() == [[1, 0, 1, 0, 1], [0, 0, 0, 1, 1]]
    assert sequence.y.tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize("wanted", [Forecast(("load",)), Forecast(known=("hour",)), Forecast(horizon=3)])
def test_reals_come_back_by_their_scales(wanted):
    card, arrays = make_card(wanted), splits(np.random.default_rng(0))
    framed = find("forecast", card).frame(card, arrays)
    predicted, known, horizon = forecast.columns(card)
    for split in SPLITS:
        for sequence, array in zip(framed.splits[split], arrays[split], strict=True):
            x = sequence.x * framed.input_scale.std + framed.input_scale.mean
            y = sequence.y * framed.output_scale.std + framed.output_scale.mean
            assert len(x) == len(y) == len(array) - horizon
            for t in range(len(x)):
                ahead = array[t + 1 : t + 1 + horizon]
                np.testing.assert_allclose(x[t], [*array[t], *ahead[:, known].ravel()], atol=1e-4)
                np.testing.assert_allclose(y[t], ahead[:, predicted].ravel(), atol=1e-4)


def test_a_forecast_of_every_column_by_a_step_is_the_next_step():
    arrays = {split: [array.round(1) for array in of_split] for split, of_split in splits(np.random.default_rng(1)).items()}
    one = forecast.frame(make_card(Forecast()), arrays)
    two = next_step.frame(make_card(None), arrays)
    for a, b in zip(one.splits["train"], two.splits["train"], strict=True):
        assert (a.x == b.x).all()
        assert (a.y == b.y).all()


def test_what_is_predicted_alone_is_dequantised_the_same_as_it_is_read():
    arrays = {split: [array.round() for array in of_split] for split, of_split in splits(np.random.default_rng(2)).items()}
    card = make_card(Forecast(("load",)))
    framed = forecast.frame(card, arrays)
    (sequence, *_), array = framed.splits["test"], arrays["test"][0]
    x = sequence.x * framed.input_scale.std + framed.input_scale.mean
    np.testing.assert_allclose(x[:, 1:], array[:-1, 1:], atol=1e-5)
    assert 0.01 < np.abs(x[:, 0] - array[:-1, 0]).max() < 0.5
    assert (sequence.x[1:, 0] == sequence.y[:-1, 0]).all()


def test_nothing_of_train_knows_valid_or_test():
    random = np.random.default_rng(3)
    train = splits(random)["train"]
    one, two = (
        {"train": train, "valid": splits(random)["valid"], "test": [9 * a for a in splits(random)["test"]]} for _ in "ab"
    )
    card = make_card(Forecast(("wind",), ("hour",), 2))
    a, b = forecast.frame(card, one), forecast.frame(card, two)
    assert all((p.x == q.x).all() and (p.y == q.y).all() for p, q in zip(a.splits["train"], b.splits["train"], strict=True))
    assert all((np.array(p) == np.array(q)).all() for p, q in zip(a[1:], b[1:], strict=True))


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (Forecast(("lod",)), r"forecast.predicted has lod, which is no column; did you mean 'load'"),
        (Forecast(("load",), ("load",)), r"forecast.known has load, which is predicted"),
        (Forecast(known=NAMES), r"forecast.known has all columns"),
    ],
)
def test_columns_that_cannot_be_forecast_are_refused(wanted, message):
    with pytest.raises(BadInput, match=message):
        forecast.sizes(make_card(wanted))


def test_sequences_that_are_too_short_are_refused():
    card = make_card(Forecast(horizon=9))
    with pytest.raises(BadInput, match="has 9 steps; predicting 9 at once needs more"):
        forecast.frame(card, splits(np.random.default_rng(4)))


def test_a_card_with_a_forecast_is_framed_as_one():
    card = make_card(Forecast(("load",)))
    assert (name_of(card), find("forecast", card), forecast.causal(card)) == ("forecast", forecast, True)
    with pytest.raises(BadInput, match=r"has a forecast; use task.predict=forecast"):
        find("next_step", card)
    with pytest.raises(BadInput, match=r"has no forecast; use task.predict=next_step"):
        find("forecast", make_card(None))
    with pytest.raises(BadInput, match="forecast from more than what is predicted"):
        forecast.next_input(card, np.zeros(3), np.zeros(1))


def test_columns_without_names_have_numbers():
    card = make_card(Forecast(("2",)), names=())
    assert forecast.columns(card).predicted == [2]
    assert columns.input_width(card) == 3
