"""The verdict on one comparison group in a few lines: the best cell, by how much, at what cost; or what it takes to tell."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from gatebench.records.frame import ComparisonGroup, Frame
from gatebench.report import (
    advice,
    asides,
    baselines,
    comparisons,
    deciding,
    declared,
    disagreement,
    families,
    repetitions,
    style,
    words,
)
from gatebench.report.comparisons import LEVEL, Pair, Verdict
from gatebench.report.stats import looks
from gatebench.report.stats.estimates import mean_interval
from gatebench.report.words import listed

SPLIT = "on the test split"
"""Which scores the verdict is about, as its sentences say it."""


def lines(frame: Frame, group: ComparisonGroup, cells: list[str]) -> list[str]:
    """Return what was found about these cells of a comparison group, in lines of which each can stand alone.

    A winner is named if it is better than every other cell (`comparisons.Pair`) and below the best trivial predictor.
    Where records have metrics beside NLL, a fourth line says whether these agree.
    """
    case = _case(frame, group, cells)
    if not case.ranked:
        return _nothing(case)
    other = disagreement.line(case.frame, {cell: case.runs(cell) for cell in case.ranked}, case.pairs)
    return [*_of_nll(case), *([] if other is None else [other])]


def _of_nll(case: "_Case") -> list[str]:
    """Return the three lines about the NLL of cells of which some have a score."""
    if not case.pairs:
        return _anecdote(case)
    if case.baseline and not _below(case, case.best):
        return _unlearned(case)
    if any(np.isnan(pair.p_holm) for pair in case.pairs if pair.tested):
        return _anecdote(case)
    if case.of_best("untested"):
        return _of_family(case)
    if case.of_best("undecided"):
        return _undecided(case)
    return _equivalent(case) if case.of_best("equivalent") else _won(case)


@dataclass(frozen=True)
class _Case:
    """The cells of one comparison group and what is known of them."""

    frame: Frame
    """Trials of this comparison group and these cells alone."""
    trials_by_cell: dict[str, pd.DataFrame]
    """Confirming trials of each cell on the test split."""
    ranked: list[str]
    """Cells of which every run has a score, the lowest mean first."""
    pairs: list[Pair]
    """Every two of the ranked cells, compared."""
    aside: str
    """Why the other cells are not ranked, and which searches ended at an edge, in half-sentences; empty if there is none."""
    baseline: tuple[str, float] | None
    """Name of the best trivial predictor on the test split, and its NLL."""
    task: str
    """The task of all of them."""
    unit: str
    """Unit of the scores, such as ``nats per time step``."""

    @property
    def best(self) -> str:
        """Return the cell with the lowest mean."""
        return self.ranked[0]

    def of_best(self, verdict: Verdict) -> list[Pair]:
        """Return the pairs of the best cell and another one of which this is said."""
        return [pair for pair in self.pairs if pair.lower == self.best and pair.verdict == verdict]

    def runs(self, cell: str) -> pd.DataFrame:
        """Return the confirming trials of a cell on the test split."""
        return self.trials_by_cell[cell]

    def mean(self, cell: str) -> float:
        """Return the mean score of a cell."""
        return float(repetitions.scores(self.runs(cell)).mean())

    def scored(self, cell: str) -> str:
        """Write a cell's mean with its interval over repetitions."""
        estimate = mean_interval(repetitions.scores(self.runs(cell)))
        return words.interval(estimate.mean, estimate.low, estimate.high)

    def repeated(self) -> str:
        """Write how many repetitions there are of each cell."""
        counts = {len(repetitions.scores(self.runs(cell))) for cell in self.ranked}
        return f"{min(counts) if len(counts) == 1 else f'{min(counts)} to {max(counts)}'} {self.unit_of_repetition()}s"

    def unit_of_repetition(self) -> str:
        """Return what is repeated: pipelines only if it is so for every cell."""
        return "seed" if any(repetitions.unit(self.runs(cell)) == "seed" for cell in self.ranked) else "pipeline"


def _case(frame: Frame, group: ComparisonGroup, cells: list[str]) -> _Case:
    in_group = (frame.trials[list(ComparisonGroup._fields)] == list(group)).all(axis=1)
    edges_in_group = (frame.edges[list(ComparisonGroup._fields)] == list(group)).all(axis=1)
    frame = replace(
        frame,
        trials=frame.trials[in_group & frame.trials.cell.isin(cells)],
        edges=frame.edges[edges_in_group & frame.edges.cell.isin(cells)],
    )
    trials_by_cell = style.by_cell(frame.confirmed("test"))
    ranked = comparisons.ranked(trials_by_cell)
    return _Case(
        frame=frame,
        trials_by_cell=trials_by_cell,
        ranked=ranked,
        pairs=comparisons.pairs(frame),
        aside="; ".join(asides.missing(frame.trials, [c for c in cells if c not in ranked]) + asides.edges(frame, cells)),
        baseline=baselines.lowest(frame, group.task),
        task=group.task,
        unit=f"nats per {frame.predicted(group.task)}",
    )


def _below(case: _Case, cell: str) -> bool:
    """Return whether a cell is below the best trivial predictor on these test sequences, for new repetitions as well."""
    assert case.baseline
    return baselines.is_below(case.runs(cell), case.baseline[1])


def _won(case: _Case) -> list[str]:
    below = f" and below the best trivial predictor ({_baseline(case)})" if case.baseline else ""
    beaten = case.of_best("better")
    p = f"; Holm's p {_largest(case, [pair.p_holm for pair in beaten]):.2g}"
    return [
        f"Best cell: {case.best}, at {case.scored(case.best)} {case.unit} {SPLIT} (mean of {case.repeated()}), below "
        f"{listed([pair.other for pair in beaten])}{below}{_aside(case)}.",
        f"By how much: {case.best} is {_nearest(beaten)} {case.unit} ({_intervals(case, beaten)}{p})"
        f"{_beside(case, beaten)}.",
        _costs(case, case.ranked, f"At what cost: {case.best} has "),
    ]


def _equivalent(case: _Case) -> list[str]:
    alike = case.of_best("equivalent")
    are = "is" if len(alike) == 1 else "are"
    margin = f"{alike[0].margin:.3g} {case.unit}"
    p_value = _largest(case, [pair.p_equivalent for pair in alike])
    p = f"; Holm's p of a difference of {alike[0].margin:.3g} or more: {p_value:.2g}"
    cells = [case.best, *(pair.other for pair in alike)]
    return [
        f"Best cell: none: {listed(cells[1:])} {are} equivalent to {case.best} within {margin} {SPLIT} "
        f"({_means(case, cells)}){_others(case, cells)}{_not_below(case, cells)}{_aside(case)}.",
        f"By how much: {case.best} is {_nearest(alike)} {case.unit} ({_intervals(case, alike)}{p}){_beside(case, alike)}.",
        _cheapest_first(case, cells),
    ]


def _undecided(case: _Case) -> list[str]:
    open_pairs, alike = case.of_best("undecided"), case.of_best("equivalent")
    cells = [case.best, *(pair.other for pair in open_pairs)]
    named = listed(cells)
    if len(open_pairs) > words.MOST:
        named = f"{case.best} and {len(open_pairs)} others, of which {open_pairs[0].other} is the nearest"
    margin = open_pairs[0].margin
    smaller = "" if np.isnan(margin) else f", nor that it is below {margin:.3g}"
    equivalent = f"; equivalent to {case.best} within that: {listed([pair.other for pair in alike])}" if alike else ""
    all_cells = [*cells, *(pair.other for pair in alike)]
    look = case.frame.looks
    level = looks.level(look + 1 if look else 0, LEVEL)  # more of them are another look
    # Holm's level for the first of those that are not decided yet.
    level /= sum(pair.verdict == "undecided" for pair in case.pairs)
    return [
        f"Best cell: no difference could be shown between {named} ({_means(case, cells)}) {SPLIT}{smaller}"
        f"{equivalent}{_others(case, all_cells)}{_not_below(case, all_cells)}{_aside(case)}.",
        f"By how much: {case.best} is {_nearest(open_pairs)} {case.unit} ({_intervals(case, open_pairs)}); "
        f"{deciding.effort(case.frame, open_pairs[0], level)}{_beside(case, open_pairs)}.",
        _cheapest_first(case, all_cells),
    ]


def _of_family(case: _Case) -> list[str]:
    """Write the lines where the lowest cell is not tested against every other one, so that no best cell is named."""
    cells = dict.fromkeys([case.best, *(cell for cell in [case.frame.declared.contrasts.against] if cell in case.ranked)])
    return [
        "Best cell: none is named, since not every other one is tested beside the lowest: that is "
        f"{case.best}, at {case.scored(case.best)} {case.unit} {SPLIT} (mean of {case.repeated()})"
        f"{_not_below(case, case.ranked)}{_aside(case)}.",
        f"By how much: {declared.sentence(case.frame, case.pairs)[:-1]} ({case.unit}, 95% intervals over "
        f"{case.pairs[0].interval}; Holm counts these contrasts{_look(case)}).",
        _costs(case, list(cells), f"At what cost: {case.best} has "),
    ]


def _largest(case: _Case, p_values: list[float]) -> float:
    """Return the largest p, as it is before looks are counted: the level of the look is said beside it."""
    return max(p_values) * looks.level(case.frame.looks, 1)


def _means(case: _Case, cells: list[str]) -> str:
    means = [f"{case.mean(cell):.3f}" for cell in cells]
    shown = f"{means[0]} to {max(means, key=float)}" if len(cells) > words.MOST + 1 else listed(means)
    return f"{shown} {case.unit}, means of {case.repeated()}"


def _not_below(case: _Case, cells: list[str]) -> str:
    """Say which cells are not shown to be below the best trivial predictor."""
    above = [cell for cell in cells if case.baseline and not _below(case, cell)]
    return f"; not shown to be below the best trivial predictor ({_baseline(case)}): {listed(above)}" if above else ""


def _cheapest_first(case: _Case, cells: list[str]) -> str:
    cheapest = min(cells, key=lambda cell: words.expense(case.runs(cell)))
    start = f"At what cost: the cheapest of them, {cheapest}, has "
    return _costs(case, [cheapest, *(cell for cell in cells if cell != cheapest)], start)


def _beside(case: _Case, pairs: list[Pair]) -> str:
    """Say how often a single new repetition would be lower, and what the intervals leave out."""
    unit = case.unit_of_repetition()

    def chance(pair: Pair) -> str:
        p = pair.probability
        return f"{pair.other} with probability {p.mean:.2f} [{p.low:.2f}, {p.high:.2f}]"

    of_one = f"; the seeds are of one search: {repetitions.ONE_SEARCH}" if unit == "seed" else ""
    rest = f"; the other {len(pairs) - 1} stand in the table `differences` of the report" if len(pairs) > words.MOST else ""
    shown = [chance(pair) for pair in _spelt_out(pairs)]
    return f"; a new {unit} of {case.best} is lower than one of {listed(shown)}{of_one}{rest}"


def _spelt_out(pairs: list[Pair]) -> list[Pair]:
    """Return the pairs of the best cell of which all numbers are said: all of a few, of many the nearest."""
    return pairs if len(pairs) <= words.MOST else pairs[:1]


def _nearest(pairs: list[Pair]) -> str:
    """Say by how much the best cell is lower than each of a few, or than the nearest of many."""
    return f"{_lower(_spelt_out(pairs))}{f', the nearest of {len(pairs)},' if len(pairs) > words.MOST else ''}"


def _look(case: _Case) -> str:
    """Say which look at the comparison this is, and at which level it is tested; nothing for a study that is tested once."""
    look = case.frame.looks
    if not look:
        return ""
    level = f"; look {look} of this comparison: tested at {looks.level(look, LEVEL):.3g}"
    return f"{level}, so that all its looks together stay below {looks.TOGETHER * LEVEL:.3g}"


def _lower(pairs: list[Pair]) -> str:
    """Say by how much the lower cell of each pair is lower."""
    return f"lower than {listed([f'{pair.other} by {_size(pair)}' for pair in pairs])}"


def _intervals(case: _Case, pairs: list[Pair]) -> str:
    counted = "" if case.frame.declared.contrasts.are_all else f"; Holm counts {families.counted(case.frame)}"
    return f"95% intervals over {pairs[0].interval}{counted}{_look(case)}"


def _others(case: _Case, alike: list[str]) -> str:
    """Say which cells are beaten, by each of those that are alike or else by the best alone."""
    better = {(pair.lower, pair.other): pair for pair in case.pairs if pair.verdict == "better"}
    rest = [cell for cell in case.ranked if cell not in alike]
    if not rest or not all((lower, cell) in better for lower in alike for cell in rest):
        beaten = case.of_best("better")
        return f"; {case.best} is {_lower(beaten)}" if beaten else ""
    least = [min((better[lower, cell] for lower in alike), key=lambda pair: -pair.difference.mean) for cell in rest]
    beaten = [f"{cell} by {_size(pair)} or more" for cell, pair in zip(rest, least, strict=True)]
    return f"; {'both' if len(alike) == 2 else 'all of them'} beat {listed(beaten)}"


def _anecdote(case: _Case) -> list[str]:
    """Write the lines for single repetitions or a single cell, of which no test says anything."""
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
    estimate = mean_interval(repetitions.scores(case.runs(best)))
    above = words.interval(estimate.mean - baseline, estimate.low - baseline, estimate.high - baseline)
    return [
        "Best cell: none, and no difference to speak of, since no cell learned anything beyond the trivial predictor "
        f"{_baseline(case)} {case.unit} {SPLIT}: the lowest, {best}, has "
        f"{case.scored(best)} (mean of {case.repeated()}){_aside(case)}.",
        f"By how much: {best} minus {case.baseline[0]} is {above} {case.unit} with a 95% interval over "
        f"{case.unit_of_repetition()}s, where less than zero was to be shown; more {case.unit_of_repetition()}s show no "
        f"winner here: {advice.unlearned(case.frame, case.task, case.runs(best))}.",
        _costs(case, case.ranked, f"At what cost: {case.baseline[0]} costs nothing; {best} has "),
    ]


def _nothing(case: _Case) -> list[str]:
    return [
        f"Best cell: none, since no cell has a score {SPLIT}{_aside(case)}.",
        "By how much: unknown; it would take trials that do not diverge, for example at lower rates "
        "(training.ranges.lr.high).",
        "At what cost: unknown.",
    ]


def _baseline(case: _Case) -> str:
    assert case.baseline
    return f"{case.baseline[0]}, {case.baseline[1]:.3f}"


def _aside(case: _Case) -> str:
    return f"; {case.aside}" if case.aside else ""


def _size(pair: Pair) -> str:
    """Write by how much the lower cell is lower."""
    d = pair.difference
    return words.interval(-d.mean, -d.high, -d.low)


def _costs(case: _Case, cells: list[str], start: str) -> str:
    """Write the first cell's costs, and those of the others beside them; of many, of the best alone."""
    first, *others = cells
    rest = "; the others' stand in the table `scores` of the report" if len(others) > words.MOST else ""
    others = others if not rest else [case.best] if first != case.best else []
    costs = [f"{cell} has {words.costs(case.runs(cell))}" for cell in others]
    return "; ".join([f"{start}{words.costs(case.runs(first))}", *costs]) + f"{rest}."
