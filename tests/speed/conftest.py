"""Timing in a moment: small cases, few calls, and torch's threads as they were."""

import pytest
import torch

from gatebench.speed import breakdown, data, inference, populations, timing, updates
from gatebench.speed.cases import Case

SMALL = [
    Case(data.music, "gru", 5, 1, 7),
    Case(data.music, "lstm_augmented", 4, 2, 5),
    Case(data.dense, "rnn", 6, 3, 4),
    Case(data.speech, "lstm", 5, 2, 6),
    Case(data.synthetic, "gru", 4, 3, 7),
    Case(data.symbols, "gru_reset_after", 4, 2, 5),
    Case(data.labels, "lstm", 4, 3, 5),
    Case(data.music, "lstm", 4, 2, 5, layers=2),
    Case(data.music, "gru_reset_after", 4, 2, 5, bidirectional=True),
    Case(data.music, "lstm", 5, 2, 5, work="evaluation"),
]
"""One of each kind."""


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(timing, "WARM", 0.002)
    monkeypatch.setattr(populations, "POPULATIONS", (1, 3))
    monkeypatch.setattr(updates, "cases", lambda: [*SMALL, Case(data.music, "gru", 5, 1, 6, lengths=(4, 8))])
    monkeypatch.setattr(breakdown, "cases", lambda: [SMALL[0], SMALL[4]])
    monkeypatch.setattr(inference, "BATCH", 3)
    monkeypatch.setattr(inference, "STEPS", 4)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture(params=SMALL, ids=updates.describe)
def case(request):
    return request.param
