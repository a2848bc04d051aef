"""The way through a stack of cells and back, for one member and one part of a batch at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gatebench.engines.base import Kept, Network
from gatebench.engines.fused_cpu import heads
from gatebench.engines.fused_cpu.compiled import Cell, Readout, machine
from gatebench.engines.fused_cpu.packed import Inputs, Part, with_slack
from gatebench.engines.fused_cpu.space import CellSpace, ReadoutSpace


@dataclass(frozen=True)
class Work:
    """The gradient goes to ``gradient``, of ``weight`` times the sum of the losses; None: losses alone."""

    member: int
    part: Part
    gradient: np.ndarray | None
    weight: float
    kept: Kept | None
    """Of the whole batch."""


class Code:
    """Compiled code for one network."""

    def __init__(self, network: Network) -> None:
        self.lowest = Cell(network.graph, machine())
        self.higher = Cell(network.graph, machine(), of_inputs=True) if network.stack.layers > 1 else self.lowest
        head = heads.of(network.likelihood)
        self.readout = Readout(head, machine()) if head else None


class Way:
    """What one thread works in."""

    def __init__(self, code: Code, network: Network) -> None:
        self.network = network
        self.cells = [
            [CellSpace(code.higher if number else code.lowest, network, cell) for cell in layer]
            for number, layer in enumerate(network.cells)
        ]
        self.readout = ReadoutSpace(code.readout, network)

    def run(self, work: Work, values: np.ndarray) -> np.ndarray:
        """NLL of every row that is predicted ``[S]``; the gradient goes to where the work says."""
        part, parameters = work.part, values[work.member]
        kept = None if work.kept is None else self._of_part(part, work.kept)
        below: np.ndarray | None = None
        for number, layer in enumerate(self.cells):
            for own in layer:
                own.forward(part, self._reads(part, own, below), parameters)
            if number < len(self.cells) - 1:
                below = np.concatenate([self._aligned(part, own, own.said(part)) for own in layer], 1)
                below = below if kept is None else below * kept[number]
        nll = self.readout.run(part, self._top(part, kept), parameters, work.gradient, work.weight)
        if work.gradient is not None:
            self._back(part, kept, work.gradient)
        return nll

    def _of_part(self, part: Part, kept: Kept) -> list[np.ndarray]:
        rows = [part.source] * len(kept)
        if self.network.at == "sequence":
            rows[-1] = part.order
        return [factors[own] for factors, own in zip(kept, rows, strict=True)]

    def _reads(self, part: Part, own: CellSpace, below: np.ndarray | None) -> dict[int, Inputs]:
        """What a cell reads, by its shift."""
        shifts = set(own.shifts.values())
        if below is None:
            return {shift: part.lowest(shift, own.cell.backwards) for shift in shifts}
        x = self._aligned(part, own, below)
        return {shift: (with_slack(part.later(x, shift)),) for shift in shifts}

    def _aligned(self, part: Part, own: CellSpace, rows: np.ndarray) -> np.ndarray:
        """Rows in the order in which a cell reads them, as rows in that of time, and the other way round."""
        return rows[part.mirrored] if own.cell.backwards else rows

    @property
    def _is_plain(self) -> bool:
        """Whether the readout sees a state of one cell, as it is."""
        return len(self.cells[-1]) == 1 and self.network.at == "step"

    def _top(self, part: Part, kept: Sequence[np.ndarray] | None) -> np.ndarray:
        """What the readout sees, ``[S, width]``."""
        said = [own.said(part) for own in self.cells[-1]]
        if self._is_plain and kept is None:
            return said[0]
        if self.network.at == "sequence":
            seen = [rows[part.ends] for rows in said]
        else:
            seen = [self._aligned(part, own, rows) for own, rows in zip(self.cells[-1], said, strict=True)]
        width = self.network.width
        whole = np.zeros((len(seen[0]) + self.readout.wide, self.readout.length), np.float32)
        whole[: len(seen[0]), :width] = np.concatenate(seen, 1)
        if kept is not None:
            whole[: len(seen[0]), :width] *= kept[-1]
        return whole[: len(seen[0]), :width]

    def _back(self, part: Part, kept: Sequence[np.ndarray] | None, gradient: np.ndarray) -> None:
        """From what the readout saw down to the lowest layer."""
        of_top = self.readout.hidden(len(part.y))
        if self._is_plain and kept is None:
            self.cells[-1][0].backward(of_top, gradient)
        else:
            of_top = of_top[:, : self.network.width]
            self._back_layer(part, -1, of_top if kept is None else of_top * kept[-1], gradient)
        for number in range(len(self.cells) - 2, -1, -1):
            above = self.cells[number + 1]
            total = sum((self._aligned(part, own, own.of_input(part)) for own in above[1:]), start=above[0].of_input(part))
            self._back_layer(part, number, total if kept is None else total * kept[number], gradient)

    def _back_layer(self, part: Part, number: int, of_layer: np.ndarray, gradient: np.ndarray) -> None:
        """The gradient of what a layer handed on, ``[S, width]``, to its cells."""
        layer, rows = self.cells[number], len(part.step)
        at_end = number == -1 and self.network.at == "sequence"
        each = of_layer.shape[1] // len(layer)
        for i, own in enumerate(layer):
            mine = of_layer[:, i * each : (i + 1) * each]
            hidden = np.zeros((rows + 1, own.lengths["hidden"]), np.float32)  # one more: vectors are read whole
            hidden[part.ends if at_end else slice(rows), :each] = mine if at_end else self._aligned(part, own, mine)
            own.backward(hidden, gradient)
