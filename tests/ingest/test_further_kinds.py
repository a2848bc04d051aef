"""Further tables as users have them: separators at the end of rows, dates for columns, durations, limits of detection."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

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


SECONDS = np.random.default_rng(3).integers(3000, 80_000, 60)


def of_seconds(form: str) -> str:
    """A table of durations beside days, each written in a form of hours, minutes and seconds."""
    parts = [(s // 3600, s % 3600 // 60, s % 60) for s in SECONDS.tolist()]
    cells = [form.format(h=h, m=m, s=s, hm=60 * h + m) for h, m, s in parts]
    return pd.DataFrame({"day": DAYS, "took": cells, "y": Y}).to_csv(index=False)


@pytest.mark.parametrize(
    "form", ["0 days {h:02}:{m:02}:{s:02}", "PT{h}H{m}M{s}S", "{h}h {m}m {s}s", "{h} hours {m} min {s} sec", "{hm}:{s:02}.0"]
)
def test_durations_are_seconds(form: str):
    lines = add_table(of_seconds(form))
    assert "numbers: took, numbers that are durations, in seconds" in lines
    assert np.allclose(whole()[:, 0], SECONDS)


def test_durations_that_may_be_times_of_a_day_are_left_out_and_it_is_said_how_they_are_read():
    lines = add_table(of_seconds("{h:02}:{m:02}:{s:02}"))
    assert any(
        line.startswith("left out: took, which holds times of day; if they are durations: --numbers took") for line in lines
    )
    add_table(of_seconds("{h:02}:{m:02}:{s:02}"), "said", numbers=["took"])
    assert np.allclose(whole("said")[:, 0], SECONDS)
    first = f"{SECONDS[0] // 3600:02}:"
    longer = of_seconds("{h:02}:{m:02}:{s:02}").replace(f",{first}", ",48:", 1)
    assert "numbers: took, numbers that are durations, in seconds" in add_table(longer, "longer")
    assert whole("longer")[0, 0] == SECONDS[0] % 3600 + 48 * 3600


@pytest.mark.parametrize("again", [False, True])
def test_times_without_a_day_put_nothing_in_order_that_stands_otherwise(again: bool):
    cells = [f"{s // 3600:02}:{s % 3600 // 60:02}:{s % 60:02}" for s in (np.repeat(SECONDS[:30], 2) if again else SECONDS)]
    table = pd.DataFrame({"took": cells, "y": Y, "z": np.random.default_rng(0).random(60)}).to_csv(index=False)
    commands = asked(table)
    assert "--numbers took" in commands[0]
    assert any("--order none --without took" in command for command in commands)
    lines = add_table(table, numbers=["took"])
    assert not any(line.startswith("order: by column took") for line in lines)
    assert np.allclose(whole()[:, 1], Y)


def test_names_with_numbers_are_no_durations_and_no_dates():
    rows = [
        f"{day.date()},{['3a', '4b', '5 m'][i % 3]},{['may 1', 'route 3'][i % 2]},{y}\n"
        for i, (day, y) in enumerate(zip(DAYS, Y, strict=True))
    ]
    lines = add_table("day,kind,name,y\n" + "".join(rows))
    assert any(line.startswith("categories: kind of 3") for line in lines)
    assert any(line.startswith("categories: name of 2") for line in lines)


def test_a_week_that_a_year_does_not_have_is_no_week():
    rows = [f"2021-W{i % 53 + 1:02},{y}\n" for i, y in enumerate(Y)]
    assert not any("weeks" in line for line in add_table("week,y\n" + "".join(rows), order="none"))


def test_answers_on_one_scale_are_asked_about_once():
    random = np.random.default_rng(0)
    frame = pd.DataFrame({f"q{i}": random.integers(1, 6, 100) for i in range(1, 6)}).assign(age=random.integers(18, 90, 100))
    commands = asked(frame.to_csv(index=False))
    assert [command.partition("--name mine ")[2] for command in commands] == [
        "--codes q1,q2,q3,q4,q5",
        "--numbers q1,q2,q3,q4,q5",
    ]
    assert any(
        line.startswith("columns: q1, q2, q3, q4, q5, age")
        for line in add_table(frame.to_csv(index=False), numbers=["q1", "q2", "q3", "q4", "q5"])
    )


def test_answers_on_another_scale_are_a_question_of_their_own():
    random = np.random.default_rng(3)
    rows = zip(random.integers(1, 6, 60), random.integers(1, 6, 60), random.integers(10, 15, 60), strict=True)
    table = "day,y,q1,q2,state\n" + "".join(
        f"{day.date()},{y},{','.join(map(str, row))}\n" for day, y, row in zip(DAYS, Y, rows, strict=True)
    )
    assert [command.split(" --")[-1] for command in asked(table)] == ["codes q1,q2", "numbers q1,q2"]


def test_what_changes_where_time_leaps_may_tell_sequences_apart():
    times = [f"2024-01-{run + 1:02}T10:{minute:02}:00Z" for run in range(12) for minute in range(20)]
    frame = pd.DataFrame({"activity": np.repeat([f"run {i}" for i in range(12)], 20), "time": times})
    frame["heart"] = 60 + np.random.default_rng(0).standard_normal(240).round(2)
    commands = asked(frame.to_csv(index=False))
    assert [command.partition("--name mine ")[2] for command in commands][:2] == ["--sequence activity", "--gaps cut"]
    lines = add_table(frame.to_csv(index=False), sequence="activity")
    assert any(line.startswith("sequences: 12, by column activity") for line in lines)
    frame["activity"] = np.roll(frame.activity, 3)
    assert not any("activity" in command for command in asked(frame.to_csv(index=False), "other"))
