"""Columns are known by their contents: a series is the same however it is written, and what is unclear is asked."""

import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gatebench.cli.parser import command_line_parser
from gatebench.core.errors import BadInput
from gatebench.data import cards
from support import kinds
from support.adding import add_table as add
from support.adding import arrays, asked, same, whole


@pytest.mark.parametrize("form", kinds.SERIES)
def test_a_series_is_the_same_however_it_is_written(form: str):
    add(kinds.SERIES[form])
    assert whole().tolist() == kinds.Y[:, None].tolist()


@pytest.mark.parametrize("form", kinds.PANELS)
def test_sequences_are_the_same_however_they_are_written(form: str):
    add(kinds.PANELS[form])
    assert same(arrays(), [s[:, None] for s in kinds.SEQUENCES])


def test_a_table_is_written_in_one_manner():
    """What a column that is clear shows holds for one that is not, and contradictions are asked about."""
    commas, unclear = [f"{y:.3f}".replace(".", ",") for y in kinds.Y], [f"{1 + i % 7},{100 + i}" for i in range(kinds.ROWS)]
    frame = pd.DataFrame({"ds": kinds.DAYS, "y": commas, "z": unclear})
    lines = add(frame.to_csv(index=False, sep=";"))
    assert "numbers: z, numbers with a decimal comma, as in y" in lines
    assert whole()[:, 1].tolist() == [float(cell.replace(",", ".")) for cell in unclear]
    frame["y"] = kinds.Y
    lines = add(frame.to_csv(index=False), "points")
    assert "numbers: z, numbers with commas between thousands, as in y" in lines
    assert whole("points")[:, 1].tolist() == [float(cell.replace(",", "")) for cell in unclear]
    frame = frame.assign(y=commas, x=[f"{cell}.5" for cell in unclear])
    assert len(asked(frame.to_csv(index=False, sep=";"), name="unclear")) == 2
    days = [f"0{i % 9 + 1}/0{i // 9 % 9 + 1}/2020" for i in np.random.default_rng(0).permutation(81)]
    frame = pd.DataFrame({"a": days, "b": kinds.DAYS[:81].strftime("%d/%m/%Y"), "y": kinds.Y[:81]})
    lines = add(frame.to_csv(index=False), "dates", order="b")
    assert any(line.startswith("left out: a, which holds dates") for line in lines)


def test_large_amounts_are_no_times():
    people = (1.1e9 + 1e7 * np.cumsum(np.random.default_rng(0).uniform(0, 2, kinds.ROWS))).astype(int)
    add(f"ds,people\n{''.join(f'{day.date()},{n}' + chr(10) for day, n in zip(kinds.DAYS, people, strict=True))}")
    assert whole()[:, 0].tolist() == people.tolist()


def test_uneven_seconds_since_1970_are_times_by_their_name_where_rows_are_not_in_their_order():
    seconds = 1_420_070_400 + np.cumsum(np.random.default_rng(0).integers(1, 900, kinds.ROWS))
    frame = pd.DataFrame({"created_utc": seconds, "score": np.arange(kinds.ROWS), "y": kinds.Y})
    shuffled = frame.sample(frac=1, random_state=0).drop(columns="score").to_csv(index=False)
    lines = add(shuffled)
    assert "order: by column created_utc (--order COLUMN), seconds since 1970" in lines
    assert whole()[:, 0].tolist() == kinds.Y.tolist()
    add(shuffled, "numbers", numbers=["created_utc"])
    assert whole("numbers").shape == (kinds.ROWS, 2)
    add(shuffled.replace("created_utc", "people"), "people", order="none")
    assert whole("people").shape == (kinds.ROWS, 2)


def test_a_column_with_blanks_is_quoted_where_a_flag_is_proposed():
    times = (np.arange(60) * 0.01 + np.random.default_rng(0).uniform(0, 0.001, 60)).round(5)
    lines = add("Time (s),x\n" + "".join(f"{t},{y}\n" for t, y in zip(times, kinds.Y[:60], strict=True)))
    assert "order: by column Time (s), which rises from row to row (if it is measured: --numbers 'Time (s)')" in lines


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


def beats(first: str = "", last: str = "") -> str:
    """Pulses without a header, padded with zeros, a class behind them or in front of them."""
    random = np.random.default_rng(0)
    rows = []
    for i in range(60):
        beat = np.exp(-(((np.arange(57) - 15 - 8 * (i % 3)) / 3) ** 2)) + 0.02 * random.random(57)
        cells = [f"{value:.6e}" for value in [*beat, float(i % 20 == 0), 0, 0]]
        rows.append(",".join([*([first] if first else []), *cells, *([last] if last else [])]).replace("CLASS", f"{i % 3}"))
    return "\n".join(rows)


def test_a_class_behind_padded_rows_is_proposed_as_their_label():
    commands = asked(beats(last="CLASS.000e+00"))
    assert commands[0].endswith("--label column60 --series-a-row")
    lines = add(beats(last="CLASS.000e+00"), label="column60", layout="series-a-row", padding="keep")
    assert "sequences: 60, a row each, of 60 steps (--step-a-row)" in lines


@pytest.mark.parametrize(("first", "last"), [("", "CLASS"), ("CLASS", "")])
def test_a_class_at_an_end_of_nameless_columns_is_no_step_unless_it_is_asked_for(first: str, last: str):
    text, name = beats(first, last), "column0" if first else "column60"
    commands = asked(text, layout="series-a-row")
    assert [command.partition("--name mine ")[2] for command in commands] == [
        f"--label {name} --series-a-row", f"--numbers {name} --series-a-row", f"--without {name} --series-a-row",
    ]  # fmt: skip
    add(text, "steps", layout="series-a-row", numbers=[name], padding="keep")
    assert {array.shape for array in arrays("steps")} == {(61, 1)}
    add(text, "without", layout="series-a-row", without=[name], padding="keep")
    assert {array.shape for array in arrays("without")} == {(60, 1)}


def test_what_counts_rows_in_front_of_nameless_columns_is_no_step():
    rows = "\n".join(f"{i},{row}" for i, row in enumerate(beats().split("\n")))
    assert "left out: column0 (--label COLUMN)" in add(rows, layout="series-a-row", padding="keep")
    assert {array.shape for array in arrays()} == {(60, 1)}


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
