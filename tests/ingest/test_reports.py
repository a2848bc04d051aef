"""Tables as programs and people write them: titles, totals, headers that come again, dates in parts, names of things."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gatebench.data import cards
from gatebench.ingest import delimited
from support import kinds
from support.adding import add, add_table, arrays, asked, refused, same, whole

DAYS = [str(day.date()) for day in kinds.DAYS]
ROWS = [f"{day},{y}" for day, y in zip(DAYS, kinds.Y, strict=True)]
PLAIN = "\n".join(["day,sales", *ROWS])

REPORTS = {
    "a title": (f"Report of station 5\n\n{PLAIN}", "title: 1 line(s) above the header are skipped: Report of station 5"),
    "titles of empty cells": (f"Report,\nmade by Anna,\n{PLAIN}", "title: 2 line(s) above the header are skipped: Report,"),
    "a table of the place": (
        f"latitude,longitude,elevation\n52.52,13.42,38.0\n\n{PLAIN}",
        "title: 2 line(s) above the header are skipped: latitude,longitude,elevation; 52.52,13.42,38.0",
    ),
    "a total": (f"{PLAIN}\nTotal,123.4", "left out: the last row, which is called 'Total'"),
    "a sum and a mean": (f"{PLAIN}\nSum:,12.5\nMean,1.5", "left out: the last row, which is called 'Sum:'"),
    "a header again": ("\n".join(["day,sales", *ROWS[:50], "day,sales", *ROWS[50:]]), "left out: 1 row(s) that repeat"),
    "row names of R": (
        "\n".join(["day,sales", *(f"{i},{row}" for i, row in enumerate(ROWS, 1))]),
        "header: of all columns but the first, as R writes it",
    ),
}


@pytest.mark.parametrize(("content", "said"), REPORTS.values(), ids=REPORTS)
def test_what_is_no_data_is_left_out_and_said(content: str, said: str):
    assert any(line.startswith(said) for line in add_table(content)), said
    assert whole()[:, 0].tolist() == kinds.Y.tolist()


@pytest.mark.parametrize("names", ["day,highest", "time (UTC),highest"])
def test_a_second_table_below_a_blank_line_is_no_part_of_the_first(names: str):
    Path("x.csv").write_text(f"{PLAIN}\n\n{names}\n2024-01-01,3.5\n2024-01-02,4.5\n")
    line = refused(Path("x.csv"), "steps")
    assert f"x.csv has two tables, of which another one begins with {names.replace(',', ', ')} below a blank line" in line
    assert line.endswith("expected one: write the lines of one into a file of its own")


def test_rows_of_separators_alone_are_left_out_and_said():
    """Whole numbers beside them are such again: here days, 20240101, and not amounts."""
    rows = [f"{day:%Y%m%d};{y};{i % 5}" for i, (day, y) in enumerate(zip(kinds.DAYS, kinds.Y, strict=True))]
    lines = add_table("\n".join(["day;y;n", *rows, *[";;"] * 40]), numbers=["n"])
    assert "left out: 40 row(s) with nothing in them" in lines
    assert any(line.startswith("order: by column day") for line in lines)
    assert whole().tolist() == [[y, i % 5] for i, y in enumerate(kinds.Y)]


def test_a_row_of_separators_alone_between_others_is_a_step_unless_a_column_says_no():
    rows = [f"{day},{y},{i % 7}" for i, (day, y) in enumerate(zip(DAYS, kinds.Y, strict=True))]
    lines = add_table("\n".join(["day,y,n", *rows[:50], ",,", *rows[50:], ",,"]), numbers=["n"])
    assert "left out: 2 row(s) with nothing in them" in lines
    assert whole()[:, 0].tolist() == kinds.Y.tolist()
    numbers = [f"{y},{i % 7}" for i, y in enumerate(kinds.Y)]
    Path("x.csv").write_text("\n".join(["y,n", *numbers[:50], ",", *numbers[50:], ","]))
    assert "missing are 1 of 121 in column y, 1 of 121 in column n" in refused(Path("x.csv"), "steps", numbers=["n"])


def test_a_word_for_a_total_among_words_is_one():
    words = np.random.default_rng(0).choice(["cat", "sat", "total", "mat"], 239).tolist()
    rows = [f"{i // 20},{word}" for i, word in enumerate([*words, "total"])]
    add_table("id,word\n" + "\n".join(rows), sequence="id")
    assert sum(map(len, arrays())) == 240


def test_a_spreadsheet_with_titles_and_a_total(home: Path):
    frame = pd.DataFrame({"day": kinds.DAYS, "sales": kinds.Y})
    with pd.ExcelWriter(home / "x.xlsx") as book:
        frame.to_excel(book, index=False, startrow=3, startcol=1)
        sheet = book.sheets["Sheet1"]
        sheet["B1"] = "Report of sales"
        sheet["B125"], sheet["C125"] = "Total", 12.5
    lines = add(home / "x.xlsx")
    assert "title: 3 row(s) above the header are skipped" in lines
    assert "left out: the last row, which is called 'Total'" in lines
    assert whole()[:, 0].tolist() == kinds.Y.tolist()


@pytest.mark.parametrize("rows", [["a,b", "1,2", "3,4"], ["a", "1", "2", "3"], ["a b", "1 2", "3 4"], [",y", "0,1", "1,2"]])
def test_a_header_is_no_title(rows: list[str]):
    layout = delimited.find_layout(rows + rows[1:] * 4, "x.csv")
    assert (layout.comments, [line for line in layout.lines if line.startswith("title")]) == (0, [])


# Dates in several columns


def test_a_year_a_month_and_a_day_are_a_date():
    columns = {"year": kinds.DAYS.year, "month": kinds.DAYS.month, "day": kinds.DAYS.day}
    frame = pd.DataFrame({**columns, "y": kinds.Y}).sample(frac=1, random_state=0)
    lines = add_table(frame.to_csv(index=False))
    assert any(line.startswith("order: by columns year, month, day, the parts of a date") for line in lines)
    assert whole()[:, 0].tolist() == kinds.Y.tolist()


def test_a_year_and_a_month_are_known_by_their_values():
    months = pd.date_range("1990-01-01", periods=kinds.ROWS, freq="MS")
    frame = pd.DataFrame({"blorp": months.month, "zig": months.year, "wug": kinds.Y})
    lines = add_table(frame.to_csv(index=False))
    assert any(line.startswith("order: by columns zig, blorp, the parts of a date") for line in lines)
    assert whole()[:, 0].tolist() == kinds.Y.tolist()


@pytest.mark.parametrize(("first", "header"), [("1749-01", "Year;Month;SSN\n"), ("1749-07", ""), ("1659-03", "")])
def test_months_of_many_years_are_one_series(first: str, header: str):
    months = pd.period_range(first, periods=3300, freq="M")
    spots = (np.sin(np.arange(3300) / 21) * 80 + 90).round(1)
    text = "".join(f"{month:%Y;%m}; {y:5}\n" for month, y in zip(months, spots, strict=True))
    lines = add_table(header + text)
    names = "Year, Month" if header else "column0, column1"
    assert any(line.startswith(f"order: by columns {names}, the parts of a date") for line in lines)
    assert whole()[:, 0].tolist() == spots.tolist()


def test_hours_before_and_after_noon():
    hours = pd.date_range("2021-03-05", periods=kinds.ROWS, freq="h")
    frame = pd.DataFrame({"Date": hours.strftime("%m/%d/%Y"), "Time": hours.strftime("%I:%M %p"), "kWh": kinds.Y})
    lines = add_table(frame.sample(frac=1, random_state=0).to_csv(index=False), dates="month-first")
    assert any(line.startswith("order: by columns Date, Time, the hours of days") for line in lines)
    assert whole()[:, 0].tolist() == kinds.Y.tolist()


# What has a series of its own


def test_a_time_that_begins_anew_within_a_named_sequence_is_asked_about():
    random = np.random.default_rng(0)
    rows = [
        f"{trial},{channel},{4 * t},{random.standard_normal():.3f}"
        for trial in range(12)
        for channel in "xyz"
        for t in range(20)
    ]
    commands = asked("trial,channel,ms,uV\n" + "\n".join(rows))
    assert [command.partition("--name mine ")[2] for command in commands] == [
        "--sequence trial,channel --order ms",
        "--sequence trial --order none --numbers ms",
    ]
    add_table("trial,channel,ms,uV\n" + "\n".join(rows), sequence="trial,channel", order="ms")
    assert {array.shape for array in arrays()} == {(20, 1)}


@pytest.mark.parametrize("name", ["user_id", "Device", "track"])
def test_things_with_names_whose_times_never_coincide_are_asked_about(name: str):
    rows = [f"{kinds.DAYS[0] + pd.Timedelta(hours=i)},u{i % 12},{kinds.Y[i]}" for i in range(kinds.ROWS)]
    commands = asked(f"at,{name},y\n" + "\n".join(rows))
    assert [command.partition("--name mine ")[2] for command in commands] == [
        f"--sequence {name}", f"--codes {name}", f"--without {name}",
    ]  # fmt: skip
    add_table(f"at,{name},y\n" + "\n".join(rows), sequence=name)
    assert same(arrays(), [kinds.Y[i::12][:, None] for i in range(12)])


def test_pulses_in_rows_are_asked_about():
    random = np.random.default_rng(0)
    beats = [np.exp(-(((np.arange(60) - 15 - 10 * (i % 3)) / 3) ** 2)) + 0.02 * random.random(60) for i in range(60)]
    rows = [",".join(f"{value:.5e}" for value in [*beat, i % 3]) for i, beat in enumerate(beats)]
    commands = asked("\n".join(rows))
    assert commands[0].endswith("--label column60 --series-a-row")


def test_names_of_rows_are_no_label():
    commands = asked(
        "\n".join(f"{'name' if not i else f'Y{i}'},{row}" for i, row in enumerate(kinds.wide(label=False).splitlines()))
    )
    assert commands[0].endswith("--name mine --series-a-row")


# Texts and arrays that are tables


def test_a_text_of_columns_is_a_table(home: Path):
    (home / "x.txt").write_text(PLAIN.replace(",", ";"))
    lines = add(home / "x.txt")
    assert (
        "table: read as one, since all lines have 2 cells parted by ';', some of numbers alone (--tokens character)" in lines
    )
    assert whole()[:, 0].tolist() == kinds.Y.tolist()
    (home / "y.txt").write_text("one, two, and three\nno, it is, not\n" * 20)
    assert any(line.startswith("tokens: characters") for line in add(home / "y.txt", "prose"))


def test_lines_of_several_numbers_are_asked_about(home: Path):
    random = np.random.default_rng(0)
    lines = [" ".join(map(str, random.integers(1, 9, int(random.integers(4, 12))))) for _ in range(40)]
    (home / "x.txt").write_text("\n".join(lines))
    line = refused(home / "x.txt")
    assert "all lines are of whole numbers, some of more than others; choose one" in line
    assert "--tokens word --sequence-a-line`" in line
    assert "--tokens character`" in line
    add(home / "x.txt", tokens="word", sequence_a_line=True)
    card = cards.load("mine")
    assert sorted(" ".join(card.names[i] for i in array[:, 0]) for array in arrays()) == sorted(lines)


def test_records_below_a_name_and_objects_in_them(home: Path):
    records = [{"day": day, "at": {"x": y, "z": -y * y}} for day, y in zip(DAYS, kinds.Y.tolist(), strict=True)]
    (home / "x.json").write_text(json.dumps({"device": {"rate": 50}, "data": records}))
    add(home / "x.json")
    assert cards.load("mine").names == ("at.x", "at.z")
    assert whole()[:, 0].tolist() == kinds.Y.tolist()


def test_arrays_with_names_of_their_own_are_columns(home: Path):
    np.savez(home / "x.npz", temperature=kinds.Y, wind=kinds.Y**2)
    lines = add(home / "x.npz")
    assert "sequences: one series of 120 steps, a column an array: temperature, wind" in lines
    assert cards.load("mine").names == ("temperature", "wind")
    assert whole().tolist() == np.stack([kinds.Y, kinds.Y**2], 1).tolist()
