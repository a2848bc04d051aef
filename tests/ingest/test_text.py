"""Texts: which encoding, what a symbol is, what a sequence is; FASTA; and what is never unpickled."""

import gzip
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gatebench.data import cards
from gatebench.data.contents import SPLITS
from gatebench.ingest import conversions, symbols
from support.adding import add, refused

UNKNOWN = symbols.UNKNOWN


def read(name: str = "mine") -> list[list[str]]:
    """The symbols of every sequence."""
    card = cards.load(name)
    arrays = cards.read_arrays(card)
    return [[card.names[i] for i in array[:, 0]] for split in SPLITS for array in arrays[split]]


def joined(name: str = "mine") -> str:
    return "".join(symbol for sequence in read(name) for symbol in sequence)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1"])
def test_a_text_is_the_same_in_every_encoding(home: Path, encoding: str):
    text = "größer als\r\nzuvor, ÄÖ. " * 30
    (home / "x.txt").write_bytes(text.encode(encoding))
    said = [line for line in add(home / "x.txt") if line.startswith("encoding")]
    assert joined() == text.replace("\r\n", "\n")
    assert bool(said) == (encoding in ("utf-16", "utf-32", "latin-1"))


VERSES = "the cat sat\non the mat\n" * 20 + "a hapax is\nthe end\n"


def test_words_are_parted_by_white_space_and_lines_by_a_word(home: Path):
    (home / "x.txt").write_text(VERSES)
    lines = add(home / "x.txt", tokens="word", least_count=1, window=0)
    words = [word for sequence in read() for word in sequence]
    assert words[:8] == ["the", "cat", "sat", "\n", "on", "the", "mat", "\n"]
    assert words[-3:] == ["the", UNKNOWN, "\n"]  # train lacks the end
    assert "sequences: one text of 167 words (a line each: --sequence-a-line)" in lines
    assert "tokens: words (--tokens character, line, byte)" in lines


@pytest.mark.parametrize("names", ["train valid test", "ptb.train ptb.valid ptb.test", "x_train x_val x_test"])
@pytest.mark.parametrize("tokens", [None, "word"])
def test_a_given_split_of_texts_is_kept(home: Path, names: str, tokens: str | None):
    (home / "texts").mkdir()
    texts = {"train": VERSES, "valid": "the mat\n" * 9, "test": "the cat\n" * 7}
    for file, text in zip(names.split(), texts.values(), strict=True):
        (home / "texts" / f"{file}.txt").write_text(text)
    lines = add(home / "texts", tokens=tokens, window=0)
    assert "split: as given, train 1, valid 1, test 1 (--split sequence)" in lines
    card = cards.load("mine")
    arrays = cards.read_arrays(card)
    test = ["".join(card.names[i] for i in array[:, 0]) for array in arrays["test"]]
    assert test == [texts["test"].replace(" ", "") if tokens else texts["test"]]


def test_one_file_of_a_given_split_of_texts_stands_for_all(home: Path):
    for split, text in {"train": VERSES, "test": "the cat\n" * 7}.items():
        (home / f"ptb.{split}.txt").write_text(text)
    lines = add(home / "ptb.train.txt", sequence_a_line=True)
    assert lines[0] == "files: ptb.train.txt, ptb.test.txt, a given split"
    assert any(line.startswith("split: as given, train 42, test 7") for line in lines)
    fasta = {"train": "".join(f">{i}\nACGT{'ACGT'[i % 4]}\n" for i in range(20)), "test": ">a\nACGTACGT\n>b\nCCGTACGT\n"}
    for split, text in fasta.items():
        (home / f"dna_{split}.fasta").write_text(text)
    assert any(line.startswith("split: as given, train 20, test 2") for line in add(home / "dna_train.fasta", "dna"))


def test_bytes_are_those_of_utf_8(home: Path):
    text = "Öl und Öfen\n" * 9
    (home / "x.txt").write_text(text, "utf-16")
    lines = add(home / "x.txt", tokens="byte")
    read_bytes = bytes(int(name, 16) if len(name) > 1 else ord(name) for sequence in read() for name in sequence)
    assert read_bytes == text.encode()
    assert "tokens: bytes of UTF-8 (--tokens character, word, line)" in lines


def test_a_text_that_is_too_short(home: Path):
    (home / "x.txt").write_text("two words " * 3)
    assert "has 30 character(s); expected at least 40, of which some are for validation and test" in refused(home / "x.txt")
    assert "x.txt has 6 word(s); expected at least 40" in refused(home / "x.txt", tokens="word")
    (home / "x.txt").write_text("x" * 50)
    assert "there is but one symbol in train, so that it is constant in train" in refused(home / "x.txt")


def test_rare_words_are_one_symbol(home: Path):
    rare = " ".join(f"w{i} often" for i in range(60))
    (home / "x.txt").write_text(rare)
    lines = add(home / "x.txt", tokens="word")
    assert cards.load("mine").names == ("often", UNKNOWN)
    assert any(
        "train lacks or has fewer than 2 times are read as one, which leaves 2 (--least-count N)" in line for line in lines
    )
    add(home / "x.txt", "each", tokens="word", least_count=1)
    assert len(cards.load("each").names) == 42 + 2


def test_a_count_that_is_none(home: Path):
    (home / "x.txt").write_text(VERSES)
    assert "--least-count is 0; expected how often a symbol stands in train, at least 1" in refused(
        home / "x.txt", least_count=0
    )
    assert "no symbol stands 99 times in train; expected some" in refused(home / "x.txt", tokens="word", least_count=99)


def test_very_many_words_are_cut_to_the_most_frequent(monkeypatch: pytest.MonkeyPatch, home: Path):
    monkeypatch.setattr(symbols, "MOST_WORDS", 3)
    (home / "x.txt").write_text("a b c d a b c a b a e " * 20)
    add(home / "x.txt", tokens="word")
    assert set(cards.load("mine").names) == {"a", "b", "c", UNKNOWN}


def test_a_line_may_be_a_symbol_or_a_sequence(home: Path):
    (home / "x.txt").write_text(VERSES)
    add(home / "x.txt", "lines", tokens="line")
    assert [line for sequence in read("lines") for line in sequence][:3] == ["the cat sat", "on the mat", "the cat sat"]
    (home / "y.txt").write_text("".join(f"N{i % 7} A{i % 5} S\n\n" for i in range(40)))
    lines = add(home / "y.txt", "sentences", tokens="word", sequence_a_line=True)
    assert "sequences: 40, a line each, of 120 words in all" in lines
    assert sorted(map(tuple, read("sentences"))) == sorted((f"N{i % 7}", f"A{i % 5}", "S") for i in range(40))


def test_marks_that_join_others_are_said(home: Path):
    (home / "x.txt").write_text("e\u0301a" * 50)
    assert "characters: code points, of which 1 are marks that join others, such as U+0301" in add(home / "x.txt")


def test_a_text_of_numbers_alone_is_a_table_unless_it_is_said_to_be_text(home: Path):
    values = np.random.default_rng(0).standard_normal((40, 2)).round(3)
    np.savetxt(home / "x.txt", values, "%.3f")
    lines = add(home / "x.txt")
    assert lines[0] == "table: read as one, since all lines are of numbers alone (--tokens character)"
    arrays = cards.read_arrays(cards.load("mine"))
    assert np.concatenate([array for split in SPLITS for array in arrays[split]]).tolist() == values.tolist()
    add(home / "x.txt", "text", tokens="character")
    assert joined("text") == (home / "x.txt").read_text()


# FASTA

FASTA = ">s1 first\nACGTAC\nacgt\n\n>s2\nGGG TTT\n; a remark\nACA*\n" + "".join(
    f">t{i}\nACGT{'ACGT'[i % 4]}\n" for i in range(12)
)


@pytest.mark.parametrize("suffix", ["fasta", "fa", "faa", "fa.gz"])
def test_entries_of_fasta_are_sequences(home: Path, suffix: str):
    path = home / f"x.{suffix}"
    path.write_bytes(gzip.compress(FASTA.encode()) if suffix.endswith("gz") else FASTA.encode())
    lines = add(path)
    expected = ["ACGTACACGT", "GGGTTTACA", *(f"ACGT{'ACGT'[i % 4]}" for i in range(12))]
    assert sorted(map("".join, read())) == sorted(expected)
    assert "letters: small ones, which mark repeats, are read as large ones" in lines


def test_a_star_at_the_end_of_an_entry_is_said_and_another_one_is_a_symbol(home: Path):
    (home / "x.faa").write_text("".join(f">{i}\nAC*\nGT{'ACGT'[i % 4]}{'*' * (i > 3)}\n" for i in range(12)))
    lines = add(home / "x.faa")
    assert "left out: the * at the end of 8 entries, which says that a sequence ends" in lines
    assert sorted(map("".join, read())) == sorted(f"AC*GT{'ACGT'[i % 4]}" for i in range(12))


def test_fasta_of_another_encoding_is_said(home: Path):
    (home / "x.fa").write_bytes(FASTA.replace("first", "Größe").encode("latin-1"))
    assert "encoding: Latin-1, since it is no UTF-8" in add(home / "x.fa")


BROKEN = {
    "no name": (b"ACGT\n>a\nACGT\n", "x.fa, line 1 stands before any that begins with >; expected a name first"),
    "no entry": (b"\n", "x.fa has no line that begins with >; expected FASTA"),
    "no letters": (b">a\n>b\nACGT\n", "x.fa: a has no letters; expected a sequence below each name"),
    "no text": (b">a\n\0\n", "x.fa, line 2 has a NUL byte"),
}


@pytest.mark.parametrize(("content", "message"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_fasta(home: Path, content: bytes, message: str):
    (home / "x.fa").write_bytes(content)
    assert message in refused(home / "x.fa")


# What is not read


@pytest.mark.parametrize("suffix", sorted(conversions.REMEDIES))
def test_what_is_not_read_is_told_how_to_convert(home: Path, suffix: str):
    (home / f"x{suffix}").write_bytes(b"\x80\x04.")
    line = refused(home / f"x{suffix}")
    assert f"x{suffix} is " in line
    code = line.partition('convert it: python3 -c "')[2].removesuffix('"')
    compile(code, "remedy", "exec")
    assert ("could run code" in line) == (suffix in (".pkl", ".pickle", ".p", ".joblib", ".pt", ".pth"))


@pytest.mark.parametrize("what", ["frame", "list"])
def test_the_remedy_for_a_pickle_makes_what_is_read(home: Path, what: str):
    frame = pd.DataFrame({"a": np.random.default_rng(0).standard_normal(60), "b": np.arange(60) ** 0.5})
    (home / "x.pkl").write_bytes(pickle.dumps(frame if what == "frame" else [[0.5, 1.5, 2.5], [3.5, 4.5]]))
    code = refused(home / "x.pkl").partition('python3 -c "')[2].removesuffix('"')
    subprocess.run([sys.executable, "-c", code], check=True)
    converted = pd.read_parquet(home / "x.parquet")
    assert list(converted.columns) == (["a", "b"] if what == "frame" else ["values"])
