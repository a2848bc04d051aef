"""What a record keeps of the sums that metrics are computed from."""

import numpy as np

from gatebench.study import recording


def test_zeros_are_left_out_but_a_sum_that_has_nothing_else_is_there():
    """A trial that is never right has an accuracy, too."""
    table = recording.statistics_table({"correct": np.zeros(3), "brier": np.array([0.0, 2.0, 0.5])})
    assert table.to_numpy().tolist() == [[0, "correct", 0.0], [1, "brier", 2.0], [2, "brier", 0.5]]
