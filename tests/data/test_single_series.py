"""One series inside a wheel: however it is written, it is split by time and cut into windows that follow one another."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from gatebench.core import registry
from gatebench.core.errors import BadInput
from gatebench.data import cards, facts, tasks
from gatebench.data.baselines.compute import compute
from gatebench.data.contents import SPLITS
from support.single_series import write_card

VALUES = [round(float(value), 2) for value in np.random.default_rng(0).standard_normal(400).cumsum()]
MEMBERS = {
    "some/series.txt.gz": gzip.compress("\n".join(map(str, VALUES)).encode()),
    "some/series.py": f"raise SystemExit\nNAMES = ['a', 'b']\n\ndef load():\n    return np.array({VALUES})\n".encode(),
}
PUBLISHED = [name for name in registry.available("datasets", ".yaml") if name in ("sunspots_monthly", "taylor_demand")]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GATEBENCH_PATH", str(tmp_path))
    monkeypatch.setenv("GATEBENCH_DATA", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("member", MEMBERS)
def test_a_series_is_split_by_time_into_windows_that_follow_one_another(home: Path, member: str):
    card = write_card(home, home, member, MEMBERS[member])
    arrays = cards.read_arrays(card)
    assert np.concatenate([window[:, 0] for split in SPLITS for window in arrays[split]]).tolist() == VALUES
    assert [sum(map(len, arrays[split])) for split in SPLITS] == [280, 60, 60]
    assert max(len(window) for split in SPLITS for window in arrays[split]) <= 50
    task = tasks.load("x", "x", "next_step")
    assert [(s.series, s.position) for split in SPLITS for s in task.splits[split]] == [(0, i) for i in range(10)]


@pytest.mark.parametrize("content", [b"NUMBERS = []", b"[1, f(2)] * 30", b"[1, 2"])
def test_a_text_without_numbers_is_one_line(home: Path, content: bytes):
    """Nor is anything of it run."""
    card = write_card(home, home, "some/series.py", content)
    with pytest.raises(BadInput, match=r"dataset x|some/series\.py has 0 step"):
        cards.read_arrays(card)


@pytest.mark.data
@pytest.mark.parametrize("name", PUBLISHED)
def test_published_cards_are_what_their_wheel_says(name: str):
    card = cards.load(name)
    arrays = cards.read_arrays(card)
    assert facts.compute(card, arrays) == card.facts
    assert compute(card, arrays, cards.read_origins(card)) == card.baselines
    assert tasks.load(name, name, "forecast").outputs == card.forecast.horizon
