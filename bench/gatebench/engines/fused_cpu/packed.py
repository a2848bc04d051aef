"""Sequences as the kernels read them: packed, without padding."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from gatebench.engines.base import Batch, Network
from gatebench.engines.fused_cpu import gather
from gatebench.engines.fused_cpu.compiled import compiled_gather
from gatebench.engines.fused_cpu.processor import Processor

SPARSE = 0.25
"""Largest share of nonzero numbers at which inputs are gathered rather than multiplied."""


class Row(NamedTuple):
    """A member's row of parameters, or of their gradient."""

    numbers: np.ndarray
    address: int
    """Where the numbers begin in memory."""

    @staticmethod
    def of(array: np.ndarray) -> "list[Row]":
        """Return the rows of an array ``[K, row]`` whose rows stand one after another."""
        start, bytes_of_row = address(array), array.strides[0]
        return [Row(numbers, start + k * bytes_of_row) for k, numbers in enumerate(array)]


@dataclass(frozen=True, eq=False)
class Inputs:
    """What a cell reads: ``x [N, X]``, and if it is mostly zeros, its nonzero numbers: row starts, places, values."""

    x: np.ndarray
    """``[N, X]`` and slack behind it; empty where there are `nonzeros` and the cell has but products with it."""
    nonzeros: tuple[np.ndarray, ...] = ()

    @cached_property
    def addresses(self) -> tuple[int, ...]:
        """Where the arrays begin."""
        return tuple(map(address, (self.x, *self.nonzeros)))

    def pointers(self, shift: int) -> dict[str, int]:
        """Return the entries of a cell's table of pointers, if it reads this so many steps later."""
        name = f"input{shift}"
        names = (name, f"starts {name}", f"index {name}", f"value {name}")
        return dict(zip(names, self.addresses, strict=False))

    def integers(self, shift: int) -> dict[str, int]:
        """Return the entries of a cell's table of integers, if it reads this so many steps later."""
        return {f"sparse input{shift}": int(bool(self.nonzeros))}


@dataclass(frozen=True, eq=False)
class PackedPart:
    """Sequences packed: their first steps one after another, then the second steps of those that have one, and so on.

    A *row* is one step of one sequence, in that order; N is the number of rows, and S that of predictions: N, or the
    number of sequences where there is one prediction for each.
    """

    xs: Sequence[np.ndarray]
    """The sequences' inputs, the longest sequence first, as numbers or as bytes."""
    ys: Sequence[np.ndarray]
    """The sequences' targets, in the same order."""
    order: np.ndarray
    """Positions of the sequences in the batch."""
    lengths: np.ndarray
    """Steps of the sequences."""
    counts: np.ndarray
    """``n_t``, how many sequences have a step t, ``[T + 1]``; the last one is 0."""
    firsts: np.ndarray
    """How many rows stand before step t, ``[T + 1]``."""
    step: np.ndarray
    """The time step t of each row."""
    sequence: np.ndarray
    """The position in ``order`` of each row's sequence."""
    of: np.ndarray
    """The position in ``order`` of the sequence that each prediction belongs to."""
    blocks: np.ndarray
    """Targets of the predictions, transposed in blocks of rows, ``[S / rows, Y, rows]``."""
    starts: np.ndarray
    """The row of the batch, its sequences one after another, where each sequence begins."""
    processor: Processor
    """What the code that reads the part is made for."""
    _inputs: dict[tuple[tuple[int, ...], bool, bool], dict[int, Inputs]] = field(default_factory=dict, init=False)
    """Arguments of `batch_inputs` -> its result."""

    @cached_property
    def integers(self) -> dict[str, int]:
        """The part's entries of a cell's table of integers."""
        return {"N": len(self.step), "T": len(self.counts) - 1, "B": len(self.order)}

    @cached_property
    def pointers(self) -> dict[str, int]:
        """The part's entries of a cell's table of pointers."""
        return {"counts": address(self.counts), "firsts": address(self.firsts)}

    @cached_property
    def target(self) -> int:
        """Where the targets begin."""
        return address(self.blocks)

    @cached_property
    def sequence_of(self) -> np.ndarray:
        """The position in the batch of the sequence that each prediction belongs to."""
        return self.order[self.of]

    @cached_property
    def source(self) -> np.ndarray:
        """The row of the batch, its sequences one after another, that each row comes from."""
        return self.starts[self.sequence] + self.step

    @property
    def y(self) -> np.ndarray:
        """Targets of the predictions, ``[S, Y]``."""
        columns = self.blocks.shape[1]
        return self.blocks.transpose(0, 2, 1).reshape(-1, columns)[: len(self.of)]

    @property
    def ends(self) -> np.ndarray:
        """The row of each sequence's last step."""
        return self.firsts[self.lengths - 1] + np.arange(len(self.order))

    @cached_property
    def mirrored(self) -> np.ndarray:
        """For each row, the row of the same sequence that is as far from its end as this one is from its beginning."""
        return self.firsts[self.lengths[self.sequence] - 1 - self.step] + self.sequence

    def shifted(self, steps: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows whose sequence has a step ``steps`` later, and the rows of those steps."""
        exists = (self.step + steps >= 0) & (self.step + steps < self.lengths[self.sequence])
        return np.flatnonzero(exists), self.firsts[(self.step + steps)[exists]] + self.sequence[exists]

    def later(self, x: np.ndarray, steps: int, past: np.ndarray | None = None) -> np.ndarray:
        """Return for each row what is read ``steps`` later, zeros outside of its sequence, or what is in its ``past``.

        That is ``[B, lookback, X]``, what came before each sequence of the part.
        """
        if steps == 0:
            return x
        shifted, (rows, from_rows) = np.zeros_like(x), self.shifted(steps)
        shifted[rows] = x[from_rows]
        if past is not None:
            (before,) = np.nonzero(self.step + steps < 0)
            shifted[before] = past[self.sequence[before], past.shape[1] + self.step[before] + steps]
        return shifted

    def last_inputs(self, x: np.ndarray, past: np.ndarray) -> np.ndarray:
        """Return the last inputs of each sequence, as many as its ``past [B, lookback, X]`` has, which may be among them."""
        lookback = past.shape[1]
        steps = self.lengths[:, None] - lookback + np.arange(lookback)
        inside = steps >= 0
        sequences = np.broadcast_to(np.arange(len(steps))[:, None], steps.shape)
        last = np.empty_like(past)
        last[inside] = x[self.firsts[steps[inside]] + sequences[inside]]
        last[~inside] = past[sequences[~inside], lookback + steps[~inside]]
        return last

    @property
    def x(self) -> np.ndarray:
        """What is read at every row, ``[N, X]``."""
        rows = self.batch_inputs((0,), False, True)[0].x
        return rows[: len(self.step) * self.xs[0].shape[1]].reshape(len(self.step), -1)

    def batch_inputs(self, shifts: tuple[int, ...], backwards: bool, elementwise: bool) -> dict[int, Inputs]:
        """Return shift -> what a cell of the lowest layer reads so many steps later, ``elementwise`` or just in products."""
        key = shifts, backwards, elementwise
        if key not in self._inputs:
            self._inputs[key] = {shift: self._gathered(shift, backwards, elementwise) for shift in shifts}
        return self._inputs[key]

    def _gathered(self, shift: int, backwards: bool, elementwise: bool) -> Inputs:
        """Return the inputs of all rows, those outside of their sequences zero."""
        columns, at, lengths = self.xs[0].shape[1], self.step, self.lengths[self.sequence]
        if shift:
            at = at + shift
        inside = (at >= 0) & (at < lengths)
        sources = _row_addresses(self.xs, self.sequence, lengths - 1 - at if backwards else at)
        nothing = np.zeros(columns, self.xs[0].dtype)
        return self._inputs_at(np.where(inside, sources, address(nothing)) if shift else sources, columns, elementwise)

    def _inputs_at(self, sources: np.ndarray, columns: int, elementwise: bool) -> Inputs:
        """Return rows ``[N, X]`` from their addresses as a cell reads them."""
        rows = len(sources)
        most = int(SPARSE * rows * columns)
        room = most + columns + 1
        nonzeros = np.empty(rows + 1, np.int64), np.empty(room, np.int64), np.empty(room, np.float32)
        listing = _gather("nonzeros", self.xs, self.processor)
        listing(rows, columns, most, address(sources), *map(address, nonzeros))
        is_sparse = bool(nonzeros[0][-1] <= most)
        if is_sparse and not elementwise:
            return Inputs(np.zeros(0, np.float32), nonzeros)
        x = np.zeros(rows * columns + self.processor.lanes, np.float32)
        _gather("rows", self.xs, self.processor)(rows, columns, address(sources), address(x))
        return Inputs(x, nonzeros if is_sparse else ())


def pack(
    network: Network, order: list[int], xs: Sequence[np.ndarray], ys: Sequence[np.ndarray], processor: Processor
) -> PackedPart:
    """Pack the sequences at the positions of ``order``, which go from the longest to the shortest."""
    ends = np.cumsum([0, *map(len, xs)])
    xs, ys = (_readable([arrays[b] for b in order]) for arrays in (xs, ys))
    lengths = np.array([len(x) for x in xs])
    has = np.arange(lengths[0])[:, None] < lengths
    step, sequence = np.nonzero(has)
    counts = np.append(has.sum(1), 0)
    of = sequence if network.at == "step" else np.arange(len(order))
    sources = _row_addresses(ys, of, step if network.at == "step" else np.zeros_like(of))
    rows, columns, wide = len(of), network.outputs, processor.panel
    blocks = np.empty((-(-rows // wide), columns, wide), np.float32)
    blocks[-1] = 0
    _gather("blocks", ys, processor)(rows, columns, address(sources), address(blocks))
    return PackedPart(
        xs, ys, np.array(order), lengths, counts, np.concatenate([[0], np.cumsum(counts[:-1])]), step, sequence, of, blocks,
        ends[order], processor,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class PackedBatch(Batch):
    """Sequences that are packed without padding, in parts, by the thread that first asks for a part."""

    network: Network
    xs: Sequence[np.ndarray]
    ys: Sequence[np.ndarray]
    processor: Processor
    _parts: dict[tuple[int, int], PackedPart] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    @cached_property
    def rows(self) -> int:
        """Steps of all sequences together."""
        return int(self.lengths.sum())

    def order(self, i: int, count: int) -> np.ndarray:
        """Return the positions of the sequences of part ``i`` of ``count`` parts of like size, the longest one first."""
        return np.argsort(-self.lengths, kind="stable")[i::count]

    def steps(self, i: int, count: int) -> int:
        """Return how many rows a part has."""
        return int(self.lengths[self.order(i, count)].sum())

    def part(self, i: int, count: int) -> PackedPart:
        """Return part ``i`` of ``count`` parts, of which none may be empty."""
        with self._lock:
            if (i, count) not in self._parts:
                order = self.order(i, count).tolist()
                self._parts[i, count] = pack(self.network, order, self.xs, self.ys, self.processor)
            return self._parts[i, count]


def dense(x: np.ndarray, processor: Processor) -> Inputs:
    """Return ``x [N, X]`` as a cell reads it, with slack behind: a vector that begins with its last number is read whole."""
    return Inputs(np.append(x, np.zeros(processor.lanes, np.float32)))


def address(array: np.ndarray) -> int:
    """Return where an array's numbers begin in memory."""
    return array.__array_interface__["data"][0]


def _readable(arrays: list[np.ndarray]) -> list[np.ndarray]:
    """Return arrays that the code can gather rows from: all float32 or all bytes, the numbers of a row side by side."""
    kind = np.uint8 if all(array.dtype == np.uint8 for array in arrays) else np.float32
    rows_apart = [array.dtype == kind and array.strides[1] == array.itemsize for array in arrays]
    return [a if fits else np.ascontiguousarray(a, kind) for a, fits in zip(arrays, rows_apart, strict=True)]


def _gather(name: str, arrays: Sequence[np.ndarray], processor: Processor) -> Callable[..., None]:
    """Return the function of `gather` for arrays of numbers or of bytes."""
    is_bytes = arrays[0].dtype == np.uint8
    return compiled_gather(processor).functions[name + gather.BYTES if is_bytes else name]


def _row_addresses(arrays: Sequence[np.ndarray], which: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Return where rows of some of the arrays begin."""
    places = np.array([(address(array), array.strides[0]) for array in arrays])
    return places[which, 0] + row * places[which, 1]
