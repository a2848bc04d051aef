"""The forward and the backward pass of a stack of cells, for one member and one part of its batch at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gatebench.engines.base import DropoutMasks, Network
from gatebench.engines.carried import LayerColumns
from gatebench.engines.fused_cpu import likelihoods
from gatebench.engines.fused_cpu.compiled import compiled_cell, compiled_readout
from gatebench.engines.fused_cpu.packed import Inputs, PackedBatch, PackedPart, Row, address, dense
from gatebench.engines.fused_cpu.processor import Processor
from gatebench.engines.fused_cpu.workspace import CellWorkspace, ReadoutWorkspace, Workspace


@dataclass(frozen=True)
class Work:
    """What a thread takes on at once: a part of one member's batch."""

    member: int
    batch: PackedBatch
    i: int
    """Which part of ``count`` parts."""
    count: int
    parameters: Row
    gradient: Row | None
    """What the gradient of ``weight`` times the sum of the losses is added to; None: losses alone."""
    weight: float
    dropout_masks: DropoutMasks | None
    """Dropout masks of the member's complete batch; None: no dropout."""
    carried: np.ndarray | None = None
    """What the sequences of the member's complete batch begin with, and then what they end with, ``[B, S]``; None: zeros."""


class CompiledStack:
    """Compiled code for one network: its cells, and its readout where there is code for the likelihood."""

    def __init__(self, network: Network, processor: Processor, is_timed: bool) -> None:
        self.processor = processor
        self.lowest = compiled_cell(network.graph, processor, is_timed=is_timed)
        self.higher = self.lowest
        if network.stack.layers > 1:
            self.higher = compiled_cell(network.graph, processor, True, is_timed)
        kernel = likelihoods.kernel_of(network.likelihood)
        self.readout = compiled_readout(kernel, processor, is_timed) if kernel else None


class StackProgram:
    """A network's compiled code with the workspaces of one thread."""

    def __init__(self, code: CompiledStack, network: Network) -> None:
        self.network, self.processor = network, code.processor
        self.cells = [
            [CellWorkspace(code.higher if number else code.lowest, network, cell) for cell in layer]
            for number, layer in enumerate(network.cells)
        ]
        self.readout = ReadoutWorkspace(code.readout, network, code.processor)
        self.workspaces: list[Workspace] = [*(cell for layer in self.cells for cell in layer), self.readout]
        """Those of all cells and of the readout, and others of the same thread that use them."""
        self.ready_for: Workspace | None = None
        """The workspace that last filled in the tables of the others, if nothing else has done so since."""

    def slots(self, name: str) -> list[int]:
        """Return the addresses of all entries of a name in the tables of the cells and of the readout."""
        cells = [cell for layer in self.cells for cell in layer]
        return [slot for workspace in (*cells, self.readout) for slot in workspace.slots(name)]

    def run(self, work: Work, part: PackedPart) -> np.ndarray:
        """Return the NLL of every prediction of a part, ``[S]``, and add the gradient to where ``work`` says."""
        if self.ready_for is not None:
            self.ready_for = None
            self.cells[0][0].forget()
            self.readout.forget()
        masks = None if work.dropout_masks is None else self._masks_of_part(part, work.dropout_masks)
        below: np.ndarray | None = None
        for number, layer in enumerate(self.cells):
            for cell in layer:
                if work.carried is None:
                    self._forward(work, part, cell, self._inputs(part, cell, below))
                else:
                    self._go_on(work, part, cell, below, work.carried, self.network.carried_columns[number])
            if number < len(self.cells) - 1:
                below = np.concatenate([self._in_order_of(cell, part, cell.output(part)) for cell in layer], 1)
                below = below if masks is None else below * masks[number]
        nll = self.readout.run(part, self._top(part, masks), work.parameters, work.gradient, work.weight)
        if work.gradient is not None:
            self._backward(part, masks, work.gradient.address)
        return nll

    def _masks_of_part(self, part: PackedPart, dropout_masks: DropoutMasks) -> list[np.ndarray]:
        """Return the dropout mask of each layer in the order of the part's rows."""
        rows = [part.source] * len(dropout_masks)
        if self.network.at == "sequence":
            rows[-1] = part.order
        return [mask[order] for mask, order in zip(dropout_masks, rows, strict=True)]

    def _inputs(self, part: PackedPart, cell: CellWorkspace, below: np.ndarray | None) -> dict[int, Inputs]:
        """Return shift -> what a cell reads: the batch, or the output of the layer below."""
        if below is None:
            return part.batch_inputs(cell.read_shifts, cell.direction.backwards, cell.reads_elementwise)
        x = self._in_order_of(cell, part, below)
        return {shift: dense(part.later(x, shift), self.processor) for shift in cell.read_shifts}

    @staticmethod
    def _forward(
        work: Work, part: PackedPart, cell: CellWorkspace, inputs: Mapping[int, Inputs], begin: np.ndarray | None = None
    ) -> None:
        """Run a cell; where a loss is wanted and no gradient, it is the same to the bit in any company."""
        cell.forward(part, inputs, work.parameters.address, begin, in_order=work.gradient is None)

    def _go_on(
        self,
        work: Work,
        part: PackedPart,
        cell: CellWorkspace,
        below: np.ndarray | None,
        carried: np.ndarray,
        columns: LayerColumns,
    ) -> None:
        """Run a cell from the states and inputs that are ``carried``, and leave there those that the next stretch needs."""
        rows = carried[part.order]
        # one row more, because vectors are read to their end
        begin = np.zeros((len(rows) + 1, cell.lengths["previous"]), np.float32)
        states = np.concatenate([rows[:, of_state] for of_state in columns.states.values()], 1)
        begin[: len(rows), : states.shape[1]] = states
        inputs = self._inputs(part, cell, below)
        if columns.lookback:
            x, past = part.x if below is None else below, columns.inputs(rows).astype(np.float32)
            inputs = {shift: dense(part.later(x, shift, past), self.processor) for shift in cell.read_shifts}
            rows[:, columns.past] = part.last_inputs(x, past).reshape(len(rows), -1)
        self._forward(work, part, cell, inputs, begin)
        for to, state in zip(columns.states.values(), cell.last_states(part), strict=True):
            rows[:, to] = state
        carried[part.order] = rows

    def _in_order_of(self, cell: CellWorkspace, part: PackedPart, rows: np.ndarray) -> np.ndarray:
        """Return rows in the order in which a cell reads them, from rows in the order of time; and the other way round."""
        return rows[part.mirrored] if cell.direction.backwards else rows

    @property
    def _reads_state_directly(self) -> bool:
        """Whether the readout reads every step of one cell, so that no copy is needed without dropout."""
        return len(self.cells[-1]) == 1 and self.network.at == "step"

    def _top(self, part: PackedPart, masks: Sequence[np.ndarray] | None) -> np.ndarray:
        """Return what the readout reads, ``[S, width]``; behind its last row is slack."""
        outputs = [cell.output(part) for cell in self.cells[-1]]
        if self._reads_state_directly and masks is None:
            return outputs[0]
        if self.network.at == "sequence":
            outputs = [rows[part.ends] for rows in outputs]
        else:
            outputs = [self._in_order_of(cell, part, rows) for cell, rows in zip(self.cells[-1], outputs, strict=True)]
        count, width = len(outputs[0]), self.network.width
        top = np.zeros((count + self.readout.wide, self.readout.length), np.float32)
        top[:count, :width] = np.concatenate(outputs, 1)
        if masks is not None:
            top[:count, :width] *= masks[-1]
        return top[:count, :width]

    def _backward(self, part: PackedPart, masks: Sequence[np.ndarray] | None, gradient: int) -> None:
        """Add the gradients of all cells, from the top layer down, to a row at an address."""
        if self._reads_state_directly and masks is None:
            self.cells[-1][0].backward(self.readout.hidden, gradient)
        else:
            of_top = self.readout.top_gradient(len(part.of))[:, : self.network.width]
            self._backward_of_layer(part, -1, of_top if masks is None else of_top * masks[-1], gradient)
        for number in range(len(self.cells) - 2, -1, -1):
            above = self.cells[number + 1]
            further = (self._in_order_of(cell, part, cell.input_gradient(part)) for cell in above[1:])
            total = sum(further, start=above[0].input_gradient(part))
            self._backward_of_layer(part, number, total if masks is None else total * masks[number], gradient)

    def _backward_of_layer(self, part: PackedPart, number: int, of_output: np.ndarray, gradient: int) -> None:
        """Add the gradients of a layer's cells, from that of what the layer handed on, ``[S, width]``."""
        layer, rows = self.cells[number], len(part.step)
        at_end = number == -1 and self.network.at == "sequence"
        width = of_output.shape[1] // len(layer)
        for i, cell in enumerate(layer):
            of_cell = of_output[:, i * width : (i + 1) * width]
            # one row more, because vectors are read to their end
            hidden = np.zeros((rows + 1, cell.lengths["hidden"]), np.float32)
            hidden[part.ends if at_end else slice(rows), :width] = (
                of_cell if at_end else self._in_order_of(cell, part, of_cell)
            )
            cell.backward(address(hidden), gradient)
