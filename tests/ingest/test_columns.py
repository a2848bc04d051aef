"""Columns are known by their contents: a series is the same however it is written, and what is unclear is asked."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from gatebench.cli.parser import command_line_parser
from gatebench.core.errors import BadInput
from gatebench.data import cards
from gatebench.data.contents import SPLITS
from gatebench.ingest import add as adding
from gatebench.ingest.choices import Choices
from support import kinds


def add(text: str, name: str = "mine", **choices: object) -> list[str]:
    Path("x.csv").write_text(text)
    return adding.add(Path("x.csv"), name, Choices(**choices))


def arrays(name: str = "mine") -> list[np.ndarray]:
    splits = cards.read_arrays(cards.load(name))
    return [array for split in SPLITS for array in splits[split]]


def whole(name: str = "mine") -> np.ndarray:
    return np.concatenate(arrays(name))


def same(sequences: list[np.ndarray], expected: list[np.ndarray]) -> bool:
    return sorted(s.tolist() for s in sequences) == sorted(s.tolist() for s in expected)


def asked(text: str, **choices: object) -> list[str]:
    """The commands of the readings of a question."""
    with pytest.raises(BadInput) as error:
        add(text, **choices)
    commands = re.findall(r"`([^`]*)`", str(error.value))
    assert len(commands) > 1, str(error.value)
    return commands


@pytest.mark.parametrize("form", kinds.SERIES)
def test_a_series_is_the_same_however_it_is_written(form: str):
    add(kinds.SERIES[form])
    assert whole().tolist() == kinds.Y[:, None].tolist()


@pytest.mark.parametrize("form", kinds.PANELS)
def test_sequences_are_the_same_however_they_are_written(form: str):
    add(kinds.PANELS[form])
    assert same(arrays(), [s[:, None] for s in kinds.SEQUENCES])


def test_what_is_left_out_is_said():
    lines = add(kinds.SERIES["a constant column"])
    assert "left out: site, which is 7 everywhere (--columns A,B)" in lines
    lines = add(kinds.SERIES["a column that is constant in train"], "other")
    assert "left out: alarm, constant in train, which says nothing" in lines


@pytest.mark.parametrize("unclear", kinds.QUESTIONS)
def test_what_can_be_read_in_several_ways_is_asked(unclear: str):
    text, expected = kinds.QUESTIONS[unclear]
    start = "gatebench data add x.csv --name mine"
    assert set(asked(text, **kinds.GIVEN.get(unclear, {}))) == {f"{start} {options}" for options in expected}
    assert not Path("gatebench_local").exists()


@pytest.mark.parametrize("unclear", kinds.QUESTIONS)
def test_every_reading_is_a_command_that_answers_its_question(unclear: str, capsys: pytest.CaptureFixture[str]):
    text, _ = kinds.QUESTIONS[unclear]
    commands = asked(text, **kinds.GIVEN.get(unclear, {}))
    outcomes = set()
    for number, command in enumerate(commands):
        words = shlex.split(command.replace("--name mine", f"--name mine{number}"))
        options = command_line_parser().parse_args(words[1:])
        refusals: list[BadInput] = []
        try:
            options.run(options)
            outcomes.add(
                str([array.tolist() for array in arrays(f"mine{number}")]) + str(cards.load(f"mine{number}").target)
            )
        except BadInput as error:
            refusals.append(error)
        outcomes |= {str(error) for error in refusals}
        again = [f"`{command}`" in str(error).replace(f"mine{number}", "mine") for error in refusals]
        assert not any(again), "it is asked again"
    assert len(outcomes) >= len(commands)
    capsys.readouterr()


# Categories and codes


def test_categories_and_codes_are_one_hot():
    weather = np.array(["rain", "sun", "fog"])[np.random.default_rng(0).integers(0, 3, kinds.ROWS)]
    rows = "".join(f"{day.date()},{w},{y}\n" for day, w, y in zip(kinds.DAYS, weather, kinds.Y, strict=True))
    lines = add(f"ds,weather,y\n{rows}")
    assert any(line.startswith("categories: weather of 3 (") and "--without weather" in line for line in lines)
    assert cards.load("mine").names == ("y", "weather=fog", "weather=rain", "weather=sun")
    assert (whole()[:, 1:] == (weather[:, None] == np.array(["fog", "rain", "sun"]))).all()
    add(f"ds,weather,y\n{rows}", "without", without=["weather"])
    assert cards.load("without").names == ("y",)
    add(kinds.QUESTIONS["codes or amounts"][0], "codes", codes=["state"])
    assert cards.load("codes").names == ("y", *(f"state={code}" for code in range(100, 150, 10)))
    assert (whole("codes")[:, 1:].sum(1) == 1).all()


def test_yes_and_no_are_one_column():
    rows = "".join(f"{day.date()},{'yes' if y > 0 else 'no'},{y}\n" for day, y in zip(kinds.DAYS, kinds.Y, strict=True))
    add(f"ds,open,y\n{rows}")
    assert cards.load("mine").names == ("y", "open=yes")
    assert (whole()[:, 1] == (kinds.Y > 0)).all()


def test_words_are_words_whatever_they_mean_elsewhere():
    words = ["null", "cat", "NA", "nan", "2014", "sat"]
    chosen = [words[i] for i in np.random.default_rng(0).integers(0, 6, 240)]
    add("run,word\n" + "".join(f"{i // 20},{word}\n" for i, word in enumerate(chosen)), sequence="run")
    card = cards.load("mine")
    assert (card.kind, set(card.names)) == ("symbols", set(words))
    read = [[card.names[number] for number in array[:, 0]] for array in arrays()]
    assert sorted(read) == sorted(chosen[i : i + 20] for i in range(0, 240, 20))


# Missing, uneven, padded


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


# Wide tables


def test_a_row_or_a_column_is_a_series_where_that_is_chosen():
    add(kinds.wide(), layout="series-a-row", label="kind")
    card = cards.load("mine")
    assert card.target is not None
    assert card.target.names == ("a", "b")
    rows = [line.split(",") for line in kinds.wide().splitlines()[1:]]
    expected = [np.array([[float(cell), "ab".index(row[0])] for cell in row[1:]]) for row in rows]
    assert same(arrays(), expected)
    stores = {f"store{k}": (np.sin(np.arange(60) / 5 + k) * (k + 1)).round(2) for k in range(12)}
    rows = "".join(f"{kinds.DAYS[i].date()},{','.join(str(stores[s][i]) for s in stores)}\n" for i in range(60))
    text = f"day,{','.join(stores)}\n{rows}"
    assert "series: one, of 12 columns (12 series: --series-a-column)" in add(text, "steps", layout="step-a-row")
    add(text, "columns", layout="series-a-column")
    assert same(arrays("columns"), [values[:, None] for values in stores.values()])


# Labels and their splits


def test_classes_are_counted_in_each_split():
    lines = add(kinds.labelled(["run", "walk"] * 20), label="kind")
    assert "classes: train run 14, walk 14; valid run 3, walk 3; test run 3, walk 3 (sequences)" in lines


def test_names_that_differ_in_case_or_spaces_are_said():
    lines = add(kinds.labelled(["run", "walk", "run", " Walk"] * 10), label="kind")
    assert any(
        line.startswith("note: ' Walk' and 'walk' differ only in case or spaces, and are 2 classes") for line in lines
    )


def test_a_class_that_train_lacks_is_refused_and_one_that_test_lacks_is_said():
    rows = "".join(f"{day.date()},{y},{int(i > 104)}\n" for i, (day, y) in enumerate(zip(kinds.DAYS, kinds.Y, strict=True)))
    with pytest.raises(
        BadInput, match=r"the split 'train' has no '1' of the label, counted in steps: train 0 84, 1 0; valid"
    ):
        add(f"ds,x,fault\n{rows}", label="fault")
    lines = add(kinds.labelled(["rare"] + ["usual"] * 59), "rare", label="kind")
    assert "note: test has no 'rare', so that nothing is said about it there" in lines


def test_copies_are_dealt_apart_where_train_would_lack_a_class():
    rows = [f"{i},{t},{(t + 0.5) ** (1 + i % 4)},{'abcd'[i % 4]}" for i in range(24) for t in range(5)]
    lines = add("id,t,x,kind\n" + "\n".join(rows), label="kind")
    said = "split: by sequence, 16/4/4 of 24, copies apart, since only 4 sequences differ, too few for every class to be in "
    assert f"{said}train, labels alike" in lines
    assert "classes: train a 4, b 4, c 4, d 4; valid a 1, b 1, c 1, d 1; test a 1, b 1, c 1, d 1 (sequences)" in lines
    given = [f"{row},{'train' if int(row.split(',')[0]) < 16 else 'test'}" for row in rows]
    lines = add("id,t,x,kind,part\n" + "\n".join(given), "given", label="kind")
    assert any("4 sequence(s) of test are in train too; valid: 4 of train, copies apart" in line for line in lines)


def test_classes_that_occur_once_are_refused():
    with pytest.raises(BadInput, match="3 of the 3 classes of the label occur once, in one sequence"):
        add(kinds.labelled(["a", "b", "c"]), label="kind")
    with pytest.raises(BadInput, match="120 of the 120 classes of the label occur once, in one step"):
        add(kinds.SERIES["days"], label="ds")
