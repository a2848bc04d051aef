"""The page of a report and its files, on real records."""

import json
import re
import subprocess
import sys
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gatebench.records import collection, study_file
from gatebench.records import frame as frames
from gatebench.records.frame import COLUMNS, Frame
from gatebench.report import findings, style, verdict
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


def test_published_records_of_a_search_lack_what_only_results_are_asked_for(reported: dict[str, bytes], home: Tiny):
    results = home.folder / "results"
    study = frames.load(results, "adhoc")
    confirming = set(study.trials[study.trials.stage == "confirm"].key)
    records = {record.key: record for record in collection.read(results / "adhoc" / "records.parquet")}
    assert set(records) == set(study.trials.key) > confirming
    for key, record in records.items():
        assert (len(record.statistics) > 0) == (key in confirming)
        assert len(record.curve) > 0
        assert len(record.sequences) > 0
    clone = frames.build("adhoc", study_file.read(results, "adhoc"), records)
    pd.testing.assert_frame_equal(clone.trials, study.trials)
    pd.testing.assert_frame_equal(clone.metrics, study.metrics)
    assert len(clone.metrics)


class Elements(HTMLParser):
    """Whatever a page would load or lead to, and what it has of the rest."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data", "action")]

    def handle_data(self, data: str) -> None:
        last = self.elements[-1][0] if self.elements else ""
        self.texts[last] = self.texts.get(last, "") + data

    def having(self, *tags: str) -> list[dict[str, str]]:
        """Attributes of the elements with one of these names."""
        return [attributes for tag, attributes in self.elements if tag in tags]


@pytest.fixture(scope="module")
def elements(reported: dict[str, bytes]) -> Elements:
    parser = Elements()
    parser.feed(reported["report.html"].decode())
    return parser


def test_the_page_stands_alone(reported: dict[str, bytes], elements: Elements, present: set[str]):
    html = reported["report.html"].decode()
    assert not elements.having("link", "iframe", "object", "embed", "img")
    assert elements.having("script") == [{}]  # one, and it is ours
    assert elements.texts["script"].strip() == Path(page.__file__).with_name("page.js").read_text().strip()
    assert "import" not in elements.texts["script"]
    assert "http" not in elements.texts["script"]
    assert len(elements.having("svg")) == len(set(DRAWN) & present)
    inside = [link.removeprefix("#") for link in elements.links if link.startswith("#")]
    names = [attributes["id"] for _, attributes in elements.elements if "id" in attributes]
    assert len(names) == len(set(names))
    assert set(inside) <= set(names)
    assert {link for link in elements.links if not link.startswith("#")} <= reported.keys()
    assert not re.search(r"url\((?!#)|@import", html)
    assert set(re.findall(r"url\(#([^)]+)\)", html)) <= set(names)
    assert "<audio" not in html  # nobody has drawn samples


def test_the_page_shows_all_titles_captions_and_equations(reported: dict[str, bytes], present: set[str]):
    html = reported["report.html"].decode().replace("&#39;", "&#x27;")
    for name, module in FIGURES.items():
        assert (f"{escape(module.TITLE)}</h2>" in html) == (name in present)
        assert (escape(module.CAPTION) in html) == (name in present)
    assert html.count("<math") >= 1 + 4  # of the plain unit and the GRU
    assert "(synthetic)" in html


def test_whoever_hears_the_page_finds_the_way(elements: Elements, present: set[str]):
    assert [len(elements.having(tag)) for tag in ("main", "nav", "h1")] == [1, 1, 1]
    assert all(len(drawing["aria-label"]) > 20 for drawing in elements.having("svg"))
    assert all("scope" in head for head in elements.having("th"))
    assert len(elements.having("table")) == len(elements.having("caption")) > 3
    targets = {link["href"] for link in elements.having("a")}
    assert {f"#{name}" for name in present} <= targets  # the contents lead to every part


def test_no_letter_is_smaller_than_eleven_pixels(reported: dict[str, bytes]):
    html = reported["report.html"].decode()
    css = html.partition("<style>")[2].partition("</style>")[0]
    sizes = [16 * float(size) for size in re.findall(r"font-size: ([\d.]+)rem", css)]
    drawings = re.findall(r"<svg .*?</svg>", html, re.DOTALL)
    for drawing in drawings:
        ((box, shown),) = re.findall(r'viewBox="([^"]+)" width="(\d+)"', drawing)
        scale = float(shown) / float(box.split()[2])
        sizes += [scale * float(size) for size in re.findall(r"font-size:([\d.]+)px", drawing)]
    assert len(sizes) > 100
    assert min(sizes) >= 11


def test_the_verdict_stands_first_then_the_decision_then_the_groups(home: Tiny, reported: dict[str, bytes]):
    html, frame = reported["report.html"].decode(), frames.load(home.folder / "results", "adhoc")
    (group,) = [group for group, _ in frames.comparison_groups(frame.confirmed("test"))]
    lines = verdict.lines(frame, group, style.cells(frame.trials))
    assert len(lines) >= 3
    places = [html.index(f"<li>{escape(line)}</li>") for line in lines]
    places += [html.index(f'<h2 id="{name}"') for name in ("decision", "answer", "groups", "parts", "limits", "reading")]
    assert places == sorted(places)


def test_a_page_speaks_of_no_size_or_data_that_it_has_not(reported: dict[str, bytes]):
    html = reported["report.html"].decode()
    assert "Table 1" not in html
    assert "modern_decay is" not in html


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
