"""The picture of the first sequences: what it shows is what was read, in characters that the terminal has."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gatebench.ingest import add as adding
from gatebench.ingest import picture
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData
from support.commands import COMMAND

TABLE = pd.DataFrame({"pump": np.repeat(np.arange(20), 8), "flow": np.tile(np.arange(8.0) ** 2 % 23, 20)})
TABLE["flow"] += 100 * TABLE.pump  # no two pumps are copies of one another
TABLE["state"] = np.where(TABLE.pump % 2, "worn", "new")


def shown(table: pd.DataFrame, encoding: str = "utf-8", **choices: object) -> list[str]:
    table.to_csv("table.csv", index=False)
    lines = adding.add(Path("table.csv"), None, Choices(**choices), lambda raw, arrays: picture.draw(raw, arrays, encoding))
    first = next(place for place, line in enumerate(lines) if line.startswith("show: "))
    return lines[first : next(place for place, line in enumerate(lines) if line.startswith("written: "))]


def test_it_shows_the_first_sequences_with_their_labels(home: Path):
    lines = shown(TABLE, sequence="pump", label="state")
    heads, bodies = lines[::2], lines[1::2]
    assert [head[: len("show: sequence 1 of train, 8 steps")] for head in heads] == [
        f"show: sequence {place} of train, 8 steps" for place in (1, 2, 3)
    ]
    assert {head.rpartition(", ")[2] for head in heads} <= {"label new", "label worn"}
    flows = [100 * pump for pump in range(20)]
    assert [body.split()[:2] for body in bodies] == [["flow", "▁▁▃▅█▂▇▂"]] * 3
    assert {body.rpartition("▂ ")[2] for body in bodies} <= {f"{flow} to {flow + 16}" for flow in flows}


def test_a_terminal_without_such_characters_gets_plain_ones(home: Path):
    lines = shown(TABLE.rename(columns={"flow": "débit"}), "ascii", sequence="pump", label="state")
    assert lines[1].split()[:2] == ["d?bit", "__-+@.#."]
    assert "".join(lines).isascii()


def test_symbols_are_written_as_they_are(home: Path):
    letters = pd.DataFrame(
        [(text, "abc"[t % 3]) for text in range(12) for t in range(90 + text)], columns=["text", "letter"]
    )
    assert shown(letters, sequence="text")[1] == f"    {'abc' * 20}..."


def test_long_sequences_and_many_columns_are_cut_to_fit():
    arrays = {"train": [np.random.default_rng(0).normal(size=(500, 9))]}
    raw = RawData(arrays["train"], "a row", ["x"], "reals", tuple(f"column {number}" for number in range(9)))
    lines = picture.draw(raw, arrays, "utf-8")
    assert len(lines) == 1 + picture.COLUMNS + 1
    assert lines[-1] == "    and 3 more columns"
    assert {len(line.split(" ")[6]) for line in lines[1:-1]} == {picture.WIDTH}
    assert all(len(line) < 125 for line in lines)


def test_a_column_that_stays_is_a_flat_line():
    raw = RawData([np.ones((4, 1))], "a row", ["x"], "reals", ("a",))
    assert picture.draw(raw, {"train": raw.sequences}, None)[1] == "    a ____ 1 to 1"


@pytest.mark.parametrize(("encoding", "expected"), [("utf-8", "▁▁▃▅█▂▇▂"), ("ascii", "__-+@.#.")])
def test_the_command_asks_its_terminal(home: Path, encoding: str, expected: str):
    TABLE.to_csv("table.csv", index=False)
    command = [COMMAND, "data", "add", "table.csv", "--sequence", "pump", "--label", "state"]
    env = {**os.environ, "PYTHONIOENCODING": encoding}
    ran = subprocess.run([*command, "--show"], env=env, stdout=subprocess.PIPE, check=True)
    assert f"flow {expected} " in ran.stdout.decode(encoding)
    without = subprocess.run([*command, "--name", "other"], env=env, stdout=subprocess.PIPE, check=True)
    assert b"show: " not in without.stdout
