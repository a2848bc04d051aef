"""Configurations are those that Hydra hands to its jobs, in its order, whichever of their values were set without it."""

from pathlib import Path
from typing import Any

import pytest

from gatebench.cli import compose, configurations
from gatebench.cli.configurations import Configuration
from gatebench.core.errors import BadInput

SWEEPS = {
    "a study that sweeps by itself": ["study=demo", "training.epochs=3", "population.seeds=[5]"],
    "values of every form": [
        "cell=rnn,gru", "training.lr=0.1,null", "training.ranges.lr={low: 0.001, high: 0.1}", "budget=units_64",
        "budget.units=3", "task.likelihood.name=bernoulli", "model.layers=2",
    ],
    "a list, twice the same setting, and a setting of a whole group": [
        "search.size=4", "search.size=16", "population.seeds=[1,2]", "search={size: 3, seed: 1, epochs: null}",
    ],
    "choices of several groups": ["cell=glob(lstm_n*)", "training=modern,chung2014", "training.epochs=1,2"],
    "settings that are added and deleted": ["cell=gru", "+training.other=1", "~training.dropout", "training.lr=1,2"],
}  # fmt: skip


@pytest.mark.parametrize("sweep", SWEEPS)
def test_configurations_are_those_that_hydra_hands_to_jobs(sweep: str, tmp_path: Path):
    by_hydra: list[Configuration] = []

    def job(config: Any) -> None:
        by_hydra.append(configurations.of_hydra(config))

    overrides = SWEEPS[sweep]
    compose.run_through_hydra([*overrides, "hydra/launcher=basic", f"hydra.sweep.dir={tmp_path}"], job)
    ours = compose.compose_points(compose.split(overrides))
    assert [one.values for one in ours] == [one.values for one in by_hydra]
    assert [one.overrides for one in ours] == [one.overrides for one in by_hydra]
    assert [_without_hydras_own(one) for one in ours] == [_without_hydras_own(one) for one in by_hydra]
    assert len(ours) >= 1


def _without_hydras_own(configuration: Configuration) -> dict[str, str]:
    return {group: choice for group, choice in configuration.choices.items() if not group.startswith("hydra")}


def test_jobs_that_differ_in_values_are_composed_once(monkeypatch: pytest.MonkeyPatch):
    """Hydra takes tens of milliseconds for each; of a hundred jobs it took most of a small sweep."""
    composed: list[list[str]] = []
    init = configurations._Composed.__init__

    def counting(self: Any, overrides: list[str]) -> None:
        composed.append(overrides)
        init(self, overrides)

    monkeypatch.setattr(configurations._Composed, "__init__", counting)
    rates = ",".join(str(i) for i in range(1, 51))
    assert len(compose.compose_points(compose.split(["cell=rnn,gru", f"training.lr={rates}"]))) == 100
    assert composed == [["cell=rnn"], ["cell=gru"]]


def test_a_value_that_does_not_fit_is_told_as_hydra_tells_it():
    with pytest.raises(BadInput, match=r"unknown setting 'training\.lrr'; did you mean 'training\.lr'"):
        compose.compose_points([["cell=rnn", "training.lrr=1"]])
