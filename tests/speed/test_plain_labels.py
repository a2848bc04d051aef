"""The plain script for labelled series: it tunes by a study's own numbers, learns, and pads without harm."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from gatebench.cli.commands import sweep
from gatebench.data import tasks
from gatebench.records import beside, frame, study_file
from gatebench.records.store import Store
from gatebench.speed import plain_labels
from gatebench.speed.plain_labels import Trained
from support.commands import run_command, working_in

SETTINGS = [
    "name=mine", "task=slopes", "cell=gru,gru_reset_after,lstm", "budget=units_48", "budget.units=4",
    "training.batch=4", "training.epochs=10", "training.patience=10", "training.ranges.lr={low:0.03,high:0.06}",
    "search.size=2", "search.sampling=independent", "pipelines=2", "population.seeds=[1]",
    "publish=false", "hydra/launcher=basic",
]  # fmt: skip


def slopes(folder: Path) -> Path:
    """Series of 6 to 9 steps that rise or fall, from wherever they begin, with a little noise."""
    random = np.random.default_rng(0)
    lines = []
    for number in range(60):
        label = ("falls", "rises")[number % 2]
        x = random.normal() + (2 * (number % 2) - 1) * np.arange(6 + number % 4) / 3 + random.normal(0, 0.1, 6 + number % 4)
        lines += [f"s{number:02},{label},{value:.4f}" for value in x]
    path = folder / "slopes.csv"
    path.write_text("\n".join(["series,kind,x", *lines]) + "\n")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the slopes were added, and a study of them was run."""
    folder = tmp_path_factory.mktemp("slopes")
    with working_in(folder):
        run_command("data", "add", slopes(folder), "--sequence", "series", "--label", "kind", "--columns", "x")
        assert sweep.sweep(SETTINGS) == 0
        plain_labels.main(["mine"])
    return folder


def test_each_pipeline_of_cells_that_torch_has_gets_a_row_that_learned(folder: Path):
    rows = beside.read_file(beside.folder(folder / "results", "mine") / "plain.csv")
    assert list(zip(rows.task, rows.method, rows.metric, rows.repetition, strict=True)) == [
        ("slopes", f"plain torch.nn.{module}", "accuracy", pipeline) for module in ("GRU", "LSTM") for pipeline in (1, 2)
    ]
    assert (rows.value > 0.9).all()
    with working_in(folder):
        shown = frame.load(Path("results"), "mine").beside
    pd.testing.assert_frame_equal(shown, rows[beside.COLUMNS])


def test_a_row_that_is_there_is_not_computed_again(folder: Path, capsys: pytest.CaptureFixture[str]):
    file = beside.folder(folder / "results", "mine") / "plain.csv"
    whole = file.read_text()
    rows = whole.splitlines(keepends=True)
    file.write_text("".join(rows[:-1]))
    with working_in(folder):
        plain_labels.main(["mine"])
    assert capsys.readouterr().out.count("\n") == 1
    before, after = (pd.read_csv(io.StringIO(text)).drop(columns="seconds") for text in (whole, file.read_text()))
    pd.testing.assert_frame_equal(before, after)


def test_the_rates_are_those_that_the_study_tried(folder: Path):
    with working_in(folder):
        plans = list(plain_labels.plans(Path("results"), "mine"))
    store, points = Store(folder / "results"), study_file.read(folder / "results", "mine")
    assert [point.labels.cell for point, _ in plans] == [p.labels.cell for p in points if p.labels.cell != "gru"]
    for point, plan in plans:
        records = store.read(point.keys)
        assert plan.rates == [records[key].settings.lr for key in point.search]
        assert len(set(plan.rates)) == 2
        assert plan.seed == records[point.confirm[0]].settings.seed
        assert (plan.units, plan.batch, plan.epochs, plan.patience, plan.clip_norm) == (4, 4, 10, 10, 1.0)


def test_the_model_that_counts_is_the_best_on_validation(folder: Path):
    with working_in(folder):
        _, plan = next(plain_labels.plans(Path("results"), "mine"))
    model = plain_labels.train(plan, plan.rates[0], 3)
    assert model.valid_loss == pytest.approx(model.scores(plan.task.splits["valid"])[0])
    # at a rate so high that the loss soon rises again, more epochs never make it worse
    losses = [plain_labels.train(replace(plan, epochs=epochs), 1.0, 3).valid_loss for epochs in range(1, 7)]
    assert losses == sorted(losses, reverse=True)
    assert len(set(losses)) < len(losses)


def test_training_ends_when_patience_does(folder: Path):
    with working_in(folder):
        _, plan = next(plain_labels.plans(Path("results"), "mine"))
    assert plain_labels.train(replace(plan, epochs=40, patience=1), 1.0, 3).epochs < 40


@pytest.mark.parametrize("module", ["LSTM", "GRU"])
def test_shorter_neighbours_in_a_batch_change_nothing(folder: Path, module: str):
    with working_in(folder):
        task = tasks.load("slopes", "slopes", "target")
    torch.manual_seed(0)
    model = Trained(getattr(torch.nn, module)(1, 4), torch.nn.Linear(4, 2), 0.0, 0)
    sequences = task.splits["test"]
    assert len({len(one) for one in sequences}) > 1
    alone = torch.cat([model.logits([one]) for one in sequences])
    torch.testing.assert_close(model.logits(sequences), alone)
