"""Verses of the Bible inside a wheel: each is a sequence of characters, and they take turns between the splits."""

import zipfile
from pathlib import Path

import pytest

from gatebench.core.errors import BadInput
from gatebench.data import cards, facts, tasks
from gatebench.data.baselines.compute import of_card
from gatebench.data.contents import SPLITS
from gatebench.data.readers import bible_verses
from support.verses import OPTIONS, write_card


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GATEBENCH_PATH", str(tmp_path))
    monkeypatch.setenv("GATEBENCH_DATA", str(tmp_path))
    return tmp_path


def test_verses_are_sequences_of_characters_and_take_turns(home: Path):
    card = write_card(home, home)
    arrays = cards.read_arrays(card)
    texts = {split: ["".join(card.names[int(i)] for i in array[:, 0]) for array in arrays[split]] for split in SPLITS}
    assert texts == {"train": ["was", "and"], "valid": ["in the", "at", "more"], "test": ["beginning", "word"]}
    assert {array.shape[1] for split in SPLITS for array in arrays[split]} == {1}


@pytest.mark.parametrize(("changed", "line"), [
    ({"options": {"member": "bible.py", **OPTIONS, "book": 3}},
     "bible.py has no verse from 3002000 to 3003999; correct the card: book, chapters"),
    ({"names": ["a", "b"]}, r"bible.py has the character\(s\) \[' ', 'd', .*\], which the card's names lack"),
])  # fmt: skip
def test_what_is_not_there_is_one_line(home: Path, changed: dict[str, object], line: str):
    with pytest.raises(BadInput, match=line):
        cards.read_arrays(write_card(home, home, **changed))


def test_a_module_without_a_bible_is_one_line(home: Path):
    card = write_card(home, home)
    with zipfile.ZipFile(home / "x.whl", "w") as archive:
        archive.writestr("bible.py", "f(1, 2)")
    with pytest.raises(BadInput, match=r"bible.py holds no Bible of pythonbible; correct the card: member"):
        bible_verses.read(card, [home / "x.whl"])


@pytest.mark.data
def test_the_published_card_is_what_its_wheel_says():
    card = cards.load("proverbs")
    arrays = cards.read_arrays(card)
    assert facts.compute(card, arrays) == card.facts
    assert of_card(card, arrays, cards.read_origins(card)) == (card.baselines, card.baseline_metrics)
    assert "".join(card.names[int(i)] for i in arrays["test"][0][:, 0]).startswith("Treasures of wickedness profit nothing:")
    assert sum(len(arrays[split]) for split in SPLITS) == 595
    assert tasks.load("proverbs", "proverbs", "next_step").inputs == len(card.names)
