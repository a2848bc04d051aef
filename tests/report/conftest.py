"""What the tests of figures share: the style of reports, and a frame of a few trials."""

from collections.abc import Iterator

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from gatebench.records.frame import Frame
from gatebench.report import style
from support.frames import TRIALS, by_hand


@pytest.fixture(scope="module", autouse=True)
def report_style() -> Iterator[None]:
    """Matplotlib's settings of reports, for the tests of one module."""
    with mpl.rc_context():
        style.apply_style()
        yield
    plt.close("all")


@pytest.fixture(scope="module")
def hand() -> Frame:
    """A frame of two tasks, three cells and a search."""
    return by_hand(TRIALS)
