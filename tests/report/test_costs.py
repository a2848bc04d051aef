"""What cells cost, in the last line of a verdict."""

from typing import Any

from gatebench.report import verdict
from support.frames import MUSIC, by_hand, seeds


def lines_of(*trials: list[tuple[Any, ...]]) -> list[str]:
    frame = by_hand([trial for some in trials for trial in some])
    return verdict.lines(frame, MUSIC, list(frame.trials.cell.unique()))


def test_the_cheapest_is_one_of_those_below_the_baseline():
    """The GRU would be, with the smallest state of two that are not told apart."""
    best, _, cost = lines_of(seeds("music", "gru", [5.9, 6.2, 6.6]), seeds("music", "lstm", [6.0, 6.01, 6.02]))
    assert "Not shown to be below the best baseline (markov, 6.250): gru." in best
    assert cost.startswith("At what cost: the cheapest of those that are below it, lstm, has ")


def test_of_many_cells_the_lstm_and_the_gru_have_their_costs_beside_those_of_the_best():
    cells = ["best", "gru", "mgu", "lstm", "rnn", "janet"]
    scores = ([level, level + 0.01, level + 0.02] for level in (1.0, 2.0, 3.0, 4.0, 5.0, 5.5))
    *_, cost = lines_of(*(seeds("music", cell, score) for cell, score in zip(cells, scores, strict=True)))
    assert [part.partition(" has ")[0] for part in cost.removeprefix("At what cost: ").split(". ")[:3]] == [
        "best",
        "lstm",
        "gru",
    ]
    assert cost.endswith(". The others' stand in the table Results of the report.")
