"""The verdict on one comparison group in a few lines: the best cell, by how much, at what cost; or what it takes to tell."""

import numpy as np

from gatebench.records.frame import ComparisonGroup, Frame
from gatebench.report import (
    advice,
    baselines,
    costs,
    deciding,
    declared,
    disagreement,
    families,
    repetitions,
    words,
)
from gatebench.report.compared_cells import ComparedCells, of_group
from gatebench.report.comparisons import LEVEL, Pair
from gatebench.report.stats import looks
from gatebench.report.stats.estimates import mean_interval
from gatebench.report.words import listed

SPLIT = "on the test split"
"""Which scores the verdict is about, as its sentences say it."""


def lines(frame: Frame, group: ComparisonGroup, cells: list[str]) -> list[str]:
    """Return what was found about these cells of a comparison group, in lines of which each can stand alone.

    A winner is named if it is better than every other cell (`comparisons.Pair`) and below the best baseline.
    Where records have metrics beside NLL, a fourth line says whether these agree.
    """
    case = of_group(frame, group, cells)
    if not case.ranked:
        return _nothing(case)
    other = disagreement.line(case.frame, {cell: case.runs(cell) for cell in case.ranked}, case.pairs)
    return [*_of_nll(case), *([] if other is None else [other])]


def _of_nll(case: ComparedCells) -> list[str]:
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


def _below(case: ComparedCells, cell: str) -> bool:
    """Return whether a cell is below the best baseline on these test sequences, for new repetitions as well."""
    assert case.baseline
    return baselines.is_below(case.runs(cell), case.baseline[1])


def _won(case: ComparedCells) -> list[str]:
    below = f" and below the best baseline ({_baseline(case)})" if case.baseline else ""
    beaten = case.of_best("better")
    p = f"; Holm's p {_largest(case, [pair.p_holm for pair in beaten]):.2g}"
    return [
        f"Best cell: {case.best}, at {case.scored(case.best)} {case.unit} {SPLIT} (mean of {case.repeated()}), below "
        f"{listed([pair.other for pair in beaten])}{below}{_aside(case)}.",
        f"By how much: {case.best} is {_nearest(beaten)} {case.unit} ({_intervals(case, beaten)}{p})"
        f"{_look(case)}{_beside(case, beaten)}.",
        _costs(case, case.ranked, f"At what cost: {case.best} has "),
    ]


def _equivalent(case: ComparedCells) -> list[str]:
    alike = case.of_best("equivalent")
    are = "is" if len(alike) == 1 else "are"
    margin = f"{alike[0].margin:.3g} {case.unit}"
    p_value = _largest(case, [pair.p_equivalent for pair in alike])
    p = f"; Holm's p of a difference of {alike[0].margin:.3g} or more: {p_value:.2g}"
    cells = [case.best, *(pair.other for pair in alike)]
    return [
        f"Best cell: none: {listed(cells[1:])} {are} equivalent to {case.best} within {margin} {SPLIT} "
        f"({_means(case, cells)}){_others(case, cells)}{_not_below(case, cells)}{_aside(case)}.",
        f"By how much: {case.best} is {_nearest(alike)} {case.unit} ({_intervals(case, alike)}{p})"
        f"{_look(case)}{_beside(case, alike)}.",
        _cheapest_first(case, cells),
    ]


def _undecided(case: ComparedCells) -> list[str]:
    open_pairs, alike = case.of_best("undecided"), case.of_best("equivalent")
    cells = [case.best, *(pair.other for pair in open_pairs)]
    named = listed(cells)
    if len(open_pairs) > words.MOST:
        named = f"{case.best} and {len(open_pairs)} others, of which {open_pairs[0].other} is the nearest"
    margin = open_pairs[0].margin
    smaller = "" if np.isnan(margin) else f", nor that it is smaller than {margin:.3g}"
    equivalent = f". Equivalent to {case.best} within that: {listed([pair.other for pair in alike])}" if alike else ""
    all_cells = [*cells, *(pair.other for pair in alike)]
    look = case.frame.looks
    level = looks.level(look + 1 if look else 0, LEVEL)  # more of them are another look
    # Holm's level for the first of those that are not decided yet.
    level /= sum(pair.verdict == "undecided" for pair in case.pairs)
    return [
        f"Best cell: no difference could be shown between {named} ({_means(case, cells)}) {SPLIT}{smaller}"
        f"{equivalent}{_others(case, all_cells)}{_not_below(case, all_cells)}{_aside(case)}.",
        f"By how much: {case.best} is {_nearest(open_pairs)} {case.unit} ({_intervals(case, open_pairs)})"
        f"{_alone(case, open_pairs)}{_look(case)}. {deciding.effort(case.frame, open_pairs[0], level)}"
        f"{_beside(case, open_pairs)}.",
        _cheapest_first(case, all_cells),
    ]


def _of_family(case: ComparedCells) -> list[str]:
    """Write the lines where the lowest cell is not tested against every other one, so that no best cell is named."""
    cells = dict.fromkeys([case.best, *(cell for cell in [case.frame.declared.contrasts.against] if cell in case.ranked)])
    return [
        "Best cell: none is named, since not every other one is tested beside the lowest. The lowest mean is that of "
        f"{case.best}, at {case.scored(case.best)} {case.unit} {SPLIT} (mean of {case.repeated()})"
        f"{_not_below(case, case.ranked)}{_aside(case)}.",
        f"By how much: {declared.sentence(case.frame, case.pairs)} Numbers are in {case.unit}, with 95% intervals over "
        f"{case.pairs[0].interval}; Holm counts these contrasts{_look(case)}.",
        _costs(case, list(cells), f"At what cost: {case.best} has "),
    ]


def _largest(case: ComparedCells, p_values: list[float]) -> float:
    """Return the largest p, as it is before looks are counted: the level of the look is said beside it."""
    return max(p_values) * looks.level(case.frame.looks, 1)


def _means(case: ComparedCells, cells: list[str]) -> str:
    means = [f"{case.mean(cell):.3f}" for cell in cells]
    shown = f"{means[0]} to {max(means, key=float)}" if len(cells) > words.MOST + 1 else listed(means)
    return f"{shown} {case.unit}, means of {case.repeated()}"


def _not_below(case: ComparedCells, cells: list[str]) -> str:
    """Say which cells are not shown to be below the best baseline."""
    above = [cell for cell in cells if case.baseline and not _below(case, cell)]
    if not above:
        return ""
    names = words.listed_or_counted(above, f"of {len(cells)} cells")
    return f". Not shown to be below the best baseline ({_baseline(case)}): {names}"


def _cheapest_first(case: ComparedCells, cells: list[str]) -> str:
    """Write the costs of that one of some cells which costs the least, of those below the best baseline."""
    able = [cell for cell in cells if not case.baseline or _below(case, cell)]
    cheapest = min(able, key=lambda cell: costs.expense(case.runs(cell)))
    of_them = "them" if able == cells else "those that are below it"
    start = f"At what cost: the cheapest of {of_them}, {cheapest}, has "
    return _costs(case, [cheapest, *(cell for cell in cells if cell != cheapest)], start)


def _beside(case: ComparedCells, pairs: list[Pair]) -> str:
    """Say how often a single new repetition would be lower, and what the intervals leave out."""
    unit = case.unit_of_repetition()

    def chance(pair: Pair) -> str:
        p = pair.probability
        return f"{pair.other} with probability {p.mean:.2f} [{p.low:.2f}, {p.high:.2f}]"

    of_one = f". The seeds are of one search: {repetitions.ONE_SEARCH}" if unit == "seed" else ""
    rest = (
        f". The other {len(pairs) - 1} stand in the table Differences between cells of the report"
        if len(pairs) > words.MOST
        else ""
    )
    shown = [chance(pair) for pair in _spelt_out(pairs)]
    return f". A new {unit} of {case.best} is lower than one of {listed(shown)}{of_one}{rest}"


def _spelt_out(pairs: list[Pair]) -> list[Pair]:
    """Return the pairs of the best cell of which all numbers are said: all of a few, of many the nearest."""
    return pairs if len(pairs) <= words.MOST else pairs[:1]


def _nearest(pairs: list[Pair]) -> str:
    """Say by how much the best cell is lower than each of a few, or than the nearest of many."""
    return f"{_lower(_spelt_out(pairs))}{f', the nearest of {len(pairs)},' if len(pairs) > words.MOST else ''}"


def _look(case: ComparedCells) -> str:
    """Say which look at the comparison this is, and at which level it is tested; nothing for a study that is tested once."""
    look = case.frame.looks
    if not look:
        return ""
    level = f". Look {look} of this comparison: tested at {looks.level(look, LEVEL):.3g}"
    return f"{level}, so that all its looks together stay below {looks.TOGETHER * LEVEL:.3g}"


def _lower(pairs: list[Pair]) -> str:
    """Say by how much the lower cell of each pair is lower."""
    return f"lower than {listed([f'{pair.other} by {_size(pair)}' for pair in pairs])}"


def _alone(case: ComparedCells, pairs: list[Pair]) -> str:
    """Say of which intervals, each of which is of its pair alone, leave 0 out although all pairs together decide nothing."""
    without = [pair for pair in _spelt_out(pairs) if pair.difference.high < 0 or pair.difference.low > 0]
    if not without or case.frame.looks:  # the level of a look is said as it is
        return ""
    p = f"{_largest(case, [pair.p_holm for pair in without]):.2g}{' or less' if len(without) > 1 else ''}"
    are = "interval beside {} is of that pair" if len(without) == 1 else "intervals beside {} are of these pairs"
    return f". The {are.format(listed([pair.other for pair in without]))} alone: Holm's p, which counts all, is {p}"


def _intervals(case: ComparedCells, pairs: list[Pair]) -> str:
    counted = "" if case.frame.declared.contrasts.are_all else f"; Holm counts {families.counted(case.frame)}"
    return f"95% intervals over {pairs[0].interval}{counted}"


def _others(case: ComparedCells, alike: list[str]) -> str:
    """Say which cells are beaten, by each of those that are alike or else by the best alone."""
    better = {(pair.lower, pair.other): pair for pair in case.pairs if pair.verdict == "better"}
    rest = [cell for cell in case.ranked if cell not in alike]
    if not rest or not all((lower, cell) in better for lower in alike for cell in rest):
        beaten = case.of_best("better")
        return f". {case.best} is {_lower(beaten)}" if beaten else ""
    least = [min((better[lower, cell] for lower in alike), key=lambda pair: -pair.difference.mean) for cell in rest]
    beaten = [f"{cell} by {_size(pair)} or more" for cell, pair in zip(rest, least, strict=True)]
    return f". {'Both' if len(alike) == 2 else 'All of them'} beat {listed(beaten)}"


def _anecdote(case: ComparedCells) -> list[str]:
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


def _unlearned(case: ComparedCells) -> list[str]:
    assert case.baseline
    best, baseline = case.best, case.baseline[1]
    estimate = mean_interval(repetitions.scores(case.runs(best)))
    above = words.interval(estimate.mean - baseline, estimate.low - baseline, estimate.high - baseline)
    return [
        "Best cell: none is recommended, since no cell is shown to be below the best baseline, "
        f"{_baseline(case)} {case.unit} {SPLIT}. The lowest cell, {best}, has "
        f"{case.scored(best)} (mean of {case.repeated()}){_aside(case)}.",
        f"By how much: {best} minus {case.baseline[0]} is {above} {case.unit} with a 95% interval over "
        f"{case.unit_of_repetition()}s, where less than zero was to be shown. More {case.unit_of_repetition()}s show no "
        f"winner here: {advice.unlearned(case.frame, case.task, case.runs(best))}.",
        _costs(case, case.ranked, f"At what cost: {best} has "),
    ]


def _nothing(case: ComparedCells) -> list[str]:
    return [
        f"Best cell: none, since no cell has a score {SPLIT}{_aside(case)}.",
        "By how much: unknown; it would take trials that do not diverge, for example at lower rates "
        "(training.ranges.lr.high).",
        "At what cost: unknown.",
    ]


def _baseline(case: ComparedCells) -> str:
    assert case.baseline
    return f"{case.baseline[0]}, {case.baseline[1]:.3f}"


def _aside(case: ComparedCells) -> str:
    return f". {case.aside}" if case.aside else ""


def _size(pair: Pair) -> str:
    """Write by how much the lower cell is lower."""
    d = pair.difference
    return words.interval(-d.mean, -d.high, -d.low)


def _costs(case: ComparedCells, cells: list[str], start: str) -> str:
    """Write what these cells cost, the first one's costs first."""
    return costs.sentence(case.frame, case.trials_by_cell, cells, case.best, start)
