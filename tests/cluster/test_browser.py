"""What people see, in a real browser: the dashboard that its address opens on, and a report."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatebench.records import study_file
from gatebench.records.store import Store
from support.browser import Page, browser
from support.commands import COMMAND, SMALL, run_command, sweep
from support.daemons import free_ports, kill_group
from support.datasets import Tiny, make_tiny

pytestmark = pytest.mark.cluster

OF_MLFLOW = (
    "/ajax-api/2.0/mlflow/users/current",  # asked for who is logged in, a server without logins says 404
    "ResizeObserver loop completed with undelivered notifications.",  # in one frame and not in the next
    "AG Grid: ",  # what MLflow's table finds old of itself
)
"""What MLflow's page says on its console wherever it is opened."""
COLUMNS = [
    "cell", "final/valid_nll", "final/test_nll", "size/parameters_recurrent", "size/flops_per_step", "final/seconds", "task",
    "budget", "protocol",
]  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """A search of two trials and two confirming ones for each of two cells, logged and reported."""
    settled = make_tiny(tmp_path_factory.mktemp("seen"))
    sweep(settled, *SMALL)
    results = settled.folder / "results"
    run_command("report", "adhoc", "--results", results)
    subprocess.run(
        [COMMAND, "publish", "adhoc", "--results", str(results)], env=settled.env, check=True, capture_output=True
    )
    return settled


@pytest.fixture(scope="module")
def addresses(home: Tiny) -> Iterator[list[str]]:
    """What the dashboard prints, while it runs: the address of the table, and that of the charts."""
    (port,) = free_ports(1)
    process = subprocess.Popen(
        [COMMAND, "dashboard", "adhoc", "--port", str(port), "--results", str(home.folder / "results")],
        env=home.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield [process.stdout.readline().split()[0] for _ in range(2)]
    finally:
        kill_group(process.pid)
        process.communicate()


@pytest.fixture(scope="module")
def shared_page() -> Iterator[Page]:
    with browser() as page:
        yield page


@pytest.fixture
def page(shared_page: Page) -> Iterator[Page]:
    """A page that has said nothing yet, and must not complain until the test is over."""
    shared_page.complaints.clear()
    shared_page.requests.clear()
    yield shared_page
    shared_page.rest(1)
    assert [said for said in shared_page.complaints if not any(known in said for known in OF_MLFLOW)] == []
    elsewhere = [
        url for url in shared_page.requests if not re.match(r"(http://127\.0\.0\.1:\d+/|file:|data:|blob:|about:)", url)
    ]
    assert elsewhere == []


def trials(results: Path, stage: str) -> list[str]:
    """Names of the runs of a stage."""
    keys = [key for point in study_file.read(results, "adhoc") for key in getattr(point, stage)]
    searched = "search " if stage == "search" else ""
    return sorted(
        f"tiny {one.settings.cell} {searched}lr {one.settings.lr:g} seed {one.settings.seed}"
        for one in Store(results).read(keys).values()
    )


ROWS = """
(() => {
    const rows = {};
    for (const cell of document.querySelectorAll('.ag-row .ag-cell')) {
        const row = cell.closest('.ag-row').getAttribute('row-index');
        (rows[row] ??= {})[cell.getAttribute('col-id')] = cell.innerText.replace(/^#\\w+\\n/, '').trim();
    }
    return Object.keys(rows).sort((a, b) => a - b).map(row => rows[row]);
})()
"""
"""The table of MLflow's page: a row as the column's id -> text, without the colour that stands before a name."""
HEADERS = """
[...document.querySelectorAll('.ag-header-cell')]
    .map(cell => ({name: cell.innerText.trim(), left: cell.getBoundingClientRect().left}))
    .sort((a, b) => a.left - b.left)
"""
"""Its columns from left to right, as far as they are to be scrolled to or seen."""
NAME, VALID = "attributes.`Run Name`", "metrics.`final/valid_nll`"


def rows(page: Page, count: int) -> list[dict[str, str]]:
    page.wait_for(f"{ROWS}.filter(row => row['{NAME}']).length >= {count}")
    return page.value(ROWS)


def test_the_address_opens_a_table_of_confirming_trials_by_cell(home: Tiny, addresses: list[str], page: Page):
    page.resize(2200, 1000)
    page.open(addresses[0])
    seen = rows(page, 6)
    names = [header["name"] for header in page.value(HEADERS)]
    assert [name for name in names if name in COLUMNS] == COLUMNS
    groups = [number for number, row in enumerate(seen) if row[NAME].startswith("Group:")]
    cell_of = {number: seen[number][NAME].split()[1] for number in groups}
    assert sorted(cell_of.values()) == ["gru", "rnn"]
    assert sorted(row[NAME] for row in seen if row not in [seen[i] for i in groups]) == trials(
        home.folder / "results", "confirm"
    )
    # The cell with the lower average on validation first, and so within each.
    losses = [float(row[VALID].split()[0]) for row in seen]
    assert groups == [0, 3]
    assert losses[0] < losses[3]
    for first in groups:
        assert losses[first] == pytest.approx(sum(losses[first + 1 : first + 3]) / 2)
        assert losses[first + 1] <= losses[first + 2]
        for row in seen[first + 1 : first + 3]:
            assert row["params.`cell`"] == cell_of[first]
            assert all(row[f"{kind}.`{name}`"] for name in COLUMNS[1:] for kind in ["metrics" if "/" in name else "params"])


def test_cell_size_and_losses_are_seen_at_once(addresses: list[str], page: Page):
    """At 1280 pixels, beside the panel that MLflow opens when somebody comes for the first time."""
    page.resize(1280, 800)
    page.open(addresses[0])
    rows(page, 4)
    edge = page.value("document.querySelector('.ag-root').getBoundingClientRect().right")
    assert {"cell", "final/valid_nll", "final/test_nll", "size/parameters_recurrent"} <= {
        header["name"] for header in page.value(HEADERS) if header["left"] + 40 < edge
    }


def test_without_the_filter_trials_of_searches_are_there_and_named_so(home: Tiny, addresses: list[str], page: Page):
    page.resize(2200, 1000)
    page.open(addresses[0].partition("&viewStateShareKey")[0])
    names = {row[NAME] for row in rows(page, 9)}
    results = home.folder / "results"
    assert names == {"study adhoc", *trials(results, "search"), *trials(results, "confirm")}


def test_the_other_address_opens_charts(addresses: list[str], page: Page):
    page.resize(1600, 1000)
    page.open(addresses[1])
    charts = """
        [...document.querySelectorAll('.js-plotly-plot')].slice(0, 3).map(plot => ({
            kinds: plot.data.map(trace => trace.type), points: plot.data.map(trace => trace.y.length),
            lowest: plot.layout.yaxis.range && plot.layout.yaxis.range[0],
        }))
    """
    # Charts appear one by one, curves once the course of each run has come: an average of each cell, at each of four epochs.
    page.wait_for(f"{charts}.length === 3 && {charts}[0].points.filter(points => points === 4).length >= 2")
    page.wait_for(f"{charts}.slice(1).every(plot => String(plot.points) === '2')")
    text = page.text()
    for title in ("Trials", "curve/valid_nll", "final/test_nll", "size/parameters_recurrent"):
        assert title in text
    curves, bars, sizes = page.value(charts)
    assert curves["points"].count(4) >= 2
    assert curves["lowest"] > 0  # or else every difference would be a pixel
    assert (bars["kinds"], bars["points"]) == (["bar"], [2])
    assert (sizes["kinds"], sizes["points"]) == (["scatter"], [2])


def test_a_run_says_what_it_is(addresses: list[str], page: Page):
    page.resize(1280, 800)
    page.open(addresses[0])
    rows(page, 4)
    page.value("[...document.querySelectorAll('.ag-row a')].find(link => /runs.[0-9a-f]{32}/.test(link.href)).click()")
    page.wait_for("document.body.innerText.includes('A confirming trial of adhoc')")
    page.wait_for("document.body.innerText.includes('final/valid_nll')")
    text = page.text()
    for word in ("6 units", "recurrent parameters", "FLOPs a step", "on validation", "on test"):
        assert word in text


def test_a_report_is_whole(home: Tiny, page: Page):
    """Its tables, its figures and its contents list, wide and narrow, with nothing wider than the screen."""
    report = home.folder / "results" / "adhoc" / "report.html"
    for width in (1280, 400):
        page.resize(width, 900)
        page.open(report.as_uri())
        page.wait_for("document.readyState === 'complete'")
        assert page.value("document.documentElement.scrollWidth") <= width
    assert page.value("document.querySelectorAll('nav a').length") > 2
    assert page.value("document.querySelectorAll('main table th').length") > 5
    pictures = page.value("[...document.images].map(image => [image.naturalWidth, image.alt])")
    drawn = page.value("document.querySelectorAll('main svg').length")
    assert len(pictures) + drawn > 2
    assert all(width > 0 and text for width, text in pictures)


def test_a_complaint_would_be_noticed(shared_page: Page, tmp_path: Path):
    """Of a script that fails, of one that complains, and of what is not there; and a request to somewhere else."""
    file = tmp_path / "page.html"
    script = "console.error('one', 2); setTimeout(() => { throw new Error('three') }, 0)"
    file.write_text(f"<script>{script}</script><img src='missing.png'><img src='http://192.0.2.1/four.png'>")
    shared_page.complaints.clear()
    shared_page.open(file.as_uri())
    shared_page.rest(2)
    said = json.dumps(shared_page.complaints)
    for word in ("console error: one 2", "Error: three", "missing.png"):
        assert word in said
    assert "http://192.0.2.1/four.png" in shared_page.requests
