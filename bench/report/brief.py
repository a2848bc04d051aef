"""The verdict on one panel in three lines: the best cell, by how much, at what cost; or what it would take to tell."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from bench.records.frame import Frame, Panel
from bench.report import compare, style
from bench.report.compare import LEVEL, Pair, listed
from bench.report.power import POWER, needed
from bench.report.stats import Runs, mean_interval

SPLIT = "on the test split"


def lines(frame: Frame, panel: Panel, cells: list[str]) -> list[str]:
    """What was found about these cells, in three lines of which each can stand alone.

    A winner is named if it differs from every other cell (`compare.pairs`) and is below the best trivial predictor.
    """
    case = _case(frame, panel, cells)
    if not case.ranked:
        return _nothing(case)
    if case.floor and not _below(case, case.best):
        return _unlearned(case)
    if any(np.isnan(pair.p_holm) for pair in case.pairs) or not case.pairs:
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
    floor: tuple[str, float] | None
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
        return _shown(found.mean, found.low, found.high)

    def seeds(self) -> str:
        """How many there are of each cell."""
        counts = {len(self.runs(cell)) for cell in self.ranked}
        return f"{min(counts)}" if len(counts) == 1 else f"{min(counts)} to {max(counts)}"


def _case(frame: Frame, panel: Panel, cells: list[str]) -> _Case:
    own = (frame.trials[list(Panel._fields)] == list(panel)).all(axis=1) & frame.trials.cell.isin(cells)
    frame = replace(frame, trials=frame.trials[own])
    trials = frame.confirmed("test")
    groups = {cell: trials[trials.cell == cell] for cell in style.cells(trials)}
    ranked = sorted((c for c in groups if groups[c].nll.notna().all()), key=lambda c: groups[c].nll.mean())
    floors = frame.floors[(frame.floors.task == panel.task) & (frame.floors.split == "test")].dropna(subset="nll")
    lowest = floors.sort_values("nll").iloc[0] if len(floors) else None
    return _Case(
        frame=frame,
        trials=trials,
        ranked=ranked,
        pairs=compare.pairs(frame),
        missing=_missing(frame.trials, [cell for cell in cells if cell not in ranked]),
        floor=None if lowest is None else (str(lowest.floor), float(lowest.nll)),
        unit="nats per time step",
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
    assert case.floor
    found = mean_interval(case.runs(cell).nll.to_numpy())
    return (found.mean if found.n == 1 else found.high) < case.floor[1]


def _won(case: _Case) -> list[str]:
    below = f" and below the best trivial predictor ({_floor(case)})" if case.floor else ""
    by = [f"{_size(pair)} lower than {pair.other}" for pair in case.beaten]
    return [
        f"Best cell: {case.best}, at {case.scored(case.best)} {case.unit} {SPLIT} (mean of {case.seeds()} seeds), below "
        f"{listed([pair.other for pair in case.beaten])}{below}{_aside(case)}.",
        f"By how much: {listed(by)}, in {case.unit} with 95% intervals over {case.beaten[0].interval}; the largest p "
        f"by Holm is {max(pair.p_holm for pair in case.beaten):.2g}.",
        _costs(case, case.ranked, f"At what cost: {case.best} has "),
    ]


def _tied(case: _Case) -> list[str]:
    alike = [case.best, *(pair.other for pair in case.tied)]
    means = listed([f"{case.runs(cell).nll.mean():.3f}" for cell in alike])
    below = [cell for cell in alike if case.floor and not _below(case, cell)]
    learned = f"; not shown to be below the best trivial predictor ({_floor(case)}): {listed(below)}" if below else ""
    by = [f"{case.best} is {_size(pair)} lower than {pair.other}" for pair in case.tied]
    cheapest = min(alike, key=lambda cell: _expense(case.runs(cell)))
    return [
        f"Best cell: no difference could be shown between {listed(alike)} ({means} {case.unit} {SPLIT}, means of "
        f"{case.seeds()} seeds){_others(case, alike)}{learned}{_aside(case)}.",
        f"By how much: {listed(by)}, in {case.unit} with 95% intervals over {case.tied[0].interval}; {_takes(case)}.",
        _costs(
            case,
            [cheapest, *(cell for cell in alike if cell != cheapest)],
            f"At what cost: the cheapest of them, {cheapest}, has ",
        ),
    ]


def _others(case: _Case, alike: list[str]) -> str:
    """Which cells those that are alike beat, each of them each."""
    differing = {(pair.lower, pair.other): pair for pair in case.pairs if pair.differ}
    beaten = [cell for cell in case.ranked if cell not in alike and all((better, cell) in differing for better in alike)]
    if not beaten:
        only = [f"{pair.other} by {_size(pair)}" for pair in case.beaten]
        return f"; {case.best} beats {listed(only)}" if only else ""
    least = [min((differing[better, cell] for better in alike), key=lambda pair: -pair.difference.mean) for cell in beaten]
    told = [f"{cell} by {_size(pair)} or more" for cell, pair in zip(beaten, least, strict=True)]
    return f"; {'both' if len(alike) == 2 else 'all of them'} beat {listed(told)}"


def _takes(case: _Case) -> str:
    """What it would take to show the difference between the best and the next cell."""
    pair = case.tied[0]
    a, b = (_runs(case, cell) for cell in (pair.lower, pair.other))
    # Holm's level for the first of those that are not told apart yet.
    found = needed(a, b, LEVEL / sum(not each.differ for each in case.pairs))
    if found is None or not pair.difference.mean:
        return "it would take more seeds to say what it would take"
    start = f"to show the one to {pair.other} ({POWER:.0%} power at the 5% level) would take about"
    most = 100 * max(len(a.nll), len(b.nll))
    if found.seeds and found.seeds <= most:
        seconds = sum((found.seeds - len(case.runs(cell))) * case.runs(cell).seconds.mean() for cell in case.ranked)
        return f"{start} {found.seeds:,} seeds of each cell ({case.seeds()} now), {_time(seconds)} more of training"
    limit = f"no number of seeds would do alone, since the test split ({len(a.steps)} sequences) is the limit"
    if found.seeds:
        limit = f"{found.seeds:,} seeds of each cell would do"
    if found.sequences and found.sequences <= 100 * len(a.steps):
        return f"{start} {found.sequences:,} test sequences ({len(a.steps)} now) at the same seeds; {limit}"
    if found.times and found.times <= 100:
        return f"{start} {found.times:.1f} times the seeds and the test sequences; {limit}"
    return "so small a difference that a hundred times the seeds and the test sequences would hardly show it"


def _undecided(case: _Case) -> list[str]:
    """Single seeds, or a single cell: no test says anything."""
    alone = len(case.ranked) == 1
    why = "nothing to compare it with" if alone else "a single seed, which is an anecdote"
    sizes = [f"{_size(pair)} lower than {pair.other}" for pair in case.pairs if pair.lower == case.best]
    return [
        f"Best cell: undecided; {case.best} has {case.scored(case.best)} {case.unit} {SPLIT}, with {why}{_aside(case)}.",
        f"By how much: {listed(sizes) if sizes else 'unknown'}, in {case.unit}; an interval would take "
        f"{'a second cell' if alone else 'two seeds of each cell at the least'}.",
        _costs(case, case.ranked, f"At what cost: {case.best} has "),
    ]


def _unlearned(case: _Case) -> list[str]:
    assert case.floor
    best, floor = case.best, case.floor[1]
    found = mean_interval(case.runs(best).nll.to_numpy())
    above = _shown(found.mean - floor, found.low - floor, found.high - floor)
    return [
        f"Best cell: none, since no cell learned anything beyond the trivial predictor {_floor(case)} {case.unit} {SPLIT}: "
        f"the lowest, {best}, has {case.scored(best)} (mean of {case.seeds()} seeds){_aside(case)}.",
        f"By how much: {best} minus {case.floor[0]} is {above} {case.unit} with a 95% interval over seeds, where less than "
        "zero was to be shown; more seeds show no winner here, longer training or more data might.",
        _costs(case, case.ranked, f"At what cost: {case.floor[0]} costs nothing; {best} has "),
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
    return compare.runs(case.frame, trials) or Runs(trials.nll.to_numpy(float)[:, None], np.ones(1))


def _floor(case: _Case) -> str:
    assert case.floor
    return f"{case.floor[0]}, {case.floor[1]:.3f}"


def _aside(case: _Case) -> str:
    return f"; {case.missing}" if case.missing else ""


def _size(pair: Pair) -> str:
    """By how much the lower cell is lower."""
    d = pair.difference
    return _shown(-d.mean, -d.high, -d.low)


def _shown(mean: float, low: float, high: float) -> str:
    """A number with its interval, to two digits of half the interval, and at least three behind the point."""
    half = (high - low) / 2
    digits = min(8, max(3, 1 - math.floor(math.log10(half)))) if half > 0 else 3
    return f"{mean:.3f} (one seed)" if math.isnan(half) else f"{mean:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _expense(trials: pd.DataFrame) -> tuple[float, float]:
    """By what the cheaper of two cells is told: FLOPs to two digits, then the state."""
    return float(f"{trials.flops_per_step.mean():.2g}"), float(trials.state_size.mean())


def _costs(case: _Case, cells: list[str], start: str) -> str:
    """The first cell's costs in words, those of the others beside them."""

    def values(cell: str) -> list[str]:
        row, seconds = case.runs(cell).iloc[0], case.runs(cell).seconds.mean()
        return [
            f"{row.parameters_recurrent:,} recurrent parameters ({row.units} units)",
            f"a state of {row.state_size} numbers",
            f"{row.flops_per_step:,} FLOPs a time step",
            f"{seconds:.1f} s of training a trial",
        ]

    first, *others = cells
    told = [f"{cell} has {', '.join(values(cell))}" for cell in others]
    return "; ".join([f"{start}{', '.join(values(first))}", *told]) + "."


def _time(seconds: float) -> str:
    return f"about {seconds / 60:.0f} minutes" if seconds > 90 else f"about {math.ceil(seconds)} seconds"
