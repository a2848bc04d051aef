"""Inputs and targets by examples made by hand, and what a framing may know: train alone."""

from dataclasses import replace

import numpy as np
import pytest

from gatebench.core.errors import BadInput
from gatebench.data import cards, columns
from gatebench.data.cards import Card
from gatebench.data.contents import SPLITS, Target
from gatebench.data.framings import find, next_step, target

BASE = cards.load("jsb_chorales")


def make_card(kind: str, width: int, names: tuple[str, ...] = (), target: Target | None = None) -> Card:
    return replace(BASE, name="made", kind=kind, names=names, target=target, facts={"width": width})


def splits(*arrays):
    return {split: [np.array(array) for array in arrays] for split in SPLITS}


def reals(random, scale=1.0, width=3):
    return [scale * random.standard_normal((steps, width)) + 5 for steps in (20, 31, 7)]


LABEL = Target("step", "label", 1, ("no", "yes", "maybe"))
WHOLE = Target("sequence", "label", 1, ("no", "yes", "maybe"))
VALUE = Target("step", "value", 2, ("a", "b"))
WHOLE_VALUE = Target("sequence", "value", 1, ("a",))


def test_symbols_are_read_as_rows_with_a_one_and_predicted_by_their_number():
    card = make_card("symbols", 1, ("a", "b", "c"))
    assert next_step.sizes(card) == (3, 1)
    assert (next_step.predicted_per(card), next_step.classes(card), next_step.predicted_kind(card)) == ("step", 3, "symbols")
    (sequence,) = next_step.frame(card, splits([[0], [2], [1], [1]])).splits["train"]
    assert sequence.x.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert sequence.y.tolist() == [[2], [1], [1]]
    assert next_step.next_input(card, sequence.x[0], np.array([1])).tolist() == [0, 1, 0]


def test_binary_is_read_and_predicted_as_it_is():
    card = make_card("binary", 2)
    assert next_step.sizes(card) == (2, 2)
    (sequence,) = next_step.frame(card, splits(np.array([[0, 1], [1, 1], [0, 0]], np.uint8))).splits["test"]
    assert sequence.x.tolist() == [[0, 1], [1, 1]]
    assert sequence.y.tolist() == [[1, 1], [0, 0]]


def test_reals_are_standardised_by_train_and_come_back():
    card, random = make_card("reals", 3), np.random.default_rng(0)
    arrays = {split: reals(random, scale) for split, scale in zip(SPLITS, (2, 1, 9), strict=True)}
    framed = next_step.frame(card, arrays)
    assert framed.input_scale == framed.output_scale
    train = np.concatenate([s.x for s in framed.splits["train"]] + [s.y[-1:] for s in framed.splits["train"]])
    np.testing.assert_allclose(train.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(train.std(0), 1, atol=1e-6)
    for split in SPLITS:
        for sequence, array in zip(framed.splits[split], arrays[split], strict=True):
            np.testing.assert_allclose(
                sequence.x * framed.input_scale.std + framed.input_scale.mean, array[:-1], rtol=1e-4, atol=1e-4
            )
            assert (sequence.x[1:] == sequence.y[:-1]).all()


@pytest.mark.parametrize("grid", [0.01, 1.0, 0.0])
@pytest.mark.parametrize("card_target", [None, VALUE, WHOLE_VALUE], ids=["next step", "values", "value of a sequence"])
def test_nothing_of_train_knows_valid_or_test(card_target, grid):
    card, random = make_card("reals", 4, target=card_target), np.random.default_rng(1)
    framing = find("target" if card_target else "next_step", card)

    def arrays(scale):
        sequences = reals(random, scale, 4)
        if card_target is WHOLE_VALUE:
            sequences = [np.concatenate([a[:, :3], np.repeat(a[:1, 3:], len(a), 0)], 1) for a in sequences]
        return [np.round(array / grid) * grid for array in sequences] if grid else sequences

    train = arrays(3)
    one, other = (framing.frame(card, {"train": train, "valid": arrays(2), "test": arrays(50)}) for _ in range(2))
    for a, b in zip(one.splits["train"], other.splits["train"], strict=True):
        assert (a.x == b.x).all()
        assert (a.y == b.y).all()
    assert all((np.array(a) == np.array(b)).all() for a, b in zip(one[1:], other[1:], strict=True))


def test_a_label_of_each_step():
    card = make_card("reals", 3, target=LABEL)
    rows = [[0.5, 2.5, 1], [1.5, 0.1, 0], [7.0, 2.0, 2]]
    framed = target.frame(card, splits(rows))
    assert target.sizes(card) == (2, 1)
    assert (target.predicted_per(card), target.classes(card), target.predicted_kind(card), target.causal(card)) == (
        "step",
        3,
        "symbols",
        False,
    )
    (sequence,) = framed.splits["valid"]
    x = np.array(rows)[:, :2]
    np.testing.assert_allclose(sequence.x, (x - x.mean(0)) / x.std(0), rtol=1e-6)  # inputs are not dequantised
    assert sequence.y.tolist() == [[1], [0], [2]]
    assert (len(sequence), sequence.predictions) == (3, 3)


def test_a_label_of_the_whole_sequence():
    card = make_card("symbols", 2, ("a", "b"), WHOLE)
    (sequence,) = target.frame(card, splits([[0, 2], [1, 2], [1, 2]])).splits["train"]
    assert target.sizes(card) == (2, 1)
    assert target.predicted_per(card) == "sequence"
    assert sequence.x.tolist() == [[1, 0], [0, 1], [0, 1]]
    assert sequence.y.tolist() == [[2]]
    assert (len(sequence), sequence.predictions) == (3, 1)


def test_values_are_standardised_and_dequantised():
    card, random = make_card("binary", 3, target=VALUE), np.random.default_rng(2)
    inputs, targets = random.integers(0, 2, (5000, 1)), random.integers(0, 4, (5000, 2)) / 10
    arrays = splits(np.concatenate([inputs, targets], 1))
    framed = target.frame(card, arrays)
    assert target.sizes(card) == (1, 2)
    assert (target.classes(card), target.predicted_kind(card)) == (0, "reals")
    (sequence,) = framed.splits["train"]
    assert sequence.x.dtype == np.uint8
    assert (sequence.x == inputs).all()
    noise = sequence.y * framed.output_scale.std + framed.output_scale.mean - targets
    assert np.abs(noise).max() <= 0.05 + 1e-6
    assert noise.var() == pytest.approx(0.1**2 / 12, rel=0.05)
    np.testing.assert_allclose(sequence.y.std(0), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("column", "step"),
    [
        ([0, 1, 5], 1), ([0.25, 0.5, 0.75], 0.01), ([10, 30, 90], 10), ([1e-9, 3e-9, 4e-9], 1e-9), ([np.pi, 1, 2], 0),
        (np.float32([1.1, 2.3, 4.7]), 0.1), ([1000.5, 1001, 1002], 0.5 * 0.2), ([3, 3, 3], 0),
        ([1e6, 0.1237, 0.81], 0), ([1.7e308, -1.7e308, 1], 0),
        ([0, 0.5, 1], 0.1),
    ],
)  # fmt: skip
def test_the_grid_of_a_column_is_its_decimal_step(column, step):
    assert columns.find_grid(np.array(column, float)[:, None])[0] == pytest.approx(step)


def test_a_column_that_cannot_be_scaled_is_said():
    card = make_card("reals", 2)
    with pytest.raises(BadInput, match=r"column 1 of its inputs has the standard deviation 0 in train; .*remove"):
        next_step.frame(card, splits([[1.5, 2], [2.25, 2], [3, 2]]))
    with pytest.raises(BadInput, match=r"column 0 of its inputs has the standard deviation (inf|nan)"):
        next_step.frame(card, splits([[1e300, 2], [-1e300, 2.5], [3, 2]]))


def test_a_framing_fits_its_card():
    with_target, plain = make_card("reals", 3, target=LABEL), make_card("reals", 3)
    with pytest.raises(BadInput, match=r"task.predict=next_step, but dataset made has a target; use task.predict=target"):
        find("next_step", with_target)
    with pytest.raises(BadInput, match=r"task.predict=target, but dataset made has no target; use task.predict=next_step"):
        find("target", plain)
    with pytest.raises(BadInput, match=r"next_block frames data of kind audio, but dataset made is reals; use .*next_step"):
        find("next_block", plain)
    for kind in ("piano_roll", "binary", "symbols", "reals"):
        assert find("next_step", make_card(kind, 3)) is next_step
        assert find("target", make_card(kind, 3, target=LABEL)) is target
