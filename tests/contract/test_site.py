"""The site of docs/ is built without a warning; its links lead somewhere, and what is made from the code is all there."""

import argparse
import html
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import gatebench
from gatebench.cli.parser import command_line_parser
from gatebench.core import registry
from gatebench.core.validation import flatten
from gatebench.records import columns

ROOT = Path(__file__).resolve().parents[2]
CONF = registry.BUILT_IN["conf"]
EXTERNAL = re.compile(r"\w+:|//")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, made once for all tests here: it takes a dozen seconds."""
    site = tmp_path_factory.mktemp("documentation") / "site"
    made = subprocess.run([sys.executable, ROOT / "docs" / "build.py", site], capture_output=True, text=True)
    assert (made.returncode, made.stderr) == (0, "")
    return site


@pytest.fixture(scope="module")
def site(folder: Path) -> dict[str, str]:
    """Page -> its text; reports, which are linked to, are none of its pages."""
    paths = [path for path in sorted(folder.rglob("*.html")) if path.name != "report.html"]
    return {path.relative_to(folder).as_posix(): path.read_text() for path in paths}


def in_tables(page: str) -> dict[str, str]:
    """First cell of each row of a page's tables -> the last one, as texts."""
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in re.findall(r"<tr.*?</tr>", page, re.DOTALL)]
    return {plain(row[0]): plain(row[-1]) for row in rows if row}


def plain(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", markup)).strip()


def test_every_page_and_what_it_links_to_is_on_the_site(folder: Path, site: dict[str, str]):
    assert {f"{path.stem}.html" for path in (ROOT / "docs").glob("*.md")} <= set(site)
    assert {"repository/README.html", "repository/CONTRIBUTING.html", "repository/results/answer/conclusions.html"} <= set(
        site
    )
    assert (folder / "repository" / "results" / "fair" / "report.html").is_file()


def test_every_page_stands_in_the_contents(site: dict[str, str]):
    (contents,) = re.findall(r'<div class="sidebar-tree">.*?</div>', site["index.html"], re.DOTALL)
    listed = re.findall(r'href="([^"#]+)"', contents)
    assert {f"{path.stem}.html" for path in (ROOT / "docs").glob("*.md")} - {"index.html"} <= set(listed)


def test_every_link_and_every_anchor_leads_somewhere(folder: Path, site: dict[str, str]):
    identifiers = {name: set(re.findall(r'\bid="([^"]+)"', text)) for name, text in site.items()}
    count = 0
    for name, text in site.items():
        for link in map(html.unescape, re.findall(r'\b(?:href|src)="([^"]+)"', text)):
            if EXTERNAL.match(link) or link == "#":
                continue
            path, _, anchor = link.partition("#")
            target = (folder / name).parent / path.partition("?")[0] if path else folder / name
            assert target.resolve().is_file(), (name, link)
            page = target.resolve().relative_to(folder.resolve()).as_posix()
            assert not anchor or page not in identifiers or anchor in identifiers[page], (name, link)
            count += 1
    assert count > 2000


def test_pages_load_nothing_from_elsewhere(site: dict[str, str]):
    for name, text in site.items():
        assert not re.findall(r"<(?:script|img|iframe|link)\b[^>]*(?:src|href)=\"?(?:https?:)?//[^>]*", text), name


def test_no_list_or_table_is_taken_for_running_text(site: dict[str, str]):
    for name, text in site.items():
        for paragraph in re.findall(r"<p>(.*?)</p>", text, re.DOTALL):
            assert not re.search(r"(^|\n) *(-|\d+\.|\||#+|```) ", paragraph), (name, paragraph)


def section(page: str, name: str) -> str:
    """What stands below a heading, until the next one."""
    return page.partition(f'id="{name.replace("_", "-")}">')[2].partition("<section ")[0]


def test_every_cell_stands_in_the_gallery_with_its_drawing(site: dict[str, str]):
    for name in registry.available("cells", ".py"):
        shown = section(site["cells.html"], name)
        assert '<svg class="cell"' in shown, name
        assert "<math" in shown, name
        assert f'href="#{name.replace("_", "-")}"' in site["cells.html"]
    assert "torch.nn" not in section(site["cells.html"], "gru")
    assert "torch.nn.GRU" in section(site["cells.html"], "gru_reset_after")


def test_the_gallery_has_what_a_cell_scored_once_the_study_of_all_is_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    gallery = runpy.run_path(str(ROOT / "docs" / "gallery.py"))
    zoo, results = gallery["_zoo"], tmp_path / "across.csv"
    monkeypatch.setitem(zoo.__globals__, "ZOO", results)
    assert zoo("lem") == ""
    header = "task,cell,beside,difference,low,high,verdict,nll"
    rows = ["music,gru,gru,0,0,0,,3.5", "music,lem,gru,-0.25,-0.5,-0.1,better,3.25", "speech,lem,gru,0.5,0.25,1,undecided,7"]
    results.write_text("\n".join([header, *rows]))
    assert zoo("gru") == "`music` NLL 3.500"
    assert zoo("lem").split("; ") == [
        "`music` NLL 3.250, -0.250 [-0.500, -0.100] beside gru (lower)",
        "`speech` NLL 7.000, +0.500 [0.250, 1.000] beside gru (undecided)",
    ]


def test_every_figure_stands_in_its_gallery(site: dict[str, str]):
    for name in registry.available("figures", ".py"):
        shown = section(site["figures.html"], name)
        assert "<img" in shown or "<table" in shown or "No published study" in shown, name


def test_drawings_of_pages_have_letters_that_a_telephone_shows():
    """Of a page 400 pixels wide, at least 340 are a drawing's."""
    drawings = list((ROOT / "docs" / "drawings").glob("*.svg"))
    assert len(drawings) >= 4
    for drawing in drawings:
        text = drawing.read_text()
        width = float(re.findall(r'viewBox="0 0 (\d+) \d+"', text)[0])
        sizes = [float(size) for size in re.findall(r"font(?:-size)?[:=]\"?([\d.]+)", text)]
        assert sizes, drawing.name
        assert min(sizes) * 340 / width >= 11, drawing.name


def parsers(parser: argparse.ArgumentParser):
    """A parser and all below it."""
    yield parser
    for action in parser._actions:
        for below in action.choices.values() if isinstance(action, argparse._SubParsersAction) else ():
            yield from parsers(below)


def test_every_command_and_every_argument_is_in_the_reference(site: dict[str, str]):
    commands = site["commands.html"]
    rows = in_tables(commands)
    for parser in parsers(command_line_parser()):
        if parser.prog in ("gatebench", "gatebench sweep"):
            continue  # of sweep, the settings are
        assert f">{parser.prog}<" in commands, parser.prog
        for action in parser._actions:
            if not isinstance(action, argparse._HelpAction | argparse._SubParsersAction):
                words = " ".join(action.option_strings) or str(action.metavar or action.dest)
                assert any(row.startswith(words) for row in rows), (parser.prog, words)
    assert "--fail-fast" in section(commands, "gatebench-sweep")


def test_every_setting_is_in_the_reference_and_says_what_it_means(site: dict[str, str]):
    rows = in_tables(site["settings.html"])
    settings = yaml.safe_load((CONF / "config.yaml").read_text())
    names = set(flatten({name: value for name, value in settings.items() if name not in ("defaults", "hydra")}))
    for path in (CONF / "training").glob("*.yaml"):
        names |= {f"training.{name}" for name in flatten(yaml.safe_load(path.read_text()))}
    assert names <= set(rows)
    assert [name for name in names if not rows[name]] == []
    assert rows["training.batch"].startswith("How many sequences a batch has.")
    assert rows["search.size"].startswith("settings to try: of the learning rate")
    for group in ("task", "budget", "training", "engine", "study"):
        assert [name for name in registry.available("conf", ".yaml", group) if not rows[name]] == []


def test_columns_are_those_of_the_frame(site: dict[str, str]):
    rows = in_tables(site["columns.html"])
    assert list(rows) == list(columns.MEANING)
    assert rows["units"] == columns.MEANING["units"]


def test_every_name_for_python_is_in_the_reference(site: dict[str, str]):
    assert 'Type<span class="colon">' not in site["api.html"]  # what stands before a colon in a property's docstring
    for name in gatebench.__all__:
        assert re.search(rf'id="gatebench\.(\w+\.)*{name}"', site["api.html"]), name
    assert 'id="gatebench.cli.comparison_result.ComparisonResult.best"' in site["api.html"]
