"""Tables of a record: columns until somebody asks for a data frame, whichever it was given."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from gatebench.records import collection
from gatebench.records.schema import CURVE, SEQUENCES, TABLES, Record
from gatebench.records.store import Store
from gatebench.records.tables import columns_of
from support.records import WEIGHTS, make_record, tables_of


def are_frames(record: Record) -> list[bool]:
    """Whether each table of a record is a data frame by now."""
    return [isinstance(vars(record)[f"_{name}"], pd.DataFrame) for name in TABLES]


@pytest.fixture(params=["folder", "published"])
def record(request: pytest.FixtureRequest, tmp_path: Path) -> Record:
    """A record that was read."""
    store = Store(tmp_path)
    if request.param == "folder":
        store.write(make_record(), WEIGHTS)
    else:
        collection.add(store.results / "some" / collection.NAME, [make_record()])
    return store.read([make_record().key])[make_record().key]


def test_what_is_read_makes_no_data_frame_until_it_is_asked_for_one(record: Record):
    assert not any(are_frames(record))
    columns = record.columns
    assert not any(are_frames(record))
    for name, table in tables_of(record).items():
        pd.testing.assert_frame_equal(table, tables_of(make_record())[name], check_exact=True)
        pd.testing.assert_frame_equal(pd.DataFrame(columns[name]), table, check_exact=True)
    assert all(are_frames(record))


def test_columns_and_data_frames_are_the_same_table():
    rows = {"sequence": [0, 1], "steps": [3, 4], "nll": [0.5, 1.5]}
    of_columns, of_frame = (replace(make_record(), sequences=table) for table in (rows, pd.DataFrame(rows)))
    pd.testing.assert_frame_equal(of_columns.sequences, of_frame.sequences)
    assert columns_of(of_columns, "sequences") == columns_of(of_frame, "sequences") == rows


def test_a_table_that_is_not_given_has_its_columns_and_no_row():
    whole = make_record()
    record = Record(**vars(whole.without_tables), curve=whole.curve)
    assert list(record.sequences.columns) == SEQUENCES
    assert record.sequences.empty
    with pytest.raises(TypeError, match="curve"):
        Record(**vars(whole.without_tables))  # pyright: ignore[reportCallIssue]
    assert list(record.curve.columns) == CURVE
