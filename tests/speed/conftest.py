"""Timing in a moment: small cases, few calls, and torch's threads as they were."""

import importlib.util

import pytest
import torch

from gatebench.speed import breakdown, cases, cells, data, inference, populations, timing, updates
from gatebench.speed.cases import Case
from support.speed_cases import SMALL

collect_ignore = [] if importlib.util.find_spec("jax") else ["test_jax_gradients.py"]
"""JAX is no dependency: where it happens to be installed, its scan is held to our numbers."""


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(timing, "WARM", 0.002)
    monkeypatch.setattr(populations, "POPULATIONS", (1, 3))
    monkeypatch.setattr(updates, "cases", lambda: [*SMALL, Case(data.music, "gru", 5, 1, 6, lengths=(4, 8))])
    monkeypatch.setattr(breakdown, "cases", lambda: [SMALL[0], SMALL[4]])
    monkeypatch.setattr(cases, "every_cell", lambda: ["gru", "lstm_augmented", "mingru"])
    monkeypatch.setattr(cells, "SHAPES", [(3, 4), (1, 5)])
    monkeypatch.setattr(cells, "LONG_CELLS", ["gru", "mingru"])
    monkeypatch.setattr(cells, "LONG_SHAPE", (20, 2, 6))
    monkeypatch.setattr(inference, "BATCH", 3)
    monkeypatch.setattr(inference, "STEPS", 4)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture(params=SMALL, ids=updates.describe)
def case(request):
    return request.param
