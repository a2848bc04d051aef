"""What would decide between two cells of which neither is shown to be better, nor both to be equivalent."""

import numpy as np
import pandas as pd

from gatebench.records.frame import Frame
from gatebench.report import blocks, comparisons, repetitions, words
from gatebench.report.comparisons import LEVEL, Pair
from gatebench.report.stats import looks
from gatebench.report.stats.crossed import SequenceScores, VarianceComponents
from gatebench.report.stats.power import POWER, detectable, required_sample

FEW = 10
"""Factor of the repetitions that are there, up to which more of them are asked for before more test sequences."""
MANY = 100
"""Factor of the repetitions or sequences that are there, beyond which a decision is said to be out of reach."""


CHORALES = VarianceComponents(
    repetitions=(0.028**2,) * 2, interactions=(0.13**2,) * 2, sequences=0.07**2, counts=(1, 1), sequence_count=1,
    effective_sequences=1.0,
)  # fmt: skip
"""What the difference of two gated cells on JSB Chorales varies by, with one pipeline each and one test sequence.

What a seed does has a standard deviation of 0.025, what another search selects one of 0.012, measured with five searches;
the others are of the records of the study ``fair``."""


def detectable_as_on_chorales(pipelines: int, sequences: int, cells: int, contrasts: int | None = None) -> float:
    """Return the smallest difference in nats that a first look shows with so many pipelines of each of so many cells.

    ``sequences``: how many there are for testing; ``contrasts``: how many pairs are tested, of None every one. It is for
    what scores as JSB Chorales do.
    """
    return detectable(CHORALES, (pipelines, pipelines), sequences, _strictest(1, contrasts or cells * (cells - 1) // 2))


def detectable_by(frame: Frame, pipelines: int) -> float | None:
    """Return the smallest difference in nats that another look shows in every contrast, by the scores that are there.

    ``frame`` holds the trials of the cells that are compared, and of no other ones; ``pipelines`` says how many of each
    there will be. None where a cell has a single repetition, or a trial without a score, or there is no contrast.
    """
    scored = {
        str(cell): _scores(frame, trials)
        for cell, trials in frame.scored().groupby("cell", sort=False)
        if trials.pipeline.nunique() > 1
    }
    contrasts = frame.declared.contrasts.among(scored)
    if len(scored) < max(2, frame.trials.cell.nunique()) or not contrasts:
        return None
    level = _strictest(frame.looks + 1, len(contrasts))
    counts = pipelines, pipelines
    return max(
        detectable(VarianceComponents.estimate(a, b), counts, len(a.steps), level)
        for a, b in ((scored[one], scored[other]) for one, other in contrasts)
    )


def _strictest(look: int, contrasts: int) -> float:
    """Return the level of the first of Holm's tests of so many contrasts."""
    return looks.level(look, LEVEL) / contrasts


def effort(frame: Frame, pair: Pair, level: float) -> str:
    """Say what it would take to decide between two cells, if they differ by what was seen, at this level of each test.

    ``frame`` holds the trials of the cells that are compared, and of no other ones.
    """
    trials_by_cell = {str(cell): trials for cell, trials in frame.confirmed("test").groupby("cell", sort=False)}
    first, second = trials_by_cell[pair.lower], trials_by_cell[pair.other]
    a, b = _scores(frame, first), _scores(frame, second)
    required = required_sample(a, b, level, pair.margin)
    assert required is not None, pair  # of single repetitions no pair has a p
    alike = pair.margin + pair.difference.mean > -pair.difference.mean
    start = f"To show {f'{pair.other} equivalent to it' if alike else f'this difference to {pair.other}'} would take about"
    end = f"({POWER:.0%} power at the {100 * level:.3g}% level)"
    most = MANY if required.sequences is None else FEW
    units, sequences = f"{repetitions.unit(first)}s", blocks.of_test(frame, pair.group.task)
    if required.repetitions and required.repetitions <= most * len(a.nll):
        further = {cell: required.repetitions - len(repetitions.scores(trials)) for cell, trials in trials_by_cell.items()}
        seconds = sum(max(0, count) * _seconds(frame, trials_by_cell[cell]) for cell, count in further.items())
        time = f"{words.duration(seconds)} more of training for all {len(trials_by_cell)} cells"
        return f"{start} {required.repetitions:,} {units} of each cell, {time} {end}"
    more = f", or {required.repetitions:,} {units}" if required.repetitions else f". No number of {units} would do"
    if required.sequences and required.sequences <= MANY * len(a.steps):
        return f"{start} {required.sequences:,} {sequences} in place of {len(a.steps):,} {end}{more}"
    if required.factor and required.factor <= MANY:
        return f"{start} {required.factor:.1f} times the {units} and the {sequences} ({len(a.steps):,} now) {end}{more}"
    return f"Even {MANY} times the {units} and the {sequences} would hardly show so little {end}"


def _scores(frame: Frame, trials: pd.DataFrame) -> SequenceScores:
    """Return the scores of a cell; where records have no sequences, as if the split were a single one."""
    scores = comparisons.block_scores(frame, trials)
    return scores or SequenceScores(repetitions.scores(trials)[:, None], np.ones(1))


def _seconds(frame: Frame, trials: pd.DataFrame) -> float:
    """Return how long a further repetition of a cell trains: a seed, or a pipeline with its search."""
    if repetitions.unit(trials) == "seed":
        return float(trials.seconds.mean())
    of_cell = frame.trials[(frame.trials.cell == trials.cell.iloc[0]) & (frame.trials.split == "valid")]
    return float(of_cell.drop_duplicates("key").seconds.sum()) / len(repetitions.scores(trials))
