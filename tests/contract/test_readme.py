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


def speed_rows() -> list[str]:
    """The table of speed, from its numbers."""
    rows = pd.read_csv(ROOT / "results" / "speed" / "updates.csv")
    shown = []
    for _, part in rows.groupby(["cell", "units", "inputs", "batch", "steps"], sort=False):
        fused = part[part.engine == "fused_cpu"].set_index("population")
        first = fused.iloc[0]
        cells = (
            f"`{first.cell}` {first.units}, {first.inputs}", f"{first.batch}, {first.steps}", first.beside,
            f"{first.beside_ms:.3g}", f"{fused.ratio[1]:.1f}", f"{fused.ratio[10]:.1f}",
        )  # fmt: skip
        shown.append("| " + " | ".join(cells) + " |")
    return shown


def test_speed_is_that_of_its_results():
    table = README.partition("<!-- table: results/speed/updates.csv -->\n")[2].partition("\n<!-- end of table -->")[0]
    assert table.splitlines()[2:] == speed_rows()
