"""Timing: what is timed is a real update, and the rows say what they should."""

import json
from functools import cache

import numpy as np
import pandas as pd
import pytest
import torch

from gatebench.cli.parser import command_line_parser
from gatebench.graph import trace
from gatebench.graph.cost import cost
from gatebench.report import speed as figures
from gatebench.speed import updates as speed

SMALL = [speed.Case("gru", 5, 88, 1, 7), speed.Case("lstm_augmented", 4, 88, 2, 5), speed.Case("rnn", 6, 20, 3, 4)]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(speed, "WARM", 0.002)
    monkeypatch.setattr(speed, "POPULATIONS", (1, 3))
    monkeypatch.setattr(speed, "cases", lambda: [*SMALL, speed.Case("gru", 5, 88, 1, 6, (4, 8))])
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def rows():
    return speed.measure_updates(1, lambda _: None)


def test_a_row_is_what_its_columns_say(rows):
    assert list(rows.columns) == speed.COLUMNS
    assert np.allclose(rows.ratio, rows.beside_ms / rows.ms_per_update_per_member)
    for _, part in rows.groupby(["cell", "batch", "steps"]):
        beside = part.iloc[0].beside
        engine, population = ("reference", 10) if beside.startswith("reference") else ("torch.nn", 1)
        rows_beside = part[(part.engine == engine) & (part.population == population)]
        assert rows_beside.ratio.tolist() == [1.0]
        assert {("reference", 1), ("fused_cpu", 1), ("fused_cpu", 10)} <= set(zip(part.engine, part.population, strict=True))
        assert part.beside_ms.nunique() == 1
        # One roof for all rows of a case: their fractions are as their times.
        flops = part.relative_throughput * part.ms_per_update_per_member
        assert np.allclose(flops, flops.iloc[0])


def test_the_fraction_counts_layer_and_readout_three_times(monkeypatch):
    monkeypatch.setattr(speed, "_timed", lambda runs, rounds: {name: 2.0 * name[1] for name in runs})
    graph = trace.load("gru")
    forward = cost(graph, graph.sizes(88, 5), 88).flops_per_step + 2 * 5 * 88
    rate = 2 * 2048**3 / 2.0
    for row in speed._rows(SMALL[0], 1):
        assert row["relative_throughput"] == pytest.approx(3 * forward * 7 / 2.0 / rate)


@pytest.mark.parametrize("engine", ["reference", "fused_cpu"])
def test_what_is_timed_is_an_update(engine, monkeypatch):
    populations = []
    start = speed.Population.start
    monkeypatch.setattr(speed.Population, "start", lambda *args: populations.append(start(*args)) or populations[-1])
    speed._gatebench_update(SMALL[0], engine, 3).call()
    (population,) = populations
    before = torch.zeros_like(population.parameters)
    for k in range(3):
        for name, view in population.model.views(before[k : k + 1]).items():
            view.copy_(population.model.initialise(k, speed.TRAINING, None)[name])
    assert (population.parameters != before).any(1).all()
    assert population.updates.tolist() == [1, 1, 1]


def test_members_of_lengths_take_turns(monkeypatch):
    seen = []
    update = speed.Population.update
    monkeypatch.setattr(
        speed.Population,
        "update",
        lambda self, batches, *rest: seen.append([int(b.lengths[0]) for b in batches]) or update(self, batches, *rest),
    )
    case = speed.Case("gru", 5, 88, 1, 6, (4, 8))
    run = speed._gatebench_update(case, "fused_cpu", 2)
    run.call()
    assert (seen, run.updates) == ([[4, 8]], 1)
    seen.clear()
    alone = speed._gatebench_update(case, "fused_cpu", 1)
    alone.call()
    assert (seen, alone.updates) == ([[4], [8]], 2)


def test_the_command_prints_rows_and_draws(tmp_path, capsys, monkeypatch):
    for name in ("measure_updates", "measure_populations"):  # once for both ways to print
        monkeypatch.setattr(speed, name, cache(getattr(speed, name)))

    def gatebench(*words):
        options = command_line_parser().parse_args(["speed", "--rounds", "1", "--results", str(tmp_path), *words])
        assert options.run(options) == 0
        return capsys.readouterr().out

    printed = json.loads(gatebench("--json"))
    assert [list(row) for row in printed] == [speed.COLUMNS] * len(printed)
    assert "A population of gru 46" in gatebench()
    for stem in ("updates", "populations"):
        assert (tmp_path / "speed" / f"{stem}.png").stat().st_size > 5000
        assert len(pd.read_csv(tmp_path / "speed" / f"{stem}.csv")) > 1
    assert pd.read_csv(tmp_path / "speed" / "populations.csv").population.tolist() == [1, 3]


def test_studies_are_drawn_with_how_much_faster_they_were():
    row = {"study": "jsb", "trials": 39, "epochs": 100, "sweep_seconds": 10.0, "scripts_seconds": 45.0, "ratio": 4.5}
    rows = pd.DataFrame([row])
    figure = figures.studies(rows)
    assert any("4.5 times" in text.get_text() for text in figure.axes[0].texts)
