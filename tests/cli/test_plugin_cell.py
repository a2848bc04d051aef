"""A cell in a plugin folder: a file of equations and a yaml, and every command knows it."""

import json
from pathlib import Path

import pandas as pd
import pytest

from support.command_line import run_installed
from support.commands import SMALL, sweep
from support.datasets import Tiny, make_tiny

MGU = '''"""Minimal gated unit: one gate forgets and resets.

Zhou et al. 2016, Eq. 6.
"""

from gatebench.graph.ops import sigmoid, tanh

PAPER = "Zhou, Wu, Zhang, Zhou 2016 (arXiv 1603.09420)"


def step(x, h, *, W, U, b):
    f = sigmoid(W.f @ x + U.f @ h + b.f)
    h_tilde = tanh(W.h @ x + U.h @ (f * h) + b.h)
    h = (1 - f) * h + f * h_tilde
    return h
'''


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """A plugin folder with one more cell: a file of equations and a yaml."""
    tiny = make_tiny(tmp_path_factory.mktemp("extended"))
    for file, text in (("cells/mgu.py", MGU), ("conf/cell/mgu.yaml", "name: mgu\n")):
        path = tiny.plugin_folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tiny


def test_a_new_cell_is_counted(extended: Tiny, tmp_path: Path):
    result = run_installed(extended, tmp_path, "count", "mgu", "--inputs", "20", "--units", "30", "--json")
    assert json.loads(result.out)["parameters_recurrent"] == 2 * (20 * 30 + 30 * 30 + 30)


def test_a_new_cell_is_trained_and_appears_in_every_figure(extended: Tiny, tmp_path: Path):
    sweep(extended, *SMALL, "cell=rnn,mgu", "name=mine", results=tmp_path / "results")
    result = run_installed(extended, tmp_path, "report", "mine")
    assert (result.code, result.out, result.err) == (0, "results/mine/report.html\n", "")
    folder = tmp_path / "results" / "mine"
    for name in ("results", "curves", "tradeoff", "sensitivity", "scores", "table1"):
        assert set(pd.read_csv(folder / f"{name}.csv").cell) >= {"rnn", "mgu"}, name
    scores = pd.read_csv(folder / "scores.csv").set_index("cell")
    assert float(scores["recurrent parameters"]["mgu"]) == 2 * (12 * 6 + 6 * 6 + 6)
    assert "<h3>mgu</h3>" in (folder / "report.html").read_text()
