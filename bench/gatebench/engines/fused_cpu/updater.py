"""Whole updates of a population by the code of `updates`: what Python prepares for it, and the tables of a thread."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import torch

from gatebench.engines.base import Network, SteppingRule, UpdateArrays
from gatebench.engines.fused_cpu import updates
from gatebench.engines.fused_cpu.compiled import CompiledOptimizer, code_address
from gatebench.engines.fused_cpu.optimizers import OPTIMIZERS
from gatebench.engines.fused_cpu.packed import PackedBatch, PackedPart, address
from gatebench.engines.fused_cpu.stack_program import StackProgram
from gatebench.engines.fused_cpu.workspace import Workspace


@dataclass(frozen=True, eq=False)
class Members:
    """The members of an update as the code reads them."""

    fields: np.ndarray
    """Of each member `updates.FIELDS`, and the numbers for the tables of cell and readout, ``[K, .]``."""
    taken: np.ndarray
    """How many members threads have taken so far, ``[1]``."""
    room: dict[str, int]
    """The most rows and sequences that a member has."""
    part: PackedPart
    """What one of the members reads."""
    arrays: dict[str, np.ndarray]
    """Arrays that the fields point at, by name."""
    clips: bool
    """Whether gradients have a largest norm."""


class UpdateWorkspace(Workspace):
    """The workspace of a thread for updates with one optimizer, beside those of cell and readout that it fills in."""

    def __init__(self, compiled: CompiledOptimizer, program: StackProgram, names: Sequence[str]) -> None:
        self.compiled, self.cell, self.readout = compiled, program.cells[0][0], program.readout
        self._slots = np.array([slot for name in names for slot in slots(program, name)], np.int64)
        fixed = {
            "row": program.network.row,
            "places": len(self._slots),
            "fields of a member": len(updates.FIELDS) + len(self._slots),
        }
        super().__init__(compiled.tables, fixed, program.processor)
        self.set_pointers({"places": address(self._slots)})
        of_readout = program.readout.compiled
        assert of_readout is not None
        functions = {
            "forward": self.cell.compiled.forward,
            "readout": of_readout.run,
            "backward": self.cell.compiled.backward,
        }
        for name, function in functions.items():
            pointers, integers = (self.readout if name == "readout" else self.cell).addresses
            names_of_tables = {f"pointers {name}": pointers, f"integers {name}": integers}
            self.set_pointers({name: code_address(function)} | names_of_tables)

    def run(self, members: Members) -> None:
        """Update members until all are taken, together with the other threads that do so."""
        cell, readout = self.cell, self.readout
        cell.make_room(members.room)
        readout.make_room(members.room)
        self.make_room(members.room)
        top = cell.output(members.part)
        gradient = self.room_addresses["gradient"]
        cell.set_pointers({"hidden": readout.hidden, "gradient": gradient})
        readout.set_pointers({"top": address(top), "gradient": gradient})
        readout.set_integers({"length top": top.strides[0] // top.itemsize, "with gradient": 1})
        fields, taken, decayed = members.fields, members.taken, members.arrays["decayed"]
        self.set_pointers({"fields": address(fields), "taken": address(taken), "decayed": address(decayed)})
        self.set_integers({"members": len(fields), "clips": int(members.clips)})
        try:
            self.call(self.compiled.update)
        finally:
            cell.forget()
            readout.reset()

    def sizes(self, rows: int, room: Mapping[str, int]) -> dict[str, int]:
        """Return array -> how many numbers it holds."""
        return {"gradient": self.fixed["row"]}


class Updater:
    """Makes updates of populations of one network, one of those that `suits` is true of."""

    OF_MEMBERS = ("parameters", "nll", "weight")
    """Entries of the tables of cell and readout that differ between members of one batch."""

    def __init__(self, program: StackProgram) -> None:
        """Take the names of the tables' entries from the program of any thread: in all threads they are alike."""
        self.network, self.shifts = program.network, program.cells[0][0].read_shifts
        self.elementwise, self.wide = program.cells[0][0].reads_elementwise, program.processor.panel
        of_inputs = (f"{what}input{i}" for i in self.shifts for what in ("", "starts ", "index ", "value ", "sparse "))
        self.names = (*self.OF_MEMBERS, "N", "T", "B", "counts", "firsts", "target", *of_inputs)
        self.columns = [name for name in self.names for _ in slots(program, name)]
        self.columns_of_members = [name for name in self.columns if name in self.OF_MEMBERS]
        self._of_batches: WeakKeyDictionary[PackedBatch, np.ndarray] = WeakKeyDictionary()
        """Rows, sequences, where `PackedPart.sequence_of` begins, and what `columns` get, those of members zero."""

    @staticmethod
    def suits(network: Network) -> bool:
        """Whether a network has one cell, which reads forwards and predicts at each step."""
        return network.stack.layers == 1 and not network.stack.bidirectional and network.at == "step"

    def make_ready(self, batch: PackedBatch) -> None:
        """Pack a batch and list its numbers, unless that was done before."""
        if batch not in self._of_batches:
            self._of_batches[batch] = self._of_part(batch.part(0, 1))

    def is_ready(self, batch: PackedBatch) -> bool:
        """Whether `make_ready` has been called with a batch."""
        return batch in self._of_batches

    def _of_part(self, part: PackedPart) -> np.ndarray:
        entries = {**part.pointers, **part.integers, "target": part.target}
        for shift, inputs in part.batch_inputs(self.shifts, False, self.elementwise).items():
            entries |= inputs.pointers(shift) | inputs.integers(shift)
        sizes = len(part.of), len(part.order), address(part.sequence_of)
        return np.array([*sizes, *(entries.get(name, 0) for name in self.columns)], np.int64)

    def members(
        self, rule: SteppingRule, arrays: UpdateArrays, batches: Sequence[PackedBatch], weights: np.ndarray
    ) -> Members:
        """Return an update's members, those with the most steps first, as threads should take them."""
        of_batches = np.stack([self._of_batches[batch] for batch in batches])
        rows, sequences = of_batches[:, 0], of_batches[:, 1]
        rooms = -(-rows // self.wide) * self.wide
        of_rooms, of_sequences = np.cumsum(rooms), np.cumsum(sequences)
        made = {
            "numbers": _numbers(rule, arrays),
            "weights": weights.astype(np.float32),
            "nll": np.empty(of_rooms[-1], np.float32),
            "losses": np.zeros(of_sequences[-1]),
            "is live": arrays.live.numpy().astype(np.int64),
            "decayed": arrays.decayed.numpy(),
        }
        state = [arrays.state[name].numpy() for name in OPTIMIZERS[type(rule.optimizer).__name__].state]
        of_members = {
            "parameters": _rows(arrays.parameters.numpy()),
            "first state": _rows(state[0]),
            "second state": _rows(state[1]),
            "numbers": _rows(made["numbers"]),
            "nll": address(made["nll"]) + 4 * (of_rooms - rooms),
            "predictions": rows,
            "sequence of": of_batches[:, 2],
            "losses": address(made["losses"]) + 8 * (of_sequences - sequences),
            "is live": _rows(made["is live"]),
        }
        fields = np.concatenate([np.array([of_members[name] for name in updates.FIELDS]).T, of_batches[:, 3:]], 1)
        of_members |= {"parameters": _rows(arrays.taken_at.numpy()), "weight": _rows(made["weights"])}
        for column, name in enumerate(self.columns_of_members, len(updates.FIELDS)):
            fields[:, column] = of_members[name]
        room = {"N": int(rows.max()), "B": int(sequences.max())}
        most_first = fields[np.argsort(-rows, kind="stable")]
        return Members(most_first, np.zeros(1, np.int64), room, batches[0].part(0, 1), made, rule.clip_norm is not None)

    @staticmethod
    def losses(members: Members, arrays: UpdateArrays, batches: Sequence[PackedBatch]) -> list[np.ndarray]:
        """Return the NLL of each member's sequences after an update, and tell the arrays of it who is live."""
        is_live = torch.from_numpy(members.arrays["is live"]).bool()
        if "count" in arrays.state:
            arrays.state["count"] += is_live
        arrays.live.copy_(is_live)
        return np.split(members.arrays["losses"], np.cumsum([len(batch.lengths) for batch in batches])[:-1])


def slots(program: StackProgram, name: str) -> list[int]:
    """Return the addresses of all entries of a name in the tables of cell and readout."""
    return [*program.cells[0][0].slots(name), *program.readout.slots(name)]


def _numbers(rule: SteppingRule, arrays: UpdateArrays) -> np.ndarray:
    """Return the floats of each member that the code reads, ``[K, updates.NUMBERS]``."""
    kernel, rates = OPTIMIZERS[type(rule.optimizer).__name__], arrays.learning_rates.flatten().tolist()
    counts = arrays.state["count"].flatten().tolist() if "count" in arrays.state else [0.0] * len(rates)
    constants = [kernel.numbers(rule.optimizer, rate, count + 1) for rate, count in zip(rates, counts, strict=True)]
    numbers = np.zeros((len(rates), updates.NUMBERS), np.float32)
    numbers[:, : len(constants[0])] = constants
    numbers[:, -2] = rule.clip_norm or 0
    decays = arrays.weight_decay
    numbers[:, -1:] = torch.where(decays > 0, decays * arrays.learning_rates, 0).numpy()
    return numbers


def _rows(array: np.ndarray) -> np.ndarray:
    """Return where each row of an array begins in memory."""
    return address(array) + array.strides[0] * np.arange(len(array))
