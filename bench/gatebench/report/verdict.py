"""The verdict on one panel in three lines: the best cell, by how much, at what cost; or what it would take to tell."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from gatebench.records.frame import ComparisonGroup, Frame
from gatebench.report import comparisons, style, words
from gatebench.report.comparisons import LEVEL, Pair, listed
from gatebench.report.stats.intervals import Runs, mean_interval
from gatebench.report.stats.power import POWER, needed

SPLIT = "on the test split"
FEW, MANY = 10, 100
"""Times as many seeds as there are, up to which they are asked for before sequences, and of anything to speak of at all."""


def lines(frame: Frame, panel: ComparisonGroup, cells: list[str]) -> list[str]:
    """What was found about these cells, in three lines of which each can stand alone.

    A winner is named if it differs from every other cell (`compare.pairs`) and is below the best trivial predictor.
    """
    case = _case(frame, panel, cells)
    if not case.ranked:
        return _nothing(case)
    if not case.pairs:
        return _undecided(case)
    if case.baseline and not _below(case, case.best):
        return _unlearned(case)
    if any(np.isnan(pair.p_holm) for pair in case.pairs):
        return _undecided(case)
    return _tied(case) if case.tied else _won(case)


@dataclass(frozen=True)
class _Case:
    """What the words are about."""

    frame: Frame
    """Of this panel and these cells alone."""
    trials: pd.DataFrame
    """Confirming ones, on test."""
    ranked: list[str]
    """Cells of which every run has a score, the lowest mean first."""
    pairs: list[Pair]
    missing: str
    """Of the others, why they are not among them, in a half-sentence; empty: there are none."""
    baseline: tuple[str, float] | None
    """The best trivial predictor on test, and its NLL."""
    unit: str

    @property
    def best(self) -> str:
        return self.ranked[0]

    @property
    def beaten(self) -> list[Pair]:
        """Of the best cell and a higher one."""
        return [pair for pair in self.pairs if pair.lower == self.best and pair.differ]

    @property
    def tied(self) -> list[Pair]:
        """Of the best cell and one between which no difference was found."""
        return [pair for pair in self.pairs if pair.lower == self.best and not pair.differ]

    def runs(self, cell: str) -> pd.DataFrame:
        """The confirming trials of a cell on test."""
        return self.trials[self.trials.cell == cell]

    def scored(self, cell: str) -> str:
        """A cell's mean with its interval over seeds."""
        found = mean_interval(self.runs(cell).nll.to_numpy())
        return words.interval(found.mean, found.low, found.high)

    def seeds(self) -> str:
        """How many there are of each cell."""
        counts = {len(self.runs(cell)) for cell in self.ranked}
        return f"{min(counts)}" if len(counts) == 1 else f"{min(counts)} to {max(counts)}"


def _case(frame: Frame, panel: ComparisonGroup, cells: list[str]) -> _Case:
    own = (frame.trials[list(ComparisonGroup._fields)] == list(panel)).all(axis=1) & frame.trials.cell.isin(cells)
    frame = replace(frame, trials=frame.trials[own])
    trials = frame.confirmed("test")
    groups = {cell: trials[trials.cell == cell] for cell in style.cells(trials)}
    ranked = sorted((c for c in groups if groups[c].nll.notna().all()), key=lambda c: groups[c].nll.mean())
    baselines = frame.baselines[(frame.baselines.task == panel.task) & (frame.baselines.split == "test")].dropna(
        subset="nll"
    )
    lowest = baselines.sort_values("nll").iloc[0] if len(baselines) else None
    return _Case(
        frame=frame,
        trials=trials,
        ranked=ranked,
        pairs=comparisons.pairs(frame),
        missing=_missing(frame.trials, [cell for cell in cells if cell not in ranked]),
        baseline=None if lowest is None else (str(lowest.baseline), float(lowest.nll)),
        unit=f"nats per {frame.predicted(panel.task)}",
    )


def _missing(trials: pd.DataFrame, cells: list[str]) -> str:
    """Why these cells have no score."""

    def why(cell: str) -> str:
        own = trials[trials.cell == cell]
        if (own.stage == "confirm").any():
            return f"{cell} is left out, since a seed of it has no score"
        diverged = len(own) and (own.status == "diverged").all()
        return f"every setting of {cell} diverged" if diverged else f"{cell} is not confirmed yet"

    return "; ".join(why(cell) for cell in cells)


def _below(case: _Case, cell: str) -> bool:
    """Whether a cell is below the best trivial predictor on these test sequences, for new seeds as well."""
    assert case.baseline
    found = mean_interval(case.runs(cell).nll.to_numpy())
    return (found.mean if found.n == 1 else found.high) < case.baseline[1]


def _won(case: _Case) -> list[str]:
    below = f" and below the best trivial predictor ({_baseline(case)})" if case.baseline else ""
    p = max(pair.p_holm for pair in case.beaten)
    return [
        f"Best cell: {case.best}, at {case.scored(case.best)} {case.unit} {SPLIT} (mean of {case.seeds()} seeds), below "
        f"{listed([pair.other for pair in case.beaten])}{below}{_aside(case)}.",
        f"By how much: {case.best} is {_lower(case.beaten)} {case.unit} ({_intervals(case.beaten)}; Holm's p {p:.2g}).",
        _costs(case, case.ranked, f"At what cost: {case.best} has "),
    ]


def _tied(case: _Case) -> list[str]:
    alike = [case.best, *(pair.other for pair in case.tied)]
    means = listed([f"{case.runs(cell).nll.mean():.3f}" for cell in alike])
    above = [cell for cell in alike if case.baseline and not _below(case, cell)]
    unlearned = f"; not shown to be below the best trivial predictor ({_baseline(case)}): {listed(above)}" if above else ""
    cheapest = min(alike, key=lambda cell: words.expense(case.runs(cell)))
    return [
        f"Best cell: no difference could be shown between {listed(alike)} ({means} {case.unit} {SPLIT}, means of "
        f"{case.seeds()} seeds){_others(case, alike)}{unlearned}{_aside(case)}.",
        f"By how much: {case.best} is {_lower(case.tied)} {case.unit} ({_intervals(case.tied)}); {_takes(case)}.",
        _costs(
            case,
            [cheapest, *(cell for cell in alike if cell != cheapest)],
            f"At what cost: the cheapest of them, {cheapest}, has ",
        ),
    ]


def _lower(pairs: list[Pair]) -> str:
    """By how much the lower cell of each pair is lower."""
    return f"lower than {listed([f'{pair.other} by {_size(pair)}' for pair in pairs])}"


def _intervals(pairs: list[Pair]) -> str:
    return f"95% intervals over {pairs[0].interval}"


def _others(case: _Case, alike: list[str]) -> str:
    """Which cells are beaten, by each of those that are alike or else by the best alone."""
    differing = {(pair.lower, pair.other): pair for pair in case.pairs if pair.differ}
    rest = [cell for cell in case.ranked if cell not in alike]
    if not rest or not all((better, cell) in differing for better in alike for cell in rest):
        return f"; {case.best} is {_lower(case.beaten)}" if case.beaten else ""
    least = [min((differing[better, cell] for better in alike), key=lambda pair: -pair.difference.mean) for cell in rest]
    told = [f"{cell} by {_size(pair)} or more" for cell, pair in zip(rest, least, strict=True)]
    return f"; {'both' if len(alike) == 2 else 'all of them'} beat {listed(told)}"


def _takes(case: _Case) -> str:
    """What it would take to show the difference between the best and the next cell."""
    pair = case.tied[0]
    a, b = (_runs(case, cell) for cell in (pair.lower, pair.other))
    # Holm's level for the first of those that are not told apart yet.
    found = needed(a, b, LEVEL / sum(not each.differ for each in case.pairs))
    assert found is not None, pair  # of single seeds no pair has a p
    start = f"to show that to {pair.other} would take about"
    end = f"({POWER:.0%} power at the {LEVEL:.0%} level)"
    few = MANY if found.sequences is None else FEW
    if found.seeds and found.seeds <= few * len(a.nll):
        seconds = sum((found.seeds - len(case.runs(cell))) * case.runs(cell).seconds.mean() for cell in case.ranked)
        return f"{start} {found.seeds:,} seeds of each cell, {words.time(seconds)} more of training {end}"
    seeds = f"or {found.seeds:,} seeds" if found.seeds else "no number of seeds would do"
    if found.sequences and found.sequences <= MANY * len(a.steps):
        return f"{start} {found.sequences:,} test sequences in place of {len(a.steps):,} {end}; {seeds}"
    if found.times and found.times <= MANY:
        return f"{start} {found.times:.1f} times the seeds and the test sequences ({len(a.steps):,} now) {end}; {seeds}"
    return f"even {MANY} times the seeds and the test sequences would hardly show so little {end}"


def _undecided(case: _Case) -> list[str]:
    """Single seeds, or a single cell: no test says anything."""
    alone = len(case.ranked) == 1
    why = "nothing to compare it with" if alone else "a single seed, which is an anecdote"
    pairs = [pair for pair in case.pairs if pair.lower == case.best]
    by = f"{case.best} is {_lower(pairs)} {case.unit}" if pairs else "unknown"
    return [
        f"Best cell: undecided; {case.best} has {case.scored(case.best)} {case.unit} {SPLIT}, with {why}{_aside(case)}.",
        f"By how much: {by}; an interval would take {'a second cell' if alone else 'two seeds of each cell at the least'}.",
        _costs(case, case.ranked, f"At what cost: {case.best} has "),
    ]


def _unlearned(case: _Case) -> list[str]:
    assert case.baseline
    best, baseline = case.best, case.baseline[1]
    found = mean_interval(case.runs(best).nll.to_numpy())
    above = words.interval(found.mean - baseline, found.low - baseline, found.high - baseline)
    return [
        "Best cell: none, and no difference to speak of, since no cell learned anything beyond the trivial predictor "
        f"{_baseline(case)} {case.unit} {SPLIT}: the lowest, {best}, has "
        f"{case.scored(best)} (mean of {case.seeds()} seeds){_aside(case)}.",
        f"By how much: {best} minus {case.baseline[0]} is {above} {case.unit} with a 95% interval over seeds, where less than "
        "zero was to be shown; more seeds show no winner here, longer training or more data might.",
        _costs(case, case.ranked, f"At what cost: {case.baseline[0]} costs nothing; {best} has "),
    ]


def _nothing(case: _Case) -> list[str]:
    return [
        f"Best cell: none, since no cell has a score {SPLIT}{_aside(case)}.",
        "By how much: unknown; it would take trials that do not diverge, for example at lower rates (training.rates.high).",
        "At what cost: unknown.",
    ]


def _runs(case: _Case, cell: str) -> Runs:
    """Of a cell; where records do not have sequences, as of a single one."""
    trials = case.runs(cell)
    return comparisons.runs(case.frame, trials) or Runs(trials.nll.to_numpy(float)[:, None], np.ones(1))


def _baseline(case: _Case) -> str:
    assert case.baseline
    return f"{case.baseline[0]}, {case.baseline[1]:.3f}"


def _aside(case: _Case) -> str:
    return f"; {case.missing}" if case.missing else ""


def _size(pair: Pair) -> str:
    """By how much the lower cell is lower."""
    d = pair.difference
    return words.interval(-d.mean, -d.high, -d.low)


def _costs(case: _Case, cells: list[str], start: str) -> str:
    """The first cell's costs, and those of the others beside them."""
    first, *others = cells
    told = [f"{cell} has {words.costs(case.runs(cell))}" for cell in others]
    return "; ".join([f"{start}{words.costs(case.runs(first))}", *told]) + "."
