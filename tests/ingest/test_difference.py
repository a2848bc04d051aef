"""Changes from step to step in place of values: what they are, what is said of them, and that scores compare."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gatebench.data import cards, tasks
from gatebench.data.contents import SPLITS
from support.adding import add, refused


def trend(folder: Path, slope: float = 0.5, rows: int = 900) -> Path:
    """A walk whose steps hang together, upwards, beside zeros and ones."""
    random = np.random.default_rng(0)
    changes = [0.0]
    for _ in range(rows - 1):
        changes.append(0.7 * changes[-1] + random.standard_normal())
    x = np.cumsum(slope + np.array(changes))
    pd.DataFrame({"x": x.round(3), "open": random.integers(0, 2, rows)}).to_csv(folder / "x.csv", index=False)
    return folder / "x.csv"


def test_amounts_become_changes_and_zeros_and_ones_stay(home: Path):
    path = trend(home)
    lines = add(path, difference=True, window=0)
    card = cards.load("mine")
    assert card.differenced == ("x",)
    assert "difference: x are changes from step to step, and the first step is left out" in lines
    got = np.concatenate([a for split in SPLITS for a in cards.read_arrays(card)[split]])
    table = pd.read_csv(path)
    np.testing.assert_allclose(got[:, 0], np.diff(table.x), atol=1e-9)
    assert (got[:, 1] == table.open[1:]).all()
    assert card.facts["grid"][0] == 0.001


def test_test_outside_of_train_is_said_with_the_remedy(home: Path):
    path = trend(home)
    note = "note: much of test lies outside train's range, x (100%), of which nothing is learned: changes from step"
    assert any(line.startswith(note) and "(--difference)" in line for line in add(path, "values"))
    assert not any("outside" in line for line in add(path, "changes", difference=True))
    assert not any("outside" in line for line in add(trend(home, slope=0.0), "flat", columns=["open"]))
    assert tasks.load("v", "values", "next_step").outside == 1.0
    assert tasks.load("c", "changes", "next_step").outside < 0.05


@pytest.mark.parametrize("horizon", [1, 3])
def test_scores_of_changes_compare_with_scores_of_values(home: Path, horizon: int):
    """A regression on the last changes is one on the last values: its scores are the same but for the units."""
    path = trend(home, rows=6000)
    add(path, "values", columns=["x"], horizon=horizon)
    lines = add(path, "changes", columns=["x"], difference=True, horizon=horizon)
    (shift,) = (float(match[1]) for line in lines if (match := re.search(r"after ([+-][\d.]+) nats per time step", line)))
    values, changes = (cards.load(name).baselines["ar"]["test"]["nll"] for name in ("values", "changes"))
    if horizon == 1:
        assert changes + shift == pytest.approx(values, abs=0.01)
    else:  # that of changes has a Gaussian for each change, that of values one for each value, which hang together
        assert changes + shift < values


def test_a_target_stays_that_of_its_step(home: Path):
    path = trend(home)
    table = pd.read_csv(path)
    table["y"] = np.arange(len(table)) % 7 + 0.5
    table.to_csv(path, index=False)
    lines = add(path, label="y", difference=True, window=0, columns=["x"])
    got = np.concatenate([a for split in SPLITS for a in cards.read_arrays(cards.load("mine"))[split]])
    np.testing.assert_allclose(got, np.stack([np.diff(table.x), table.y[1:]], 1), atol=1e-9)
    assert not any("compares" in line for line in lines)


@pytest.mark.parametrize(
    ("columns", "choices", "message"),
    [
        (["open"], {}, "--difference is for amounts, but what is there is binary"),
        (["open"], {"kind": "reals"}, "all columns are zeros and ones"),
    ],
)
def test_what_has_no_change_is_refused(home: Path, columns: list[str], choices: dict[str, object], message: str):
    assert message in refused(trend(home), columns=columns, difference=True, **choices)


def test_sequences_of_two_steps_have_a_single_change(home: Path):
    np.savez(home / "x.npz", *[np.random.default_rng(i).standard_normal((2 if i == 4 else 9, 1)) for i in range(12)])
    assert "has 2 step(s); --difference needs at least 3" in refused(home / "x.npz", difference=True)


def test_a_season_is_what_baselines_are_given(home: Path):
    path = trend(home)
    assert "--season is 1, of reals; expected a number of steps from 2" in refused(path, season=1)
    assert "--season is 5, of a target" in refused(path, season=5, label="open")
    add(path, columns=["x"], season=12)
    card = cards.load("mine")
    assert card.season == 12
    assert "seasonal_naive" in card.baselines
