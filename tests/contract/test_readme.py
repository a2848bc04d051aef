"""What the README shows is what the repository holds."""

import re
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


FAIR = ["cell", "JSB Chorales", "Piano-midi.de", "Nottingham", "MuseData", "units", "recurrent parameters"]
SPEECH = ["data", "cell", "units", "recurrent parameters", "total parameters", "test NLL", "n"]


@pytest.mark.parametrize(
    ("source", "columns", "count"),
    [("fair/summary.csv, modern", FAIR, 7), ("fair/summary.csv, modern_decay", FAIR, 7), ("speech/scores.csv", SPEECH, 18)],
)
def test_a_table_is_that_of_the_published_study(source: str, columns: list[str], count: int):
    path, _, training = source.partition(", ")
    summary = pd.read_csv(ROOT / "results" / path, dtype=str).fillna("")
    if training:
        summary = summary[(summary.budget == "parameters_20k") & (summary.training == training)]
    rows = ["| " + " | ".join(row) + " |" for row in summary[columns].to_numpy().tolist()]
    assert len(rows) == count
    shown = README.partition(f"<!-- table: results/{source} -->\n")[2].partition("\n<!-- end of table -->")[0]
    assert shown.splitlines()[2:] == rows


def test_what_it_links_to_is_there():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target


SPEED = [
    ("music", "rnn", 1), ("music", "gru", 1), ("music", "lstm", 1), ("music", "gru", 32), ("music", "lstm", 32),
    ("dense", "gru", 32), ("dense", "lstm_peephole", 32), ("speech_synthetic", "gru", 32),
]  # fmt: skip
"""Rows of the table of speed: data, cell and batch."""


def speed_table() -> list[str]:
    """The table of speed, from its numbers: a row for each of `SPEED`, a column for each machine."""
    rows = pd.read_csv(ROOT / "results" / "speed" / "updates.csv")
    rows = rows[(rows.engine == "fused_cpu") & (rows.population == 10) & (rows.layers == 1) & ~rows.bidirectional]
    rows = rows[(rows.work == "update") & (rows.steps <= 250)]
    machines = list(dict.fromkeys(rows.machine))
    shown = ["| cell, units | reads, batch, steps | " + " | ".join(machines) + " |", "| --- " * (2 + len(machines)) + "|"]
    for data, cell, batch in SPEED:
        part = rows[(rows.data == data) & (rows.cell == cell) & (rows.batch == batch)]
        if part.empty:
            continue
        numbers = {
            one.machine: f"{one.ratio:.1f} ({one.beside_ms:.3g} / {one.ms_per_update_per_member:.3g} ms)"
            for one in part.itertuples()
        }
        first = part.iloc[0]
        cells = [f"`{cell}` {first.units}", f"{data}, {batch}, {first.steps}", *(numbers.get(name, "") for name in machines)]
        shown.append("| " + " | ".join(cells) + " |")
    return shown


BEGIN, END = "<!-- table: results/speed/updates.csv -->\n", "<!-- end of table -->\n"


def test_speed_is_that_of_its_results():
    table, end, rest = README.partition(BEGIN)[2].partition(END)
    assert (table.splitlines(), end) == (speed_table(), END)
    assert "## " in rest
    assert 3 <= len(speed_table()) - 2 <= 8


if __name__ == "__main__":  # writes the table of speed into the README, after a run of gatebench speed
    before, _, rest = README.partition(BEGIN)
    (ROOT / "README.md").write_text(before + BEGIN + "\n".join([*speed_table(), END]) + rest.partition(END)[2])
