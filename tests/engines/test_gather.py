"""The rows of a batch, gathered from sequences as they stand in memory."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from gatebench.engines.base import Network
from gatebench.engines.fused_cpu import packed
from gatebench.engines.fused_cpu.engine import FusedCpu
from gatebench.engines.fused_cpu.processor import processor
from gatebench.graph import trace
from gatebench.training.likelihoods import bernoulli, gaussian
from support.agreement import population
from support.machine_code import SHAPES, of_shape

LENGTHS = [5, 1, 9, 9, 3]


def arrays(columns: int, share: float, kind: type, seed: int = 0) -> list[np.ndarray]:
    """Sequences of whole numbers, of which a share is not zero."""
    random = np.random.default_rng(seed)
    shapes = [(length, columns) for length in LENGTHS]
    return [(random.integers(1, 250, size=s) * (random.random(s) < share)).astype(kind) for s in shapes]


def part_of(xs, ys, code_for=None):
    network = Network(trace.load("gru"), xs[0].shape[1], ys[0].shape[1], 3, gaussian())
    order = np.argsort([-len(x) for x in xs], kind="stable").tolist()
    return packed.pack(network, order, xs, ys, code_for or processor()), order


def in_rows(sequences, order, part, shift=0, backwards=False):
    """Rows of sequences by their definition, those outside of their sequence zero."""
    rows = []
    for t, b in zip(part.step, part.sequence, strict=True):
        array = sequences[order[b]][:: -1 if backwards else 1]
        rows.append(array[t + shift] if 0 <= t + shift < len(array) else np.zeros(array.shape[1]))
    return np.array(rows, np.float32)


def read_by(part: packed.PackedPart, shift: int = 0, backwards: bool = False) -> packed.Inputs:
    """What a cell reads that only multiplies its inputs."""
    return part.batch_inputs((shift,), backwards, elementwise=False)[shift]


def written_out(inputs: packed.Inputs, rows: int, columns: int) -> np.ndarray:
    """``x [N, X]`` of inputs of either form."""
    if not inputs.nonzeros:
        return inputs.x[: rows * columns].reshape(rows, columns)
    starts, index, value = inputs.nonzeros
    x = np.zeros((rows, columns), np.float32)
    for r in range(rows):
        places = slice(starts[r], starts[r + 1])
        assert (np.diff(index[places]) > 0).all()
        x[r, index[places]] = value[places]
    return x


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
@pytest.mark.parametrize("columns", [1, 3, 4, 16, 17, 88])
@pytest.mark.parametrize("share", [0.0, 0.05, 1.0])
def test_rows_are_those_of_the_sequences(shape, kind, columns, share):
    xs = arrays(columns, share, kind)
    part, order = part_of(xs, xs, of_shape(shape))
    rows = len(part.step)
    for shift, backwards in ((0, False), (0, True), (-2, False), (1, True), (9, False)):
        inputs = read_by(part, shift, backwards)
        expected = in_rows(xs, order, part, shift, backwards)
        assert np.array_equal(written_out(inputs, rows, columns), expected)
        elementwise = part.batch_inputs((shift,), backwards, elementwise=True)[shift]
        assert np.array_equal(elementwise.x[: rows * columns].reshape(rows, columns), expected)
        assert (
            bool(inputs.nonzeros)
            == bool(elementwise.nonzeros)
            == (np.count_nonzero(expected) <= int(packed.SPARSE * expected.size))
        )
    assert np.array_equal(part.y, in_rows(xs, order, part))


def test_arrays_of_any_kind_and_order_are_read_as_the_same_numbers():
    xs = arrays(20, 0.5, np.float32)
    part, order = part_of(xs, xs)
    expected = in_rows(xs, order, part)
    wave = np.arange(300, dtype=np.float32)
    windows = [sliding_window_view(wave[k:], 20)[::10][:n] for k, n in enumerate(LENGTHS)]
    kinds = {
        "bytes": [x.astype(np.uint8) for x in xs],
        "whole numbers": [x.astype(np.int64) for x in xs],
        "double precision": [x.astype(np.float64) for x in xs],
        "column by column": [np.asfortranarray(x) for x in xs],
        "backwards": [x[::-1].copy()[::-1] for x in xs],
        "of several kinds": [x.astype(np.uint8) if k % 2 else x for k, x in enumerate(xs)],
    }
    for name, sequences in kinds.items():
        other, _ = part_of(sequences, sequences)
        assert np.array_equal(written_out(read_by(other), len(part.step), 20), expected), name
        assert np.array_equal(other.y, expected), name
    over, order = part_of(windows, windows)
    assert np.array_equal(written_out(read_by(over), len(over.step), 20), in_rows(windows, order, over))


def test_what_is_not_a_number_is_not_passed_over():
    xs = arrays(88, 0.02, np.float32)
    xs[2][4, 85] = np.nan
    part, order = part_of(xs, xs)
    read = written_out(read_by(part), len(part.step), 88)
    assert np.array_equal(read, in_rows(xs, order, part), equal_nan=True)
    assert np.isnan(read).sum() == 1


def test_losses_are_the_same_from_bytes_as_from_numbers():
    network = Network(trace.load("lstm"), 88, 88, 5, bernoulli())
    keys = [(x > 0).astype(np.uint8) for x in arrays(88, 0.04, np.uint8)]
    engine, rows = FusedCpu(), population(network, 2)
    of_bytes, of_numbers = (engine.batch(network, xs, xs) for xs in (keys, [x.astype(np.float32) for x in keys]))
    for a, b in zip(*(engine.losses(network, rows, [batch] * 2) for batch in (of_bytes, of_numbers)), strict=True):
        assert np.array_equal(a, b)


def test_a_part_is_packed_once_for_all_that_share_it():
    network = Network(trace.load("gru"), 4, 4, 3, gaussian())
    xs = arrays(4, 1.0, np.float32)
    batch = FusedCpu().batch(network, xs, xs)
    assert batch.part(0, 2) is batch.part(0, 2)
    positions = [batch.part(i, 2).order.tolist() for i in (0, 1)]
    assert sorted([*positions[0], *positions[1]]) == list(range(len(xs)))
    assert [batch.steps(i, 2) for i in (0, 1)] == [sum(LENGTHS[b] for b in part) for part in positions]
