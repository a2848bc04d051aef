"""What share of its steps a sequence is above a threshold after each of many convolutions.

MiniRocket: Dempster et al. 2021, "MiniRocket: A Very Fast (Almost) Deterministic Transform for Time Series Classification"
(KDD, arXiv 2012.08791), for sequences of any lengths, and of fewer thresholds where there is much data.
"""

from functools import reduce
from itertools import combinations

import numpy as np

from gatebench.data.sequences import Sequence

LENGTH = 9
"""Taps of a kernel: six of -1 and three of 2."""
KERNELS = [*combinations(range(LENGTH), 3)]
"""The taps of 2 of each of the 84 kernels."""
THRESHOLDS = 119
"""Thresholds of a kernel, at the most: 9,996 features in all, as in the paper."""
DILATIONS = 32
"""Dilations of a kernel, at the most."""
COMPARISONS = 2**28
"""Comparisons of a step of train with a threshold, at the most; a larger set has fewer thresholds."""
MOST_COLUMNS = 64
"""Columns of a sequence, at the most."""
BLOCK = 2**20
"""Numbers that are convolved at once."""
GOLDEN_RATIO = (np.sqrt(5) + 1) / 2
"""Its multiples, but for their whole parts, are quantiles of low discrepancy."""


class Minirocket:
    """The transform, fitted to sequences of train.

    Dilations are spread over the exponents of two up to the longest sequence; thresholds are quantiles of the convolution of
    single sequences. Of several columns a kernel reads a random choice. Beyond the ends of a sequence there are zeros;
    every other kernel is looked at only where it reads none of them.
    """

    def __init__(self, train: list[Sequence]) -> None:
        """Fit to sequences of train."""
        random = np.random.default_rng(0)
        longest, steps = max(map(len, train)), sum(map(len, train))
        thresholds = int(np.clip(COMPARISONS // (steps * len(KERNELS)), 1, THRESHOLDS))
        exponents = np.linspace(0, np.log2(max(1, (longest - 1) / (LENGTH - 1))), min(DILATIONS, thresholds))
        self._dilations, shares = np.unique((2**exponents + 1e-9).astype(int), return_counts=True)
        counts = np.diff(np.cumsum(shares) * thresholds // shares.sum(), prepend=0)
        self._columns = [_columns(random, train[0].x.shape[1]) for _ in self._dilations]
        at, self._thresholds = np.arange(1, len(KERNELS) * thresholds + 1) * GOLDEN_RATIO % 1, []
        for place, count in enumerate(counts.tolist()):
            levels = np.empty((len(KERNELS), count), np.float32)
            for kernel in range(len(KERNELS)):
                sequence = train[random.integers(len(train))].x
                convolved = self._convolved(self._taps(sequence[None], place), place, kernel)
                levels[kernel] = np.quantile(convolved, at[:count])
                at = at[count:]
            self._thresholds.append(levels)

    def __call__(self, sequences: list[Sequence]) -> np.ndarray:
        """Return features ``[N, F]`` of sequences."""
        features = np.empty((len(sequences), sum(levels.size for levels in self._thresholds)), np.float32)
        lengths = np.array([len(sequence) for sequence in sequences])
        for length in np.unique(lengths).tolist():
            rows = np.flatnonzero(lengths == length)
            at_once = max(1, BLOCK // (length * LENGTH * sequences[0].x.shape[1]))
            for part in np.split(rows, range(at_once, len(rows), at_once)):
                features[part] = self._of_equal_lengths(np.stack([sequences[row].x for row in part]))
        return features

    def _of_equal_lengths(self, x: np.ndarray) -> np.ndarray:
        """Return features ``[N, F]`` of sequences ``[N, T, X]``."""
        features = []
        for place, levels in enumerate(self._thresholds):
            taps = self._taps(x, place)
            for kernel in range(len(KERNELS)):
                convolved = self._convolved(taps, place, kernel)
                steps = convolved.shape[1]
                features.extend(np.count_nonzero(convolved > level, axis=1) / steps for level in levels[kernel])
        return np.stack(features, 1)

    def _taps(self, x: np.ndarray, place: int) -> np.ndarray:
        """Return what each tap reads at every step of sequences ``[N, T, X]`` at one of the dilations, and the sum of all.

        ``[X, 9 + 1, N, T]``, the taps three times what they read.
        """
        dilation = int(self._dilations[place])
        reach = dilation * (LENGTH // 2)
        padded = np.pad(x.astype(np.float32).transpose(2, 0, 1), ((0, 0), (0, 0), (reach, reach)))
        taps = np.stack([padded[..., tap * dilation : tap * dilation + x.shape[1]] for tap in range(LENGTH)], 1)
        return np.concatenate([3 * taps, taps.sum(1, keepdims=True)], 1)

    def _convolved(self, taps: np.ndarray, place: int, kernel: int) -> np.ndarray:
        """Return a kernel's convolution ``[N, T]``, at the steps at which it is looked at.

        Sums have one order, whatever the machine and however many sequences there are: thresholds are values of it.
        """
        a, b, c = KERNELS[kernel]
        of_columns = [taps[x, a] + taps[x, b] + taps[x, c] - taps[x, -1] for x in self._columns[place][kernel].tolist()]
        convolved, steps = reduce(np.add, of_columns), taps.shape[-1]
        reach = int(self._dilations[place]) * (LENGTH // 2)
        only_inner = (kernel + place) % 2 and steps > 2 * reach
        return convolved[:, reach : steps - reach] if only_inner else convolved


def _columns(random: np.random.Generator, columns: int) -> list[np.ndarray]:
    """Return the columns that each kernel reads, at most nine, few more often than many."""
    counts = (2 ** random.uniform(0, np.log2(min(columns, LENGTH) + 1), len(KERNELS))).astype(int)
    return [np.sort(random.permutation(columns)[:count]) for count in counts]
