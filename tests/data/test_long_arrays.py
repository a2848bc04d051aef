"""Long arrays a block at a time: the same rows in the same order, and a file's memory is let go of."""

import mmap
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gatebench.data import long_arrays


@pytest.mark.parametrize("numbers", [1, 7, 12, 100, 10_000])
def test_blocks_are_all_rows_in_their_order(numbers: int):
    arrays = [np.arange(3 * length).reshape(length, 3) + 1000 * length for length in (1, 40, 2, 3, 400, 5)]
    blocks = [*long_arrays.blocks(arrays, numbers)]
    assert np.array_equal(np.concatenate(blocks), np.concatenate(arrays))
    assert max(block.size for block in blocks) <= max(numbers, 3)
    places = [*long_arrays.rows_of(arrays[1], numbers)]
    assert all(np.array_equal(block, arrays[1][start : start + len(block)]) for start, block in places)


def test_small_arrays_are_joined():
    assert len([*long_arrays.blocks([np.zeros((10, 2))] * 50, 200)]) == 5


def test_different_numbers_are_those_of_numpy():
    random = np.random.default_rng(0)
    for values in (random.integers(0, 50, 300), random.normal(size=20), np.zeros(0), np.array([True, False, True])):
        assert np.array_equal(long_arrays.distinct(values), np.unique(values))


@pytest.fixture
def on_a_disk() -> Iterator[np.ndarray]:
    """Eight million bytes of a file."""
    with tempfile.TemporaryFile() as file:
        file.truncate(8_000_000)
        yield np.ndarray((500_000, 2), float, buffer=mmap.mmap(file.fileno(), 8_000_000))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is told as Linux does it")
def test_memory_of_a_file_is_let_go_of_and_its_numbers_stay(on_a_disk: np.ndarray):
    def taken() -> int:
        status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
        return sum(int(status[kind].split()[0]) for kind in ("RssFile", "RssShmem"))

    on_a_disk[:] = 1.5
    before = taken()
    long_arrays.release(on_a_disk[10:][:, 1])
    assert before - taken() > 7000
    assert (on_a_disk == 1.5).all()
