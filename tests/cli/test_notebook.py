"""A comparison as a program asks for it, from what it has in memory to a model, on trials of a few updates."""

import re
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

import gatebench
from gatebench.cli.comparison import ComparisonRequest, SavedPlan
from gatebench.cli.comparison_result import ComparisonResult
from gatebench.core.errors import BadInput
from gatebench.study.schedule import ComparisonPlan
from support.commands import working_in
from support.datasets import Tiny

RANDOM = np.random.default_rng(3)
PUMPS = pd.DataFrame({"pump": np.repeat(np.arange(20), 12), "flow": RANDOM.normal(50, 9, 240)})
PUMPS["state"] = np.where(PUMPS.pump % 2, "worn", "new")
PLAN = ComparisonPlan(parameters=100, batch=8, epochs=1, search=1, pipelines=2)
READING = {"sequence": "pump", "label": "state"}


def compare(data: object, **options: object) -> ComparisonResult:
    """A comparison by a plan that is there already: how one comes to fit a time is shown elsewhere."""
    SavedPlan(10.0, PLAN).write(ComparisonRequest("pumps", 10.0, [*"ab"], None, None, "quick", Path("results")))
    return gatebench.compare(data, cells=["rnn", "gru"], study="quick", **options)


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComparisonResult]:
    """The result of a comparison on a frame, in the folder in which it was made."""
    with working_in(tmp_path_factory.mktemp("notebook")):
        yield compare(PUMPS, name="pumps", **READING)


def test_it_ends_with_a_verdict(compared: ComparisonResult):
    names = [line.partition(": ")[0] for line in compared.verdict]
    assert [name for name in names if name != "By other measures"] == ["Best cell", "By how much", "At what cost"]
    assert list(compared.table.cell[:2]) in (["rnn", "gru"], ["gru", "rnn"])
    assert compared.report.is_file()
    assert Path("gatebench_local/datasets/pumps.yaml").is_file()


def test_the_best_model_predicts_the_frame(compared: ComparisonResult):
    of_best = compared.trials.query("stage == 'confirm' and split == 'valid'").sort_values("nll", kind="stable")
    assert compared.best.key == of_best.key.iloc[0]
    states = compared.best.predict(PUMPS[["pump", "flow"]], sequence="pump")
    assert states.shape == (20,)
    assert set(states) <= {"worn", "new"}
    assert compared.best.predict_proba(PUMPS, sequence="pump").sum(1) == pytest.approx(1)
    assert (compared.export("taken_out") / "model.safetensors").is_file()


def test_the_same_again_trains_nothing_and_leaves_figures_to_the_caller(
    compared: ComparisonResult, capsys: pytest.CaptureFixture[str]
):
    PUMPS.to_csv("pumps.csv", index=False)
    with mpl.rc_context({"font.size": 7.5}):
        again = compare("pumps.csv", name="pumps", **READING)  # a path, though there is a task of its stem
        assert mpl.rcParams["font.size"] == 7.5
    said = capsys.readouterr().out
    assert "data set: pumps, which is there already" in said
    assert re.search(r"nothing to train, all \d+ trials are finished", said)
    assert again == compared


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        ("tinny", {}, "unknown task 'tinny'; did you mean 'tiny'"),
        ("tiny", {"sequence": "pump"}, "sequence is given, which says how data is read, but 'tiny' is a task"),
        ("tiny", {"name": "other"}, "name is given, which says how data is read, but 'tiny' is a task"),
        ("nothing.csv", {}, "'nothing.csv' is not there"),
        ("nothing", {"sequence": "pump"}, "'nothing' is not there"),
        (PUMPS, {"sequence": "pumps"}, "is no column; did you mean 'pump'"),
        (PUMPS, {"sequence": "pump"}, 'it is to be predicted: label="state"; or sequences that share it'),
        (PUMPS, {"secuence": "pump"}, "unknown argument 'secuence'; did you mean 'sequence'"),
        (None, {}, "data is NoneType of object"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, data: object, options: dict, message: str
):
    monkeypatch.chdir(tiny.folder)
    with pytest.raises(BadInput) as error:
        gatebench.compare(data, **options)
    assert message in str(error.value)
    assert not Path("results").exists()
