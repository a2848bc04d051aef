"""``gatebench speed``: what it prints, writes and draws."""

import json
from functools import cache

import pandas as pd
import pytest

from gatebench.cli.commands.speed import HEADINGS
from gatebench.cli.parser import command_line_parser
from gatebench.core.errors import BadInput
from gatebench.speed import breakdown, cells, inference, machine, populations, updates

MEASURED = {
    "updates": updates, "populations": populations, "breakdown": breakdown, "inference": inference, "cells": cells,
}  # fmt: skip
"""Table -> the module that measures it."""


@pytest.fixture
def gatebench(tmp_path, capsys, monkeypatch):
    for stem, module in MEASURED.items():  # once for all calls
        monkeypatch.setattr(module, f"measure_{stem}", cache(getattr(module, f"measure_{stem}")))

    def call(*words):
        options = command_line_parser().parse_args(["speed", "--rounds", "1", "--results", str(tmp_path), *words])
        assert options.run(options) == 0
        return capsys.readouterr().out

    return call


def test_it_prints_rows_and_draws_and_keeps_other_machines(tmp_path, gatebench):
    printed = json.loads(gatebench("--json", "--machine", "first"))
    assert [list(row) for row in printed] == [updates.COLUMNS] * len(printed)
    assert all(row["compile_seconds"] is None or row["compile_seconds"] > 0 for row in printed)
    text = gatebench("--machine", "second")
    assert text.startswith("machine second, vector_bits ")
    assert all(f"\n{heading}:\n" in text for name, heading in HEADINGS.items() if name != "studies")
    for stem in MEASURED:
        assert (tmp_path / "speed" / f"{stem}.png").stat().st_size > 5000
        rows = pd.read_csv(tmp_path / "speed" / f"{stem}.csv")
        assert list(rows.columns[:5]) == machine.COLUMNS
        first, second = (
            rows[rows.machine == name].drop(columns="machine").reset_index(drop=True) for name in ("first", "second")
        )
        assert len(first) > 1
        assert first.equals(second)
    assert pd.read_csv(tmp_path / "speed" / "populations.csv").population.tolist() == [1, 3, 1, 3]


@pytest.mark.parametrize(("words", "line"), [
    (["--rounds", "0"], "--rounds is 0, expected a whole number from 1 to 10,000"),
    (["--machine", " "], "--machine is empty, expected a name; leave it out to take that of the processor"),
])  # fmt: skip
def test_what_cannot_be_is_one_line(words, line):
    def run():
        options = command_line_parser().parse_args(["speed", *words])
        options.run(options)

    with pytest.raises(BadInput) as error:
        run()
    assert str(error.value) == line
