"""Titles and labels come from files, which somebody else may have written: they are shown, and nothing obeys them."""

import csv
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from gatebench.core.errors import visible
from gatebench.records import frame as frames
from gatebench.report.page import page
from gatebench.report.page.parts import FORMULA, inert
from support.frames import everything

HOSTILE = "=cmd|'/C calc'!A0 <script>alert(1)</script> $x^$ | \\input{x} \x1b[31m\u202e"

EQUATIONS = [r"\text{<script>alert(2)</script>}", r'\color{" onclick="alert(3)}{x}', r"\href{javascript:alert(4)}{x}"]
"""What is typeset as MathML with a script in it, an attribute and a link."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a study whose data sets are called so."""
    frame = everything()
    titles = {task: visible(f"{HOSTILE}{task}") for task in frame.datasets}
    equations = {cell: [*EQUATIONS, *lines] for cell, lines in frame.equations.items()}
    hostile = replace(frame, datasets=titles, samples=frame.samples[:0], equations=equations)
    folder = tmp_path_factory.mktemp("hostile") / "hand"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frames, "load", lambda *_: hostile)
        patch.setattr(page, "_records", lambda *_: [])
        page.write(folder.parent, "hand")
    return folder


class Tags(HTMLParser):
    """The elements of a page, and the text of its scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += attrs


def test_a_page_shows_a_title_that_is_a_script_and_has_its_own_alone(written: Path):
    text = (written / "report.html").read_text()
    tags = Tags()
    tags.feed(text)
    assert "alert(1)" in text
    assert tags.names.count("script") == 1
    script = text.rpartition("<script>")[2].partition("</script>")[0]
    assert script.strip() == Path(page.__file__).with_name("page.js").read_text().strip()
    for number in (2, 3, 4):
        assert f"alert({number})" in text
    assert not [name for name, value in tags.attributes if name.startswith("on") or "alert" in (value or "")]


def test_a_table_in_markdown_has_neither_html_nor_more_cells(written: Path):
    assert "&lt;script>" in (written / "summary.md").read_text()
    for file in written.glob("*.md"):
        widths = {line.replace(r"\|", "").count("|") for line in file.read_text().splitlines() if line}
        assert len(widths) == 1, file.name
        assert "<script" not in file.read_text(), file.name


def test_a_spreadsheet_computes_nothing(written: Path):
    for file in written.glob("*.csv"):
        with file.open() as rows:
            cells = [cell for row in csv.reader(rows) for cell in row]
        assert not [cell for cell in cells if FORMULA.match(cell)], file.name


def test_latex_obeys_no_text(written: Path):
    for file in written.glob("*.tex"):
        assert r"\input{" not in file.read_text(), file.name
        assert "$x^$" not in file.read_text(), file.name


@pytest.mark.parametrize(
    "text", ["-1", "+1.5", "-0.016 [-0.031, -0.002]", "+0.114 [0.077, 0.152]", "1e-3", "-", "a=b", "+5%", "="]
)
def test_numbers_and_marks_are_no_formulas(text: str):
    assert inert(pd.DataFrame({"x": [text]})).x[0] == text


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "-1+cmd|' /C calc'!A0", "+cmd", "=HYPERLINK(1)"])
def test_formulas_are_texts(text: str):
    assert inert(pd.DataFrame({"x": [text, "plain"]})).x.tolist() == [f"'{text}", "plain"]


def test_titles_of_figures_are_no_formulas(written: Path):
    assert len(list(written.glob("*.png"))) > 5  # or else matplotlib raises for what is no formula
