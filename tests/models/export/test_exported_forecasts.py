"""A forecast from a table to an exported model: both engines train it, and what comes out names what it reads and gives."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gatebench as package
from gatebench.core.errors import BadInput
from gatebench.data import tasks
from gatebench.models import sample
from gatebench.records.store import Store
from support.adding import add
from support.commands import run_command

SWEEP = [
    "cell=gru", "task=load", "budget=units_64", "budget.units=4", "training.epochs=2", "training.lr=0.01",
    "training.weight_noise=0", "population.seeds=[1]", "publish=false", "hydra/launcher=basic",
]  # fmt: skip


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two studies of one forecast, one of each engine."""
    folder = tmp_path_factory.mktemp("forecast")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("GATEBENCH_PATH", raising=False)
        random = np.random.default_rng(0)
        walk = random.standard_normal((400, 2)).cumsum(0)
        pd.DataFrame(walk, columns=["load", "wind"]).assign(holiday=random.integers(0, 2, 400)).to_csv(
            "load.csv", index=False
        )
        add(Path("load.csv"), "load", predict=["load"], known=["holiday"], horizon=3)
        for engine in ("reference", "fused_cpu"):
            run_command("sweep", *SWEEP, f"name={engine}", f"engine={engine}", f"results={folder / engine}")
    return folder


def test_both_engines_train_a_forecast_to_the_same_scores(results: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(results)
    records = []
    for engine in ("reference", "fused_cpu"):
        store = Store(results / engine)
        (key,) = (path.parent.name for path in (results / engine).glob("trials/[0-9a-f]*/record.json"))
        records.append(store.read([key])[key])
    one, two = records
    assert one.key == two.key
    assert one.summary.engine != two.summary.engine
    assert one.summary.scores["test"].nll == pytest.approx(two.summary.scores["test"].nll, rel=1e-4)
    assert (one.summary.inputs, one.summary.data.outputs) == (3 + 3, 3)


def test_an_exported_forecast_says_what_it_reads_and_what_it_gives(results: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(results)
    (key,) = (path.parent.name for path in (results / "reference").glob("trials/[0-9a-f]*/record.json"))
    run_command("export", key, "--to", results / "model", "--results", results / "reference")
    settings = json.loads((results / "model" / "settings.json").read_text())
    assert settings["reads"]["names"] == ["load", "wind", "holiday", "holiday (+1)", "holiday (+2)", "holiday (+3)"]
    assert settings["readout"]["names"] == ["load (+1)", "load (+2)", "load (+3)"]
    assert len(settings["standardisation"]["read"]["mean"]) == settings["sizes"]["inputs"] == 6
    assert len(settings["standardisation"]["predicted"]["std"]) == 3
    task = tasks.load("load", "load", "forecast")
    import torch

    model = package.load(key, results / "reference")
    readout = model(torch.from_numpy(task.splits["test"][0].x)[None])
    assert readout.shape == (1, len(task.splits["test"][0].x), 2 * 3)
    with pytest.raises(BadInput, match=f"trial {key} forecasts load from more than .* gatebench export {key}"):
        sample.draw_sample(Store(results / "reference"), key)
