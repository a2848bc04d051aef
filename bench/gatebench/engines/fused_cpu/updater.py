"""Whole updates of a population by the code of `updates`: what Python prepares for it, and the tables of a thread."""

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from weakref import WeakKeyDictionary

import numpy as np

from gatebench.engines.base import Network, SteppingOptimizer, SteppingRule, UpdateArrays
from gatebench.engines.fused_cpu import updates
from gatebench.engines.fused_cpu.compiled import CompiledOptimizer, code_address
from gatebench.engines.fused_cpu.optimizers import OPTIMIZERS
from gatebench.engines.fused_cpu.packed import PackedBatch, address
from gatebench.engines.fused_cpu.stack_program import StackProgram
from gatebench.engines.fused_cpu.team import Team
from gatebench.engines.fused_cpu.workspace import Workspace


class Updater:
    """Makes updates of populations of one network, of those that `suits` is true of, with one optimizer."""

    def __init__(self, compiled: CompiledOptimizer, program: Callable[[], StackProgram], team: Team) -> None:
        """Take the optimizer's code, what returns the program of the thread that asks for it, and the other threads."""
        self.compiled, self.program, self.team = compiled, program, team
        cell = program().cells[0][0]
        self.shifts, self.elementwise = cell.read_shifts, cell.reads_elementwise
        of_inputs = (f"{what}input{i}" for i in self.shifts for what in ("", "starts ", "index ", "value ", "sparse "))
        self.names = ("N", "T", "B", "counts", "firsts", "target", *of_inputs)
        """Entries of the tables of cell and readout that a batch has numbers for."""
        self._columns = [name for name in self.names for _ in program().slots(name)]
        self.shared = np.zeros(len(updates.SHARED), np.int64)
        self.finished, self.taken = _counters(1), _counters(team.size)
        self.taken[:] = updates.CLOSED
        self.room = {"N": 0, "B": 0}
        """The most rows and sequences that a batch had so far."""
        self._of_batches: WeakKeyDictionary[PackedBatch, tuple[np.ndarray, int]] = WeakKeyDictionary()
        """Batch -> `updates.OF_BATCH` and the numbers for each place of each of ``names``, and where they begin."""
        self._workspaces: dict[int, UpdateWorkspace] = {}
        """Of the thread of each number."""
        self._lock = threading.Lock()

    @staticmethod
    def suits(network: Network) -> bool:
        """Whether a network has one cell, which reads forwards and predicts at each step."""
        return network.stack.layers == 1 and not network.stack.bidirectional and network.at == "step"

    def is_ready(self, batch: PackedBatch) -> bool:
        """Whether `make_ready` has been called with a batch."""
        return batch in self._of_batches

    def make_ready(self, batch: PackedBatch) -> None:
        """Pack a batch and list its numbers."""
        part = batch.part(0, 1)
        entries = {**part.pointers, **part.integers, "target": part.target}
        for shift, inputs in part.batch_inputs(self.shifts, False, self.elementwise).items():
            entries |= inputs.pointers(shift) | inputs.integers(shift)
        numbers = (len(part.of), address(part.sequence_of), *(entries.get(name, 0) for name in self._columns))
        array = np.array(numbers, np.int64)
        self._of_batches[batch] = array, address(array)

    def update(
        self, rule: SteppingRule, arrays: UpdateArrays, batches: Sequence[PackedBatch], weights: np.ndarray
    ) -> list[np.ndarray]:
        """Update every member of ready batches with all threads, and return the losses ``[B]`` before it."""
        rows, sequences = [batch.rows for batch in batches], [len(batch.lengths) for batch in batches]
        if max(rows) > self.room["N"] or max(sequences) > self.room["B"]:
            self.room = {"N": max(self.room["N"], *rows), "B": max(self.room["B"], *sequences)}
        most_first = sorted(range(len(rows)), key=lambda k: -rows[k])
        order, weights = np.array(most_first), weights.astype(np.float32)
        of_batches = np.array([self._of_batches[batch][1] for batch in batches])
        losses, numbers = np.zeros((len(rows), max(sequences))), _numbers(rule, arrays)
        first, second = (arrays.state[name] for name in OPTIMIZERS[type(rule.optimizer).__name__].state)
        rows_of_members = (arrays.parameters, arrays.taken_at, first, second)
        with self._lock:
            self.shared[:] = (
                len(rows), 4 * arrays.parameters.shape[1], losses.strides[0], int(rule.clip_norm is not None),
                address(order), address(of_batches), *(array.data_ptr() for array in rows_of_members),
                address(numbers), address(weights), address(losses), arrays.live.data_ptr(), arrays.decayed.data_ptr(),
            )  # fmt: skip
            workspace = self._workspace(0)
            self.team.call(self._follow)
            workspace.call(self.compiled.lead)
            self.team.raise_errors()
        if "count" in arrays.state:
            arrays.state["count"] += arrays.live
        return [of_member[:count] for of_member, count in zip(losses, sequences, strict=True)]

    def _follow(self, thread: int) -> None:
        self._workspace(thread).call(self.compiled.follow)

    def _workspace(self, thread: int) -> "UpdateWorkspace":
        """Return the workspace of the thread of this number, which asks for it, ready for an update."""
        workspace, program = self._workspaces.get(thread), self.program()
        if workspace is None or workspace.program is not program:
            workspace = self._workspaces[thread] = UpdateWorkspace(self, program, thread)
        workspace.make_ready(self.room)
        return workspace


class UpdateWorkspace(Workspace):
    """The workspace of a thread for updates with one optimizer, beside those of cell and readout that it fills in."""

    def __init__(self, updater: Updater, program: StackProgram, thread: int) -> None:
        cell, readout = program.cells[0][0], program.readout
        of_batch = [slot for name in updater.names for slot in program.slots(name)]
        places = {"parameters": program.slots("parameters"), "weight": program.slots("weight"), "batch": of_batch}
        self._places = np.array([slot for slots in places.values() for slot in slots], np.int64)
        fixed = {"row": program.network.row, "queues": updater.team.size, "thread": thread}
        fixed |= {f"places of {name}": len(slots) for name, slots in places.items()}
        super().__init__(updater.compiled.tables, fixed, program.processor)
        arrays = {"shared": updater.shared, "finished": updater.finished, "taken": updater.taken, "places": self._places}
        self.set_pointers({name: address(array) for name, array in arrays.items()})
        assert readout.compiled is not None
        functions = {"forward": cell.compiled.forward, "readout": readout.compiled.run, "backward": cell.compiled.backward}
        for name, function in functions.items():
            pointers, integers = (readout if name == "readout" else cell).addresses
            self.set_pointers({name: code_address(function), f"pointers {name}": pointers, f"integers {name}": integers})
        self.program, self._ready_for = program, {}
        program.workspaces.append(self)

    def make_ready(self, room: Mapping[str, int]) -> None:
        """Make room for members of so many rows and sequences, unless nothing has changed since this was done."""
        program = self.program
        if program.ready_for is self and self._ready_for is room:
            return
        cell, readout = program.cells[0][0], program.readout
        for workspace in (cell, readout, self):
            workspace.make_room(room)
        gradient, (top, length) = self.room_addresses["gradient"], cell.output_place
        cell.begin_with(None)
        cell.set_pointers({"hidden": readout.hidden, "gradient": gradient})
        cell.set_integers({"in order": 0})
        readout.set_pointers({"top": top, "gradient": gradient})
        readout.set_integers({"length top": length, "with gradient": 1})
        self.set_pointers({"nll": readout.room_addresses["nll"]})
        program.ready_for, self._ready_for = self, room

    def sizes(self, rows: int, room: Mapping[str, int]) -> dict[str, int]:
        """Return array -> how many numbers it holds."""
        return {"gradient": self.fixed["row"]}


def _counters(count: int) -> np.ndarray:
    """Return counters, each at the beginning of a line of the cache or in one of its own."""
    return np.zeros(count * updates.COUNTER, np.int64)


def _numbers(rule: SteppingRule, arrays: UpdateArrays) -> np.ndarray:
    """Return the floats of each member that the code reads, ``[K, updates.NUMBERS]``."""
    count = arrays.state.get("count")
    decays, rates = arrays.weight_decay.flatten().tolist(), arrays.learning_rates.flatten().tolist()
    counts = [0.0] * len(rates) if count is None else count.flatten().tolist()
    return _numbers_of(rule.optimizer, rule.clip_norm or 0.0, tuple(decays), tuple(rates), tuple(counts))


@lru_cache(8)
def _numbers_of(
    optimizer: SteppingOptimizer,
    limit: float,
    decays: tuple[float, ...],
    rates: tuple[float, ...],
    counts: tuple[float, ...],
) -> np.ndarray:
    """Return `_numbers` of members with these numbers of weight decay, learning rate, and updates so far."""
    kernel = OPTIMIZERS[type(optimizer).__name__]
    numbers = np.zeros((len(rates), updates.NUMBERS), np.float32)
    for k, (decay, rate, count) in enumerate(zip(decays, rates, counts, strict=True)):
        constants = kernel.numbers(optimizer, rate, count + 1)
        numbers[k, : len(constants)] = constants
        numbers[k, -2:] = limit, np.float32(decay) * np.float32(rate) if decay else 0
    return numbers
