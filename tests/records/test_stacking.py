"""Records to tables part by part: the same whatever the parts, and few records at a time."""

import weakref

import pandas as pd
import pytest

from gatebench.records import frame, stacking
from gatebench.records.schema import Record
from support.records import make_point, make_record

KEYS = [f"{number:016x}" for number in range(7)]
POINTS = [make_point(KEYS[:3], KEYS[3:5]), make_point([], KEYS[4:], pipeline=2)]
"""One trial belongs to both."""


def test_a_frame_does_not_depend_on_how_many_records_are_read_at_once(monkeypatch: pytest.MonkeyPatch):
    records = {key: make_record(key, seconds=i) for i, key in enumerate(KEYS)}
    whole = frame.build("some", POINTS, records)
    monkeypatch.setattr(stacking, "AT_ONCE", 2)
    in_parts = frame.build("some", POINTS, records)
    for name in ("trials", "curves", "sequences", "predictions", "metrics", "machines"):
        pd.testing.assert_frame_equal(getattr(in_parts, name), getattr(whole, name), check_exact=True)
    assert whole.trials.key.nunique() == len(KEYS)
    assert len(whole.trials) == (len(KEYS) + 1) * 2


def test_records_of_one_part_are_gone_when_the_next_one_is_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(stacking, "AT_ONCE", 2)
    alive: list[weakref.ref[Record]] = []
    most = 0

    def read(keys: list[str]) -> dict[str, Record]:
        nonlocal most
        records = {key: make_record(key) for key in keys}
        alive.extend(weakref.ref(record) for record in records.values())
        most = max(most, sum(one() is not None for one in alive))
        return records

    assert sum(len(part) for part in stacking.records_of(POINTS, read)) == len(KEYS) + 1
    assert most <= 2 * 2  # those of the part that is given up, while the next one is read
