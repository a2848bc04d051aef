"""The verdict on many cells: it says what was decided, the nearest of the rest with its numbers, and how many there are."""

from dataclasses import replace

import pandas as pd
import pytest

from gatebench.records.contrasts import Contrasts, Declaration
from gatebench.records.frame import Frame
from gatebench.report import comparisons, declared, verdict
from support.frames import MUSIC, by_hand, seeds

CELLS = ["gru", "lstm", "rnn", "novel", "mgu", "janet"]
CLOSE = [[3.0, 3.3, 3.2], [3.1, 3.4, 3.05], [3.2, 3.3, 3.15], [3.0, 3.5, 3.3], [3.3, 3.1, 3.4]]


def lines(frame: Frame) -> list[str]:
    return verdict.lines(frame, MUSIC, CELLS)


def of(*scores: list[float]) -> Frame:
    return by_hand([trial for cell, tests in zip(CELLS, scores, strict=True) for trial in seeds("music", cell, tests)])


def test_of_many_undecided_cells_the_nearest_is_said_and_the_others_are_counted():
    best, much, cost = lines(of(*CLOSE, [5.0, 5.1, 5.3]))
    assert best.startswith(
        "Best cell: no difference could be shown between gru and 4 others, of which lstm is the nearest (3.167 to 3.267 nats"
    )
    assert ". All of them beat janet by 1.867 [" in best
    assert much.startswith("By how much: gru is lower than lstm by 0.017 [")
    assert ", the nearest of 4, nats per time step (95% intervals" in much
    assert much.count("with probability") == 1
    assert much.endswith(". The other 3 stand in the table Differences between cells of the report.")
    assert cost.startswith("At what cost: the cheapest of them, gru, has ")
    assert cost.count("recurrent parameters") == 2  # those of the best and of the LSTM, which is asked for
    assert cost.endswith(". The others' stand in the table Results of the report.")


def test_of_many_that_are_beaten_all_are_named_and_the_nearest_has_its_numbers():
    best, much, cost = lines(of(*([level, level + 0.01, level + 0.02] for level in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0))))
    assert "below lstm, rnn, novel, mgu and janet and below" in best
    assert much.startswith("By how much: gru is lower than lstm by 1.000 [")
    assert ", the nearest of 5, nats per time step" in much
    assert cost.startswith("At what cost: gru has ")
    assert cost.count("recurrent parameters") == 2  # those of the best and of the LSTM, which is asked for


def test_the_lines_are_short():
    assert max(map(len, lines(of(*CLOSE, [5.0, 5.1, 5.3])))) < 600


@pytest.mark.parametrize("count", [3, 4])
def test_edges_of_many_cells_are_counted_and_named(count: int):
    frame = of(*CLOSE, [5.0, 5.1, 5.3])
    group = MUSIC._asdict()
    rows = [{**group, "cell": cell, "pipeline": 1, "hyperparameter": "lr"} for cell in CELLS[:count]]
    best = lines(replace(frame, edges=pd.DataFrame(rows)))[0]
    assert (". 4 of 6 cells selected at an edge of what was searched (gru, lstm, rnn and novel)." in best) == (count == 4)
    assert ("Selected at an edge of what was searched: gru (learning rate), " in best) == (count == 3)


def test_cells_beside_a_reference_are_counted_where_they_are_very_many():
    trials = [trial for i in range(14) for trial in seeds("music", f"cell_{i:02}", [3.0, 3.2 + i / 100, 3.1])]
    frame = replace(
        by_hand([*trials, *seeds("music", "gru", [3.0, 3.1, 3.2])]), declared=Declaration(Contrasts(against="gru"))
    )
    pairs = comparisons.pairs(frame)
    said = declared.sentence(frame, pairs)
    verdicts = [pair.verdict for pair in pairs if pair.tested]
    assert set(verdicts) == {"undecided"}
    assert said == "Of the 14 contrasts against gru: not told apart from gru: 14 others."
    few = replace(frame, trials=frame.trials[frame.trials.cell.isin(["gru", "cell_01", "cell_02"])])
    assert declared.sentence(few, comparisons.pairs(few)).endswith(": cell_01 and cell_02.")
