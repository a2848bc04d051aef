"""What a thread works in, and its work: one member and one part of a batch at a time."""

from dataclasses import dataclass

import numpy as np
import torch

from bench.engines._fused import heads
from bench.engines._fused.compiled import Compiled, machine
from bench.engines._fused.packed import Part, address
from bench.engines._fused.product import panel
from bench.engines._network import Network


@dataclass(frozen=True)
class Work:
    """The gradient goes to ``gradient``, of ``weight`` times the sum of the losses; None: losses alone."""

    member: int
    part: Part
    gradient: np.ndarray | None
    weight: float


class Space:
    """What one thread works in: arrays as large as its largest part so far, and the two tables."""

    def __init__(self, compiled: Compiled, network: Network) -> None:
        self.compiled, self.network = compiled, network
        self.wide, self.head = panel(compiled.machine), heads.of(network.likelihood)
        tables = compiled.tables
        self.pointers, self.integers = np.zeros(len(tables.pointers), np.int64), np.zeros(len(tables.integers), np.int64)
        self.pointer_at = {name: i for i, name in enumerate(tables.pointers)}
        self.integer_at = {name: i for i, name in enumerate(tables.integers)}
        layout = compiled.kernels.layout
        self.lengths = {name: _rounded(sum(network.sizes[w] for w in layout.letters(name))) for name in layout.ARRAYS}
        self.lengths["hidden"] = _rounded(network.sizes[network.graph.output])
        self.fixed = self._fixed()
        for name, value in self.fixed.items():
            if name in self.integer_at:
                self.integers[self.integer_at[name]] = value
        self.arrays: dict[str, np.ndarray] = {}
        self.room = {"N": -1, "B": -1}
        self.weight = np.zeros(1, np.float32)
        numbers = self.head.numbers(network.likelihood, network.outputs) if self.head else {}
        self.numbers = {"weight": self.weight} | {name: np.array([x], np.float32) for name, x in numbers.items()}

    def run(self, work: Work, values: np.ndarray) -> np.ndarray:
        """NLL of every row ``[N]``; the gradient goes to where the work says."""
        part = work.part
        self._make_room(part)
        self._set("pointers", {**part.pointers, "parameters": address(values[work.member])})
        self._set("integers", {**part.integers, "gradient wanted": int(work.gradient is not None)})
        self.weight[0] = work.weight
        gradient = self.arrays["gradient"] if work.gradient is None else work.gradient
        self._set("pointers", {"gradient": address(gradient)})
        tables = address(self.pointers), address(self.integers)
        self.compiled.forward(*tables)
        if self.compiled.head:
            self.compiled.head(*tables)
            nll = self.arrays["nll"][: len(part.y)]
        else:
            nll = self._head(work, values[work.member])
        if work.gradient is not None:
            self.compiled.backward(*tables)
        return nll

    def _head(self, work: Work, row: np.ndarray) -> np.ndarray:
        """Readout and likelihood by torch, for likelihoods that have no code here."""
        rows, wanted = len(work.part.y), work.gradient is not None
        place = self.compiled.plan.places[self.network.graph.updates[0]]
        start = sum(self.network.sizes[w] for w in place.behind)
        length = self.lengths[place.array]
        states = self.arrays[place.array][: rows * length].reshape(rows, length)
        h = torch.from_numpy(states[:, start : start + self.network.sizes[place.width]].copy())
        own = self.network.views(torch.from_numpy(row[None]))
        matrix, bias = own["readout_W"][0], own["readout_b"][0]
        with torch.set_grad_enabled(wanted):
            leaves = [leaf.detach().requires_grad_(wanted) for leaf in (h, matrix, bias)]
            readout = leaves[0] @ leaves[1] + leaves[2]
            nll = self.network.likelihood.nll(readout[None, None], torch.from_numpy(work.part.y)[None, None])[0, 0]
            if work.gradient is not None:
                of_h, of_matrix, of_bias = torch.autograd.grad(nll.sum() * work.weight, leaves)
                hidden = self.arrays["hidden"][: rows * self.lengths["hidden"]].reshape(rows, -1)
                hidden[:, : h.shape[1]] = of_h.numpy()
                to = self.network.views(torch.from_numpy(work.gradient[None]))
                to["readout_W"][0], to["readout_b"][0] = of_matrix, of_bias
        return nll.detach().numpy()

    def _set(self, table: str, entries: dict[str, int]) -> None:
        places, values = (self.pointer_at, self.pointers) if table == "pointers" else (self.integer_at, self.integers)
        for name, value in entries.items():
            if name in places:
                values[places[name]] = value

    def _fixed(self) -> dict[str, int]:
        """Entries that depend on the sizes of the network alone."""
        network, layout, plan = self.network, self.compiled.kernels.layout, self.compiled.plan
        sizes = network.sizes
        entries = {letter: size for letter, size in sizes.items() if letter != "1"}
        entries |= {"Y": network.outputs, "readout": network.likelihood.readout(network.outputs)}
        entries |= self.head.integers(network.likelihood) if self.head else {}
        entries |= {f"length {name}": length for name, length in self.lengths.items()}
        entries |= {f"parameter {name}": offset for name, offset in network.offsets.items()}
        entries["parameters"] = network.row - self.compiled.machine.lanes
        for name in layout.ARRAYS:
            letters = layout.letters(name)
            for count in range(1, len(letters)):
                entries[f"column {name} {count}"] = sum(sizes[letter] for letter in letters[:count])
        end = 0
        for kind, runs in (("run", layout.runs), ("back", layout.back_runs)):
            for number, run in enumerate(runs):
                entries[f"{kind} {number}"] = end
                depth, columns = sizes[plan.widths[run.vector]], sum(sizes[plan.widths[p]] for p in run.products)
                across, down = (columns, depth) if kind == "run" else (depth, columns)
                end += -(-across // self.wide) * self.wide * down
        entries["packed numbers"] = end
        return entries

    def _make_room(self, part: Part) -> None:
        room = {"N": len(part.y), "B": len(part.order)}
        if all(room[name] <= self.room[name] for name in room):
            return
        self.room = {name: max(room[name], self.room[name]) for name in room}
        rows, sequences = -(-self.room["N"] // self.wide) * self.wide, self.room["B"]
        readout, lengths = self.fixed["readout"], self.lengths
        widest = max(readout, *lengths.values(), self.wide)
        sizes = {name: rows * lengths[name] for name in ("gates", "kept", "previous", "late", "hidden")}
        sizes |= dict.fromkeys(("carry0", "carry1"), sequences * lengths["previous"])
        sizes |= {"adjoints": sequences * lengths["adjoints"], "packed": self.fixed["packed numbers"]}
        sizes |= {"bias": lengths["gates"], "zeros": widest, "gradient": self.network.row, "nll": rows}
        sizes |= {"readout": readout * self.wide, "readout gradient": readout * lengths["hidden"]}
        sizes |= {"readout sums": readout * self.compiled.machine.lanes, "states": lengths["hidden"] * self.wide}
        sizes |= {"joint": readout * self.wide}
        sizes |= {"readout back": -(-lengths["hidden"] // self.wide) * self.wide * readout}
        slack = 2 * self.wide
        self.arrays = {name: np.zeros(size + slack, np.float32) for name, size in sizes.items()}
        self._set("pointers", {name: address(array) for name, array in {**self.arrays, **self.numbers}.items()})


def _rounded(columns: int) -> int:
    lanes = machine().lanes
    return -(-columns // lanes) * lanes
