"""What a trial leaves of the data that it was trained on, from a user's file to the frame."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gatebench.data import cards, tasks
from gatebench.records import frame
from gatebench.records.frame import Frame
from gatebench.report import comparisons
from gatebench.report.figures import by_step
from gatebench.report.figures import metrics as metrics_table
from support.commands import run_command, working_in

STEPS, WINDOW = 1600, 20


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One series in windows, of which two columns are predicted three steps ahead; two seeds of a cell are trained on it."""
    folder = tmp_path_factory.mktemp("home")
    random = np.random.default_rng(0)
    values = np.sin(np.arange(STEPS)[:, None] / np.array([5, 9])) + 0.3 * random.standard_normal((STEPS, 2))
    pd.DataFrame({"load": values[:, 0].round(3), "heat": values[:, 1].round(3)}).to_csv(folder / "x.csv", index=False)
    with working_in(folder):
        run_command("data", "add", "x.csv", "--name", "mine", "--window", WINDOW, "--horizon", 3)
        settings = ["cell=gru", "budget=units_64", "budget.units=4", "training.epochs=2", "training.lr=0.01"]
        run_command("sweep", "task=mine", *settings, "population.seeds=[1,2]", "publish=false", "hydra/launcher=basic")
    return folder


@pytest.fixture(scope="module")
def trained(home: Path) -> Frame:
    """The frame of the study."""
    return frame.load(home / "results", "adhoc")


def test_windows_of_a_series_stand_together_in_stretches(home: Path, trained: Frame):
    with working_in(home):
        task = tasks.load("mine", "mine", "forecast")
    windows = len(task.splits["test"])
    blocks = trained.blocks["mine"]
    assert blocks.kind == "stretch"
    assert blocks.numbers == task.blocks.numbers == [5 * i // windows for i in range(windows)]
    assert windows >= 10
    scores = comparisons.block_scores(trained, trained.confirmed("test"))
    assert scores is not None
    assert scores.nll.shape == (2, 5)


def test_nll_by_step_adds_up_to_nll_and_grows(home: Path, trained: Frame):
    """The steps are independent given what was read; it stands in records, frame, report and what MLflow is told."""
    test = trained.confirmed("test")
    values = trained.metrics.pivot_table(index="key", columns="metric", values="value").loc[test.key]
    steps = values[["nll_step_1", "nll_step_2", "nll_step_3"]]
    np.testing.assert_allclose(steps.sum(axis=1), test.nll, rtol=1e-4)
    numbers = by_step.numbers(trained)
    assert numbers is not None
    of_cell = numbers[numbers.cell == "gru"]
    assert of_cell.step.tolist() == [1, 2, 3]
    np.testing.assert_allclose(of_cell.nll, steps.mean())
    assert (of_cell.low < of_cell.nll).all()
    assert len(by_step.draw(numbers, trained).axes) == 1
    table = metrics_table.table(trained)
    assert table is not None
    assert not [column for column in table if str(column).startswith("NLL (")]


def test_baselines_have_the_metrics_of_cells_in_the_same_tables(home: Path, trained: Frame):
    with working_in(home):
        card = cards.load("mine")
    measured = trained.baseline_metrics.set_index(["baseline", "metric"])
    assert set(trained.baseline_metrics.baseline) == set(card.baselines)
    assert set(trained.baseline_metrics.metric) == set(trained.metrics.metric), "those of cells, and no others"
    assert measured.loc[("ar", "mase")].tolist()[1:] == card.baseline_metrics["ar"]["mase"]
    table = metrics_table.table(trained)
    assert table is not None
    rows = table.set_index("cell")
    assert set(table.cell) == {"gru", *(f"[{name}]" for name in card.baselines)}
    assert rows.MASE["[ar]"].startswith(f"{card.baseline_metrics['ar']['mase'][0]:.2g}")
    assert rows.NLL["[ar]"] == f"{card.baselines['ar']['test']['nll']:.3f}"
    numbers = by_step.numbers(trained)
    assert numbers is not None
    assert sorted(numbers[numbers.cell == "[ar]"].step) == [1, 2, 3]
    assert (trained.baseline_metrics.high > trained.baseline_metrics.low).all()
