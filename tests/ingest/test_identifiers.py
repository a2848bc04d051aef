"""Columns that tell sequences and groups apart: two ids that are one number are no silent merger."""

import gzip
import zipfile
from pathlib import Path

import pytest

from gatebench.core.errors import BadInput
from gatebench.ingest import add, limits
from gatebench.ingest.choices import Choices

COUNT, STEPS = 12, 8
"""Sequences of a table, and the steps of each."""


def table(folder: Path, ids: list[str], header: str, first: str = "") -> Path:
    """A table of a row a step, with the id of each sequence; ``first`` stands in front of the number of each."""
    rows = [
        f"{f'{first}{i},' if first else ''}{name},{(7 * i + 3 * t) % 11 / 10}"
        for i, name in enumerate(ids)
        for t in range(STEPS)
    ]
    (folder / "x.csv").write_text("\n".join([header, *rows]) + "\n")
    return folder / "x.csv"


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("option", ["sequence", "group"])
@pytest.mark.parametrize(("one", "other"), [("007", "7"), ("+7", "7"), ("-0", "0")])
def test_two_ids_that_are_the_same_number_are_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, one: str, other: str, option: str, *, streamed: bool
):
    if streamed:
        monkeypatch.setattr(limits, "STREAMED_FROM", 1)
    ids = [one, other, *(str(i + 20) for i in range(COUNT - 2))]
    if option == "sequence":
        path, choices = table(home, ids, "run,a"), Choices(sequence="run")
    else:
        path, choices = table(home, ids, "trip,run,a", "t"), Choices(sequence="trip", group="run")
    with pytest.raises(BadInput, match="column run has") as error:
        add.add(path, "mine", choices)
    assert f"x.csv, column run has {one} and {other}, which are the same number" in str(error.value)
    assert [file.name for file in home.iterdir()] == ["x.csv"]


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".zip"])
def test_ids_of_as_many_digits_are_read(home: Path, suffix: str):
    path = table(home, [f"{i:03}" for i in range(COUNT)], "run,a")
    if suffix == ".csv.gz":
        (home / "x.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    if suffix == ".zip":
        with zipfile.ZipFile(home / "x.zip", "w") as archive:
            archive.write(path, path.name)
    lines = add.add(home / f"x{suffix}", "mine", Choices(sequence="run"))
    assert f"sequences: {COUNT}, by column run (--sequence COLUMN)" in lines
