"""Further tables as users have them: separators at the end of rows, dates for columns, limits of detection."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from gatebench.data import cards
from support.adding import add_table, asked, refused, whole

DAYS = pd.date_range("2021-01-01", periods=60)
Y = (np.sin(np.arange(60) / 3) * 5).round(3)


def test_a_separator_at_the_end_of_each_row_but_the_header_moves_no_name():
    add_table("day,y,z\n" + "".join(f"{day.date()},{y},{2 * y + 1},\n" for day, y in zip(DAYS, Y, strict=True)))
    assert cards.load("mine").names == ("y", "z")
    assert np.allclose(whole(), np.stack([Y, 2 * Y + 1], 1))


def test_a_row_name_as_r_writes_it_still_is_one():
    lines = add_table("y,z\n" + "".join(f"{row},{y},{y * y + 1}\n" for row, y in enumerate(Y, 1)))
    assert "header: of all columns but the first, as R writes it, which is called row" in lines
    assert np.allclose(whole(), np.stack([Y, Y * Y + 1], 1))


def test_dates_for_columns_are_asked_about_and_are_steps_of_rows():
    days = [f"{day.month}/{day.day}/{day.year % 100}" for day in DAYS[:40]]
    counts = np.random.default_rng(0).poisson(20, (30, 40)).cumsum(1)
    rows = [f"place {i},{i * 1.37 % 5:.2f},{','.join(map(str, of_row))}\n" for i, of_row in enumerate(counts)]
    table = f"place,lat,{','.join(days)}\n{''.join(rows)}"
    commands = asked(table)
    assert [command.split()[-1] for command in commands] == ["--series-a-row", "--step-a-row"]
    add_table(table, layout="series-a-row")
    assert sorted(map(tuple, whole().reshape(30, 40).tolist())) == sorted(map(tuple, counts.astype(float).tolist()))


def test_a_limit_of_detection_is_named_as_a_shell_takes_it():
    table = "day,y\n" + "".join(f"{day.date()},{'<0.5' if abs(y) < 0.5 else y}\n" for day, y in zip(DAYS, Y, strict=True))
    Path("x.csv").write_text(table)
    assert "--na '<0.5'" in refused(Path("x.csv"))
    lines = add_table(table, na=["<0.5"], missing="last")
    assert any(line.startswith("missing: ") for line in lines)


def test_an_empty_line_in_one_column_is_a_missing_value():
    table = "y\n" + "\n".join("" if i in (7, 30) else str(y) for i, y in enumerate(Y)) + "\n\n\n"
    Path("x.csv").write_text(table)
    assert "row 8, column y is empty, NaN or infinite (as row 31); missing are 2 of 60 in column y" in refused(Path("x.csv"))
    add_table(table, missing="last")
    assert len(whole()) == 60
    assert whole()[7] == whole()[6] == Y[6]


def test_a_usual_mark_of_what_is_missing_is_asked_about_where_it_stands_once():
    def table(odd: float) -> str:
        return "y,z\n" + "".join(f"{odd if i == 20 else y},{2 * y + 1}\n" for i, y in enumerate(Y))

    assert [re.findall(r"--na[= ](\S+)", command) for command in asked(table(-999))] == [["-999"], ["none"]]
    add_table(table(-700.5))
    assert whole()[20, 0] == -700.5
