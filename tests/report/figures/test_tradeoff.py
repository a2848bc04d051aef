"""The figure of test NLL against costs."""

import numpy as np
import pandas as pd
import pytest

from gatebench.records.frame import Frame
from gatebench.report import style
from support.figures import FIGURES, HALF, MEAN, drawn
from support.frames import by_hand, seeds


def test_costs_stand_beside_the_same_interval(hand: Frame):
    numbers = FIGURES["tradeoff"].numbers(hand).set_index(["task", "cell"])
    assert len(numbers) == 4
    gru = numbers.loc[("music", "gru")]
    np.testing.assert_allclose(gru[["nll", "low", "high"]].astype(float), [MEAN, MEAN - HALF, MEAN + HALF], rtol=1e-9)
    assert (gru.n, gru.parameters_total, gru.flops_per_step, gru.core_seconds) == (3, 24_000, 39_000, 4.0 + (1 + 2 + 3) / 3)
    assert numbers.loc[("speech", "gru")].nll == pytest.approx(7.4)


@pytest.mark.parametrize("name", ["tradeoff", "results"])
def test_a_cell_that_went_astray_leaves_the_others_their_places(name: str):
    cells = ["gru", "lstm", "rnn", "mgu", "janet"]
    trials = [trial for i, cell in enumerate(cells) for trial in seeds("music", cell, [3.0 + i / 10, 3.1 + i / 10])]
    astray = seeds("music", "novel", [1e30, 3e30])
    axis = drawn(name, by_hand([*trials, *astray])).axes[0]
    ends = axis.get_ylim() if name == "tradeoff" else axis.get_xlim()
    assert 3.4 < max(ends) < 9.0
    assert [text.get_text() for text in axis.texts] == ["2e+30"]
    legend = [text.get_text() for part in axis.figure.legends for text in part.get_texts()]
    assert legend == (style.cells(pd.DataFrame({"cell": [*cells, "novel"]})) if name == "tradeoff" else [])
    few = drawn(name, by_hand([*trials[:4], *seeds("music", "novel", [4.0, 4.5])])).axes[0]  # of three none is left out
    assert not few.texts
