"""A small study and its report, which the tests of the page look at and never change."""

from pathlib import Path

import matplotlib as mpl
import pytest

from gatebench.report.page import page
from support.commands import SMALL, sweep
from support.datasets import Tiny, make_tiny


@pytest.fixture(scope="package")
def home(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """A folder in which a small study was swept."""
    tiny = make_tiny(tmp_path_factory.mktemp("figures"))
    sweep(tiny, *SMALL)
    return tiny


@pytest.fixture(scope="package")
def reported(home: Tiny) -> dict[str, bytes]:
    """File name -> contents, after the first report."""
    results = home.folder / "results"
    with mpl.rc_context():
        assert page.write(results, "adhoc") == results / "adhoc" / "report.html"
    return {path.name: path.read_bytes() for path in (results / "adhoc").iterdir()}


@pytest.fixture(scope="package")
def second(home: Tiny) -> Path:
    """Results of the same study, computed a second time by the other engine."""
    results = home.folder / "second"
    sweep(home, *SMALL, "engine=reference", results=results)
    return results
