"""Several labels of a sequence or a step: any number of them hold, each zero or one."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from gatebench.core import measuring
from gatebench.core.metric import Predicted
from gatebench.data import cards, facts, tasks
from gatebench.data.baselines import compute
from gatebench.data.contents import SPLITS, Target
from gatebench.training import likelihoods
from support.adding import add, refused


def table(folder: Path, of: str = "sequence", sequences: int = 60) -> Path:
    """Sequences that are high, or loud, or both or neither, which their steps show."""
    random, parts = np.random.default_rng(0), []
    for i in range(sequences):
        high, loud = random.integers(0, 2, 2)
        x = 2 * high + (1 + 2 * loud) * random.standard_normal(12)
        y = np.full(12, high) if of == "sequence" else (x > 0).astype(int)
        parts.append(pd.DataFrame({"run": i, "x": x.round(3), "w": random.standard_normal(12), "high": y, "loud": loud}))
    pd.concat(parts).to_csv(folder / "runs.csv", index=False)
    return folder / "runs.csv"


@pytest.mark.parametrize("of", ["sequence", "step"])
def test_several_columns_of_zeros_and_ones_are_labels(home: Path, of: str):
    path = table(home, of)
    lines = add(path, label="high,loud", sequence="run")
    assert any(line.startswith("target: high, loud, 2 labels of which any number hold, one of each") for line in lines)
    card = cards.load("mine")
    assert card.target == Target(of, "labels", 2, ("high", "loud"))
    task = tasks.load("mine", "mine", "target")
    assert (task.inputs, task.outputs, task.predicted) == (2, 2, "binary")
    stated = yaml.safe_load(Path("gatebench_local/conf/task/mine.yaml").read_text())
    assert stated["likelihood"] == {"name": "bernoulli"}
    assert likelihoods.build("bernoulli", {}, "binary", 0).readout(2) == 2
    rows = pd.read_csv(path).groupby("run")[["high", "loud"]].first().to_numpy()
    ones = sum(np.array(card.facts["target"][split]["ones"]) for split in SPLITS)
    expected = rows if of == "sequence" else pd.read_csv(path)[["high", "loud"]].to_numpy()
    assert ones.tolist() == expected.sum(0).tolist()
    counts = next(line for line in lines if line.startswith("labels: train high "))
    assert counts.endswith(f"({of}s)")
    arrays = cards.read_arrays(card)
    assert card.facts == facts.compute(card, arrays)
    assert card.baselines == compute.compute(card, arrays)
    assert card.baselines["logistic"]["test"]["nll"] < card.baselines["unigram"]["test"]["nll"]


def test_labels_that_a_summary_shows_are_predicted_from_it(home: Path):
    add(table(home), label="high,loud", sequence="run")
    scores = {name: by_split["test"]["nll"] for name, by_split in cards.load("mine").baselines.items()}
    assert scores["logistic_summary"] < scores["logistic"] - 0.2
    assert scores["unigram"] == pytest.approx(2 * np.log(2), abs=0.2)


def test_labels_have_the_metrics_of_zeros_and_ones():
    mean, true = np.array([[0.9, 0.2], [0.4, 0.7]]), np.array([[1, 0], [1, 1]])
    sums = measuring.statistics(Predicted("binary", "sequence", mean, true, np.array([1, 1])))
    assert sums["hits"].tolist() == [1, 1]
    assert sums["misses"].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"label": "high,lowd"}, "--label lowd is no column; did you mean 'loud'?"),
        ({"label": "high,high"}, "--label has high twice"),
        ({"label": "high,loud", "columns": ["x", "loud"]}, "--label has loud twice, or for something else as well"),
        (
            {"label": "high,x", "as_target": "label", "without": ["loud"]},
            "expected one column and at most 1,000 classes of a label, or several",
        ),
        ({"label": "high,loud", "likelihood": "categorical"}, "what is predicted is binary; use bernoulli"),
    ],
)
def test_what_are_no_labels_is_one_line(home: Path, choices: dict[str, object], message: str):
    assert message in refused(table(home), sequence="run", **choices)


def test_a_command_that_is_printed_where_two_readings_fit_works(home: Path):
    path = table(home)
    command = refused(path, sequence="run", label="high,x", as_target="value")
    assert "--label high,x --without x,loud" in command
    add(path, sequence="run", label="high,x", as_target="value", without=["x", "loud"])
    assert cards.load("mine").target == Target("step", "value", 2, ("high", "x"))


def test_a_label_that_never_holds_is_refused(home: Path):
    path = table(home)
    pd.read_csv(path).assign(never=0).to_csv(path, index=False)
    assert "in the split 'train', never is the same everywhere" in refused(path, label="high,loud,never", sequence="run")


def test_several_numbers_are_values(home: Path):
    add(table(home, "step"), label="x,high", sequence="run", columns=["w"])
    assert cards.load("mine").target == Target("step", "value", 2, ("x", "high"))
