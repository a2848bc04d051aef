"""Means over repetitions crossed with test sequences, by a random-effects decomposition of their variance.

A repetition is a pipeline, or a seed of a single one. In shapes, ``S`` is repetitions, ``N`` test sequences; or, where these
hang together, the blocks that they stand in (`SequenceScores.in_blocks`), which then are what is called sequences here.
"""

from dataclasses import dataclass

import numpy as np

from gatebench.core import intervals
from gatebench.core.intervals import student
from gatebench.report.stats.estimates import Difference, Estimate, mean_interval, t_difference, welch_difference
from gatebench.report.stats.satterthwaite import freedom


@dataclass(frozen=True)
class SequenceScores:
    """NLL of every test sequence for every repetition of one cell.

    ``nll`` is the sum over a sequence's steps in nats ``[S, N]``, ``steps`` the number of its predicted steps ``[N]``.
    """

    nll: np.ndarray
    steps: np.ndarray
    follows: np.ndarray | None = None
    """Whether each sequence goes on where the one before ended, ``[N]``; None: none does."""

    def in_blocks(self, numbers: np.ndarray, in_order: bool) -> "SequenceScores":
        """Return the scores of blocks, of which ``numbers [N]`` says which one each sequence is in.

        ``in_order``: whether two blocks with consecutive numbers follow one another.
        """
        sums, follows = intervals.in_blocks(np.concatenate([self.nll, self.steps[None]]), numbers, in_order)
        return SequenceScores(sums[:-1], sums[-1], follows)

    @property
    def means(self) -> np.ndarray:
        """Return the NLL per step of every repetition, ``[S]``."""
        return self.nll.sum(1) / self.steps.sum()

    @property
    def residuals(self) -> np.ndarray:
        """Return what every sequence costs more than its steps do in the mean of the repetition, in nats ``[S, N]``."""
        return self.nll - self.means[:, None] * self.steps


@dataclass(frozen=True)
class VarianceComponents:
    """Where the variance of a mean, or of the difference of two, comes from: one entry for each mean.

    Components are what they are estimated at, so that one that is zero may come out below zero; their sum is not.
    """

    repetitions: tuple[float, ...]
    """Variance of each mean that belongs to its repetitions alone."""
    interactions: tuple[float, ...]
    """Variance of each mean that belongs to a repetition and a sequence together."""
    sequences: float
    """Variance of the mean or difference that belongs to sequences alone."""
    counts: tuple[int, ...]
    """Number of repetitions of each mean."""
    sequence_count: int
    """Number of test sequences."""
    effective_sequences: float
    """How many sequences of one length would be as many as these are (Kish 1965)."""

    @classmethod
    def estimate(cls, *cells: SequenceScores) -> "VarianceComponents":
        """Estimate the components of one mean, or of the first minus the second, from mean squares, as in a two-way anova.

        It takes two repetitions of each; of a single sequence nothing is known of others, and the components that have to do
        with sequences are zero.
        """
        steps, follows = cells[0].steps, cells[0].follows
        counts = tuple(len(scores.nll) for scores in cells)
        of_repetitions = [float(scores.means.var(ddof=1)) / s for scores, s in zip(cells, counts, strict=True)]
        together = tuple(
            float(intervals.variance(scores.residuals - scores.residuals.mean(0), steps).sum()) / (s - 1) / s
            for scores, s in zip(cells, counts, strict=True)
        )
        residuals = [scores.residuals.mean(0) for scores in cells]
        of_each = residuals[0] - sum(residuals[1:])
        shared = intervals.growth(of_each, follows)
        together = tuple(shared * interaction for interaction in together)
        of_sequences = shared * float(intervals.variance(of_each, steps))
        alone = tuple(both - interaction for both, interaction in zip(of_repetitions, together, strict=True))
        return cls(alone, together, of_sequences - sum(together), counts, len(steps), intervals.effective(steps))

    def standard_error(
        self, counts: tuple[float, ...] | None = None, sequence_count: float | None = None
    ) -> tuple[float, float]:
        """Return standard error and degrees of freedom for these numbers of repetitions and sequences, or for others."""
        more = (sequence_count or self.sequence_count) / self.sequence_count
        counts = counts or self.counts
        shrink = [before / after for before, after in zip(self.counts, counts, strict=True)]
        together = [part * f / more for part, f in zip(self.interactions, shrink, strict=True)]
        of_repetitions = [
            max(0.0, part * f + both) for part, f, both in zip(self.repetitions, shrink, together, strict=True)
        ]
        of_sequences = max(0.0, self.sequences / more + sum(together))
        # What belongs to a repetition and a sequence together is in both, and is what the variance is at the least.
        variance = max(sum(together), sum(of_repetitions) + of_sequences - sum(together))
        of_units = freedom([(part, n - 1) for part, n in zip(of_repetitions, counts, strict=True)])
        # Fewer than two effective sequences are one long one, of which the others say at least something.
        parts = [(sum(of_repetitions), of_units), (of_sequences, max(1.0, self.effective_sequences * more - 1))]
        return variance**0.5, freedom(parts)


def mean(scores: SequenceScores, level: float = 0.95) -> Estimate:
    """Return the mean over repetitions, with an interval for new repetitions *and* new sequences from where these came from.

    Of a single repetition it is NaN.
    """
    if len(scores.nll) == 1:
        return mean_interval(scores.means, level)
    value = float(scores.means.mean())
    error, degrees = VarianceComponents.estimate(scores).standard_error()
    half_width = student(degrees, level) * error
    return Estimate(value, value - half_width, value + half_width, len(scores.nll))


def difference(a: SequenceScores, b: SequenceScores, level: float = 0.95) -> Difference:
    """Return mean of A minus mean of B, paired by sequence, tested for new repetitions and new sequences.

    ``ValueError`` if the two were not scored on the same sequences.
    """
    if len(a.steps) != len(b.steps) or (a.steps != b.steps).any():
        raise ValueError("the two were not scored on the same sequences")
    if min(len(a.nll), len(b.nll)) == 1:
        return welch_difference(a.means, b.means, level)
    error, degrees = VarianceComponents.estimate(a, b).standard_error()
    value = float(a.means.mean() - b.means.mean())
    return t_difference(value, error, degrees, float(abs(a.means.mean())), level)
