"""Tables with a row a year and a column a month, or a day and its hours."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gatebench.core.errors import BadInput
from gatebench.data import cards
from support.adding import add_table, arrays, asked, refused, same, whole

Y = (np.sin(np.arange(720) / 2) * 9 + np.random.default_rng(0).standard_normal(720)).round(2)
MONTHS = Y[:360]
ENGLISH = "Jan,Feb,Mar,Apr,May,Jun,Jul,Aug,Sep,Oct,Nov,Dec"
GERMAN = "Januar,Februar,März,April,Mai,Juni,Juli,August,September,Oktober,November,Dezember"


def rows(values: np.ndarray, of_row: int, first: list[str], more: str = "") -> str:
    """Values with so many in a row, behind what the row is."""
    lines = values.reshape(-1, of_row)
    return "".join(f"{name},{','.join(map(str, line))}{more}\n" for name, line in zip(first, lines, strict=True))


YEARS = [str(1951 + row) for row in range(30)]
DAYS = [str(day.date()) for day in pd.date_range("2020-02-20", periods=30)]
GRIDS = {
    "months": (f"Year,{ENGLISH}\n{rows(MONTHS, 12, YEARS)}", "month"),
    "months in German": (f"Jahr,{GERMAN}\n{rows(MONTHS, 12, YEARS)}", "month"),
    "with averages": (f"Year,{ENGLISH},J-D,DJF\n{rows(MONTHS, 12, YEARS, ',1.5,***')}", "month"),
    "years of another name": (f"saison,{ENGLISH}\n{rows(MONTHS, 12, YEARS)}", "month"),
    "hours": (f"Date,{','.join(f'H{h + 1}' for h in range(24))}\n{rows(Y, 24, DAYS)}", "hour"),
    "times": (f"Date,{','.join(f'{h:02}:00' for h in range(24))},Total\n{rows(Y, 24, DAYS, ',70.5')}", "hour"),
}


@pytest.mark.parametrize("name", GRIDS)
def test_a_calendar_is_asked_about_and_every_answer_is_one(name: str):
    text, unit = GRIDS[name]
    commands = asked(text)
    assert [command.split()[-1] for command in commands] == ["--step-a-cell", "--step-a-row", "--series-a-row"]
    lines = add_table(text, layout="step-a-cell")
    assert any(re.match(rf"steps: an? {unit} each, of \d+ (year|day)s in rows", line) for line in lines)
    assert whole()[:, 0].tolist() == (MONTHS if unit == "month" else Y).tolist()
    assert cards.load("mine").names == ("value",)
    columns = 12 if unit == "month" else 24
    add_table(text, "rows", layout="step-a-row")
    assert len(whole("rows")) == 30
    add_table(text, "series", layout="series-a-row")
    assert {array.shape for array in arrays("series")} == {(columns, 1)}


def test_months_of_years_that_stand_backwards_are_put_in_order():
    add_table(f"Year,{ENGLISH}\n{rows(MONTHS.reshape(-1, 12)[::-1], 12, YEARS[::-1])}", layout="step-a-cell")
    assert whole()[:, 0].tolist() == MONTHS.tolist()


def test_averages_behind_the_months_are_left_out_and_said():
    lines = add_table(GRIDS["with averages"][0], layout="step-a-cell")
    assert "left out: J-D, DJF, behind the months of which they are averages or sums" in lines


def test_months_before_the_first_and_after_the_last_value_are_no_steps():
    cells = MONTHS.astype(str)
    cells[:2], cells[-3:] = "***", ""
    text = f"Year,{ENGLISH}\n{rows(cells, 12, YEARS)}"
    lines = add_table(text, layout="step-a-cell")
    assert "left out: 5 month(s) without a value, before the first or after the last" in lines
    assert whole()[:, 0].tolist() == MONTHS[2:-3].tolist()
    cells[100] = "***"
    with pytest.raises(BadInput, match="row 9"):
        add_table(f"Year,{ENGLISH}\n{rows(cells, 12, YEARS)}", "gap", layout="step-a-cell")


def test_places_with_months_are_sequences():
    text = f"Station,Year,{ENGLISH}\n" + rows(
        np.concatenate([MONTHS, MONTHS + 5]), 12, [f"{place},{year}" for place in ("A", "B") for year in YEARS]
    )
    add_table(text, layout="step-a-cell", sequence="Station", window=0)
    assert same(arrays("mine"), [part for y in (MONTHS, MONTHS + 5) for part in np.split(y[:, None], [252, 306])])


@pytest.mark.parametrize("header", ["place," + ENGLISH, "Year," + ENGLISH.replace("Mar,Apr", "Apr,Mar")])
def test_what_is_no_calendar_is_refused(header: str):
    with pytest.raises(BadInput, match="--step-a-cell is for a column of years beside one for each month"):
        add_table(f"{header}\n{rows(MONTHS, 12, [f'p{i}' for i in range(30)])}", layout="step-a-cell")


def test_layouts_of_tables_are_refused_for_arrays(home: Path):
    np.save(home / "x.npy", MONTHS.reshape(-1, 12))
    for layout in ("step-a-cell", "series-a-column"):
        assert f"--{layout} is given, but x.npy, a file of arrays, has nothing" in refused(home / "x.npy", layout=layout)


def test_blank_lines_part_a_calendar_whose_cells_are_steps():
    lines = rows(MONTHS, 12, YEARS).splitlines(keepends=True)
    decades = "\n".join("".join(lines[at : at + 10]) for at in (0, 10, 20))
    said = add_table(f"Year,{ENGLISH}\n{decades}", layout="step-a-cell", sequence="blank")
    assert "sequences: 3, a block between blank lines each (--sequence none)" in said
    assert sum(map(len, arrays())) == len(MONTHS)
