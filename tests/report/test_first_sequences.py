"""The picture of the first sequences: an axis for each column, symbols by their names, rolls as a raster."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from gatebench.core.errors import BadInput
from gatebench.report import first_sequences


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Figures that are saved, which stay open."""
    figures: list[Figure] = []
    monkeypatch.setattr(plt, "close", figures.append)
    return figures


def wave(shift: float) -> np.ndarray:
    return np.sin(np.arange(200) / 9 + shift)


def test_each_column_of_each_sequence_has_an_axis_with_its_numbers(drawn: list[Figure], tmp_path: Path):
    sequences = [(f"sequence {i}", {"flow": wave(i), "a_$b$": 5 * wave(i + 1)}) for i in range(3)]
    first_sequences.draw(sequences, (), tmp_path / "x.png")
    assert (tmp_path / "x.png").read_bytes()[:4] == b"\x89PNG"
    (figure,) = drawn
    lines = [axis.lines[0].get_ydata() for axis in figure.axes]
    expected = [rows[name] for name in ("flow", "a_$b$") for _, rows in sequences]
    assert all(np.array_equal(line, values) for line, values in zip(lines, expected, strict=True))
    assert [axis.get_title() for axis in figure.axes[:3]] == [title for title, _ in sequences]
    assert [axis.get_ylabel() for axis in figure.axes[::3]] == ["flow", r"a_\$b\$"]


def test_symbols_are_written_beside_the_axis(drawn: list[Figure], tmp_path: Path):
    first_sequences.draw([("a text", {"0": np.array([0, 1, 2, 1])})], ("x", "y", "z"), tmp_path / "x.png")
    assert [label.get_text() for label in drawn[0].axes[0].get_yticklabels()] == ["x", "y", "z"]


def test_many_columns_of_zeros_and_ones_are_one_raster_and_of_others_it_is_said(drawn: list[Figure], tmp_path: Path):
    roll = {f"key {i}": (np.arange(50) % (i + 2) == 0).astype(np.uint8) for i in range(20)}
    first_sequences.draw([("a roll", roll)], (), tmp_path / "x.png")
    (image,) = drawn[0].axes[0].images
    assert np.array_equal(np.asarray(image.get_array()), np.stack([*roll.values()]))
    first_sequences.draw([("many", {name: wave(i) for i, name in enumerate(roll)})], (), tmp_path / "y.png")
    assert len(drawn[1].axes) == first_sequences.COLUMNS
    assert drawn[1].get_suptitle() == f"{first_sequences.COLUMNS} of 20 columns"


def test_a_picture_that_cannot_be_written_is_one_line(tmp_path: Path):
    with pytest.raises(BadInput, match=r"cannot be written .*: --show FILE.png"):
        first_sequences.draw([("a", {"x": wave(0)})], (), tmp_path / "nowhere" / "x.png")
