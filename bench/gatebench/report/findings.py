"""What the numbers say, in the sentences at the top of a report's page, and what they cannot say."""

import numpy as np
import pandas as pd

from gatebench.core.hyperparameters import TUNABLE
from gatebench.records.frame import ComparisonGroup, Frame, comparison_groups
from gatebench.report import baselines, comparisons, declared, repetitions, style
from gatebench.report.comparisons import Pair
from gatebench.report.words import fixed, listed


def findings(frame: Frame) -> list[str]:
    """Return a few sentences for each comparison group: the lowest cell, what it beats, and what it does not."""
    pairs = comparisons.pairs(frame)
    return [
        _of_group(frame, group, rows, [pair for pair in pairs if pair.group == group])
        for group, rows in comparison_groups(frame.confirmed("test"))
    ]


def _of_group(frame: Frame, group: ComparisonGroup, rows: pd.DataFrame, pairs: list[Pair]) -> str:
    mean_by_cell = {cell: repetitions.scores(trials).mean() for cell, trials in style.by_cell(rows).items()}
    means = pd.Series(mean_by_cell, dtype=float).dropna().sort_values(kind="stable")
    start = f"On {frame.title(group)}"
    if means.empty:
        return f"{start}, no run has a score."
    best = str(means.index[0])
    of_best = rows[rows.cell == best]
    lowest = comparisons.interval(frame, of_best)
    unit = f"nats per {frame.predicted(group.task)}"
    sentences = [f"{start}, the lowest mean is that of {best}: {lowest} {unit}, n = {repetitions.counted(of_best)}."]
    beaten, equivalent, undecided, untested = (
        [pair for pair in pairs if pair.lower == best and pair.verdict == verdict]
        for verdict in ("better", "equivalent", "undecided", "untested")
    )
    if beaten:
        sentences.append(f"It beats {listed([f'{pair.other} by {_size(pair)}' for pair in beaten])}.")
    if equivalent:
        names = listed([f"{pair.other} ({_size(pair)})" for pair in equivalent])
        sentences.append(f"Equivalent to it within {equivalent[0].margin:.3g} nats: {names}.")
    if undecided:
        names = listed([f"{pair.other} ({_size(pair)})" for pair in undecided])
        sentences.append(f"Between it and {names} no difference was found, and no equivalence.")
    if untested:
        sentences.append(declared.sentence(frame, pairs))
    sentences.append(_gru_or_lstm(pairs, best))
    sentences.append(_baselines(frame, group, means))
    sentences.append(_never_confirmed(frame, group, rows))
    diverged = rows[rows.status == "diverged"].groupby("cell").size()
    if len(diverged):
        sentences.append(f"Diverged in confirming: {listed([f'{n} of {cell}' for cell, n in diverged.items()])}.")
    return " ".join(sentence for sentence in sentences if sentence)


def _never_confirmed(frame: Frame, group: ComparisonGroup, rows: pd.DataFrame) -> str:
    """Name the cells of which every setting of the search diverged, so that there was nothing to confirm."""
    trials = frame.trials[(frame.trials[list(ComparisonGroup._fields)] == list(group)).all(axis=1)]
    unconfirmed = {cell: part for cell, part in style.by_cell(trials).items() if cell not in set(rows.cell)}
    diverged = [cell for cell, part in unconfirmed.items() if (part.status == "diverged").all()]
    return f"Of {listed(diverged)} every setting of the search diverged." if diverged else ""


def _size(pair: Pair) -> str:
    """Say by how much the lower cell is lower."""
    d = pair.difference
    return f"{fixed(abs(d.mean))} nats" + (", one seed" if np.isnan(d.p) else f" [{fixed(-d.high)}, {fixed(-d.low)}]")


def _gru_or_lstm(pairs: list[Pair], best: str) -> str:
    """Answer the benchmark's question, GRU or LSTM, where what was said of the best cell does not answer it."""
    for lstm in ("lstm", "lstm_peephole"):
        pair = next((pair for pair in pairs if {pair.lower, pair.other} == {"gru", lstm}), None)
        if pair and pair.tested and best not in ("gru", lstm):
            end = {"better": "", "equivalent": ", and equivalent", "undecided": ", which is no difference found"}[
                pair.verdict
            ]
            return f"Of GRU and LSTM, {pair.lower} is lower than {pair.other} by {_size(pair)}{end}; n = {min(pair.n)}."
        if pair:
            return ""
    return ""


def _baselines(frame: Frame, group: ComparisonGroup, means: pd.Series) -> str:
    of_task = frame.baselines[(frame.baselines.task == group.task) & (frame.baselines.split == "test")].sort_values("nll")
    if of_task.empty:
        return ""
    lowest = of_task.iloc[0]
    above = [str(cell) for cell in means.index[means >= lowest.nll]]
    if not above:
        test = frame.confirmed("test")
        runs = style.by_cell(test[(test[list(ComparisonGroup._fields)] == list(group)).all(axis=1)])
        unsure = [cell for cell in means.index if not baselines.is_below(runs[str(cell)], float(lowest.nll))]
        but = f"; of {listed(unsure)} this is not shown for new repetitions" if unsure else ""
        return f"All means are below the lowest baseline ({lowest.baseline}, {lowest.nll:.2f}){but}."
    return f"Not below the lowest baseline ({lowest.baseline}, {lowest.nll:.2f}): {listed(above)}."


def limitations(frame: Frame) -> list[str]:
    """Return sentences about what these trials cannot say: other tasks, sizes, searches, protocols, longer training."""
    trials = frame.trials
    confirmed = frame.confirmed("test")
    search = trials[(trials.stage == "search") & (trials.split == "valid")]
    settings = search.groupby([*ComparisonGroup._fields, "cell", "pipeline"]).size()
    tried = _range(settings) if len(settings) else "no"
    sizes = confirmed.parameters_recurrent
    sentences = [
        f"Tasks other than {listed(list(dict.fromkeys(frame.datasets.values())))}; models of more than one layer; "
        f"sizes other than {sizes.min():,} to {sizes.max():,} recurrent parameters.",
        f"Other searches: {tried} settings were tried for each cell{_searches(confirmed)}",
        "Other regularisers and schedules: those of the protocol are the same for every cell, which is not the "
        "best for each.",
    ]
    last = confirmed[(confirmed.best_epoch >= confirmed.epochs) & (confirmed.status == "finished")]
    if len(last):
        sentences.append(
            f"Longer training: {len(last)} of {len(confirmed)} confirming trials were at their best in their last epoch."
        )
    failed = trials[trials.status == "failed"].key.nunique()
    if failed:
        sentences.append(
            f"{failed} trials, which ended with an error: a cell has no score until its trials are complete, and is left "
            "out of what compares cells; the sweep's command retries them."
        )
    return sentences + _edges(frame, search)


def _edges(frame: Frame, search: pd.DataFrame) -> list[str]:
    """Say what was selected at an edge of what was searched; nothing where nothing was."""
    if frame.edges.empty:
        return []
    searches = search.groupby([*ComparisonGroup._fields, "cell", "pipeline"]).ngroups
    of_each = [
        f"{len(rows)} ({listed(style.cells(rows))}) selected the {TUNABLE[str(name)].label}"
        for name, rows in frame.edges.groupby("hyperparameter", sort=False)
    ]
    return [
        f"Wider ranges: of {searches} searches, {listed(of_each)} at an edge of what was searched, beyond which "
        "there may be better ones."
    ]


def _searches(confirmed: pd.DataFrame) -> str:
    """Say what the intervals hold of what a search may select, where it is done once for a cell and where several times."""
    by_cell = confirmed.groupby([*ComparisonGroup._fields, "cell"])
    pipelines = by_cell.pipeline.nunique()
    once = pipelines == 1
    sentences = ", with one seed."
    if not once.all():
        sentences = (
            f" in each of its pipelines (n = {_range(pipelines[~once])}), with one seed. Intervals hold for new pipelines, "
            "each with its own settings and selection, of this search over these ranges, and for no other one."
        )
    if once.any():
        of_those = "" if once.all() else " of cells with one pipeline"
        sentences += (
            f" The confirming seeds{of_those} (n = {_range(by_cell.size()[once])}) "
            "vary weights, order and noise at the one setting that was selected, so no interval of theirs covers what "
            "another draw of settings would have selected."
        )
    return sentences


def _range(counts: pd.Series) -> str:
    low, high = counts.min(), counts.max()
    return f"{low}" if low == high else f"{low} to {high}"
