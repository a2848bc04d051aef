"""Tables as weather services, exchanges, clinics, meters and logs hand them out."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gatebench.cli.parser import command_line_parser
from gatebench.data import cards
from support.adding import add, add_table, arrays, asked, refused, same, whole

ROWS = 60
Y = (np.sin(np.arange(ROWS) / 3) * 5 + 20).round(3)
HOURS = pd.date_range("2024-03-30", periods=ROWS, freq="h")


def rows(times: object, *, parted: str = ",") -> str:
    """A line for each time and value."""
    return "".join(f"{time}{parted}{y}\n" for time, y in zip(list(times), Y, strict=True))  # type: ignore[call-overload]


def refused_table(text: str, name: str = "x.csv") -> str:
    Path(name).write_text(text)
    return refused(Path(name))


def readings(text: str) -> list[str]:
    """The options of the readings of a question about a table."""
    return [command.split(" mine ")[1] for command in asked(text)]


def test_events_of_many_cases_are_asked_about_and_never_one_series():
    """Texts of more than 32 kinds are no categories, but what tells things apart has as many as there are things."""
    generator = np.random.default_rng(0)
    events = [(f"case {i}", word) for i in range(40) for word in generator.choice(["ask", "check", "pay", "end"], 3 + i % 4)]
    times = pd.date_range("2024-01-01", periods=len(events), freq="37min")
    lines = "".join(f"{case},{word},{time}\n" for (case, word), time in zip(events, times, strict=True))
    assert readings(f"Case ID,activity,timestamp\n{lines}") == [
        "--sequence 'Case ID'", "--codes 'Case ID'", "--without 'Case ID'",
    ]  # fmt: skip
    assert readings(f"what,activity,timestamp\n{lines}")[0] == "--sequence what"
    add_table(f"Case ID,activity,timestamp\n{lines}", sequence="Case ID")
    assert len(arrays()) == 40
    assert cards.load("mine").kind == "symbols"


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("%Y%m%d%H", "days and hours as numbers"),
        ("%Y%m%d%H%M", "days and minutes as numbers"),
        ("%Y%m%d%H%M%S", "days and seconds as numbers"),
    ],
)
def test_a_day_and_a_time_in_one_number_are_no_seconds_since_1970(form: str, said: str):
    lines = add_table("MESS_DATUM;TT\n" + rows(HOURS.strftime(form), parted=";"))
    assert f"order: by column MESS_DATUM (--order COLUMN), {said}" in lines
    assert not any(line.startswith("steps: ") for line in lines)
    assert whole()[:, 0].tolist() == Y.tolist()


ZONED = {
    "one zone": [f"{time} UTC" for time in HOURS],
    "one zone behind AM and PM": [f"{time:%m/%d/%Y %I:%M %p} EST" for time in HOURS],
    "a clock that is changed": [
        f"{time:%Y-%m-%d %H:%M} {time:%Z}"
        for time in pd.date_range("2024-03-30", periods=ROWS, freq="h", tz="Europe/Berlin")
    ],
    "intervals": [f"{time:%d.%m.%Y %H:%M} - {time + pd.Timedelta(hours=1):%d.%m.%Y %H:%M}" for time in HOURS],
    "intervals by ISO 8601": [f"{time:%Y-%m-%dT%H:%MZ}/{time + pd.Timedelta(hours=1):%Y-%m-%dT%H:%MZ}" for time in HOURS],
}


@pytest.mark.parametrize("form", ZONED)
def test_times_with_a_zone_and_intervals_put_rows_in_order(form: str):
    times = pd.Series(ZONED[form])
    shuffled = np.random.default_rng(0).permutation(ROWS)
    lines = add_table("when,y\n" + "".join(f"{times[i]},{Y[i]}\n" for i in shuffled))
    assert any(line.startswith("order: by column when (--order COLUMN)") for line in lines)
    assert not any(line.startswith("steps: ") for line in lines)
    assert whole()[:, 0].tolist() == Y.tolist()


AMOUNTS = {
    "a currency in letters": ([f"CHF {1000 * y:,.2f}".replace(",", "'") for y in Y], (1000 * Y).round(2)),
    "a dollar of a country": ([f"US${y:.3f}" for y in Y], Y),
    "thousands and millions": (
        [f"{y:.3f}{'K' if i % 3 else 'M'}" for i, y in enumerate(Y)],
        np.array([y * (1e3 if i % 3 else 1e6) for i, y in enumerate(Y)]),
    ),
    "accountants": ([f"(${-z:,.2f})" if z < 0 else f"${z:,.2f}" for z in 100 * (Y - 20)], (100 * (Y - 20)).round(2)),
    "accountants alone": ([f"({1000 * y:,.2f})" for y in Y], (-1000 * Y).round(2)),
    "a typographic minus": ([f"{z:.3f}".replace("-", "\u2212") for z in Y - 20], (Y - 20).round(3)),
}


@pytest.mark.parametrize("form", AMOUNTS)
def test_amounts_are_read_as_people_write_them(form: str):
    texts, expected = AMOUNTS[form]
    add_table("day;y\n" + "".join(f"{day.date()};{text}\n" for day, text in zip(DAYS, texts, strict=True)))
    assert np.allclose(whole()[:, 0], expected)


DAYS = pd.date_range("2024-01-01", periods=ROWS)
UNREAD = {
    "two units": ([f"{y} {'kg' if i % 2 else 'lb'}" for i, y in enumerate(Y)], "look like amounts in no form"),
    "bytes, which are no billions": ([f"{y}K" if i % 4 else f"{100 + i}B" for i, y in enumerate(Y)], ""),
    "times of no form": ([f"{time:%Y-%m-%d %H:%M}h" for time in HOURS], "look like times in no form"),
}


@pytest.mark.parametrize("form", UNREAD)
def test_a_column_of_amounts_or_times_is_not_left_out_unseen(form: str):
    texts, said = UNREAD[form]
    table = "y,what it is\n" + "".join(f"{y},{text}\n" for y, text in zip(Y, texts, strict=True))
    line = refused_table(table)
    assert said in line
    assert "--without 'what it is'" in line
    add_table(table, without=["what it is"])
    assert whole()[:, 0].tolist() == Y.tolist()


@pytest.mark.parametrize("texts", [[f"10.0.{i}.1" for i in range(ROWS)], [f"img_{i}.png" for i in range(ROWS)]])
def test_names_of_rows_are_left_out_as_before(texts: list[str]):
    lines = add_table("y,name\n" + "".join(f"{y},{text}\n" for y, text in zip(Y, texts, strict=True)))
    assert f"left out: name, which has {ROWS} different texts (--columns A,B)" in lines


def test_texts_that_never_come_again_are_no_symbols():
    frames = np.random.default_rng(0).integers(0, 2**32, ROWS)
    line = refused_table("t,frame\n" + "".join(f"{i},{frame:08x}:ab\n" for i, frame in enumerate(frames)))
    assert f"column frame, the only one that is read, has {ROWS} different texts in {ROWS} rows" in line


def test_a_separator_that_ends_each_line_parts_nothing():
    table = "".join(f"{i % 3},{50 * i},{y:.6f};\n" for i, y in enumerate(Y))
    for name in ("x.csv", "x.txt"):
        Path(name).write_text(table)
        add(Path(name), name[2:], order="column1", numbers=["column0"])
        assert np.allclose(whole(name[2:])[:, 1], Y)


def test_a_header_may_stand_in_three_rows():
    lines = add_table(
        "Price,Close,High\nTicker,AAPL,AAPL\nDate,,\n"
        + "".join(f"{d.date()},{y},{y + 1}\n" for d, y in zip(DAYS, Y, strict=True))
    )
    assert "header: in 3 rows; all but the first are skipped: Ticker, AAPL, AAPL, Date" in lines
    assert whole()[:, 0].tolist() == Y.tolist()


def test_names_stand_above_units_in_comments():
    table = "#YY MM DD hh WSPD GST\n#yr mo dy hr m/s m/s\n" + "".join(
        f"{time:%Y %m %d %H} {y} {'MM' if i == 5 else y + 1}\n" for i, (time, y) in enumerate(zip(HOURS, Y, strict=True))
    )
    Path("x.txt").write_text(table)
    assert "row 6, column GST has 'MM'" in refused(Path("x.txt"))
    lines = add(Path("x.txt"), na=["MM"], missing="last")
    assert "header: in the last but one of these comments" in lines
    assert any(line.startswith("order: by columns YY, MM, DD, hh") for line in lines)


def test_years_are_a_header_below_titles_and_a_row_is_a_country():
    years = range(1980, 2020)
    walks = np.random.default_rng(0).standard_normal((12, 40)).cumsum(1).round(2)
    table = '"Data Source","Indicators",\n\n"Last Updated","2024-01-01",\n\n"Country","Code","Indicator",' + "".join(
        f'"{year}",' for year in years
    )
    lines = [f'"Land {i}","L{i}","GDP",{"".join(f"{value}," for value in walk)}' for i, walk in enumerate(walks)]
    assert readings("\n".join([table, *lines])) == ["--series-a-row", "--step-a-row"]
    add_table("\n".join([table, *lines]), layout="series-a-row")
    assert same(arrays(), [walk[:, None] for walk in walks])


def test_numbered_columns_of_counts_beside_names_of_rows_are_asked_about():
    counts = np.random.default_rng(0).poisson(1.0, (30, 20))
    table = "id,store,kind," + ",".join(f"d_{i}" for i in range(1, 21)) + "\n"
    table += "".join(f"a_{i},{'ns'[i % 2]},food,{','.join(map(str, of_row))}\n" for i, of_row in enumerate(counts))
    assert readings(table) == ["--label store --series-a-row", "--step-a-row"]


def test_no_label_is_proposed_that_rows_lack():
    table = "state,lat," + ",".join(f"1/{day}/20" for day in range(1, 32)) + "\n"
    table += "".join(
        f"{'' if i % 3 else 'ab'[i % 2]},{i * 1.5},{','.join(f'{y}' for y in Y[i : i + 31])}\n" for i in range(25)
    )
    assert readings(table) == ["--series-a-row", "--step-a-row"]


def panel(keys: list[object], times: int, start: object = 0) -> pd.DataFrame:
    frame = pd.MultiIndex.from_product([keys, range(times)], names=["key", "t"]).to_frame(index=False)
    return frame.assign(y=np.random.default_rng(0).standard_normal(len(frame)).round(3))


def test_two_keys_and_a_step_of_shuffled_rows_are_asked_about():
    frame = panel([(store, dept) for store in range(4) for dept in range(5)], 30).rename(columns={"t": "week"})
    frame = frame.assign(store=frame.key.str[0], dept=frame.key.str[1]).drop(columns="key")
    expected = [part.y.to_numpy()[:, None] for _, part in frame.groupby(["store", "dept"])]
    table = frame.sample(frac=1, random_state=0).to_csv(index=False)
    assert readings(table)[0] in ("--sequence store,dept --order week", "--sequence dept,store --order week")
    add_table(table, sequence="store,dept", order="week")
    assert same(arrays(), expected)


def test_uneven_times_of_patients_ask_for_the_patient():
    generator = np.random.default_rng(0)
    times = np.concatenate([generator.integers(1, 9, 30).cumsum() for _ in range(12)])
    frame = pd.DataFrame({"mmsi": np.repeat(generator.permutation(900)[:12] + 10_000, 30), "at": times})
    frame = frame.assign(at=pd.Timestamp("2024-01-01") + pd.to_timedelta(frame["at"], unit="min"))
    frame = frame.assign(y=generator.standard_normal(360).round(3))
    assert readings(frame.to_csv(index=False))[0] == "--sequence mmsi --order at"


def test_cells_that_were_merged_are_named():
    days = "".join(f"{DAYS[i // 12].date() if i % 12 == 0 else ''},{i % 12},{y}\n" for i, y in enumerate(Y))
    assert "column Date has nothing in 55 of 60 rows" in refused_table(f"Date,Hour,y\n{days}")
    visits = "".join(f"{f'P{i // 6}' if i % 6 == 0 else ''},{i % 6},{y}\n" for i, y in enumerate(Y))
    line = refused_table(f"Patient,t,y\n{visits}")
    assert "column Patient would if it were not empty in 50 rows" in line


def test_advice_is_a_command_that_can_be_pasted():
    Path("x.csv").write_text(
        "day,y\n" + "".join(f"{d.date()},{'-x' if i == 7 else y}\n" for i, (d, y) in enumerate(zip(DAYS, Y, strict=True)))
    )
    (advice,) = re.findall(r"missing: (--na\S+)", refused(Path("x.csv")))
    words = shlex.split(f"data add x.csv --missing last {advice}")
    options = command_line_parser().parse_args(words)
    assert options.na == ["-x"]


def test_dashes_of_any_number_are_missing():
    table = "day,y\n" + "".join(
        f"{d.date()},{'----' if i % 9 == 4 else y}\n" for i, (d, y) in enumerate(zip(DAYS, Y, strict=True))
    )
    assert "missing are 7 of 60 in column y" in refused_table(table)


def test_neither_reading_of_a_grid_of_texts_and_numbers_is_a_dead_end():
    lines = "".join(f"{room},{1.6e9 + 60 * i},{y}\n" for i, y in enumerate(Y) for room in ("kitchen", "bath"))
    assert readings(f"topic,ts,y\n{lines}") == [
        "--sequence topic --order ts", "--sequence none --codes topic --numbers ts",
    ]  # fmt: skip
    add_table(f"topic,ts,y\n{lines}", sequence="none", codes=["topic"], numbers=["ts"])


@pytest.mark.parametrize("form", ["columns below a name", "rows by number", "rows by date below a name"])
def test_json_as_programs_write_it(form: str):
    days = [str(day.date()) for day in DAYS]
    value: object = {"day": days, "y": Y.tolist()}
    if form == "columns below a name":
        value = {"latitude": 52.5, "units": {"y": "C"}, "hourly": value}
    else:
        by_number = {str(i): {"day": day, "y": y} for i, (day, y) in enumerate(zip(days, Y.tolist(), strict=True))}
        by_date = {day: {"open": y} for day, y in zip(days[::-1], Y.tolist()[::-1], strict=True)}
        value = by_number if form == "rows by number" else {"Meta Data": {"Symbol": "IBM"}, "Series": by_date}
    Path("x.json").write_text(json.dumps(value))
    add(Path("x.json"))
    assert whole()[:, 0].tolist() == Y.tolist()


TABLES_IN_TEXT = {
    "white space between names and numbers": "STN  WBAN   YEARMODA  TEMP\n"
    + "".join(f"724940 23234  {d:%Y%m%d}  {y:8.3f}\n" for d, y in zip(DAYS, Y, strict=True)),
    "comments, and formats below names": "# retrieved: 2024\n# for one site\nsite\tday\tflow\n5s\t20d\t14n\n"
    + "".join(f"USGS\t{d.date()}\t{y}\n" for d, y in zip(DAYS, Y, strict=True)),
    "Markdown": "| day | y |\n|-----|---|\n" + "".join(f"| {d.date()} | {y} |\n" for d, y in zip(DAYS, Y, strict=True)),
}


@pytest.mark.parametrize("form", TABLES_IN_TEXT)
def test_a_table_in_a_text_is_none_of_characters(form: str):
    Path("x.txt").write_text(TABLES_IN_TEXT[form])
    lines = add(Path("x.txt"))
    assert lines[0].startswith("table: read as one")
    assert whole()[:, 0].tolist() == Y.tolist()


def test_a_table_in_a_text_with_other_lines_is_refused_with_the_first_of_them():
    rest = "".join(f"   {1990 + i // 12}  {i % 12 + 1:2d}  {y:8.3f}\n" for i, y in enumerate(Y))
    line = refused_table(f"Cambridge\nLocation: 52.2 N, 26 metres\n  yyyy  mm  tmax\n   degC\n{rest}", "x.txt")
    assert "47 of its first 50 lines have 3 cells" in line
    assert "line 1 ('Cambridge') has 1" in line
    assert "--tokens character" in line


def test_a_line_of_more_cells_is_named_with_how_many_were_expected():
    line = refused_table("Track\nWGS 84\nReserved\n0,2,255,mine\n0\n" + rows(DAYS.date))
    assert "Expected 1 fields in line 4, saw 4); correct it: as many in each line" in line


def test_a_first_row_with_more_values_than_names_is_refused():
    text = "t,y\n1,2,3\n" + "".join(f"{i},{i * i % 7}\n" for i in range(2, 40))
    assert "has 2 name(s) in its header and 3 values in the row below it; expected as many" in refused_table(text)
