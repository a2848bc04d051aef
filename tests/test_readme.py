"""What the README shows is what the repository holds."""

import re
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


SHOWN = {
    "jsb": ["cell", "units", "recurrent parameters", "total parameters", "test NLL", "n"],
    "speech": ["data", "cell", "units", "recurrent parameters", "total parameters", "test NLL", "n"],
}


@pytest.mark.parametrize("study", SHOWN)
def test_a_table_is_that_of_the_published_study(study):
    scores = pd.read_csv(ROOT / "results" / study / "scores.csv", dtype=str).fillna("")
    rows = ["| " + " | ".join(row) + " |" for row in scores[SHOWN[study]].to_numpy().tolist()]
    table = README.partition(f"<!-- table: results/{study}/scores.csv -->\n")[2].partition("\n<!-- end of table -->")[0]
    assert table.splitlines()[2:] == rows


def test_what_it_links_to_is_there():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target
