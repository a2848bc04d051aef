"""The verdict on one comparison group in three lines: the best cell, by how much, at what cost; or what it takes to tell."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from gatebench.records.frame import ComparisonGroup, Frame
from gatebench.report import comparisons, style, words
from gatebench.report.comparisons import LEVEL, Pair
from gatebench.report.stats import looks
from gatebench.report.stats.bootstrap import DRAWS, SequenceScores
from gatebench.report.stats.estimates import mean_interval
from gatebench.report.stats.power import POWER, required_sample
from gatebench.report.words import listed

SPLIT = "on the test split"
"""Which scores the verdict is about, as its sentences say it."""
FEW = 10
"""Factor of the seeds that are there, up to which more seeds are asked for before more test sequences."""
MANY = 100
"""Factor of the seeds or sequences that are there, beyond which a difference is said to be out of reach."""


def lines(frame: Frame, group: ComparisonGroup, cells: list[str], draws: int = DRAWS) -> list[str]:
    """Return what was found about these cells of a comparison group, in three lines of which each can stand alone.

    A winner is named if it differs from every other cell (`comparisons.pairs`, by ``draws`` bootstrap draws) and is below
    the best trivial predictor.
    """
    case = _case(frame, group, cells, draws)
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
    """The cells of one comparison group and what is known of them."""

    frame: Frame
    """Trials of this comparison group and these cells alone."""
    trials: pd.DataFrame
    """Confirming trials on the test split."""
    ranked: list[str]
    """Cells of which every run has a score, the lowest mean first."""
    pairs: list[Pair]
    """Every two of the ranked cells, compared."""
    missing: str
    """Why the other cells are not ranked, in a half-sentence; empty if all are."""
    baseline: tuple[str, float] | None
    """Name of the best trivial predictor on the test split, and its NLL."""
    unit: str
    """Unit of the scores, such as ``nats per time step``."""

    @property
    def best(self) -> str:
        """Return the cell with the lowest mean."""
        return self.ranked[0]

    @property
    def beaten(self) -> list[Pair]:
        """Return the pairs of the best cell and one that is higher."""
        return [pair for pair in self.pairs if pair.lower == self.best and pair.differ]

    @property
    def tied(self) -> list[Pair]:
        """Return the pairs of the best cell and one that no difference to it was found of."""
        return [pair for pair in self.pairs if pair.lower == self.best and not pair.differ]

    def runs(self, cell: str) -> pd.DataFrame:
        """Return the confirming trials of a cell on the test split."""
        return self.trials[self.trials.cell == cell]

    def scored(self, cell: str) -> str:
        """Write a cell's mean with its interval over seeds."""
        estimate = mean_interval(self.runs(cell).nll.to_numpy())
        return words.interval(estimate.mean, estimate.low, estimate.high)

    def seeds(self) -> str:
        """Write how many seeds there are of each cell."""
        counts = {len(self.runs(cell)) for cell in self.ranked}
        return f"{min(counts)}" if len(counts) == 1 else f"{min(counts)} to {max(counts)}"


def _case(frame: Frame, group: ComparisonGroup, cells: list[str], draws: int) -> _Case:
    in_group = (frame.trials[list(ComparisonGroup._fields)] == list(group)).all(axis=1)
    frame = replace(frame, trials=frame.trials[in_group & frame.trials.cell.isin(cells)])
    trials = frame.confirmed("test")
    ranked = comparisons.ranked(style.by_cell(trials))
    of_task = (frame.baselines.task == group.task) & (frame.baselines.split == "test")
    baselines = frame.baselines[of_task].dropna(subset="nll")
    lowest = baselines.sort_values("nll").iloc[0] if len(baselines) else None
    return _Case(
        frame=frame,
        trials=trials,
        ranked=ranked,
        pairs=comparisons.pairs(frame, draws),
        missing=_missing(frame.trials, [cell for cell in cells if cell not in ranked]),
        baseline=None if lowest is None else (str(lowest.baseline), float(lowest.nll)),
        unit=f"nats per {frame.predicted(group.task)}",
    )


def _missing(trials: pd.DataFrame, cells: list[str]) -> str:
    """Say why these cells have no score."""

    def reason(cell: str) -> str:
        of_cell = trials[trials.cell == cell]
        if (of_cell.stage == "confirm").any():
            return f"{cell} is left out, since a seed of it has no score"
        diverged = len(of_cell) and (of_cell.status == "diverged").all()
        return f"every setting of {cell} diverged" if diverged else f"{cell} is not confirmed yet"

    return "; ".join(reason(cell) for cell in cells)


def _below(case: _Case, cell: str) -> bool:
    """Return whether a cell is below the best trivial predictor on these test sequences, for new seeds as well."""
    assert case.baseline
    estimate = mean_interval(case.runs(cell).nll.to_numpy())
    return (estimate.mean if estimate.n == 1 else estimate.high) < case.baseline[1]


def _won(case: _Case) -> list[str]:
    below = f" and below the best trivial predictor ({_baseline(case)})" if case.baseline else ""
    p = max(pair.p_holm for pair in case.beaten) * looks.level(case.frame.looks, 1)
    intervals = _intervals(case, case.beaten)
    return [
        f"Best cell: {case.best}, at {case.scored(case.best)} {case.unit} {SPLIT} (mean of {case.seeds()} seeds), below "
        f"{listed([pair.other for pair in case.beaten])}{below}{_aside(case)}.",
        f"By how much: {case.best} is {_lower(case.beaten)} {case.unit} ({intervals}; Holm's p {p:.2g}).",
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
        f"By how much: {case.best} is {_lower(case.tied)} {case.unit} ({_intervals(case, case.tied)}); {_effort(case)}.",
        _costs(
            case,
            [cheapest, *(cell for cell in alike if cell != cheapest)],
            f"At what cost: the cheapest of them, {cheapest}, has ",
        ),
    ]


def _look(case: _Case) -> str:
    """Say which look at the comparison this is, and at which level it is tested; nothing for a study that is tested once."""
    look = case.frame.looks
    if not look:
        return ""
    level = f"; look {look} of this comparison: tested at {looks.level(look, LEVEL):.3g}"
    return f"{level}, so that all its looks together stay below {LEVEL:g}"


def _lower(pairs: list[Pair]) -> str:
    """Say by how much the lower cell of each pair is lower."""
    return f"lower than {listed([f'{pair.other} by {_size(pair)}' for pair in pairs])}"


def _intervals(case: _Case, pairs: list[Pair]) -> str:
    return f"95% intervals over {pairs[0].interval}{_look(case)}"


def _others(case: _Case, alike: list[str]) -> str:
    """Say which cells are beaten, by each of those that are alike or else by the best alone."""
    differing = {(pair.lower, pair.other): pair for pair in case.pairs if pair.differ}
    rest = [cell for cell in case.ranked if cell not in alike]
    if not rest or not all((better, cell) in differing for better in alike for cell in rest):
        return f"; {case.best} is {_lower(case.beaten)}" if case.beaten else ""
    least = [min((differing[better, cell] for better in alike), key=lambda pair: -pair.difference.mean) for cell in rest]
    beaten = [f"{cell} by {_size(pair)} or more" for cell, pair in zip(rest, least, strict=True)]
    return f"; {'both' if len(alike) == 2 else 'all of them'} beat {listed(beaten)}"


def _effort(case: _Case) -> str:
    """Say what it would take to show the difference between the best and the next cell."""
    pair = case.tied[0]
    a, b = (_sequence_scores(case, cell) for cell in (pair.lower, pair.other))
    look = case.frame.looks
    level = looks.level(look + 1 if look else 0, LEVEL)  # more seeds are another look
    # Holm's level for the first of those that are not told apart yet.
    required = required_sample(a, b, level / sum(not pair.differ for pair in case.pairs))
    assert required is not None, pair  # of single seeds no pair has a p
    start = f"to show that to {pair.other} would take about"
    end = f"({POWER:.0%} power at the {100 * level:.3g}% level)"
    most = MANY if required.sequences is None else FEW
    if required.seeds and required.seeds <= most * len(a.nll):
        further = {cell: required.seeds - len(case.runs(cell)) for cell in case.ranked}
        seconds = sum(count * case.runs(cell).seconds.mean() for cell, count in further.items())
        return f"{start} {required.seeds:,} seeds of each cell, {words.duration(seconds)} more of training {end}"
    seeds = f"or {required.seeds:,} seeds" if required.seeds else "no number of seeds would do"
    if required.sequences and required.sequences <= MANY * len(a.steps):
        return f"{start} {required.sequences:,} test sequences in place of {len(a.steps):,} {end}; {seeds}"
    if required.factor and required.factor <= MANY:
        return f"{start} {required.factor:.1f} times the seeds and the test sequences ({len(a.steps):,} now) {end}; {seeds}"
    return f"even {MANY} times the seeds and the test sequences would hardly show so little {end}"


def _undecided(case: _Case) -> list[str]:
    """Write the lines for single seeds or a single cell, of which no test says anything."""
    alone = len(case.ranked) == 1
    reason = "nothing to compare it with" if alone else "a single seed, which is an anecdote"
    pairs = [pair for pair in case.pairs if pair.lower == case.best]
    by = f"{case.best} is {_lower(pairs)} {case.unit}" if pairs else "unknown"
    return [
        f"Best cell: undecided; {case.best} has {case.scored(case.best)} {case.unit} {SPLIT}, with {reason}{_aside(case)}.",
        f"By how much: {by}; an interval would take {'a second cell' if alone else 'two seeds of each cell at the least'}.",
        _costs(case, case.ranked, f"At what cost: {case.best} has "),
    ]


def _unlearned(case: _Case) -> list[str]:
    assert case.baseline
    best, baseline = case.best, case.baseline[1]
    estimate = mean_interval(case.runs(best).nll.to_numpy())
    above = words.interval(estimate.mean - baseline, estimate.low - baseline, estimate.high - baseline)
    return [
        "Best cell: none, and no difference to speak of, since no cell learned anything beyond the trivial predictor "
        f"{_baseline(case)} {case.unit} {SPLIT}: the lowest, {best}, has "
        f"{case.scored(best)} (mean of {case.seeds()} seeds){_aside(case)}.",
        f"By how much: {best} minus {case.baseline[0]} is {above} {case.unit} with a 95% interval over seeds, where less "
        "than zero was to be shown; more seeds show no winner here, longer training or more data might.",
        _costs(case, case.ranked, f"At what cost: {case.baseline[0]} costs nothing; {best} has "),
    ]


def _nothing(case: _Case) -> list[str]:
    return [
        f"Best cell: none, since no cell has a score {SPLIT}{_aside(case)}.",
        "By how much: unknown; it would take trials that do not diverge, for example at lower rates "
        "(training.ranges.lr.high).",
        "At what cost: unknown.",
    ]


def _sequence_scores(case: _Case, cell: str) -> SequenceScores:
    """Return the scores of a cell; where records have no sequences, as if the split were a single one."""
    trials = case.runs(cell)
    scores = comparisons.sequence_scores(case.frame, trials)
    return scores or SequenceScores(trials.nll.to_numpy(float)[:, None], np.ones(1))


def _baseline(case: _Case) -> str:
    assert case.baseline
    return f"{case.baseline[0]}, {case.baseline[1]:.3f}"


def _aside(case: _Case) -> str:
    return f"; {case.missing}" if case.missing else ""


def _size(pair: Pair) -> str:
    """Write by how much the lower cell is lower."""
    d = pair.difference
    return words.interval(-d.mean, -d.high, -d.low)


def _costs(case: _Case, cells: list[str], start: str) -> str:
    """Write the first cell's costs, and those of the others beside them."""
    first, *others = cells
    costs = [f"{cell} has {words.costs(case.runs(cell))}" for cell in others]
    return "; ".join([f"{start}{words.costs(case.runs(first))}", *costs]) + "."
