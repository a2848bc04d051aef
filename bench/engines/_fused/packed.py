"""Batches as the kernels read them: packed, without padding."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bench.engines._fused.compiled import machine
from bench.engines._fused.product import panel
from bench.engines._network import Network

SPARSE = 0.25
"""Share of numbers other than zero up to which inputs are gathered rather than multiplied."""


@dataclass
class Part:
    """Sequences packed: their first steps one after another, then the second steps of those that have one, and so on."""

    order: np.ndarray
    """Positions in the batch, longest sequence first."""
    counts: np.ndarray
    """``n_t [T + 1]``: sequences that have a step t; the last is 0."""
    firsts: np.ndarray
    """``[T + 1]``: rows before step t."""
    inputs: dict[str, tuple[np.ndarray, ...]]
    """Per shift: ``x [N, X]``, and if it is mostly zeros the row starts, positions and values of what is not."""
    y: np.ndarray
    blocks: np.ndarray
    """``y`` transposed in blocks of rows, ``[N / rows, Y, rows]``."""
    sequence: np.ndarray
    """Row -> place in ``order``."""

    @cached_property
    def pointers(self) -> dict[str, int]:
        """Addresses of what the kernels read, by their names."""
        found = {"counts": self.counts, "firsts": self.firsts, "target": self.blocks}
        for name, arrays in self.inputs.items():
            found |= dict(zip((name, f"starts {name}", f"index {name}", f"value {name}"), arrays, strict=False))
        return {name: address(array) for name, array in found.items()}

    @cached_property
    def integers(self) -> dict[str, int]:
        """Numbers that the kernels read, by their names."""
        sparse = {f"sparse {name}": int(len(arrays) > 1) for name, arrays in self.inputs.items()}
        return {"N": len(self.y), "T": len(self.counts) - 1, "B": len(self.order), **sparse}


def part(network: Network, order: list[int], xs: Sequence[np.ndarray], ys: Sequence[np.ndarray]) -> Part:
    """The sequences at some positions, which go from the longest to the shortest."""
    lengths = np.array([len(xs[b]) for b in order])
    has = np.arange(lengths[0])[:, None] < lengths
    step, sequence = np.nonzero(has)
    counts = np.append(has.sum(1), 0)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    rows = starts[sequence] + step
    x = np.concatenate([xs[b] for b in order]).astype(np.float32, copy=False)
    y = np.concatenate([ys[b] for b in order]).astype(np.float32, copy=False)[rows]
    inputs = {}
    for shift in {int(node.label or 0) for node in network.graph.nodes if node.op == "input"}:
        there = x[np.clip(rows + shift, 0, len(x) - 1)]
        there[(step + shift < 0) | (step + shift >= lengths[sequence])] = 0
        inputs[f"input{shift}"] = _input(there)
    wide = panel(machine())
    padded = np.zeros((-(-len(y) // wide) * wide, y.shape[1]), np.float32)
    padded[: len(y)] = y
    blocks = np.ascontiguousarray(padded.reshape(-1, wide, y.shape[1]).transpose(0, 2, 1))
    firsts = np.concatenate([[0], np.cumsum(counts[:-1])])
    return Part(np.array(order), counts, firsts, inputs, y, blocks, sequence)


def _input(x: np.ndarray) -> tuple[np.ndarray, ...]:
    if np.count_nonzero(x) > SPARSE * x.size:
        slack = np.zeros(machine().lanes, np.float32)
        return (np.append(x, slack),)
    row, index = np.nonzero(x)
    starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(x)))])
    return x, starts, np.ascontiguousarray(index), x[row, index]


def address(array: np.ndarray) -> int:
    """Where an array's numbers begin."""
    return array.__array_interface__["data"][0]
