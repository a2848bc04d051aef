"""The nearest neighbours of a sequence in train, as a probability of its label."""

import numpy as np

COUNTS = (1, 2, 3, 5, 8, 13, 21, 34)
"""Neighbours, of which numbers one is chosen."""
SMOOTHING = (0.3, 1.0, 3.0, 10.0)
"""How many neighbours the frequencies of train count as, of which numbers one is chosen."""
MOST_NEIGHBOURS = 2048
"""Sequences of train that are looked among, at the most, evenly taken."""
CHUNK = 2048
"""Sequences whose distances are computed at once."""


class Neighbours:
    """The label's frequencies among the k nearest sequences of train, by squared distance, mixed with those of all
    train.

    How many there are, how far they are mixed, and by which of several features distances are taken, is what predicts each
    sequence of train best from the others: no sequence is its own neighbour.
    """

    def __init__(self, features: list[np.ndarray], labels: np.ndarray, classes: int) -> None:
        """Fit to features ``[N, F]`` of several kinds, and labels ``[N]``, of train."""
        rows = np.linspace(0, len(labels) - 1, min(len(labels), MOST_NEIGHBOURS)).astype(int)
        self._rows, self._labels = rows, labels[rows]
        self._train = [of_kind[rows] for of_kind in features]
        counts = np.bincount(labels, minlength=classes) + 1.0
        self._prior = counts / counts.sum()
        scores = {}
        for kind, of_kind in enumerate(features):
            nearest = self._nearest(kind, of_kind[rows], rows)
            for k in (count for count in COUNTS if count < max(2, len(rows))):
                for weight in SMOOTHING:
                    scores[kind, k, weight] = self._nll(nearest, self._labels, k, weight).mean()
        self._chosen = min(scores, key=lambda choice: scores[choice])

    def nll(self, features: list[np.ndarray], labels: np.ndarray, of_train: bool) -> np.ndarray:
        """Return the NLL of labels ``[N]`` of sequences; of those of train, each is predicted from the others."""
        kind, k, weight = self._chosen
        return self._nll(
            self._nearest(kind, features[kind], np.arange(len(labels)) if of_train else None), labels, k, weight
        )

    def probabilities(self, features: list[np.ndarray]) -> np.ndarray:
        """Return the probability of every class ``[N, C]`` of sequences that are not of train."""
        kind, k, weight = self._chosen
        near = self._nearest(kind, features[kind], None)[:, :k]
        hits = np.zeros((len(near), len(self._prior)))
        np.add.at(hits, (np.arange(len(near))[:, None], near), 1)
        return (hits + weight * self._prior) / (near.shape[1] + weight)

    def _nearest(self, kind: int, features: np.ndarray, places: np.ndarray | None) -> np.ndarray:
        """Return the labels of the nearest sequences of train, ``[N, K]``, the nearest first.

        ``places`` are those of the sequences in train, where they are of it; None: they are not.
        """
        train = self._train[kind]
        most = max(1, min(max(COUNTS), len(train) - (places is not None)))
        squares, labels = np.square(train).sum(1), []
        for start in range(0, len(features), CHUNK):
            distances = squares - 2 * features[start : start + CHUNK] @ train.T
            if places is not None:
                distances[places[start : start + CHUNK, None] == self._rows] = np.inf
            nearest = np.argpartition(distances, most - 1, axis=1)[:, :most]
            order = np.argsort(np.take_along_axis(distances, nearest, 1), axis=1, kind="stable")
            labels.append(self._labels[np.take_along_axis(nearest, order, 1)])
        return np.concatenate(labels)

    def _nll(self, nearest: np.ndarray, labels: np.ndarray, k: int, weight: float) -> np.ndarray:
        near = nearest[:, :k]
        hits = (near == labels[:, None]).sum(1)
        return -np.log((hits + weight * self._prior[labels]) / (near.shape[1] + weight))
