"""Sequences as windows of series: which follow one another, and how they are joined."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from gatebench.data.cards import Card
from gatebench.data.contents import SPLITS, Arrays
from gatebench.data.origins import Origins
from gatebench.data.sequences import Framing, Sequence

PAST_STEPS = 2**14
"""Steps of a series, at the most, that are known before the first one that is scored, apart from what fills a window."""


def mark(splits: Mapping[str, list[Sequence]], origins: Origins) -> dict[str, list[Sequence]]:
    """Return the sequences of every split with their series, their position in it, and their group."""
    if not origins.series and not origins.groups:
        return dict(splits)
    windows: dict[int, int] = {}

    def marked(split: str, i: int, sequence: Sequence) -> Sequence:
        group = int(origins.groups[split][i]) if origins.groups else None
        if not origins.series:
            return replace(sequence, group=group)
        series = int(origins.series[split][i])
        windows[series] = windows.get(series, -1) + 1
        return replace(sequence, series=series, position=windows[series], group=group)

    return {split: [marked(split, i, sequence) for i, sequence in enumerate(splits[split])] for split in SPLITS}


def joined(arrays: Arrays, origins: Origins, framing: type[Framing], card: Card) -> Arrays:
    """Return the arrays of every split, those that follow another one with the steps in front that they read of its end.

    So no step between two windows goes unread or unpredicted, and none is predicted twice.
    """
    before: dict[int, np.ndarray] = {}

    def after_the_one_before(split: str, i: int, array: np.ndarray) -> np.ndarray:
        series = int(origins.series[split][i])
        if series in before:
            length = len(before[series])
            shared = min(length, framing.shared_steps(card, length))
            array = np.concatenate([before[series][length - shared :], array])
        before[series] = array
        return array

    if not origins.series:
        return arrays
    return {split: [after_the_one_before(split, i, array) for i, array in enumerate(arrays[split])] for split in SPLITS}


def runs(sequences: Iterable[Sequence]) -> list[list[int]]:
    """Return lists of the positions of sequences that follow one another, in their order; others stand alone.

    The lists come in the order of their first sequences.
    """
    all_runs: list[list[int]] = []
    latest: dict[tuple[int, int], list[int]] = {}
    for i, sequence in enumerate(sequences):
        if sequence.series is None:
            all_runs.append([i])
            continue
        run = latest.pop((sequence.series, sequence.position - 1), None)
        if run is None:
            run = []
            all_runs.append(run)
        run.append(i)
        latest[sequence.series, sequence.position] = run
    return all_runs


def scored_runs(sequences: list[Sequence], first: int) -> list[list[int]]:
    """Return the positions of sequences that follow one another, those from ``first`` on to be scored.

    Before those of a run that are scored come the ones that are known by then: the last `PAST_STEPS` steps, and what fills a
    window. This is what a model may carry, and what a baseline may look back at.
    """
    all_runs = []
    for run in runs(sequences):
        scored = [i for i in run if i >= first]
        if scored:
            before = [i for i in run if i < first]
            steps_before_scored = np.cumsum([0, *(len(sequences[i]) for i in before[::-1])])[:-1]
            all_runs.append(before[int((steps_before_scored >= PAST_STEPS).sum()) :] + scored)
    return all_runs


def before(splits: Mapping[str, list[Sequence]], split: str) -> list[Sequence]:
    """Return the sequences of the splits that come before one: of them a series is known when it is scored there."""
    return [sequence for earlier in SPLITS[: SPLITS.index(split)] for sequence in splits[earlier]]
