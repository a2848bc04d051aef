"""Five kinds of input, two of them real, from a file to a verdict and a model: the commands that a user gives."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
import torch

import gatebench
from gatebench.cli.comparison import ComparisonRequest, SavedPlan
from gatebench.study.schedule import ComparisonPlan
from support import sources
from support.commands import run_command, working_in
from support.verdicts import verdict_of

takes_a_minute = pytest.mark.cluster
CELLS = ["lstm", "gru"]
PLAN = ComparisonPlan(parameters=1000, batch=4, epochs=3, search=2, pipelines=2)
"""As an earlier comparison would have left it: how a plan comes to fit a time is shown elsewhere."""


def compare_cells_on(source: Callable[[Path], Path], folder: Path, *options: str) -> tuple[list[str], pd.DataFrame]:
    """The last lines of a comparison of data that was added, and its trials."""
    with working_in(folder):
        path = source(folder)
        added_lines = run_command("data", "add", path, "--name", "mine", *options)
        assert added_lines[-1] == "next: gatebench compare mine"
        assert run_command("data", "verify", "mine")[0].startswith("mine: checksum right, ")
        SavedPlan(10.0, PLAN).write(ComparisonRequest("mine", 10.0, CELLS, None, None, "compare_mine", Path("results")))
        lines = run_command("compare", "mine", "--cells", ",".join(CELLS), "--minutes", 10)
        trials = pd.read_csv("results/compare_mine/trials.csv")
        key = trials[trials.stage == "confirm"].key.iloc[0]
        run_command("export", key, "--to", "exported")
        assert (folder / "exported" / "model.py").is_file()
        readout = gatebench.load(key)(torch.zeros(1, 4, int(trials.inputs.iloc[0])))
        assert readout.isfinite().all()
    assert (trials.status == "finished").all()
    assert set(trials.cell) == set(CELLS)
    return verdict_of(lines), trials


def test_a_label_of_each_sequence_in_an_npz(tmp_path: Path):
    lines, _ = compare_cells_on(sources.delayed, tmp_path)
    assert "nats per sequence on the test split" in lines[0]


def test_a_real_multivariate_series_in_a_csv(tmp_path: Path):
    """Four channels of an electroencephalogram."""
    lines, trials = compare_cells_on(sources.eeg, tmp_path)
    assert "nats per time step on the test split" in lines[0]
    assert (trials.inputs == 4).all()


def test_a_real_text(tmp_path: Path):
    """Python's language reference."""
    lines, trials = compare_cells_on(partial(sources.language_reference, characters=10_000), tmp_path)
    assert "nats per time step on the test split" in lines[0]
    assert trials.inputs.iloc[0] > 60  # characters


@takes_a_minute
def test_a_folder_of_midi_files(tmp_path: Path):
    lines, trials = compare_cells_on(sources.midi, tmp_path)
    assert "nats per time step on the test split" in lines[0]
    assert (trials.inputs == 88).all()


@takes_a_minute
def test_a_folder_of_recordings(tmp_path: Path):
    lines, trials = compare_cells_on(sources.sounds, tmp_path)
    assert "nats per time step on the test split" in lines[0]
    assert (trials.inputs == 20).all()


@takes_a_minute
def test_a_label_of_each_step_in_a_table(tmp_path: Path):
    """Predicted forwards, since a comparison is of cells that read in the order of time."""
    lines, _ = compare_cells_on(sources.table, tmp_path, "--label", "moving")
    assert "nats per time step on the test split" in lines[0]
