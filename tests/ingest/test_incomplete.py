"""Missing values, uneven times, padding: said or asked about, and nothing that lies ahead is read before its time."""

from pathlib import Path

import numpy as np
import pytest

from gatebench.core.errors import BadInput
from gatebench.data import cards
from gatebench.data.contents import Forecast
from gatebench.ingest import add as adding
from gatebench.ingest.choices import Choices
from support import kinds
from support.adding import add_table as add
from support.adding import arrays, asked, same, whole


@pytest.mark.parametrize("mark", kinds.INCOMPLETE)
def test_what_is_missing_is_counted_and_placed(mark: str):
    with pytest.raises(BadInput, match=r"x.csv, row 6, column y .*\(as row 61, row 62\); missing are 3 of 120 in column y"):
        add(kinds.INCOMPLETE[mark])
    expected = kinds.Y.copy()
    expected[[5, 60, 61]] = kinds.Y[[4, 59, 59]]
    add(kinds.INCOMPLETE[mark], "last", missing="last")
    assert whole("last")[:, 0].tolist() == expected.tolist()
    add(kinds.INCOMPLETE[mark], "drop", missing="drop")
    assert whole("drop")[:, 0].tolist() == np.delete(kinds.Y, [5, 60, 61]).tolist()
    add(kinds.INCOMPLETE[mark], "mask", missing="mask")
    assert cards.load("mask").names == ("y", "y missing")
    assert cards.load("mask").forecast == Forecast(("y",))
    assert np.flatnonzero(whole("mask")[:, 1]).tolist() == [5, 60, 61]
    assert whole("mask")[:, 0].tolist() == expected.tolist()


def test_a_value_is_never_carried_into_another_sequence():
    rows = [f"{i},{t},{'' if t in (0, 3) else 100 * i + t}" for i in range(12) for t in range(6)]
    lines = add("id,t,x\n" + "\n".join(rows), missing="last")
    said = (
        "missing: 24 of 72 in column x, filled with the value before, at the beginning of a sequence (12) with the mean of "
        "train, or 0 of zeros and ones (--missing drop|mask)"
    )
    assert said in lines
    train = cards.read_arrays(cards.load("mine"))["train"]
    mean = np.concatenate([array[1:] for array in train]).mean()
    read = sorted(arrays(), key=lambda array: array[1, 0])
    assert np.allclose([array[0, 0] for array in read], mean, rtol=1e-12)
    expected = [[100 * i + t for t in (1, 2, 2, 4, 5)] for i in range(12)]
    assert [array[1:, 0].tolist() for array in read] == expected


@pytest.mark.parametrize("missing", ["last", "mask"])
def test_no_value_is_carried_back_in_time(missing: str):
    y, gone = np.round(kinds.Y + 5, 3), "ds,b,y\n"
    rows = [f"{day.date()},{'' if i < 9 else i % 2},{'' if i < 4 else y[i]}" for i, day in enumerate(kinds.DAYS)]
    add(gone + "\n".join(rows), missing=missing)
    read = whole()
    assert np.allclose(read[:4, 1], y[4:84].mean(), rtol=1e-12)
    assert read[4:, 1].tolist() == y[4:].tolist()
    assert read[:9, 0].tolist() == [0.0] * 9
    if missing == "mask":
        assert cards.load("mine").names == ("b", "y", "b missing", "y missing")
        assert read[:, 2].tolist() == [1.0] * 9 + [0.0] * 111
    with pytest.raises(BadInput, match="--as symbols, but the first ones of a sequence are missing"):
        add("\n".join(["y", "NA", *("123" * 20)]), "symbols", missing="last", kind="symbols")


def test_what_arrays_lack_is_counted_and_placed():
    sequences = [np.random.default_rng(i).standard_normal((8, 2)).round(3) for i in range(12)]
    for sequence in sequences:
        sequence[[0, 4], 1] = np.nan
    np.savez("x.npz", *sequences, y=np.repeat(np.arange(12)[:, None] % 2, 8, 1))
    with pytest.raises(BadInput, match=r"x.npz, sequence 0, row 0, column 1 .*; missing are 24 of 96 in column 1; choose"):
        adding.add(Path("x.npz"), "mine", Choices())
    adding.add(Path("x.npz"), "drop", Choices(missing="drop"))
    staying = [1, 2, 3, 5, 6, 7]
    assert same([array[:, :2] for array in arrays("drop")], [sequence[staying] for sequence in sequences])
    adding.add(Path("x.npz"), "mask", Choices(missing="mask"))
    assert cards.load("mask").names == ("0", "1", "1 missing")
    assert all(np.flatnonzero(array[:, 2]).tolist() == [0, 4] for array in arrays("mask"))
    assert all(array[4, 1] == array[3, 1] for array in arrays("mask"))


def test_a_number_that_stands_for_what_is_missing():
    add(kinds.FAR, na=["-999"], missing="drop")
    assert whole()[:, 0].tolist() == np.delete(kinds.Y, [5, 60, 61]).tolist()


def test_gaps_are_said_and_cut():
    options = [command.partition("--name mine ")[2] for command in asked(kinds.GAPPED)]
    assert options == ["--gaps cut", "--gaps keep", "--gaps keep --with-steps"]
    lines = add(kinds.GAPPED, gaps="keep")
    assert "gaps: steps of 1, but 1 of up to 141: read as if steps followed one another (--gaps cut; --with-steps)" in lines
    assert whole()[:, 0].tolist() == kinds.Y.tolist()
    lines = add(kinds.GAPPED, "cut", gaps="cut", window=0)
    assert [len(array) for array in arrays("cut")] == [42, 42, 9, 9, 9, 9]
    add(kinds.GAPPED, "steps", with_steps=True)
    assert cards.load("steps").names == ("y", "step")
    assert cards.load("steps").forecast == Forecast(("y",))
    assert whole("steps")[:, 1].tolist() == [1.0] * 60 + [141.0] + [1.0] * 59


def test_a_column_alone_is_no_order():
    lines = add("y\n" + "".join(f"{i % 3 + 1}\n" for i in range(90)))
    assert "kind: symbols, since there is one column of 3 whole numbers (--as reals)" in lines
    assert whole()[:, 0].tolist() == [0, 1, 2] * 30


def test_uneven_steps_are_said_and_months_are_even():
    times = np.cumsum(np.random.default_rng(0).uniform(0.2, 1.5, kinds.ROWS)).round(3)
    lines = add("time,y\n" + "".join(f"{t},{y}\n" for t, y in zip(times, kinds.Y, strict=True)))
    assert any(line.startswith("steps: uneven, of 0.") for line in lines)
    rounded = np.round(np.arange(kinds.ROWS) * 86.4).astype(int)
    lines = add("time,y\n" + "".join(f"{t},{y}\n" for t, y in zip(rounded, kinds.Y, strict=True)), "rounded")
    assert not any(line.startswith(("steps:", "gaps:")) for line in lines)
    for even in ("months", "quarters", "days"):
        assert not any(line.startswith(("steps:", "gaps:")) for line in add(kinds.SERIES[even], even))


def test_nan_at_the_end_of_sequences_is_padding():
    sequences = [np.random.default_rng(i).standard_normal((5 + i, 1)) for i in range(12)]
    x = np.full((12, 16, 1), np.nan)
    for i, sequence in enumerate(sequences):
        x[i, : len(sequence)] = sequence
    np.savez("x.npz", x=x, y=np.arange(12) % 2)
    lines = adding.add(Path("x.npz"), "mine", Choices())
    assert "padding: NaN at the end of 11 of 12 sequences is cut off" in lines
    assert same([array[:, :1] for array in arrays()], sequences)


def test_zeros_at_the_end_of_sequences_are_asked_about():
    x = np.zeros((12, 16, 1))
    for i in range(12):
        x[i, : 5 + i] = np.random.default_rng(i).standard_normal((5 + i, 1))
    np.savez("x.npz", x=x, y=np.arange(12) % 2)
    with pytest.raises(
        BadInput, match=r"11 of 12 sequences end in steps that are all 0.*--padding cut`; or .*--padding keep`"
    ):
        adding.add(Path("x.npz"), "mine", Choices())
    adding.add(Path("x.npz"), "cut", Choices(padding="cut"))
    assert sorted(map(len, arrays("cut"))) == list(range(5, 17))
    adding.add(Path("x.npz"), "whole", Choices(padding="keep"))
    assert {len(array) for array in arrays("whole")} == {16}


def test_times_that_come_again_are_refused_with_the_key_that_lacks():
    twice = "ds,y\n" + "".join(f"{kinds.DAYS[i % 60].date()},{y}\n" for i, y in enumerate(kinds.Y))
    with pytest.raises(BadInput, match=r"60 times stand in several rows, at most 2; .*--sequence COLUMN.*--order none"):
        add(twice)
    add(twice, order="none")
    assert whole()[:, 0].tolist() == kinds.Y.tolist()


def test_sequences_of_a_single_step_are_left_out_and_counted():
    rows = [f"{i},{t},{i * t + 0.5}" for i in range(60) for t in range(1 + i % 3)]
    lines = add("id,t,x\n" + "\n".join(rows))
    assert any(line.startswith("left out: 20 of 60 sequences, of fewer than 2 steps, x.csv, id 0 first") for line in lines)
    assert len(arrays()) == 40
    with pytest.raises(BadInput, match="and no sequence has more; expected at least 2"):
        add("id,t,x\n0,0,1.5\n1,0,2.5\n1,1,\n", "short", missing="drop")
