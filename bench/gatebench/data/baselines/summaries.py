"""What a sequence is like as a whole, in a few numbers, and its course in a few steps."""

import numpy as np

from gatebench.data.sequences import Sequence

MOST_FEATURES = 500
"""Numbers that summarise a sequence, at the most."""
COURSE_STEPS = 64
"""Steps of the course of a sequence, at the most."""
MOST_COURSE = 256
"""Numbers of the course of a sequence, at the most."""
FEWEST_POINTS = 4
"""Points of a course, at the least."""


def can_summarise(sequences: list[Sequence]) -> bool:
    """Whether there are few enough columns for `summarise`."""
    return 7 * sequences[0].x.shape[1] + 1 <= MOST_FEATURES


def summarise(sequences: list[Sequence]) -> np.ndarray:
    """Return features ``[N, F]`` of sequences: of every column mean, deviation, least, largest, first, last value and slope.

    The logarithm of the length is the last one.
    """
    return np.stack([_of_one(sequence.x.astype(float)) for sequence in sequences])


def _of_one(x: np.ndarray) -> np.ndarray:
    steps = np.arange(len(x)) - (len(x) - 1) / 2
    slope = steps @ x / max(1.0, float(steps @ steps))
    return np.concatenate([x.mean(0), x.std(0), x.min(0), x.max(0), x[0], x[-1], slope, [np.log(len(x))]])


def course(sequences: list[Sequence], points: int) -> np.ndarray:
    """Return every sequence at equally many points of its course, between steps linearly, ``[N, points X]``."""
    return np.stack([_at_points(sequence.x.astype(float), points) for sequence in sequences])


def points_of_course(sequences: list[Sequence]) -> int:
    """Return at how many points the course of such sequences is taken; 0 where they have too many columns."""
    points = min(COURSE_STEPS, max(map(len, sequences)), MOST_COURSE // sequences[0].x.shape[1])
    return points if points >= FEWEST_POINTS else 0


def _at_points(x: np.ndarray, points: int) -> np.ndarray:
    places = np.linspace(0, len(x) - 1, points)
    before = places.astype(int)
    share = (places - before)[:, None]
    return ((1 - share) * x[before] + share * x[np.minimum(before + 1, len(x) - 1)]).ravel()


class Standard:
    """Features in standard deviations of train about its mean; those that do not vary in train are left out."""

    def __init__(self, train: np.ndarray) -> None:
        """Fit to features ``[N, F]`` of train."""
        std = train.std(0)
        self._varying = std > 1e-9 * np.maximum(1, np.abs(train).max(0))
        self._mean, self._std = train.mean(0)[self._varying], std[self._varying]

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Return features of any split, at most ten deviations from the mean."""
        return np.clip((features[:, self._varying] - self._mean) / self._std, -10, 10)
