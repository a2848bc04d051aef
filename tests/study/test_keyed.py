"""A record says enough for its key to be computed again."""

from dataclasses import replace
from pathlib import Path

import pytest

from gatebench.records import collection, keys
from gatebench.records.schema import Record, Stacking
from gatebench.study.keyed import UNKNOWN, key_of

FILES = sorted((Path(__file__).resolve().parents[2] / "results").glob("*/records.parquet"))


@pytest.fixture(scope="module")
def record() -> Record:
    return next(collection.read(next(path for path in FILES if path.parent.name == "jsb")))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_published_records_have_the_keys_of_their_settings(path: Path):
    some = [record for record, _ in zip(collection.read(path), range(20), strict=False)]
    assert some
    for record in some:
        assert key_of(record.settings) == record.key


@pytest.mark.parametrize(
    "change",
    [{"lr": 0.5}, {"seed": 99}, {"content": "x"}, {"equations": "x"}, {"sizes": {"H": 1}}, {"model": Stacking(2)}],
)
def test_what_was_altered_has_another_key(record: Record, change: dict[str, object]):
    assert key_of(replace(record.settings, **change)) != record.key


def test_names_are_no_part_of_it(record: Record):
    assert key_of(replace(record.settings, task="other", cell="other")) == record.key


def test_settings_that_are_not_here_have_none(record: Record):
    training = {**record.settings.training, "temperature": 1.0}
    assert key_of(replace(record.settings, training=training)) == UNKNOWN


def test_another_protocol_has_other_keys(record: Record, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(keys, "PROTOCOL", 2)
    assert key_of(record.settings) not in (record.key, UNKNOWN)
