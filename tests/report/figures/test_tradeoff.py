"""The figure of test NLL against costs."""

import numpy as np
import pytest

from gatebench.records.frame import Frame
from support.figures import FIGURES, HALF, MEAN


def test_costs_stand_beside_the_same_interval(hand: Frame):
    numbers = FIGURES["tradeoff"].numbers(hand).set_index(["task", "cell"])
    assert len(numbers) == 4
    gru = numbers.loc[("music", "gru")]
    np.testing.assert_allclose(gru[["nll", "low", "high"]].astype(float), [MEAN, MEAN - HALF, MEAN + HALF], rtol=1e-9)
    assert (gru.n, gru.parameters_total, gru.flops_per_step, gru.core_seconds) == (3, 24_000, 39_000, 4.0 + (1 + 2 + 3) / 3)
    assert numbers.loc[("speech", "gru")].nll == pytest.approx(7.4)
