"""All jobs of a sweep on a machine are measured by one yardstick."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from gatebench.cli import compose, launch
from gatebench.records.store import Store
from gatebench.study import yardstick
from gatebench.training import machine


@pytest.fixture
def measured(monkeypatch):
    """The rates that were measured: each is another one."""
    rates: list[float] = []

    def measure(threads: int, device: str) -> float:
        rates.append(1e9 * threads + len(rates))
        return rates[-1]

    monkeypatch.setattr(machine, "matmul_rate", measure)
    return rates


def test_the_first_worker_of_a_sweep_measures_for_all(measured, tmp_path):
    assert [yardstick.rate(tmp_path, 1, "cpu") for _ in range(3)] == [1e9] * 3
    assert len(measured) == 1
    assert yardstick.rate(tmp_path, 2, "cpu") == 2e9 + 1, "of more threads it is another one"
    assert not list(tmp_path.glob("*.json")), "which the progress bar would read as a job's report"
    assert len(list(tmp_path.iterdir())) == 2, "nothing else is left"


def test_workers_that_measure_at_once_agree(measured, tmp_path):
    with ThreadPoolExecutor(8) as workers:
        assert len(set(workers.map(lambda _: yardstick.rate(tmp_path, 1, "cpu"), range(8)))) == 1


@pytest.mark.parametrize("folder", [None, "gone"])
def test_without_a_sweep_each_process_measures_its_own(measured, folder, tmp_path):
    sweep = folder and tmp_path / folder
    assert [yardstick.rate(sweep, 1, "cpu") for _ in range(2)] == [1e9, 1e9 + 1]
    assert list(tmp_path.iterdir()) == []


def test_a_job_is_measured_by_the_yardstick_of_its_sweep(tiny, tmp_path):
    """As a worker runs it that was started before the sweep, whose environment knows nothing of it."""
    sweep, results = tmp_path / "sweep", tmp_path / "results"
    sweep.mkdir()
    yardstick.file_of(sweep, 1, "cpu").write_text("1.0")  # FLOP a second
    settings = ["task=tiny", "cell=rnn", "budget=units_48", "training.epochs=1", "search.size=1", "population.seeds=[1]"]
    (configuration,) = compose.compose_points([[*settings, f"results={results}"]])
    launch.run_point([configuration], launch.SweepCommand(sweep, launch.this_process(), False))
    records = Store(results).read(sorted(Store(results).finished()))
    assert len(records) == 2
    assert all(record.summary.relative_throughput > 1e5 for record in records.values())
