"""Cells against each other: every pair of a panel, and what the numbers say in words."""

from itertools import combinations

import numpy as np
import pandas as pd

from bench.records.frame import Frame, Panel, panels
from bench.report import style
from bench.report.stats import (
    Difference,
    Estimate,
    Runs,
    bootstrapped,
    difference,
    difference_of_means,
    holm,
    mean_interval,
    probability_lower,
)  # fmt: skip

LEVEL = 0.05
"""Of Holm's adjusted p, below which two cells are said to differ."""
PAIRS = [
    *Panel._fields, "better", "worse", "nll_better", "nll_worse", "difference", "low", "high", "p", "p_holm", "probability",
    "probability_low", "probability_high", "n_better", "n_worse", "interval",
]  # fmt: skip
BOTH, SEEDS = "seeds and sequences", "seeds"


def runs(frame: Frame, trials: pd.DataFrame) -> Runs | None:
    """The test sequences of these confirming trials; None if a record does not have them, or a trial has no score."""
    kept = frame.sequences[frame.sequences.key.isin(trials.key)]
    if kept.key.nunique() < trials.key.nunique() or kept.nll.isna().any():
        return None
    wide = kept.pivot(index="key", columns="sequence", values="nll").loc[trials.key].to_numpy(float)
    steps = kept.drop_duplicates("sequence").sort_values("sequence").steps.to_numpy(float)
    return Runs(wide, steps)


def interval(frame: Frame, trials: pd.DataFrame) -> Estimate:
    """Mean test NLL with its interval over seeds and sequences, over seeds alone where records do not have sequences."""
    found = runs(frame, trials)
    return bootstrapped(found) if found else mean_interval(trials.nll.to_numpy())


def pairs(frame: Frame) -> pd.DataFrame:
    """Every pair of cells of every panel, `PAIRS`: the one with the lower mean test NLL first, p adjusted in its panel."""
    rows = []
    for panel, part in panels(frame.confirmed("test")):
        groups = {cell: part[part.cell == cell] for cell in style.cells(part)}
        ranked = sorted((c for c in groups if groups[c].nll.notna().all()), key=lambda c: groups[c].nll.mean())
        found = []
        for better, worse in combinations(ranked, 2):
            a, b = groups[better], groups[worse]
            d, kind = _difference(frame, a, b)
            above = probability_lower(a.nll.to_numpy(), b.nll.to_numpy())
            found.append([
                *panel, better, worse, a.nll.mean(), b.nll.mean(), d.mean, d.low, d.high, d.p, np.nan,
                above.mean, above.low, above.high, len(a), len(b), kind,
            ])  # fmt: skip
        for row, p in zip(found, holm([row[PAIRS.index("p")] for row in found]), strict=True):
            row[PAIRS.index("p_holm")] = p
        rows += found
    return pd.DataFrame(rows, columns=PAIRS)


def _difference(frame: Frame, a: pd.DataFrame, b: pd.DataFrame) -> tuple[Difference, str]:
    first, second = runs(frame, a), runs(frame, b)
    if first and second:
        return difference(first, second), BOTH
    return difference_of_means(a.nll.to_numpy(), b.nll.to_numpy()), SEEDS


def verdict(frame: Frame) -> list[str]:
    """What the numbers say, a sentence or two for each panel."""
    table = pairs(frame)
    return [_said(frame, panel, part, table) for panel, part in panels(frame.confirmed("test"))]


def _said(frame: Frame, panel: Panel, part: pd.DataFrame, table: pd.DataFrame) -> str:
    own = table[(table[list(Panel._fields)] == list(panel)).all(axis=1)]
    means = part.groupby("cell", sort=False).nll.agg(["mean", "size"]).dropna().sort_values("mean")
    start = f"On {frame.title(panel)}"
    if means.empty:
        return f"{start}, no run has a score."
    best = str(means.index[0])
    told = [
        f"{start}, the lowest mean is that of {best}: {interval(frame, part[part.cell == best])} nats per time step, n = {means['size'].iloc[0]}."
    ]
    of_best = own[own.better == best]
    if len(of_best):
        beaten = [_won(row) for row in of_best.itertuples() if row.p_holm < LEVEL]
        equal = [str(row.worse) for row in of_best.itertuples() if not row.p_holm < LEVEL]
        if beaten:
            told.append(f"It beats {_listed(beaten)}.")
        if equal:
            gap = max((row for row in of_best.itertuples() if not row.p_holm < LEVEL), key=lambda row: row.high - row.low)
            wide = (
                ""
                if np.isnan(gap.low)
                else f" (the widest interval is {gap.difference:.3f} [{gap.low:.3f}, {gap.high:.3f}])"
            )
            told.append(f"Between it and {_listed(equal)} no difference was found after Holm's adjustment{wide}.")
        told.append(_gated(own, best))
    told.append(_floors(frame, panel, means["mean"]))
    failed = part[part.status == "diverged"].groupby("cell").size()
    if len(failed):
        told.append(f"Diverged in confirming: {_listed([f'{n} of {cell}' for cell, n in failed.items()])}.")
    return " ".join(sentence for sentence in told if sentence)


def _won(row: "pd.Series | object") -> str:
    r = row
    return f"{r.worse} by {-r.difference:.3f} nats [{-r.high:.3f}, {-r.low:.3f}]"  # pyright: ignore


def _gated(own: pd.DataFrame, best: str) -> str:
    """The question of the house, where its answer was not given already: GRU or LSTM."""
    lstm = next((c for c in ("lstm", "lstm_peephole") if c in {*own.better, *own.worse}), None)
    asked = own[own[["better", "worse"]].isin(["gru", lstm]).all(axis=1)]
    if lstm is None or asked.empty or best in ("gru", lstm):
        return ""
    row = next(asked.itertuples())
    size = f"{row.better} is {-row.difference:.3f} nats [{-row.high:.3f}, {-row.low:.3f}] lower than {row.worse}"  # pyright: ignore
    found = "" if row.p_holm < LEVEL else ", which is no difference found"  # pyright: ignore
    return f"Of the two of the title, {size}{found}; n = {min(row.n_better, row.n_worse)}."  # pyright: ignore


def _floors(frame: Frame, panel: Panel, means: pd.Series) -> str:
    floors = frame.floors[(frame.floors.task == panel.task) & (frame.floors.split == "test")].sort_values("nll")
    if floors.empty:
        return ""
    lowest = floors.iloc[0]
    above = [str(cell) for cell in means.index[means >= lowest.nll]]
    if not above:
        return f"All are below the lowest floor ({lowest.floor}, {lowest.nll:.2f})."
    return f"Not below the lowest floor ({lowest.floor}, {lowest.nll:.2f}): {_listed(above)}."


def _span(counts: pd.Series) -> str:
    low, high = counts.min(), counts.max()
    return f"{low}" if low == high else f"{low} to {high}"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def untested(frame: Frame) -> list[str]:
    """What these trials cannot say."""
    trials = frame.trials
    confirmed = frame.confirmed("test")
    seeds = confirmed.groupby([*Panel._fields, "cell"]).size()
    searched = trials[(trials.stage == "search") & (trials.split == "valid")].groupby([*Panel._fields, "cell"]).size()
    tried = _span(searched) if len(searched) else "no"
    told = [
        f"Tasks other than {_listed(list(dict.fromkeys(frame.datasets.values())))}; models of more than one layer; sizes other "
        f"than {confirmed.parameters_recurrent.min():,} to {confirmed.parameters_recurrent.max():,} recurrent parameters.",
        f"Other searches: {tried} settings were tried for each cell, with one seed. The confirming seeds (n = {_span(seeds)}) "
        "vary weights, order and noise at the one setting that was selected, so no interval here covers "
        "what another draw of settings would have selected.",
        "Other regularisers and schedules: those of the protocol are the same for every cell, which is not the best for each.",
    ]
    last = confirmed[(confirmed.best_epoch >= confirmed.epochs) & (confirmed.status == "finished")]
    if len(last):
        told.append(
            f"Longer training: {len(last)} of {len(confirmed)} confirming trials were at their best in their last epoch."
        )
    return told
