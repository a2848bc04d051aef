"""Tables larger than memory should be: read a part at a time, they are the same as read whole, in little memory."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyarrow import Table
from pyarrow.csv import WriteOptions, write_csv

from gatebench.ingest import limits, scratch, streamed
from support.adding import add, refused, whole

UNITS, STEPS = 12, 60


def panel() -> pd.DataFrame:
    random = np.random.default_rng(0)
    times = pd.date_range("2020-01-01", periods=STEPS, freq="h").strftime("%Y-%m-%d %H:%M:%S")
    frame = pd.DataFrame({"unit": [f"u{i}" for i in range(UNITS) for _ in range(STEPS)], "time": [*times] * UNITS})
    return frame.assign(a=random.normal(size=len(frame)).round(3), b=random.integers(0, 900, len(frame)))


def one_series(rows: int = 600) -> pd.DataFrame:
    random = np.random.default_rng(1)
    times = pd.date_range("2020-01-01", periods=rows, freq="h")
    return pd.DataFrame({"when": times.strftime("%d/%m/%Y %H:%M"), "a": random.normal(size=rows).round(2)})


def labelled() -> pd.DataFrame:
    frame = panel()
    return frame.assign(state=[" new" if int(unit[1:]) % 2 else "worn" for unit in frame.unit])


def with_late_texts() -> pd.DataFrame:
    """Numbers that are missing by a mark far below, and codes that are numbers for long."""
    frame = panel().astype({"a": object, "b": object})
    frame.loc[500:540:7, "a"] = "NA"
    return frame.assign(kind=["7"] * 300 + [["y", "x"][i % 2] for i in range(len(frame) - 300)])


def wide() -> pd.DataFrame:
    random = np.random.default_rng(5)
    waves = [np.sin(np.arange(24) * (0.3 + 0.3 * (i % 2)) + random.random()).round(3) for i in range(60)]
    return pd.DataFrame(waves, columns=[f"t{i}" for i in range(24)]).assign(kind=["ab"[i % 2] for i in range(60)])


TABLES: dict[str, tuple[str, dict[str, object]]] = {
    "sequences by unit": (panel().to_csv(index=False), {}),
    "rows in no order": (panel().sample(frac=1, random_state=3).to_csv(index=False), {"sequence": "unit", "order": "time"}),
    "one series, the day first": (one_series().to_csv(index=False), {}),
    "a decimal comma": (one_series().to_csv(index=False, sep=";", decimal=","), {}),
    "labels": (labelled().to_csv(index=False), {"label": "state"}),
    "groups": (labelled().assign(state=[int(u[1:]) % 4 for u in labelled().unit]).to_csv(index=False), {"group": "state"}),
    "categories": (panel().assign(sky=["sun", "rain", "fog"] * (UNITS * STEPS // 3)).to_csv(index=False), {}),
    "marks far below, the last value": (with_late_texts().to_csv(index=False), {"missing": "last"}),
    "marks far below, a mask": (with_late_texts().to_csv(index=False), {"missing": "mask"}),
    "marks far below, dropped": (with_late_texts().to_csv(index=False), {"missing": "drop"}),
    "a row a series": (wide().to_csv(index=False), {"layout": "series-a-row", "label": "kind"}),
    "changes": (panel().to_csv(index=False), {"difference": True}),
    "a constant column": (panel().assign(c=np.where(np.arange(720) < 715, 1.5, 2.5)).to_csv(index=False), {}),
    "days as numbers": (panel().assign(time=[20200101 + i % STEPS % 28 for i in range(720)]).to_csv(index=False),
                        {"order": "none", "sequence": "unit"}),
    "one column with gaps": ("y\n" + "\n\n".join(map(str, np.arange(300.0) ** 1.5 % 7)) + "\n\n\n", {"missing": "last"}),
}  # fmt: skip
"""What is written -> the table, and what is chosen."""


def outcome(name: str, choices: dict[str, object]) -> tuple[list[str], bytes, str]:
    """What is said, and what is written, but for the name."""
    lines = [line.replace(name, "NAME") for line in add(Path("x.csv"), name, **choices)]
    card = Path(f"gatebench_local/datasets/{name}.yaml").read_text()
    return lines, Path(f"gatebench_local/data/{name}.npz").read_bytes(), card.replace(name, "NAME")


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch):
    """Tables of any size are read in parts of a few rows, and lie on a disk."""

    def begin(texts: int) -> None:
        monkeypatch.setattr(limits, "STREAMED_FROM", 1)
        monkeypatch.setattr(scratch, "IN_MEMORY", 500)
        monkeypatch.setattr(streamed, "ROWS", 37)
        monkeypatch.setattr(streamed, "MOST_TEXTS", texts)
        monkeypatch.setattr(streamed, "SAMPLE", 40)
        monkeypatch.setattr(streamed, "WITNESSES", 8)

    return begin


@pytest.mark.parametrize("texts", [10_000, 50])
@pytest.mark.parametrize("form", TABLES)
def test_a_table_in_parts_is_the_same_as_whole(form: str, texts: int, small_parts):
    text, choices = TABLES[form]
    Path("x.csv").write_text(text)
    expected = outcome("read_first", choices)
    small_parts(texts)
    assert outcome("read_parts", choices) == expected


def test_questions_are_the_same(small_parts):
    Path("x.csv").write_text(labelled().to_csv(index=False))
    expected = refused(Path("x.csv"))
    small_parts(50)
    assert refused(Path("x.csv")) == expected
    assert "--group state" in expected


def test_a_row_that_contradicts_the_sample_is_named(small_parts):
    frame = one_series()
    frame.loc[511, "when"] = "soon"
    frame.to_csv("x.csv", index=False)
    small_parts(50)
    line = refused(Path("x.csv"))
    assert "row 512, column when has 'soon'; expected dates, the day first, as in the rows before" in line


def test_a_column_that_is_not_read_may_hold_what_it_likes(small_parts):
    frame = one_series().assign(remark=[f"seen by {i}" for i in range(600)])
    frame.to_csv("x.csv", index=False)
    small_parts(50)
    assert "column remark has more than 50 different texts" in refused(Path("x.csv"))
    add(Path("x.csv"), without=["remark"])
    assert (whole()[:, 0] == frame.a).all()


def test_nothing_is_left_behind_on_the_disk(small_parts):
    Path("x.csv").write_text(panel().to_csv(index=False))
    small_parts(50)
    add(Path("x.csv"))
    assert sorted(path.name for path in Path().rglob("*") if path.is_file()) == [
        "mine.npz",
        "mine.yaml",
        "mine.yaml",
        "x.csv",
    ]


MEMORY = 150
"""MiB that reading takes at the most, beside the program itself."""
MEASURED = """
import sys
from pathlib import Path
import gatebench.data.baselines.reals, pandas, pyarrow.compute
from gatebench.data.baselines import part
from gatebench.ingest import add, limits, scratch, streamed
from gatebench.ingest.choices import Choices

def highest():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) // 1024

Path("small.csv").write_text("a\\n" + "".join(f"{i * i % 97 / 10}\\n" for i in range(300)))
add.add(Path("small.csv"), None, Choices())
before = highest()
limits.STREAMED_FROM = int(sys.argv[1])
scratch.IN_MEMORY, streamed.ROWS, streamed.MOST_TEXTS, part.LARGE, part.NUMBERS = 2**16, 2**12, 1000, 2**20, 2**16
add.add(Path("x.csv"), None, Choices())
print(highest() - before)
"""


def taken(folder: Path, streamed_from: int) -> int:
    """MiB that are taken at the most when a table is added in a process of its own."""
    folder.mkdir()
    (folder / "x.csv").symlink_to(Path("x.csv").resolve())
    command = [sys.executable, "-c", MEASURED, str(streamed_from)]
    return int(subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, check=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is told as Linux does it")
def test_a_table_in_parts_takes_little_memory():
    random = np.random.default_rng(0)
    times = [*map(str, np.datetime64("2020-01-01T00:00:00") + np.arange(40_000).astype("m8[s]"))]
    with Path("x.csv").open("wb") as file:
        for unit in range(12):
            columns = {f"s{i}": random.normal(size=len(times)) for i in range(6)}
            table = Table.from_pydict({"unit": [f"u{unit}"] * len(times), "time": times, **columns})
            write_csv(table, file, WriteOptions(include_header=unit == 0, quoting_style="none"))
    assert Path("x.csv").stat().st_size > 60_000_000
    assert taken(Path("parts"), 1) < MEMORY < taken(Path("whole"), 2**40)
