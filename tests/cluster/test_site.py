"""The site of docs/ in a real browser, opened as a file: it searches, nothing is too wide, nothing comes from elsewhere."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.browser import Page, browser

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.cluster
SEARCHED = {
    "lstm_peephole": "cells.html#lstm-peephole",
    "gatebench compare": "commands.html#gatebench-compare",
    "RecurrentClassifier": "api.html#gatebench.models.recurrent.RecurrentClassifier",
    "relative_throughput": "columns.html",
    "forget_bias": "settings.html",
    "ranks": "figures.html#ranks",
}
"""What somebody types -> the page, and the place on it, that is to be among what is found."""
WIDEST = """
[...document.querySelectorAll('body *')]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && e.checkVisibility())
    .filter(e => !e.closest('.table-wrapper, pre, .equation'))
    .map(e => `${e.tagName} ${e.className}`).slice(0, 5)
"""
"""What reaches beyond the window, but for what scrolls by itself."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documentation") / "site"
    subprocess.run([sys.executable, ROOT / "docs" / "build.py", folder], check=True)
    return folder


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser() as page:
        yield page


def opened(page: Page, path: Path, query: str = "") -> None:
    page.open(f"{path.as_uri()}{query}")
    page.wait_for("document.readyState === 'complete'")


def test_every_page_opens_as_a_file_and_fits_a_telephone(site: Path, page: Page):
    page.complaints.clear()
    page.requests.clear()
    page.resize(400, 800)
    too_wide = {}
    for path in sorted(site.rglob("*.html")):
        if "results" in path.relative_to(site).parts:
            continue  # reports have tests of their own
        opened(page, path)
        if page.value("document.documentElement.scrollWidth") > 400:
            too_wide[path.relative_to(site).as_posix()] = page.value(WIDEST)
    assert too_wide == {}
    assert page.complaints == []
    assert [url for url in page.requests if not url.startswith(("file:", "data:", "about:"))] == []


def test_no_name_in_a_table_is_broken_on_a_telephone(site: Path, page: Page):
    page.resize(400, 800)
    broken = """
    [...document.querySelectorAll('td .pre')].filter(e => e.textContent.length < 16 && e.getClientRects().length > 1)
        .map(e => e.textContent)
    """
    for name in ("field", "robustness", "settings"):
        opened(page, site / f"{name}.html")
        assert page.value("document.querySelectorAll('td .pre').length") > 5
        assert page.value(broken) == [], name


def test_letters_of_drawings_are_as_large_on_a_telephone(site: Path, page: Page):
    page.resize(400, 800)
    opened(page, site / "cells.html")
    scale = "e.getBoundingClientRect().width / e.viewBox.baseVal.width"
    shown = page.value(f"[...document.querySelectorAll('svg.cell')].map(e => {scale})")
    assert len(shown) > 50
    assert min(shown) > 0.99


def test_what_a_drawing_says_has_room_in_its_box(site: Path, page: Page):
    page.resize(1280, 800)
    opened(page, site / "cells.html")
    room = """
    [...document.querySelectorAll('svg.cell text')].map(text => {
        const [words, box] = [text, text.previousElementSibling].map(e => e.getBoundingClientRect());
        return [text.textContent, Math.min(words.left - box.left, box.right - words.right)];
    })
    """
    sides = page.value(room)
    assert len(sides) > 1000
    assert [(words, side) for words, side in sides if side < 1] == []


@pytest.mark.parametrize("words", SEARCHED)
def test_a_search_finds_it_without_a_server(site: Path, page: Page, words: str):
    page.complaints.clear()
    page.resize(1280, 800)
    opened(page, site / "search.html", f"?q={words.replace(' ', '+')}")
    found = (
        "[...document.querySelectorAll('#search-results li a')].map(a => a.href.split('/').pop().replace(/\\?[^#]*/, ''))"
    )
    page.wait_for(f"{found}.length > 0")
    page.rest(1)  # results come one after another
    links = page.value(found)
    assert any(link.startswith(SEARCHED[words]) for link in links[:10]), links
    assert page.complaints == []


def test_a_dark_screen_gets_a_dark_page(site: Path, page: Page):
    page.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    opened(page, site / "index.html")
    background = page.value("getComputedStyle(document.body).backgroundColor")
    page.ask("Emulation.setEmulatedMedia", features=[])
    assert max(int(part) for part in background[4:-1].split(",")) < 60
