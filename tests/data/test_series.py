"""Windows of series: which follow one another, and that this is part of what a data set is."""

import numpy as np

from gatebench.data import series
from gatebench.data.contents import SPLITS, content_digest
from gatebench.data.sequences import Sequence


def test_what_follows_what_is_part_of_the_content():
    arrays = {split: [np.ones((3, 1))] * 2 for split in SPLITS}
    one, two = ({split: np.array(numbers) for split in SPLITS} for numbers in ([0, 0], [0, 1]))
    digests = {content_digest(arrays), content_digest(arrays, one), content_digest(arrays, two)}
    assert len(digests) == 3


def test_runs_are_of_one_series_and_without_a_gap():
    def window(number, position):
        return Sequence(np.zeros((2, 1)), np.zeros((2, 1)), number, position)

    alone = Sequence(np.zeros((2, 1)), np.zeros((2, 1)))
    windows = [window(1, 0), alone, window(2, 5), window(1, 1), window(2, 6), window(1, 3), alone]
    assert series.runs(windows) == [[0, 3], [1], [2, 4], [5], [6]]
