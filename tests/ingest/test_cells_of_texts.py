"""Cells that hold more than a number or a word: a long text, a list without brackets, a record, bytes."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gatebench.data import cards
from gatebench.ingest import from_python
from support.adding import add, arrays, refused, same, whole

WORDS = ["the", "cat", "sat", "on", "a", "mat", "and", "some?", "-", "3", "stand", "here"]
RANDOM = np.random.default_rng(2)
TEXTS = [" ".join(RANDOM.choice(WORDS, RANDOM.integers(6, 12))) for _ in range(60)]
MOODS = ["good", "bad"] * 30
WALKS = RANDOM.standard_normal((30, 9, 2)).cumsum(1).round(2)
KINDS = ["a", "b"] * 15


def sentences(home: Path, **columns: object) -> Path:
    pd.DataFrame({"text": TEXTS, **columns}).to_csv(home / "x.csv", index=False)
    return home / "x.csv"


def symbols(name: str = "mine") -> list[list[str]]:
    names = cards.load(name).names
    return [[names[int(number)] for number in array[:, 0]] for array in arrays(name)]


def test_long_texts_a_row_are_asked_about(home: Path):
    line = refused(sentences(home, mood=MOODS))
    assert "column text has 60 different texts of " in line
    assert "each is a sequence of words: `gatebench data add " in line
    assert "or they are left out, and mood is one series: " in line
    assert "each is a symbol" not in refused(home / "x.csv", label="mood")
    again = pd.DataFrame({"text": TEXTS[:40] + TEXTS[:20], "mood": MOODS})
    again.to_csv(home / "y.csv", index=False)
    assert "all are one series, and each is a symbol: " in refused(home / "y.csv", label="mood")
    add(home / "y.csv", columns=["text"])
    assert len(whole()) == 60


def test_a_text_a_row_is_a_sequence_with_its_label(home: Path):
    add(sentences(home, mood=MOODS), tokens="word", label="mood", least_count=1)
    assert sorted(symbols()) == sorted(text.split() for text in TEXTS)
    target = cards.load("mine").target
    assert target is not None
    assert (target.of, target.names) == ("sequence", ("bad", "good"))
    add(home / "x.csv", "letters", tokens="character", label="mood")
    assert sorted(map("".join, symbols("letters"))) == sorted(text.replace(" ", "\u2423") for text in TEXTS)


def test_long_texts_may_be_left_out(home: Path):
    add(sentences(home, mood=MOODS), without=["text"])
    assert whole()[:, 0].tolist() == [float(mood == "good") for mood in MOODS]


def test_notes_beside_amounts_are_left_out_without_a_question(home: Path):
    assert any(line.startswith("left out: text, which has 60 ") for line in add(sentences(home, y=RANDOM.random(60))))


def test_which_column_is_of_texts(home: Path):
    both = sentences(home, title=TEXTS[::-1], mood=MOODS)
    assert "x.csv has text, title of long texts; expected one: choose it: --columns COLUMN" in refused(both, tokens="word")
    add(both, tokens="word", columns=["title"], label="mood", least_count=1)
    assert sorted(symbols()) == sorted(text.split() for text in TEXTS)
    (home / "y.csv").write_text("y\n" + "0.5\n1.5\n" * 30)
    assert "y.csv has no column of long texts; expected one: remove it" in refused(home / "y.csv", "y", tokens="word")


def test_texts_of_a_data_frame(home: Path):
    frame = pd.DataFrame({"text": TEXTS, "mood": MOODS})
    with pytest.raises(Exception, match='each is a sequence of words: tokens="word"'):
        from_python.add_data(frame, "frame", {})
    from_python.add_data(frame, "frame", {"tokens": "word", "label": "mood", "least_count": 1})
    assert sorted(symbols("frame")) == sorted(text.split() for text in TEXTS)


@pytest.mark.parametrize("separator", [" ", ",", "; "])
def test_numbers_in_a_cell_are_a_list(home: Path, separator: str):
    cells = [separator.join(map(str, walk[:, 0])) for walk in WALKS]
    pd.DataFrame({"v": cells, "kind": KINDS}).to_csv(home / "x.csv", index=False)
    add(home / "x.csv", label="kind")
    assert same(arrays(), [np.column_stack([w[:, 0], [k == "b"] * 9]) for w, k in zip(WALKS, KINDS, strict=True)])


@pytest.mark.parametrize("cell", ["1,234,567", "2024 01 05", "0,5 0,6 0,7 0,8 0,9 1,0"])
def test_cells_that_are_no_list_of_numbers(home: Path, cell: str):
    pd.DataFrame({"v": [cell] * 30, "y": RANDOM.random(30)}).to_csv(home / "x.csv", index=False)
    assert not any("a row each" in line for line in add(home / "x.csv"))


POINTS = [[{"x": x, "y": y} for x, y in walk] for walk in WALKS.tolist()]


@pytest.mark.parametrize("suffix", ["parquet", "jsonl"])
def test_fields_of_records_are_columns(home: Path, suffix: str):
    frame = pd.DataFrame({"t": range(9), "at": POINTS[0]})
    frame = pd.concat([frame] * 4, ignore_index=True).assign(t=range(36))
    path = home / f"x.{suffix}"
    frame.to_parquet(path) if suffix == "parquet" else frame.to_json(path, orient="records", lines=True)
    assert "columns: at.x, at.y (--columns A,B)" in add(path)
    assert whole().tolist() == np.tile(WALKS[0], (4, 1)).tolist()


@pytest.mark.parametrize("suffix", ["parquet", "jsonl"])
def test_lists_of_records_are_sequences(home: Path, suffix: str):
    frame, path = pd.DataFrame({"kind": KINDS, "points": POINTS}), home / f"x.{suffix}"
    frame.to_parquet(path) if suffix == "parquet" else frame.to_json(path, orient="records", lines=True)
    lines = add(path, label="kind")
    assert "columns: points.x, points.y (--columns A,B)" in lines
    assert same(arrays(), [np.column_stack([w, [k == "b"] * 9]) for w, k in zip(WALKS, KINDS, strict=True)])


def test_records_by_name(home: Path):
    named = {f"s{i}": {"v": walk[:, 0].tolist(), "kind": KINDS[i]} for i, walk in enumerate(WALKS)}
    (home / "x.json").write_text(json.dumps(named))
    add(home / "x.json", label="kind")
    assert same(arrays(), [np.column_stack([w[:, 0], [k == "b"] * 9]) for w, k in zip(WALKS, KINDS, strict=True)])


def test_bytes_are_texts_or_left_out(home: Path):
    frame = pd.DataFrame(
        {"y": RANDOM.random(40), "state": [b"on", b"off"] * 20, "image": [b"\xff\xd8%d" % i for i in range(40)]}
    )
    frame.to_parquet(home / "x.parquet")
    lines = add(home / "x.parquet")
    assert "left out: image, which holds bytes that are no text in UTF-8" in lines
    assert any(line.startswith("categories: state of 2 (on, off)") for line in lines)
