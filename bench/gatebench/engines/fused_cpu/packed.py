"""Batches as the kernels read them: packed, without padding."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from gatebench.engines.base import Network
from gatebench.engines.fused_cpu.compiled import machine
from gatebench.engines.fused_cpu.product import panel

SPARSE = 0.25
"""Share of numbers other than zero up to which inputs are gathered rather than multiplied."""
Inputs = tuple[np.ndarray, ...]
"""``x [N, X]``, and if it is mostly zeros the row starts, positions and values of what is not."""


@dataclass
class Part:
    """Sequences packed: their first steps one after another, then the second steps of those that have one, and so on."""

    order: np.ndarray
    """Positions in the batch, longest sequence first."""
    lengths: np.ndarray
    """Of the sequences, in that order."""
    counts: np.ndarray
    """``n_t [T + 1]``: sequences that have a step t; the last is 0."""
    firsts: np.ndarray
    """``[T + 1]``: rows before step t."""
    step: np.ndarray
    """Row -> t."""
    sequence: np.ndarray
    """Row -> place in ``order``."""
    source: np.ndarray
    """Row -> row of the batch, whose sequences stand one after another."""
    x: np.ndarray
    """``[N, X]``."""
    y: np.ndarray
    """``[S, Y]`` of all rows, or of the sequences in their order."""
    blocks: np.ndarray
    """``y`` transposed in blocks of rows, ``[S / rows, Y, rows]``."""
    of: np.ndarray
    """Row of ``y`` -> place in ``order``."""
    read: dict[tuple[int, bool], Inputs] = field(default_factory=dict)
    """Shift, whether backwards -> what the lowest layer reads."""

    @property
    def integers(self) -> dict[str, int]:
        """Numbers that the kernels of a cell read, by their names."""
        return {"N": len(self.step), "T": len(self.counts) - 1, "B": len(self.order)}

    @property
    def pointers(self) -> dict[str, int]:
        """Addresses of what the kernels of a cell read, by their names."""
        return {"counts": address(self.counts), "firsts": address(self.firsts)}

    @property
    def ends(self) -> np.ndarray:
        """Rows of the last steps of the sequences, in their order."""
        return self.firsts[self.lengths - 1] + np.arange(len(self.order))

    @cached_property
    def mirrored(self) -> np.ndarray:
        """Row -> the row of the same sequence that is as far from its end as this one from its beginning."""
        return self.firsts[self.lengths[self.sequence] - 1 - self.step] + self.sequence

    def shifted(self, steps: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows that have one so many steps later, and those rows."""
        there = (self.step + steps >= 0) & (self.step + steps < self.lengths[self.sequence])
        return np.flatnonzero(there), self.firsts[(self.step + steps)[there]] + self.sequence[there]

    def later(self, x: np.ndarray, steps: int) -> np.ndarray:
        """What is read so many steps later, zeros outside of the sequence."""
        if steps == 0:
            return x
        found, (rows, from_rows) = np.zeros_like(x), self.shifted(steps)
        found[rows] = x[from_rows]
        return found

    def lowest(self, steps: int, backwards: bool) -> Inputs:
        """What the lowest layer reads."""
        if (steps, backwards) not in self.read:
            self.read[steps, backwards] = inputs(self.later(self.x[self.mirrored] if backwards else self.x, steps))
        return self.read[steps, backwards]


def part(network: Network, order: list[int], xs: Sequence[np.ndarray], ys: Sequence[np.ndarray]) -> Part:
    """The sequences at some positions, which go from the longest to the shortest."""
    lengths = np.array([len(xs[b]) for b in order])
    has = np.arange(lengths[0])[:, None] < lengths
    step, sequence = np.nonzero(has)
    counts = np.append(has.sum(1), 0)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    rows = starts[sequence] + step
    y = np.concatenate([ys[b] for b in order]).astype(np.float32, copy=False)
    of_steps = network.at == "step"
    y = y[rows] if of_steps else y
    wide = panel(machine())
    padded = np.zeros((-(-len(y) // wide) * wide, y.shape[1]), np.float32)
    padded[: len(y)] = y
    in_batch = np.concatenate([[0], np.cumsum([len(x) for x in xs])])[order]
    return Part(
        np.array(order), lengths, counts, np.concatenate([[0], np.cumsum(counts[:-1])]), step, sequence,
        source=in_batch[sequence] + step,
        x=np.concatenate([xs[b] for b in order]).astype(np.float32, copy=False)[rows],
        y=y,
        blocks=np.ascontiguousarray(padded.reshape(-1, wide, y.shape[1]).transpose(0, 2, 1)),
        of=sequence if of_steps else np.arange(len(order)),
    )  # fmt: skip


def inputs(x: np.ndarray) -> Inputs:
    """What a cell reads, ``x [N, X]``; if it is mostly zeros, where the others are."""
    if np.count_nonzero(x) > SPARSE * x.size:
        return (with_slack(x),)
    row, index = np.nonzero(x)
    starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(x)))])
    return x, starts, np.ascontiguousarray(index), x[row, index]


def with_slack(x: np.ndarray) -> np.ndarray:
    """The numbers of an array and some more, so that a vector that begins with the last one may be read whole."""
    return np.append(x, np.zeros(machine().lanes, np.float32))


def address(array: np.ndarray) -> int:
    """Where an array's numbers begin."""
    return array.__array_interface__["data"][0]
