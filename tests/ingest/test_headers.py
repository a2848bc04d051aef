"""Tables of texts alone: whether the first row is a header, or data as the rows below it."""

import numpy as np
import pandas as pd
import pytest

from gatebench.data import cards
from gatebench.ingest import headers
from support.adding import add_table, whole

RANDOM = np.random.default_rng(0)
LETTERS = ["G", *RANDOM.choice([*"ACGT"], 299)]
RARE = ["N1", *np.where(np.arange(1, 300) % 17 > 1, "N2", "N1")]
MESSAGES = [f"{'spam' if i % 5 == 0 else 'ham'},you have won prize {i} of many" for i in range(80)]
CLICKS = [f"u{i // 9},{page}" for i, page in enumerate(["home", *RANDOM.choice(["home", "cart", "pay"], 179)])]
WEATHER = [f"{a},{b}" for a, b in zip(RANDOM.choice(["rain", "sun"], 200), RANDOM.choice(["low", "mid"], 200), strict=True)]
TWINS = [f"{letter},{letter.lower()}" for letter in LETTERS]
DATA = {
    "letters": LETTERS, "a state that is rare": RARE, "labels beside messages": MESSAGES,
    "users and pages": CLICKS, "categories": WEATHER, "a category in two columns": TWINS,
}  # fmt: skip
WORDS = ["word,tag", *(f"{word},{'NOUN' if i % 3 else 'VERB'}" for i, word in enumerate(RANDOM.choice(["a", "b"], 99)))]
NAMED = {
    "names": WORDS,
    "names that files joined bring again": [*WORDS, *WORDS, *WORDS],
    "a name that files joined bring again": ["state", *LETTERS, "state", *LETTERS],
    "a name that is a text of its column as well": [*WORDS, "word,NOUN"],
    "few rows": ["state", "state", "on"],
}


def frame(rows: list[str]) -> pd.DataFrame:
    return pd.DataFrame([row.split(",") for row in rows])


@pytest.mark.parametrize("rows", DATA.values(), ids=DATA)
def test_a_first_row_whose_cells_come_again_is_data(rows: list[str]):
    assert headers.is_data(frame(rows))


@pytest.mark.parametrize("rows", NAMED.values(), ids=NAMED)
def test_names_that_come_again_as_a_whole_are_a_header(rows: list[str]):
    assert not headers.is_data(frame(rows))


def test_letters_without_a_header_are_all_read():
    lines = add_table("\n".join(LETTERS))
    assert "header: none, so that the column is called column0" in lines
    names = cards.load("mine").names
    assert [names[i] for i in whole()[:, 0]] == LETTERS


def test_texts_and_labels_without_a_header_are_all_read():
    lines = add_table("\n".join(MESSAGES), tokens="word", label="column0")
    assert "header: none, so that columns are called column0 to column1" in lines
    assert "sequences: 80, a row each" in lines


def test_it_is_said_which_row_of_texts_is_the_header():
    said = "header: the first row (word, tag); if it is data, write names above it"
    assert said in add_table("\n".join(WORDS))
    lines = add_table("\n".join([*WORDS, *WORDS]), "twice")
    assert said in lines
    assert "left out: 1 row(s) that repeat the header" in lines
    lines = add_table("day,y\n" + "\n".join(f"2020-01-{i:02},{i % 7}" for i in range(1, 31)), "dated")
    assert not [line for line in lines if line.startswith("header")]
