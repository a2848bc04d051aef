"""Tables of the kinds that people have, written as they write them: one series in many forms, and panels of several."""

import numpy as np
import pandas as pd

ROWS = 120
DAYS = pd.date_range("2020-01-01", periods=ROWS, freq="D")
Y = (np.sin(np.arange(ROWS) * 2 * np.pi / 12) + 0.1 * np.random.default_rng(0).standard_normal(ROWS)).round(3)
"""The series that every form of `SERIES` holds, alone."""
SEQUENCES = [np.random.default_rng(i).standard_normal(24).round(3) for i in range(12)]
"""The sequences that every form of `PANELS` holds."""


def text(frame: pd.DataFrame, **options: object) -> str:
    """A table as text; commas between columns unless asked otherwise."""
    return frame.to_csv(index=False, **options)  # type: ignore[call-overload]


def _series(**columns: object) -> str:
    return text(pd.DataFrame({**columns, "y": Y}))


def _comma(values: np.ndarray) -> list[str]:
    return [str(value).replace(".", ",") for value in values]


def _months(names: str) -> list[str]:
    """Months of ten years in the words of a language."""
    return [f"{names.split()[i % 12]} {2010 + i // 12}" for i in range(ROWS)]


GERMAN = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
FRENCH = "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."
SPANISH = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"
ITALIAN = "lun mar mer gio ven sab dom"


SERIES: dict[str, str] = {
    "a row number without a name": pd.DataFrame({"y": Y}).to_csv(),
    "a counter": _series(year=1900 + np.arange(ROWS)),
    "a counter behind": text(pd.DataFrame({"y": Y, "n": np.arange(ROWS) * 10})),
    "a counter beside dates": _series(day=DAYS, id=np.arange(ROWS)),
    "times that rise unevenly": _series(q=np.cumsum(np.random.default_rng(1).uniform(0.5, 1.5, ROWS)).round(3)),
    "days": _series(ds=DAYS),
    "days not in order": text(pd.DataFrame({"ds": DAYS, "y": Y}).sample(frac=1, random_state=1)),
    "the newest day first": text(pd.DataFrame({"ds": DAYS, "y": Y})[::-1]),
    "days as numbers": _series(ds=DAYS.strftime("%Y%m%d")),
    "months": _series(month=pd.date_range("2010-01-01", periods=ROWS, freq="MS").strftime("%Y-%m")),
    "months in words": _series(m=pd.date_range("2010-01-01", periods=ROWS, freq="MS").strftime("%b %Y")),
    "months in German": _series(m=_months(GERMAN)),
    "months in French": _series(m=_months(FRENCH)),
    "days in Spanish": _series(d=[f"{day.day} de {SPANISH.split()[day.month - 1]} de {day.year}" for day in DAYS]),
    "days of the week in Italian": _series(d=[f"{ITALIAN.split()[d.weekday()]} {d:%d %b %Y}" for d in DAYS]),
    "weeks": _series(w=[f"{2018 + i // 52}-W{i % 52 + 1:02}" for i in range(ROWS)]),
    "weeks and their days": _series(w=[f"2024W{i // 7 + 1:02}{i % 7 + 1}" for i in range(ROWS)]),
    "weeks in German": _series(w=[f"KW {i % 52 + 1}/{2018 + i // 52}" for i in range(ROWS)]),
    "times of a log": _series(w=[f"10/Oct/2000:{i // 60:02}:{i % 60:02}:36 -0700" for i in range(ROWS)]),
    "times of C": _series(w=pd.date_range("2020-01-01", periods=ROWS, freq="h").strftime("%a %b %d %H:%M:%S %Y")),
    "hours that end at 24:00, before their day": _series(
        at=[f"{i % 24 + 1:02}:00" for i in range(ROWS)], day=DAYS[np.arange(ROWS) // 24].date
    ),
    "times that go on beyond a day": _series(elapsed=[f"{i // 2}:{i % 2 * 30:02}:00" for i in range(ROWS)]),
    "months as numbers": _series(m=pd.date_range("2010-01-01", periods=ROWS, freq="MS").strftime("%Y%m")),
    "quarters": _series(q=[f"{1970 + i // 4} Q{i % 4 + 1}" for i in range(ROWS)]),
    "quarters without a space": _series(q=[f"{1970 + i // 4}Q{i % 4 + 1}" for i in range(ROWS)]),
    "the day first": _series(when=DAYS.strftime("%d/%m/%Y")),
    "the day first, with points": _series(datum=DAYS.strftime("%d.%m.%Y")),
    "the month first": _series(when=DAYS.strftime("%m/%d/%Y")),
    "days in words": _series(when=DAYS.strftime("%d %b %Y")),
    "time zones that change": _series(w=[f"{d.date()}T00:00:00+0{1 + (i > 60)}:00" for i, d in enumerate(DAYS)]),
    "seconds since 1970": _series(w=DAYS.astype("datetime64[s]").astype("int64")),
    "milliseconds since 1970, not in order": text(
        pd.DataFrame({"w": DAYS.astype("datetime64[ms]").astype("int64"), "y": Y}).sample(frac=1, random_state=1)
    ),
    "milliseconds of a day and an hour": _series(
        day=DAYS.astype("datetime64[ms]").astype("int64")[np.arange(ROWS) // 24], hour=np.arange(ROWS) % 24
    ),
    "the day first, by its points": _series(w=[f"01.{i % 12 + 1:02}.{2010 + i // 12}" for i in range(ROWS)]),
    "hours": _series(w=pd.date_range("2020-01-01", periods=ROWS, freq="h")),
    "a day and an hour": _series(day=DAYS[np.arange(ROWS) // 24].date, hour=np.arange(ROWS) % 24),
    "a day and a time": _series(day=DAYS[np.arange(ROWS) // 24].date, at=[f"{i % 24:02}:00" for i in range(ROWS)]),
    "a decimal comma": text(pd.DataFrame({"ds": DAYS, "y": _comma(Y)}), sep=";"),
    "a decimal comma in quotes": text(pd.DataFrame({"ds": DAYS, "y": _comma(Y)})),
    "a sign of percent": _series(ds=DAYS).replace("\n", "%\n").replace("y%", "y"),
    "a unit behind": _series(ds=DAYS).replace("\n", " kg\n").replace("y kg", "y"),
    "a currency before": text(pd.DataFrame({"ds": DAYS, "y": [f"{'-' if v < 0 else ''}${abs(v)}" for v in Y]})),
    "a constant column": _series(ds=DAYS, site=7),
    "a constant text": _series(ds=DAYS, note="ok"),
    "notes": _series(ds=DAYS, note=[f"seen by {i}" for i in range(ROWS)]),
    "an empty column": _series(ds=DAYS, empty=""),
    "blanks around cells": "\n".join(f" {line.replace(',', ' , ')} " for line in _series(ds=DAYS).splitlines()),
    "a column that is constant in train": _series(ds=DAYS, alarm=(np.arange(ROWS) > 100).astype(int)),
}  # fmt: skip
"""Forms of `Y`, each of which is that series and nothing else."""


def panel(shuffled: bool = False, **names: str) -> pd.DataFrame:
    """A long table of `SEQUENCES` with a key, a step and a value, under other names where they are given."""
    parts = [pd.DataFrame({"key": i, "step": range(len(s)), "x": s}) for i, s in enumerate(SEQUENCES)]
    whole = pd.concat(parts).rename(columns=names)
    return whole.sample(frac=1, random_state=0) if shuffled else whole


def _two_keys() -> pd.DataFrame:
    frame = panel(key="store", step="day")
    frame.insert(0, "country", [["de", "fr", "it"][number // 4] for number in frame.store])
    frame["store"] %= 4
    return frame.assign(day=[str(DAYS[step].date()) for step in frame.day])


PANELS: dict[str, str] = {
    "a number and a counter": text(panel(key="unit", step="cycle")),
    "a counter from one": text(panel(key="unit", step="cycle").assign(cycle=lambda frame: frame.cycle + 1)),
    "a name and a day, by day": text(
        panel(key="symbol", step="day")
        .assign(symbol=lambda f: [f"S{i}" for i in f.symbol], day=lambda f: [str(DAYS[i].date()) for i in f.day])
        .sort_values(["day", "symbol"])
    ),
    "usual names, shuffled": text(panel(key="id", step="t", shuffled=True)),
    "two keys": text(_two_keys()),
    "a subject that restarts": text(panel(key="subject", step="n")),
    "a name beside the number": text(panel(key="unit", step="cycle").assign(name=lambda f: [f"unit {i}" for i in f.unit])),
    "a day that goes on": text(
        panel(key="unit", step="cycle").assign(cycle=lambda f: [str(DAYS[i].date()) for i in f.cycle], row=range(12 * 24))
    ),
}  # fmt: skip
"""Forms of `SEQUENCES`, each of which is those and nothing else."""

GAPPED = text(pd.DataFrame({"time": np.r_[0:60, 200:260], "y": Y}))
"""Two stretches of time, each a step a row."""


def incomplete(cell: str) -> str:
    """A series of which three rows have a cell without a number."""
    rows = [f"{day.date()},{cell if i in (5, 60, 61) else Y[i]}" for i, day in enumerate(DAYS)]
    return "\n".join(["ds,y", *rows])


INCOMPLETE = {cell: incomplete(cell) for cell in ("", "?", "NA", "-", "n/a", "nan", "null")}
"""What stands in three rows of a series -> the series."""
FAR = INCOMPLETE["?"].replace("?", "-999")
"""Three rows of a series have a number that is far from all others."""


def wide(label: bool = True, names: str = "t{}") -> str:
    """Forty rows of thirty steps of a wave, fast or slow, as archives of time series have them."""
    random = np.random.default_rng(0)
    waves = [np.sin(np.arange(30) * (0.3 + 0.3 * (i % 2)) + random.random()).round(3) for i in range(40)]
    frame = pd.DataFrame(waves, columns=[names.format(i) for i in range(30)])
    if label:
        frame.insert(0, "kind", ["ab"[i % 2] for i in range(40)])
    return text(frame)


def labelled(kinds: list[str], steps: int = 20, **columns: list[object]) -> str:
    """A sequence for each kind, with other columns of a value a sequence."""
    random = np.random.default_rng(0)
    rows = [
        pd.DataFrame({"id": i, "t": range(steps), "x": random.standard_normal(steps).round(3), "kind": kind}).assign(
            **{name: values[i] for name, values in columns.items()}
        )
        for i, kind in enumerate(kinds)
    ]
    return text(pd.concat(rows))


def _with(**columns: object) -> str:
    return text(pd.DataFrame({"ds": DAYS, **columns, "y": Y}))


RANDOM = np.random.default_rng(5)
QUESTIONS: dict[str, tuple[str, set[str]]] = {
    "codes or amounts": (_with(state=RANDOM.integers(0, 5, ROWS) * 10 + 100), {"--codes state", "--numbers state"}),
    "a number for what is missing": (FAR, {"--na=-999 --missing last", "--na none"}),
    "commas of thousands or fractions": (
        text(pd.DataFrame({"ds": DAYS, "z": [f"{int(v):,}" for v in RANDOM.uniform(1000, 9999, ROWS)]})),
        {"--decimal comma", "--decimal point"},
    ),
    "days or months first": (
        text(pd.DataFrame({"w": [f"0{i % 9 + 1}/0{i // 9 + 1}/2020" for i in RANDOM.permutation(81)], "y": Y[:81]})),
        {"--dates day-first", "--dates month-first"},
    ),
    "a count that is not in order": (
        text(pd.DataFrame({"k": RANDOM.permutation(ROWS), "y": Y})),
        {"--order k", "--order none --numbers k"},
    ),
    "a time that is none": (
        text(pd.DataFrame({"t": RANDOM.standard_normal(ROWS), "y": Y})),
        {"--order t", "--order none --numbers t"},
    ),
    "rows of a series": (wide(), {"--label kind --series-a-row", "--step-a-row"}),
    "rows of a series without names": (wide(label=False, names="c{}x"), {"--series-a-row", "--step-a-row"}),
    "a person of several sequences": (
        labelled(["a", "b"] * 12, p=[i // 3 for i in range(24)]),
        {"--group p --label kind", "--label kind --numbers p", "--label kind --without p"},
    ),
    "a value a sequence": (
        labelled(["a", "b"] * 12),
        {"--label kind", "--group kind", "--codes kind", "--without kind"},
    ),
    "what is left until an end": (
        text(panel(key="id", step="t").assign(left=lambda frame: 30 - frame.t)),
        {"--label left", "--without left", "--numbers left"},
    ),
    "blocks of rows": (
        text(panel(key="pump").drop(columns="step")),
        {"--sequence pump", "--sequence none"},
    ),
    "several keys": (
        text(panel(key="unit", step="cycle").assign(
            other=lambda frame: (frame.unit + 5 * (frame.cycle > 11)) % 12, name=lambda frame: [f"n{i}" for i in frame.unit]
        )),
        {"--sequence unit --order cycle", "--sequence other --order cycle"},
    ),
    "sequences and steps, shuffled": (
        text(panel(key="u", step="c", shuffled=True)),
        {"--sequence u --order c", "--sequence c --order u", "--sequence none --numbers u,c"},
    ),
    "uneven times, shuffled": (
        text(pd.DataFrame({"q": np.cumsum(RANDOM.uniform(0.5, 1.5, ROWS)).round(3), "y": Y}).sample(frac=1, random_state=2)),
        {"--order q", "--order none --numbers q"},
    ),
    "uneven times, shuffled, with gaps": (
        text(pd.DataFrame({"q": np.cumsum(RANDOM.uniform(0.5, 1.5, ROWS)).round(3), "y": Y}).assign(
            y=lambda frame: frame.y.astype(object).where(frame.index % 9 != 4, "?")).sample(frac=1, random_state=2)),
        {"--order q", "--order none --numbers q"},
    ),
    "a key that lacks another": (
        text(_two_keys().rename(columns={"store": "id"})),
        {"--sequence id,country --order day", "--order none"},
    ),
}  # fmt: skip
"""What can be read in several ways -> a table, and the options of each reading beside those that are given."""
GIVEN = {"a person of several sequences": {"label": "kind"}, "a key that lacks another": {}}
"""What is chosen beforehand in a question of `QUESTIONS`."""
