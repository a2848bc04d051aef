"""Sequences as the kernels read them: packed, without padding."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from gatebench.engines.base import Network
from gatebench.engines.fused_cpu.processor import Processor

SPARSE = 0.25
"""Largest share of nonzero numbers at which inputs are gathered rather than multiplied."""
Inputs = tuple[np.ndarray, ...]
"""What a cell reads: ``x [N, X]``, and if it is mostly zeros the row starts, positions and values of the nonzero numbers."""


@dataclass
class PackedPart:
    """Sequences packed: their first steps one after another, then the second steps of those that have one, and so on.

    A *row* is one step of one sequence, in that order; ``S`` is the number of rows, or of sequences where there is one
    prediction for each.
    """

    order: np.ndarray
    """Positions of the sequences in the batch, the longest sequence first."""
    lengths: np.ndarray
    """Steps of the sequences, in the same order."""
    counts: np.ndarray
    """``n_t``, how many sequences have a step t, ``[T + 1]``; the last one is 0."""
    firsts: np.ndarray
    """How many rows stand before step t, ``[T + 1]``."""
    step: np.ndarray
    """The time step t of each row."""
    sequence: np.ndarray
    """The position in ``order`` of each row's sequence."""
    source: np.ndarray
    """The row of the batch, its sequences one after another, that each row comes from."""
    x: np.ndarray
    """Inputs of all rows, ``[N, X]``."""
    y: np.ndarray
    """Targets of the predicted rows, ``[S, Y]``."""
    blocks: np.ndarray
    """``y`` transposed in blocks of rows, ``[S / rows, Y, rows]``."""
    of: np.ndarray
    """The position in ``order`` of the sequence that each row of ``y`` belongs to."""
    processor: Processor
    """The processor whose code reads the part."""
    _inputs: dict[tuple[int, bool], Inputs] = field(default_factory=dict, init=False)
    """Shift and whether backwards -> what a cell of the lowest layer reads."""

    @property
    def integers(self) -> dict[str, int]:
        """The part's entries of a cell's table of integers."""
        return {"N": len(self.step), "T": len(self.counts) - 1, "B": len(self.order)}

    @property
    def pointers(self) -> dict[str, int]:
        """The part's entries of a cell's table of pointers."""
        return {"counts": address(self.counts), "firsts": address(self.firsts)}

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

    def later(self, x: np.ndarray, steps: int) -> np.ndarray:
        """Return for each row what is read ``steps`` later, zeros outside of its sequence."""
        if steps == 0:
            return x
        shifted, (rows, from_rows) = np.zeros_like(x), self.shifted(steps)
        shifted[rows] = x[from_rows]
        return shifted

    def batch_inputs(self, steps: int, backwards: bool) -> Inputs:
        """Return what a cell of the lowest layer reads with a shift of ``steps``."""
        if (steps, backwards) not in self._inputs:
            x = self.later(self.x[self.mirrored] if backwards else self.x, steps)
            self._inputs[steps, backwards] = inputs(x, self.processor)
        return self._inputs[steps, backwards]


def pack(
    network: Network, order: list[int], xs: Sequence[np.ndarray], ys: Sequence[np.ndarray], processor: Processor
) -> PackedPart:
    """Pack the sequences at the positions of ``order``, which go from the longest to the shortest."""
    lengths = np.array([len(xs[b]) for b in order])
    has = np.arange(lengths[0])[:, None] < lengths
    step, sequence = np.nonzero(has)
    counts = np.append(has.sum(1), 0)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    rows = starts[sequence] + step
    y = np.concatenate([ys[b] for b in order]).astype(np.float32, copy=False)
    of_steps = network.at == "step"
    y = y[rows] if of_steps else y
    wide = processor.panel
    padded = np.zeros((-(-len(y) // wide) * wide, y.shape[1]), np.float32)
    padded[: len(y)] = y
    in_batch = np.concatenate([[0], np.cumsum([len(x) for x in xs])])[order]
    return PackedPart(
        np.array(order), lengths, counts, np.concatenate([[0], np.cumsum(counts[:-1])]), step, sequence,
        source=in_batch[sequence] + step,
        x=np.concatenate([xs[b] for b in order]).astype(np.float32, copy=False)[rows],
        y=y,
        blocks=np.ascontiguousarray(padded.reshape(-1, wide, y.shape[1]).transpose(0, 2, 1)),
        of=sequence if of_steps else np.arange(len(order)),
        processor=processor,
    )  # fmt: skip


def inputs(x: np.ndarray, processor: Processor) -> Inputs:
    """Return ``x [N, X]`` as a cell reads it: with the places of its nonzero numbers where they are few."""
    if np.count_nonzero(x) > SPARSE * x.size:
        return (with_slack(x, processor),)
    row, index = np.nonzero(x)
    starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(x)))])
    return x, starts, np.ascontiguousarray(index), x[row, index]


def with_slack(x: np.ndarray, processor: Processor) -> np.ndarray:
    """Return an array's numbers and zeros behind them, so that a vector that begins with the last one can be read whole."""
    return np.append(x, np.zeros(processor.lanes, np.float32))


def address(array: np.ndarray) -> int:
    """Return where an array's numbers begin in memory."""
    return array.__array_interface__["data"][0]
