"""Cells against each other: every pair of a panel, and what the numbers say in words."""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd

from gatebench.records.frame import ComparisonGroup, Frame, comparison_groups
from gatebench.report import style
from gatebench.report.stats.intervals import (
    Difference,
    Estimate,
    Runs,
    bootstrapped,
    difference,
    difference_of_means,
    holm,
    mean_interval,
    probability_lower,
)

LEVEL = 0.05
"""Of Holm's adjusted p, below which two cells are said to differ."""
BOTH, SEEDS = "seeds and sequences", "seeds"


@dataclass(frozen=True)
class Pair:
    """Two cells of a panel, the one with the lower mean test NLL first."""

    panel: ComparisonGroup
    lower: str
    other: str
    difference: Difference
    """In means, lower minus other."""
    p_holm: float
    """Adjusted for all pairs of the panel."""
    probability: Estimate
    """That a new run of the lower one scores lower than a new run of the other."""
    n: tuple[int, int]
    interval: str
    """What the interval of the difference is over: `BOTH` or `SEEDS`."""

    @property
    def differ(self) -> bool:
        """Whether there is a difference at `LEVEL`; never between single runs."""
        return self.p_holm < LEVEL


def runs(frame: Frame, trials: pd.DataFrame) -> Runs | None:
    """The test sequences of these confirming trials; None if a record does not have them, or a trial has no score."""
    kept = frame.sequences[frame.sequences.key.isin(trials.key)]
    kept = kept.drop_duplicates(["key", "sequence"])  # a trial may belong to several points
    if kept.key.nunique() < trials.key.nunique() or kept.nll.isna().any():
        return None
    wide = kept.pivot(index="key", columns="sequence", values="nll").loc[trials.key].to_numpy(float)
    steps = kept.drop_duplicates("sequence").sort_values("sequence").steps.to_numpy(float)
    return Runs(wide, steps)


def interval(frame: Frame, trials: pd.DataFrame) -> Estimate:
    """Mean test NLL with its interval over seeds and sequences, over seeds alone where records do not have sequences."""
    found = runs(frame, trials)
    return bootstrapped(found) if found else mean_interval(trials.nll.to_numpy())


def pairs(frame: Frame) -> list[Pair]:
    """Every pair of cells of every panel; cells with a run that has no score are left out."""
    found = []
    for panel, part in comparison_groups(frame.confirmed("test")):
        groups = {cell: part[part.cell == cell] for cell in style.cells(part)}
        ranked = sorted((c for c in groups if groups[c].nll.notna().all()), key=lambda c: groups[c].nll.mean())
        own = []
        for lower, other in combinations(ranked, 2):
            a, b = groups[lower], groups[other]
            found_difference, kind = _difference(frame, a, b)
            probability = probability_lower(a.nll.to_numpy(), b.nll.to_numpy())
            own.append(Pair(panel, lower, other, found_difference, np.nan, probability, (len(a), len(b)), kind))
        adjusted = holm([pair.difference.p for pair in own])
        found += [replace(pair, p_holm=float(p)) for pair, p in zip(own, adjusted, strict=True)]
    return found


def _difference(frame: Frame, a: pd.DataFrame, b: pd.DataFrame) -> tuple[Difference, str]:
    first, second = runs(frame, a), runs(frame, b)
    if first and second:
        return difference(first, second), BOTH
    return difference_of_means(a.nll.to_numpy(), b.nll.to_numpy()), SEEDS


def verdict(frame: Frame) -> list[str]:
    """What the numbers say, a few sentences for each panel."""
    found = pairs(frame)
    return [
        _said(frame, panel, part, [pair for pair in found if pair.panel == panel])
        for panel, part in comparison_groups(frame.confirmed("test"))
    ]


def _said(frame: Frame, panel: ComparisonGroup, part: pd.DataFrame, found: list[Pair]) -> str:
    own = {cell: part[part.cell == cell].nll.mean(skipna=False) for cell in style.cells(part)}
    means = pd.Series(own, dtype=float).dropna().sort_values(kind="stable")
    start = f"On {frame.title(panel)}"
    if means.empty:
        return f"{start}, no run has a score."
    best = str(means.index[0])
    lowest = interval(frame, part[part.cell == best])
    told = [f"{start}, the lowest mean is that of {best}: {lowest} nats per {frame.predicted(panel.task)}, n = {lowest.n}."]
    beaten = [pair for pair in found if pair.lower == best and pair.differ]
    equal = [pair for pair in found if pair.lower == best and not pair.differ]
    if beaten:
        told.append(f"It beats {listed([f'{pair.other} by {_size(pair)}' for pair in beaten])}.")
    if equal:
        names = listed([f"{pair.other} ({_size(pair)})" for pair in equal])
        told.append(f"Between it and {names} no difference was found.")
    told.append(_title_question(found, best))
    told.append(_baselines(frame, panel, means))
    told.append(_hopeless(frame, panel, part))
    failed = part[part.status == "diverged"].groupby("cell").size()
    if len(failed):
        told.append(f"Diverged in confirming: {listed([f'{n} of {cell}' for cell, n in failed.items()])}.")
    return " ".join(sentence for sentence in told if sentence)


def _hopeless(frame: Frame, panel: ComparisonGroup, part: pd.DataFrame) -> str:
    """Cells of which the search found nothing to confirm."""
    trials = frame.trials[(frame.trials[list(ComparisonGroup._fields)] == list(panel)).all(axis=1)]
    found = [cell for cell in style.cells(trials) if cell not in set(part.cell)]
    lost = [cell for cell in found if (trials[trials.cell == cell].status == "diverged").all()]
    return f"Of {listed(lost)} every setting of the search diverged." if lost else ""


def _size(pair: Pair) -> str:
    """By how much the lower cell is lower."""
    d = pair.difference
    return f"{abs(d.mean):.3f} nats" + (", one seed" if np.isnan(d.p) else f" [{-d.high:.3f}, {-d.low:.3f}]")


def _title_question(found: list[Pair], best: str) -> str:
    """The question of the house, GRU or LSTM, where what was said of the best cell does not answer it."""
    for lstm in ("lstm", "lstm_peephole"):
        pair = next((pair for pair in found if {pair.lower, pair.other} == {"gru", lstm}), None)
        if pair and best not in ("gru", lstm):
            end = "" if pair.differ else ", which is no difference found"
            return f"Of GRU and LSTM, {pair.lower} is lower than {pair.other} by {_size(pair)}{end}; n = {min(pair.n)}."
        if pair:
            return ""
    return ""


def _baselines(frame: Frame, panel: ComparisonGroup, means: pd.Series) -> str:
    baselines = frame.baselines[(frame.baselines.task == panel.task) & (frame.baselines.split == "test")].sort_values("nll")
    if baselines.empty:
        return ""
    lowest = baselines.iloc[0]
    above = [str(cell) for cell in means.index[means >= lowest.nll]]
    if not above:
        return f"All are below the lowest baseline ({lowest.baseline}, {lowest.nll:.2f})."
    return f"Not below the lowest baseline ({lowest.baseline}, {lowest.nll:.2f}): {listed(above)}."


def _span(counts: pd.Series) -> str:
    low, high = counts.min(), counts.max()
    return f"{low}" if low == high else f"{low} to {high}"


def listed(names: list[str]) -> str:
    """``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def untested(frame: Frame) -> list[str]:
    """What these trials cannot say."""
    trials = frame.trials
    confirmed = frame.confirmed("test")
    seeds = confirmed.groupby([*ComparisonGroup._fields, "cell"]).size()
    searched = (
        trials[(trials.stage == "search") & (trials.split == "valid")].groupby([*ComparisonGroup._fields, "cell"]).size()
    )
    tried = _span(searched) if len(searched) else "no"
    sizes = confirmed.parameters_recurrent
    told = [
        f"Tasks other than {listed(list(dict.fromkeys(frame.datasets.values())))}; models of more than one layer; "
        f"sizes other than {sizes.min():,} to {sizes.max():,} recurrent parameters.",
        f"Other searches: {tried} settings were tried for each cell, with one seed. The confirming seeds "
        f"(n = {_span(seeds)}) vary weights, order and noise at the one setting that was selected, so no interval here "
        "covers what another draw of settings would have selected.",
        "Other regularisers and schedules: those of the protocol are the same for every cell, which is not the "
        "best for each.",
    ]
    last = confirmed[(confirmed.best_epoch >= confirmed.epochs) & (confirmed.status == "finished")]
    if len(last):
        told.append(
            f"Longer training: {len(last)} of {len(confirmed)} confirming trials were at their best in their last epoch."
        )
    failed = trials[trials.status == "failed"].key.nunique()
    if failed:
        told.append(
            f"{failed} trials, which ended with an error: a cell has no score until its trials are complete, and is left "
            "out of what compares cells; the sweep's command retries them."
        )
    return told
