"""Cell or protocol: how much of the variance of scores is due to which."""

from collections.abc import Sequence
from itertools import combinations

import pandas as pd

from gatebench.records.frame import Frame
from gatebench.report import repetitions, style, words
from gatebench.report.stats.variance_shares import Bounded, VarianceShares, variance_shares

ORDER = 95
TITLE = "Cell or protocol: shares of variance"
CAPTION = (
    "Where cells were trained under several protocols (with several regularisers, where the protocols differ in "
    "these): shares of the variance of a repetition's mean test NLL. Its cell and protocol are drawn at random from "
    "these ones. Cell: how much cells differ in their mean over protocols. Protocol: the other way round. Both "
    "together: how much a cell's gain by a protocol is another than that of the others. Rest: repetitions of one cell "
    "under one protocol. With 95% intervals for new repetitions on these test sequences. More: which of cell and "
    "protocol has the larger variance, where the 95% interval of the difference leaves out zero; otherwise undecided. "
    "The shares are of these cells and protocols alone: one more that is far off changes them. So GRU and LSTM, "
    "between which one mostly chooses, have rows of their own."
)
LSTMS = ("lstm", "lstm_peephole")
"""Which LSTM stands beside the GRU: the first of these that there is."""
_COLUMNS = {"cell": "first", "protocol": "second", "both together": "together", "rest": "rest"}


def notes(frame: Frame) -> list[str]:
    """Return what was repeated."""
    return [repetitions.note(frame.confirmed("test"))]


def table(frame: Frame) -> pd.DataFrame | None:
    """Return a row for each task and budget with two cells under two protocols, repeated; None where there is none."""
    rows = []
    for (task, budget), trials in frame.scored().groupby(["task", "budget"], sort=False):
        scores = {
            (cell, str(training)): repetitions.scores(of_both)
            for cell, of_cell in style.by_cell(trials).items()
            for training, of_both in of_cell.groupby("training", sort=False)
        }
        repeated = {both for both, values in scores.items() if len(values) > 1}
        cells = style.cells(trials)
        lstm = next((cell for cell in LSTMS if cell in cells), "")
        for some in dict.fromkeys((tuple(cells), tuple(cell for cell in cells if cell in ("gru", lstm)))):
            chosen, trainings = _crossed(repeated, some)
            shares = variance_shares([[scores[cell, training] for training in trainings] for cell in chosen])
            if shares:
                names = {"cells": words.listed(chosen), "protocols": words.listed(trainings)}
                rows.append({"data": frame.datasets[str(task)], **_row(shares), **names, "budget": str(budget)})
    return pd.DataFrame(rows) if rows else None


def _row(shares: VarianceShares) -> dict[str, str]:
    """Return shares, verdict and number of repetitions, as columns of the table."""
    of_each = {name: _interval(getattr(shares, entry)) for name, entry in _COLUMNS.items()}
    return {**of_each, "more": _more(shares), "n": str(shares.n)}


def _crossed(repeated: set[tuple[str, str]], cells: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return cells and protocols of which each two were repeated: as many pairs as there are, then as many protocols."""
    trainings = list(dict.fromkeys(training for _, training in sorted(repeated)))
    best: tuple[list[str], list[str]] = ([], [])
    for count in range(2, len(trainings) + 1):
        for some in combinations(trainings, count):
            common = [cell for cell in cells if all((cell, training) in repeated for training in some)]
            if len(common) > 1 and len(common) * count >= len(best[0]) * len(best[1]):
                best = (common, list(some))
    return best


def _more(shares: VarianceShares) -> str:
    if shares.second_minus_first.low > 0:
        return "protocol"
    return "cell" if shares.second_minus_first.high < 0 else "undecided"


def _interval(share: Bounded) -> str:
    return f"{share.value:.2f} [{share.low:.2f}, {share.high:.2f}]"
