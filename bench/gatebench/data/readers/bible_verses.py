"""Verses of the Bible out of a wheel of the packages of pythonbible, as characters.

The options of the card name the ``member``, a module that holds the text of all books and where each verse begins and ends;
it is parsed, and nothing of it is run. ``book`` is the number of the book, from 1, and ``chapters`` are the first and the
last of its chapters. Verses take turns: of every ``valid_and_test_every`` the first is for validation, the second for test,
the others are for train.
"""

import ast
import zipfile
from pathlib import Path

import numpy as np

from gatebench.core.errors import BadInput
from gatebench.data.cards import Card
from gatebench.data.contents import Arrays

BOOK, CHAPTER = 1_000_000, 1_000
"""A verse's number is book, chapter and verse in one, such as 20010001."""


def read(card: Card, paths: list[Path]) -> Arrays:
    """Return the verses ``[T, 1]`` of the one archive's book, each character as its number among the card's names."""
    (path,) = paths
    name, every = str(card.options["member"]), int(card.options["valid_and_test_every"])
    first, last = (int(card.options["book"]) * BOOK + int(chapter) * CHAPTER for chapter in card.options["chapters"])
    with zipfile.ZipFile(path) as archive:
        verses = _verses(archive.read(name).decode(), range(first, last + CHAPTER), name)
    numbers = {symbol: number for number, symbol in enumerate(card.names)}
    lacking = sorted(set("".join(verses)) - set(numbers))
    if lacking:
        raise BadInput(f"{name} has the character(s) {lacking}, which the card's names lack; correct the card: names")
    arrays: Arrays = {"train": [], "valid": [], "test": []}
    for number, text in enumerate(verses):
        split = {0: "valid", 1: "test"}.get(number % every, "train")
        arrays[split].append(np.array([[numbers[character]] for character in text]))
    return arrays


def _verses(source: str, numbers: range, name: str) -> list[str]:
    """Return the text of each verse that has one of these numbers, without the white space around it."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and len(node.args) > 3]
    if not calls:
        raise BadInput(f"{name} holds no Bible of pythonbible; correct the card: member")
    text, begins, ends = (ast.literal_eval(argument) for argument in calls[0].args[1:4])
    verses = [text[begin : ends[number]].strip() for number, begin in begins.items() if number in numbers]
    if not verses:
        raise BadInput(f"{name} has no verse from {numbers[0]} to {numbers[-1]}; correct the card: book, chapters")
    return verses
