"""The page of a report and its files, on real records."""

import json
import re
import subprocess
import sys
from html import escape
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gatebench.records import frame as frames
from gatebench.records.frame import COLUMNS, Frame
from gatebench.report import findings
from gatebench.report.page import page
from support.datasets import Tiny
from support.figures import DRAWN, FIGURES, TABLES


def test_the_lead_says_what_was_done(hand: Frame):
    assert page.lead(hand) == "11 trials of 3 cells on Some Music, Some Speech (synthetic)."


@pytest.fixture(scope="module")
def present(home: Tiny) -> set[str]:
    """Names of the figures and tables that the study has something for."""
    frame = frames.load(home.folder / "results", "adhoc")
    functions = {name: getattr(module, "table", None) or module.numbers for name, module in FIGURES.items()}
    names = {name for name, function in functions.items() if function(frame) is not None}
    assert {"results", "scores", "curves"} < names
    assert not names & {"replication", "summary", "spectrum"}
    return names


def test_a_report_writes_every_figure_and_table_with_its_numbers(reported: dict[str, bytes], present: set[str]):
    shown, tables = set(DRAWN) & present, set(TABLES) & present
    expected = {f"{name}.{suffix}" for name in shown for suffix in ("png", "pdf", "csv")}
    expected |= {f"{name}.{suffix}" for name in tables for suffix in ("csv", "md", "tex")}
    expected |= {"report.html", "trials.csv", "curves.parquet", "records.parquet", "study.json"}
    assert {name for name in reported if not name.endswith(".lock")} == expected
    assert all(reported[name] for name in expected)
    assert all(reported[f"{name}.png"].startswith(b"\x89PNG") for name in shown)
    assert all(reported[f"{name}.pdf"].startswith(b"%PDF") for name in shown)
    assert all(b"\\toprule" in reported[f"{name}.tex"] for name in tables)


class Links(HTMLParser):
    """Whatever a page would load or lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data", "action")]


def test_the_page_stands_alone(reported: dict[str, bytes], present: set[str]):
    html = reported["report.html"].decode()
    parser = Links()
    parser.feed(html)
    assert not parser.tags & {"script", "link", "iframe", "object", "embed"}
    files = [link for link in parser.links if not link.startswith("data:image/png;base64,")]
    assert len(parser.links) - len(files) == len(set(DRAWN) & present)
    assert set(files) <= reported.keys()
    assert not re.search(r"url\(|@import", html)
    assert "<audio" not in html  # nobody has drawn samples


def test_the_page_shows_all_titles_captions_and_equations(reported: dict[str, bytes], present: set[str]):
    html = reported["report.html"].decode().replace("&#39;", "&#x27;")
    for name, module in FIGURES.items():
        assert (f"{escape(module.TITLE)}</h2>" in html) == (name in present)
        assert (escape(module.CAPTION) in html) == (name in present)
    assert html.count("<math") >= 1 + 4  # of the plain unit and the GRU
    assert "(synthetic)" in html


def test_the_page_says_what_the_numbers_say(home: Tiny, reported: dict[str, bytes]):
    html, frame = reported["report.html"].decode(), frames.load(home.folder / "results", "adhoc")
    (finding,), limitations = findings.findings(frame), findings.limitations(frame)
    assert finding.startswith("On ")
    assert all(f"<li>{escape(sentence)}</li>" in html for sentence in (finding, *limitations))


def test_the_numbers_beside_a_figure_are_the_frames(home: Tiny, reported: dict[str, bytes]):
    folder = home.folder / "results" / "adhoc"
    trials, results = pd.read_csv(folder / "trials.csv"), pd.read_csv(folder / "results.csv")
    assert list(trials.columns) == COLUMNS
    test = trials[(trials.stage == "confirm") & (trials.split == "test")]
    for cell, group in results.groupby("cell"):
        nll = test[test.cell == cell].nll
        low, high = stats.t.interval(0.95, len(nll) - 1, loc=nll.mean(), scale=stats.sem(nll))
        np.testing.assert_allclose(group[["mean", "low", "high"]].iloc[0], [nll.mean(), low, high], rtol=1e-9)


REPORT = """
import sys
from pathlib import Path
from gatebench.report.page import page

page.write(Path(sys.argv[1]), "adhoc")
import json
print(json.dumps(sorted(name for name in sys.modules if "." not in name)))
"""


def test_a_report_twice_is_the_same_to_the_byte_and_needs_neither_torch_nor_mlflow_nor_hydra(
    home: Tiny, reported: dict[str, bytes]
):
    """The second time in a process of its own."""
    command = [sys.executable, "-c", REPORT, str(home.folder / "results")]
    run = subprocess.run(command, env=home.env, capture_output=True, text=True, check=True)
    assert not {"torch", "mlflow", "hydra", "omegaconf", "numba"} & set(json.loads(run.stdout))
    redrawn = {path.name: path.read_bytes() for path in (home.folder / "results" / "adhoc").iterdir()}
    assert [name for name in reported if redrawn[name] != reported[name]] == []
