"""Blocks of test sequences: groups before series before stretches, and what is cut into how many stretches."""

import itertools
from collections import Counter

import numpy as np
import pytest

from gatebench.data import blocks
from gatebench.data.sequences import Sequence
from gatebench.data.tasks import Portion


def sequence(series: "int | None" = None, position: int = 0, group: "int | None" = None) -> Sequence:
    return Sequence(np.zeros((4, 1)), np.zeros((4, 1)), series, position, group)


def windows(*counts: int, first: int = 7) -> list[Sequence]:
    """So many windows of each series, which begin where those of other splits end."""
    return [sequence(series, first + i) for series, count in enumerate(counts) for i in range(count)]


def test_sequences_of_which_nothing_is_known_stand_for_themselves():
    assert blocks.of([sequence() for _ in range(50)]) == ("sequence", [])


def test_groups_are_the_blocks_where_there_are_two_whatever_they_consist_of():
    assert blocks.of([sequence(group=g) for g in (4, 2, 4, 9)]) == ("group", [0, 1, 0, 2])
    assert blocks.of([sequence(s, i, group=s % 2) for s in range(6) for i in range(2)]).kind == "group"
    assert blocks.of([sequence(group=3)] * 4).kind == "sequence"


def test_series_are_the_blocks_where_there_are_five():
    assert blocks.of(windows(3, 1, 2, 1, 1)) == ("series", [0, 0, 0, 1, 2, 2, 3, 4])
    assert blocks.of(windows(3, 1, 2, 1)).kind == "stretch"
    assert blocks.of([sequence(s, i, group=0) for s in range(5) for i in range(2)]).kind == "series"


def test_of_fewer_than_five_windows_each_stands_for_itself():
    assert blocks.of(windows(4)).kind == "sequence"
    assert blocks.of(windows(5)) == ("stretch", [0, 1, 2, 3, 4])


@pytest.mark.parametrize(
    "counts", [(5,), (6,), (14,), (25,), (99,), (100,), (101,), (1000,), (3, 2), (40, 1, 9, 60)], ids=str
)
def test_stretches_are_windows_in_a_row_of_one_series_of_about_one_length(counts: tuple[int, ...]):
    kind, numbers = blocks.of(windows(*counts))
    total, sizes = sum(counts), Counter(numbers)
    assert kind == "stretch"
    assert len(sizes) >= blocks.FEWEST_STRETCHES
    assert max(sizes.values()) <= 1 + min(2 * total / (total**0.5 - 2), total / 5)
    bounds = np.cumsum([0, *counts])
    of_series = [numbers[a:b] for a, b in itertools.pairwise(bounds)]
    for one in of_series:
        assert one == sorted(one)
        assert set(one) == set(range(one[0], one[-1] + 1))  # they count on
        sizes_of_one = Counter(one).values()
        assert max(sizes_of_one) - min(sizes_of_one) <= 1
    for one, other in itertools.pairwise(of_series):
        assert other[0] == one[-1] + 2  # a stretch of another series follows none


def test_stretches_are_few_and_long():
    assert {n: len(set(blocks.of(windows(n)).numbers)) for n in (25, 100, 400, 900)} == {25: 5, 100: 5, 400: 10, 900: 15}


def test_windows_of_series_may_take_turns():
    one, other = windows(30, 20)[:30], windows(30, 20)[30:]
    turns = [w for pair in itertools.zip_longest(one, other) for w in pair if w]
    assert Counter(blocks.of(turns).numbers) == Counter(blocks.of([*one, *other]).numbers)


def test_pieces_of_a_sequence_stay_in_its_group():
    splits = {split: [sequence(2, 5, group=1)] for split in ("train", "valid", "test")}
    pieces = Portion(window=2).of(splits)["test"]
    assert [(piece.group, piece.series) for piece in pieces] == [(1, None), (1, None)]
