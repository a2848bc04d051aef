"""What is damaged is trained anew by the next sweep, packed or not, and only that."""

from pathlib import Path

import pandas as pd
import pytest

from gatebench.records import packing, study_file
from gatebench.records.store import Store
from support.commands import SMALL, record_times, result_columns, sweep
from support.datasets import Tiny


@pytest.mark.parametrize("packed", [False, True], ids=["in folders", "packed"])
def test_a_damaged_trial_is_trained_anew_and_only_that(home: Tiny, copy: Path, packed: bool):
    before = result_columns(copy)
    (key, *_), *_ = (point.search for point in study_file.read(copy, "adhoc"))
    record = copy / "trials" / key / "record.json"
    record.write_bytes(record.read_bytes()[:-9])
    if packed:
        packing.pack(copy)
        assert Store(copy).recorded() == set(before.key) - {key}
    others = record_times(copy)
    printed = sweep(
        home, *SMALL, results=copy
    )  # what that search selects, and so its two confirming trials, is not known yet
    assert printed.startswith("adhoc: 8 trials in 2 job(s), 5 finished, 3 to train\n")
    trained = {trial for trial, time in record_times(copy).items() if others.get(trial) != time}
    assert trained == {key}
    pd.testing.assert_frame_equal(result_columns(copy), before, check_exact=True)
    assert sweep(home, *SMALL, results=copy).startswith("adhoc: nothing to train, all 8 trials are finished\n")
    assert len(list((copy / "damaged").iterdir())) == 1
