"""What the README shows is what the repository holds."""

import re
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


def test_the_table_is_that_of_the_published_study():
    scores = pd.read_csv(ROOT / "results" / "jsb" / "scores.csv", dtype=str).fillna("")
    columns = ["cell", "units", "recurrent parameters", "total parameters", "test NLL", "n"]
    rows = ["| " + " | ".join(row) + " |" for row in scores[columns].to_numpy().tolist()]
    table = README.partition("<!-- table: results/jsb/scores.csv -->\n")[2].partition("\n<!-- end of table -->")[0]
    assert table.splitlines()[2:] == rows


def test_what_it_links_to_is_there():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target
