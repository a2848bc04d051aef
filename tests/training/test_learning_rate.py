"""The learning rate over the epochs of a trial."""

import pytest

from gatebench.training.learning_rate import linear_decay
from gatebench.training.protocol import Training


def test_rate_falls_linearly():
    shares = [linear_decay(epoch, 5, 0.2) for epoch in range(1, 6)]
    assert shares == pytest.approx([1, 0.8, 0.6, 0.4, 0.2], rel=1e-12)


def test_rate_of_one_epoch_is_whole():
    assert linear_decay(1, 1, 0.2) == 1


def test_rate_stays_by_default():
    assert {linear_decay(epoch, 10, Training.decay_to) for epoch in range(1, 11)} == {1.0}
