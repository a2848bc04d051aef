"""Titles and labels come from files, which somebody else may have written: they are shown, and nothing obeys them."""

import csv
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import cycle
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from gatebench.core.errors import OBEYED, visible
from gatebench.records import frame as frames
from gatebench.records.names import FORMULA, MARKUP
from gatebench.report.page import page, parts
from gatebench.report.page.parts import inert
from support.frames import everything

INVISIBLE = ["\x00", "\x1b]8;;http://x\x07", "\x9b31m", "\u061c", "\u200b", "\u202e", "\u2028", "\u2069", "\ufeff"]
"""What a terminal obeys, what turns letters around, and what nobody sees."""
IN_NO_FILE = ["\ud800", "\udfff", "\ufffe", "\uffff"]
"""Halves of characters, and numbers that are no characters, which XML refuses."""
HOSTILE = [
    "=cmd|'/C calc'!A0 <script>alert(1)</script> $x^$ | \\input{x} \x1b[31m\u202e",
    "</title></svg></style><!-- \\| 100% #1 \"' ;=1+1 [x](javascript:x) ![x](http://x/y.png)",
    "-1 +cmd|'/C calc'!A0 " + "".join(INVISIBLE[:5]),
    "".join(INVISIBLE[5:] + IN_NO_FILE),
]

EQUATIONS = [r"\text{<script>alert(2)</script>}", r'\color{" onclick="alert(3)}{x}', r"\href{javascript:alert(4)}{x}"]
"""What is typeset as MathML with a script in it, an attribute and a link."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a study whose data sets are called so."""
    frame = everything()
    titles = {task: visible(f"{text}{task}") for task, text in zip(frame.datasets, cycle(HOSTILE))}
    equations = {cell: [*EQUATIONS, *lines] for cell, lines in frame.equations.items()}
    hostile = replace(frame, datasets=titles, samples=frame.samples[:0], equations=equations)
    folder = tmp_path_factory.mktemp("hostile") / "hand"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frames, "load", lambda *_: hostile)
        patch.setattr(page, "_keep_records", lambda *_: None)
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
    read_aloud = {"aria-label", "alt"}
    obeyed = [(name, value or "") for name, value in tags.attributes if name not in read_aloud]
    assert not [name for name, value in obeyed if name.startswith("on") or "alert" in value or "javascript" in value]


def test_a_table_in_markdown_has_neither_html_nor_more_cells(written: Path):
    assert "&lt;script>" in (written / "summary.md").read_text()
    for file in written.glob("*.md"):
        widths = {re.sub(r"\\.", "", line).count("|") for line in file.read_text().splitlines() if line}
        assert len(widths) == 1, file.name
        assert "](" not in file.read_text(), file.name
        assert "<script" not in file.read_text(), file.name


def test_a_spreadsheet_computes_nothing(written: Path):
    for file in written.glob("*.csv"):
        with file.open() as rows:
            cells = [cell for row in csv.reader(rows) for cell in row]
        assert not [cell for cell in cells if FORMULA.match(cell)], file.name
        assert ";=" not in file.read_text(), file.name


def test_latex_obeys_no_text(written: Path):
    for file in written.glob("*.tex"):
        assert r"\input{" not in file.read_text(), file.name
        assert not re.search(r"(?<!\\)[%#]", file.read_text()), file.name
        assert "$x^$" not in file.read_text(), file.name


@pytest.mark.parametrize(
    "text",
    [
        "-1", "+1.5", "-0.016 [-0.031, -0.002]", "+0.114 [0.077, 0.152]", "1e-3", "-", "a=b", "+5%", "=", "-9.9e-9", "a; -3",
        "-9.9 (+9.9 [9.9, 9.9]) =", "-9.9 / -9.9 [-9.9, 9.9]", "-9.9 lowest",
    ],
)  # fmt: skip
def test_numbers_and_marks_are_no_formulas(text: str):
    assert inert(pd.DataFrame({"x": [text]})).x[0] == text


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "@SUM(A1)", "-1+cmd|' /C calc'!A0", "+cmd", "=HYPERLINK(1)", "-1 +cmd|' /C calc'!A0", "-1 (A1)",
        "+5%+SUM(A1)", " =1+1", "＝1+1", "＠SUM(A1)", "＋cmd", "－cmd", "=\n1",
    ],
)  # fmt: skip
def test_formulas_are_texts(text: str):
    assert inert(pd.DataFrame({"x": [text, "plain"]})).x.tolist() == [f"'{text}", "plain"]


def test_titles_of_figures_are_no_formulas(written: Path):
    assert len(list(written.glob("*.png"))) > 5  # or else matplotlib raises for what is no formula


@pytest.mark.parametrize("text", ["a;=1+1", "\t=1+1", "\n@SUM(A1)", "a\t@SUM(A1)", "a\n=1+1", "a; -cmd|' /C calc'!A0"])
def test_nor_do_they_stand_in_a_part_of_a_cell_that_another_locale_takes_for_one(text: str):
    (shown,) = inert(pd.DataFrame({"x": [text]})).x
    assert shown.replace("'", "") == text.replace("'", "")
    assert not [part for part in re.split("[;\t\n]", shown) if FORMULA.match(part)]


@pytest.mark.parametrize("text", INVISIBLE + IN_NO_FILE, ids=ascii)
def test_what_nobody_sees_is_written_out_and_in_no_name(written: Path, text: str):
    assert visible(f"a{text}b").isprintable()
    assert MARKUP.search(text)
    for file in (path for path in written.iterdir() if path.suffix in (".html", ".md", ".tex", ".csv")):
        assert not OBEYED.search(file.read_text()), file.name


def test_letters_of_all_scripts_stay_as_they_are():
    text = "größe 音楽 می\u200cخواهم 🎻👩\u200d🎤 −±×"
    assert visible(text) == text


def test_lines_of_a_title_are_one_in_markdown(tmp_path: Path):
    module = ModuleType("lines")
    module.TITLE, module.CAPTION = "a", "b"  # pyright: ignore[reportAttributeAccessIssue]
    module.table = lambda _: pd.DataFrame({"x": ["a\nb", "c\r\nd"]})  # pyright: ignore[reportAttributeAccessIssue]
    parts.write("lines", module, everything(), tmp_path)
    assert [line.strip("| ") for line in (tmp_path / "lines.md").read_text().splitlines()[2:]] == ["a b", "c\\r d"]
