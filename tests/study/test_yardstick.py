"""All jobs of a sweep on a machine are measured by one yardstick."""

from concurrent.futures import ThreadPoolExecutor

import pytest

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


def test_the_first_worker_of_a_sweep_measures_for_all(measured, tmp_path, monkeypatch):
    monkeypatch.setenv("GATEBENCH_SWEEP", str(tmp_path))
    assert [yardstick.rate(1, "cpu") for _ in range(3)] == [1e9] * 3
    assert len(measured) == 1
    assert yardstick.rate(2, "cpu") == 2e9 + 1, "of more threads it is another one"
    assert not list(tmp_path.glob("*.json")), "which the progress bar would read as a job's report"
    assert len(list(tmp_path.iterdir())) == 2, "nothing else is left"


def test_workers_that_measure_at_once_agree(measured, tmp_path, monkeypatch):
    monkeypatch.setenv("GATEBENCH_SWEEP", str(tmp_path))
    with ThreadPoolExecutor(8) as workers:
        assert len(set(workers.map(lambda _: yardstick.rate(1, "cpu"), range(8)))) == 1


@pytest.mark.parametrize("folder", [None, "", "gone"])
def test_without_a_sweep_each_process_measures_its_own(measured, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GATEBENCH_SWEEP", raising=False)
    if folder is not None:
        monkeypatch.setenv("GATEBENCH_SWEEP", folder and str(tmp_path / folder))
    assert [yardstick.rate(1, "cpu") for _ in range(2)] == [1e9, 1e9 + 1]
    assert list(tmp_path.iterdir()) == []
