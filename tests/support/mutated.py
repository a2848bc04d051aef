"""Twenty layouts of tables, and random ways to write each: names, order, separators, encodings, dates, missing values."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

ROWS = 96
"""Rows of a series."""
UNITS, STEPS = 12, 24
"""Sequences of a panel, and their steps."""
NONSENSE = ["blorp", "zig", "quüx", "wug", "dax", "fep", "toma", "gasser", "Ñik", "pilk"]
"""Names that say nothing, some with letters that not every encoding has alike."""
SEPARATORS = [",", ";", "\t", "|", " "]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"]
MARKS = ["", "NA", "?", "-", "null", "nan", "-999"]
LINE_ENDS = ["\n", "\r\n"]
DAYS: dict[str, Callable[[pd.DatetimeIndex], list[str]]] = {
    "iso": lambda days: [f"{day.date()}" for day in days],
    "iso with a time": lambda days: [day.strftime("%Y-%m-%d %H:%M:%S") for day in days],
    "iso in UTC": lambda days: [day.strftime("%Y-%m-%dT%H:%M:%SZ") for day in days],
    "the day first, points": lambda days: [day.strftime("%d.%m.%Y") for day in days],
    "the day first": lambda days: [day.strftime("%d/%m/%Y") for day in days],
    "the month first": lambda days: [day.strftime("%m/%d/%Y") for day in days],
    "months in words": lambda days: [day.strftime("%d-%b-%Y") for day in days],
    "numbers": lambda days: [day.strftime("%Y%m%d") for day in days],
    "seconds": lambda days: [str(int(day.timestamp())) for day in days],
    "milliseconds": lambda days: [str(int(day.timestamp()) * 1000) for day in days],
}
"""Form -> days as texts."""
TIMES_OF_DAY = ("iso with a time", "iso in UTC", "seconds", "milliseconds")
"""Forms that have hours."""


@dataclass(frozen=True)
class Layout:
    """A table and what it means."""

    frame: pd.DataFrame
    """Its rows; days are dates."""
    values: list[str]
    """Columns of numbers that are read as they are."""
    key: list[str] = field(default_factory=list)
    """Columns that tell sequences apart."""
    order: list[str] = field(default_factory=list)
    """Columns that put steps in order."""
    categories: list[str] = field(default_factory=list)
    """Columns that are read one-hot."""
    choices: dict[str, object] = field(default_factory=dict)
    """What has to be said, as fields of choices; a column by its name here."""
    target: str | None = None
    """The column of labels or values."""
    is_wide: bool = False
    """Whether a row is a series."""

    def expected(self) -> list[np.ndarray]:
        """Return the sequences that the table means, inputs before the target."""
        frame = self.frame.sort_values([*self.key, *self.order], kind="stable") if self.key or self.order else self.frame
        if self.is_wide:
            labels = np.unique(frame[self.target], return_inverse=True)[1]
            rows = frame[self.values].to_numpy(float)
            return [np.stack([row, np.full(len(row), label)], 1) for row, label in zip(rows, labels, strict=True)]
        parts = [frame[name].to_numpy(float) for name in self.values]
        for name in self.categories:
            different = sorted(frame[name].unique())
            parts += [(frame[name] == value).to_numpy(float) for value in different[1 if len(different) == 2 else 0 :]]
        if self.target is not None:
            column = frame[self.target]
            is_label = column.dtype.kind != "f"
            parts.append(np.unique(column, return_inverse=True)[1].astype(float) if is_label else column.to_numpy(float))
        whole = np.stack(parts, 1)
        if not self.key:
            return [whole]
        numbers = frame.groupby(self.key, sort=False).ngroup().to_numpy()
        return [whole[numbers == number] for number in np.unique(numbers)]


@dataclass(frozen=True)
class Mutated:
    """A layout as it is written in a file."""

    content: bytes
    """The file."""
    choices: dict[str, object]
    """What has to be said of it."""
    layout: Layout
    """What it means, gaps filled as they are asked to be."""
    how: str
    """How it is written, for a message."""


def mutate(layout: Layout, seed: int) -> Mutated:
    """Return a layout in one of many ways of writing it down."""
    random = np.random.default_rng(seed)

    def choose(options: list[str]) -> str:
        return options[int(random.integers(len(options)))]

    form, encoding, separator, end = choose([*DAYS]), choose(ENCODINGS), choose(SEPARATORS), choose(LINE_ENDS)
    mark = choose(MARKS) if random.random() < 0.3 and not layout.is_wide else None
    is_comma, quoting = (
        separator != "," and random.random() < 0.4,
        csv.QUOTE_ALL if random.random() < 0.25 else csv.QUOTE_MINIMAL,
    )
    layout, missing = _with_missing(layout, random) if mark is not None else (layout, pd.DataFrame())
    texts = pd.DataFrame({name: _texts(layout.frame[name], form, is_comma) for name in layout.frame})
    for name in missing:
        texts[name] = texts[name].mask(missing[name].to_numpy(), str(mark))
    shuffled = bool(layout.order) and random.random() < 0.3
    rows = random.permutation(len(texts)) if shuffled else np.arange(len(texts))
    if separator == " " and (texts.map(lambda cell: not cell or " " in cell).to_numpy().any() or quoting == csv.QUOTE_ALL):
        separator = "\t"
    names = dict(zip(texts.columns, random.permutation(NONSENSE), strict=False)) if not layout.is_wide else {}
    columns = [*random.permutation(texts.columns)] if not layout.is_wide else [*texts.columns]
    written = io.StringIO()
    writer = csv.writer(written, delimiter=separator, lineterminator=end, quoting=quoting)  # pyright: ignore[reportArgumentType]
    writer.writerow([names.get(name, name) for name in columns])
    writer.writerows(texts[columns].iloc[rows].to_numpy().tolist())
    choices = {
        option: names.get(str(value), value) if option in ("label", "group") else value
        for option, value in layout.choices.items()
    }
    choices |= {"missing": "last"} if mark is not None else {}
    how = f"{form}, {encoding}, {separator!r}, {end!r}, mark {mark!r}, comma {is_comma}, {quoting=}, {shuffled=}, {columns}"
    return Mutated(written.getvalue().encode(encoding), choices, layout, how)


def _with_missing(layout: Layout, random: np.random.Generator) -> tuple[Layout, pd.DataFrame]:
    """Return a layout whose values stay where they are missing as they were before, and where that is."""
    frame = layout.frame.sort_values([*layout.key, *layout.order], kind="stable") if layout.order else layout.frame
    starts = ~frame.duplicated(layout.key) if layout.key else pd.Series(np.arange(len(frame)) == 0, frame.index)
    missing = pd.DataFrame({name: (random.random(len(frame)) < 0.04) & ~starts for name in layout.values}, frame.index)
    filled = frame.assign(**{name: frame[name].mask(missing[name]).ffill() for name in layout.values})
    return replace(layout, frame=filled.loc[layout.frame.index]), missing.loc[layout.frame.index]


def _texts(column: pd.Series, form: str, is_comma: bool) -> list[str]:
    if column.dtype.kind == "M":
        stamps = pd.DatetimeIndex(column)
        has_hours = bool((stamps != stamps.normalize()).any())
        return DAYS[form if form in TIMES_OF_DAY or not has_hours else TIMES_OF_DAY[0]](stamps)
    if column.dtype.kind == "f":
        return [f"{value:.3f}".replace(".", "," if is_comma else ".") for value in column]
    return [str(value) for value in column]


def _series(seed: int, shift: float = 0.0) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal(ROWS)
    return (np.sin(np.arange(ROWS) * 2 * np.pi / 12 + seed) + 0.1 * noise + shift).round(3)


def _days(periods: int, freq: str = "D") -> pd.DatetimeIndex:
    return pd.date_range("2021-03-05", periods=periods, freq=freq)


def _panel(*names: str) -> pd.DataFrame:
    random = np.random.default_rng(4)
    frame = pd.DataFrame({"unit": np.repeat(np.arange(UNITS), STEPS), "step": np.tile(np.arange(STEPS), UNITS)})
    return frame.assign(**{name: random.standard_normal(len(frame)).round(3) for name in names})


def _daily_panel(*names: str) -> pd.DataFrame:
    frame = _panel(*names)
    return frame.assign(day=_days(STEPS)[frame.step]).drop(columns="step")


def _stations() -> pd.DataFrame:
    towns = ["Bad Nauheim", "Köln", "Aix", "Ulm", "Graz", "Bern", "Lyon", "Nice", "Prag", "Brno", "Linz", "Chur"]
    frame = _daily_panel("rain", "wind")
    return frame.assign(station=[towns[i] for i in frame.unit]).drop(columns="unit").sort_values(["day", "station"])


def _two_keys() -> pd.DataFrame:
    frame = _daily_panel("sold")
    return frame.assign(country=[["de", "fr", "it"][i // 4] for i in frame.unit], unit=frame.unit % 4)


def _labelled() -> pd.DataFrame:
    frame = _panel("x", "y")
    return frame.assign(kind=[["run", "walk"][i % 2] for i in frame.unit])


def _split() -> pd.DataFrame:
    frame = _panel("x")
    return frame.assign(part=[["train", "train", "valid", "test"][i % 4] for i in frame.unit])


def _wide() -> pd.DataFrame:
    random = np.random.default_rng(5)
    waves = [np.sin(np.arange(24) * (0.3 + 0.3 * (i % 2)) + random.random()).round(3) for i in range(40)]
    return pd.DataFrame(waves, columns=[f"t{i}" for i in range(24)]).assign(kind=["ab"[i % 2] for i in range(40)])


def _weather() -> list[str]:
    return [["fog", "rain", "sun"][i] for i in np.random.default_rng(6).integers(0, 3, ROWS)]


def _prices() -> pd.DataFrame:
    close = (100 + np.random.default_rng(7).standard_normal(ROWS).cumsum()).round(3)
    spread = np.random.default_rng(8).uniform(0.1, 2, (2, ROWS)).round(3)
    volume = np.random.default_rng(9).integers(10_000, 999_999, ROWS)
    frame = pd.DataFrame({"day": _days(ROWS, "B"), "high": close + spread[0], "low": close - spread[1], "close": close})
    return frame.assign(high=frame.high.round(3), low=frame.low.round(3), volume=volume)


Y, Z = _series(0), _series(1, 20)
TIMES = np.cumsum(np.random.default_rng(2).uniform(0.5, 1.5, ROWS)).round(3)
HOURLY = pd.DataFrame({"day": _days(ROWS, "h"), "y": Y})
HOURS = pd.DataFrame({"day": _days(4).repeat(24), "hour": np.tile(np.arange(24), 4), "y": Y})
LAYOUTS: dict[str, Layout] = {
    "a series by day": Layout(pd.DataFrame({"day": _days(ROWS), "y": Y}), ["y"], order=["day"]),
    "a series by hour": Layout(HOURLY, ["y"], order=["day"]),
    "a series by number": Layout(pd.DataFrame({"n": np.arange(ROWS), "y": Y}), ["y"], order=["n"]),
    "a series of two values": Layout(pd.DataFrame({"day": _days(ROWS), "y": Y, "z": Z}), ["y", "z"], order=["day"]),
    "a constant site": Layout(pd.DataFrame({"day": _days(ROWS), "site": "Köln", "y": Y}), ["y"], order=["day"]),
    "weather beside it": Layout(
        pd.DataFrame({"day": _days(ROWS), "sky": _weather(), "y": Y}), ["y"], order=["day"], categories=["sky"]
    ),
    "open or not": Layout(
        pd.DataFrame({"day": _days(ROWS), "open": np.where(Y > 0, "yes", "no"), "y": Y}),
        ["y"], order=["day"], categories=["open"],
    ),
    "day and hour": Layout(HOURS, ["y"], order=["day", "hour"]),
    "remarks": Layout(
        pd.DataFrame({"day": _days(ROWS), "remark": [f"seen by {i}" for i in range(ROWS)], "y": Y}), ["y"], order=["day"]
    ),
    "nothing but values": Layout(pd.DataFrame({"y": Y, "z": Z}), ["y", "z"]),
    "uneven times": Layout(pd.DataFrame({"at": TIMES, "y": Y}), ["y"], order=["at"]),
    "prices": Layout(_prices(), ["high", "low", "close", "volume"], order=["day"]),
    "units and cycles": Layout(_panel("x"), ["x"], ["unit"], ["step"]),
    "two sensors of units": Layout(_panel("x", "y"), ["x", "y"], ["unit"], ["step"]),
    "units by day": Layout(_daily_panel("x"), ["x"], ["unit"], ["day"]),
    "stations by day": Layout(_stations(), ["rain", "wind"], ["station"], ["day"]),
    "shops of countries": Layout(_two_keys(), ["sold"], ["country", "unit"], ["day"]),
    "labelled sequences": Layout(
        _labelled(), ["x", "y"], ["unit"], ["step"], choices={"label": "kind"}, target="kind"
    ),
    "a split in a column": Layout(_split(), ["x"], ["part", "unit"], ["step"]),
    "a row a series": Layout(
        _wide(), [f"t{i}" for i in range(24)], choices={"label": "kind", "layout": "series-a-row"}, target="kind",
        is_wide=True,
    ),
}  # fmt: skip
"""Name -> table."""
