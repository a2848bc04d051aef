"""Comparisons of which the truth is known, trained for real: the same cell under two names.

``PYTHONPATH=tests python tests/cli/test_null_studies.py 20`` makes so many of them and says how often a winner was named.
"""

import io
import os
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from gatebench.cli import rounds
from gatebench.cli.commands.compare import conclude
from gatebench.cli.comparison import ComparisonRequest, SavedPlan
from gatebench.report.page import page
from gatebench.study.schedule import ComparisonPlan
from support import sources
from support.commands import run_command, working_in

NAMES = ["gru", "gru_twin"]
TWIN = '''\
"""The gated recurrent unit in other letters and another order, so that the same seed gives it other weights and noise."""

from gatebench.graph.ops import sigmoid, tanh

PAPER = "none"


def step(x, h, *, W, U, b):
    s = sigmoid(W.s @ x + U.s @ h + b.s)
    n = tanh(W.n @ x + U.n @ (s * h) + b.n)
    u = sigmoid(W.u @ x + U.u @ h + b.u)
    h = (1 - u) * h + u * n
    return h
'''
PLAN = ComparisonPlan(1000, batch=2, epochs=20, search=3, pipelines=4)


def add_twin(folder: Path) -> Path:
    """A plugin folder with the cell under its second name."""
    for path, text in {"cells/gru_twin.py": TWIN, "conf/cell/gru_twin.yaml": "name: gru_twin\n"}.items():
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_text(text)
    return folder


def winner(folder: Path, seed: int) -> str | None:
    """The cell that a comparison on data of this seed names as the better one."""
    folder.mkdir()
    plugins = add_twin(folder / "plugins")
    with working_in(folder), pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()):
        patch.setenv("GATEBENCH_PATH", str(plugins))
        patch.setattr(page, "write", lambda results, study, pipelines: results / study)  # the verdict is what it is about
        path = sources.padded(folder, count=60, seed=seed)
        run_command("data", "add", path)
        request, saved = ComparisonRequest(path.stem, 1.0, NAMES, None, None, "twins", Path("results")), SavedPlan(1.0, PLAN)
        assert rounds.train(request, saved) == 0
        best = conclude(request, saved)[0]
    assert not best.startswith("Best cell: none, and"), "something is learned"
    return next((name for name in NAMES if best.startswith(f"Best cell: {name}, ")), None)


@pytest.mark.cluster
def test_of_a_cell_under_two_names_neither_wins(tmp_path: Path):
    """One of twenty may, and these are two."""
    assert [winner(tmp_path / str(seed), seed) for seed in (1, 2)] == [None, None]


if __name__ == "__main__":
    os.environ["GATEBENCH_PROGRESS"] = "0"
    count, named = int(sys.argv[1]), 0
    with tempfile.TemporaryDirectory() as place:
        for seed in range(1, count + 1):
            best = winner(Path(place) / str(seed), seed)
            named += best is not None
            print(f"study {seed}: {best or 'no winner'}; {named} of {seed} named one", flush=True)
