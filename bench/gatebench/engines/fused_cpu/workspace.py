"""What a thread works in: the arrays and tables of each cell of a network, and of its readout."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch

from gatebench.engines.base import Network
from gatebench.engines.fused_cpu import likelihoods
from gatebench.engines.fused_cpu.compiled import CompiledCell, CompiledReadout
from gatebench.engines.fused_cpu.kernels import CHUNK
from gatebench.engines.fused_cpu.packed import Inputs, PackedPart, Row, address
from gatebench.engines.fused_cpu.processor import Processor
from gatebench.engines.fused_cpu.tables import TICKS, WHOLE, Tables
from gatebench.graph.stack import Direction

LINE = 64
"""Bytes of a line of the processor's cache."""
OTHER = "other"
"""What compiled code does between its parts."""


class Workspace:
    """The two tables of compiled functions, and arrays that they point at, as large as the largest part so far needed."""

    def __init__(self, tables: Tables, fixed: Mapping[str, int], processor: Processor) -> None:
        """Make tables with the integers that never change, by their names."""
        self.pointers, self.integers = np.zeros(len(tables.pointers), np.int64), np.zeros(len(tables.integers), np.int64)
        self._pointer_at = {name: i for i, name in enumerate(tables.pointers)}
        self._integer_at = {name: i for i, name in enumerate(tables.integers)}
        self.fixed, self.wide = fixed, processor.panel
        self.arrays: dict[str, np.ndarray] = {}
        self.room_addresses: dict[str, int] = {}
        """Where each of the arrays begins."""
        self._room: dict[str, int] = {}
        self._ticks_at = {name.removeprefix(TICKS): i for name, i in self._integer_at.items() if name.startswith(TICKS)}
        self._seconds, self._ticks_of_calls = 0.0, 0
        """Of the calls from Python."""
        self.addresses = address(self.pointers), address(self.integers)
        """Where the two tables begin."""
        self.set_integers(fixed)

    def call(self, function: Callable[[int, int], None]) -> None:
        """Run a compiled function on the two tables."""
        started, ticks = time.perf_counter(), self._ticks(WHOLE)
        function(*self.addresses)
        self._seconds += time.perf_counter() - started
        self._ticks_of_calls += self._ticks(WHOLE) - ticks

    def _ticks(self, part: str) -> int:
        """Return the ticks of a part of timed code; 0 of code that is not timed."""
        return int(self.integers[self._ticks_at[part]]) if part in self._ticks_at else 0

    @staticmethod
    def part_seconds(workspaces: "Sequence[Workspace]") -> dict[str, float]:
        """Return the seconds of each part of timed code since this was last asked; ``other`` is what no part is."""
        whole, ticks_of_calls = sum(one._seconds for one in workspaces), sum(one._ticks_of_calls for one in workspaces)
        seconds: defaultdict[str, float] = defaultdict(float)
        for workspace in workspaces:
            for part in workspace._ticks_at.keys() - {WHOLE} if ticks_of_calls else ():
                seconds[part] += whole * workspace._ticks(part) / ticks_of_calls
            workspace.integers[list(workspace._ticks_at.values())] = 0
            workspace._seconds, workspace._ticks_of_calls = 0.0, 0
        seconds[OTHER] = whole - sum(seconds.values())
        return seconds

    def slots(self, name: str) -> list[int]:
        """Return the addresses of a name's entries in the two tables."""
        tables = ((self.pointers, self._pointer_at), (self.integers, self._integer_at))
        return [address(table) + table.itemsize * at[name] for table, at in tables if name in at]

    def set_pointers(self, entries: Mapping[str, int]) -> None:
        """Set addresses by name; names that the code does not read are passed over."""
        for name, value in entries.items():
            if name in self._pointer_at:
                self.pointers[self._pointer_at[name]] = value

    def set_integers(self, entries: Mapping[str, int]) -> None:
        """Set integers by name; names that the code does not read are passed over."""
        for name, value in entries.items():
            if name in self._integer_at:
                self.integers[self._integer_at[name]] = value

    def make_room(self, room: Mapping[str, int]) -> None:
        """Make the arrays at least as large as `sizes` says for so many rows (``N``), and sequences (``B``) of a cell."""
        if all(size <= self._room.get(name, -1) for name, size in room.items()):
            return
        self._room = {name: max(size, self._room.get(name, 0)) for name, size in room.items()}
        slack = 2 * self.wide
        sizes = self.sizes(-(-self._room["N"] // self.wide) * self.wide, self._room)
        self.arrays = {name: _aligned(size + slack) for name, size in sizes.items()}
        self.room_addresses = {name: address(array) for name, array in self.arrays.items()}
        self.set_pointers(self.room_addresses)

    def sizes(self, rows: int, room: Mapping[str, int]) -> dict[str, int]:
        """Return array -> how many numbers it holds, for a number of rows that is a multiple of a block."""
        raise NotImplementedError


class CellWorkspace(Workspace):
    """The workspace of one cell of a stack."""

    def __init__(self, compiled: CompiledCell, network: Network, direction: Direction) -> None:
        self.compiled, self.direction = compiled, direction
        layout, plan, sizes = compiled.layout, compiled.plan, direction.sizes
        lanes = compiled.processor.lanes
        self.lengths = {name: _rounded(sum(sizes[w] for w in layout.letters(name)), lanes) for name in layout.ARRAYS}
        self.lengths["hidden"] = _rounded(sizes[network.graph.output], lanes)
        self.shifts = {i: int(node.label or 0) for i, node in enumerate(plan.nodes) if node.op == "input"}
        self.read_shifts = tuple(sorted(set(self.shifts.values())))
        """How many steps later than the present one the cell reads, each once."""
        self.reads_elementwise = any(not plan.multiplies(u) for i in self.shifts for u in plan.users[i])
        """Whether the cell does more with an input than to multiply it with matrices."""
        self._part: PackedPart | None = None
        self._inputs: Mapping[int, Inputs] = {}
        super().__init__(compiled.tables, self._fixed(network), compiled.processor)

    def forward(
        self,
        part: PackedPart,
        inputs: Mapping[int, Inputs],
        parameters: int,
        begin: np.ndarray | None = None,
        in_order: bool = False,
    ) -> None:
        """Run all steps of a part on ``inputs``, by their shift, with one member's parameters, which stand at an address.

        States begin as the rows of ``begin [B, length previous]``, in the order of the part; None: as zeros. ``in_order``:
        no sequence depends on the others of the part, to the bit.
        """
        if inputs is not self._inputs or part is not self._part:
            self._part, self._inputs = part, inputs  # must live as long as this: the backward pass reads them again
            self.make_room({"N": len(part.step), "B": len(part.order)})
            self.set_pointers(part.pointers)
            self.set_integers(part.integers)
            for shift, of_shift in inputs.items():
                self.set_pointers(of_shift.pointers(shift))
                self.set_integers(of_shift.integers(shift))
        self.begin_with(begin)
        self.set_pointers({"parameters": parameters})
        self.set_integers({"in order": int(in_order)})
        self.call(self.compiled.forward)

    def begin_with(self, states: np.ndarray | None) -> None:
        """Have the code begin with rows of states that have slack behind them, or with zeros; after `make_room` anew."""
        zeros = self.room_addresses["zeros"]
        self.set_pointers({"begin": zeros if states is None else address(states)})
        self.set_integers({"length begin": 0 if states is None else self.lengths["previous"]})

    def last_states(self, part: PackedPart) -> list[np.ndarray]:
        """Return every state ``[B, .]`` after the last step of each sequence, before the way back is taken."""
        places = [self.compiled.plan.places[update] for update in self.compiled.plan.graph.updates]
        return [self._columns(part, place.array, place.behind, place.width)[part.ends] for place in places]

    def forget(self) -> None:
        """Make `forward` write all entries of its part anew, since others have written to the tables."""
        self._part, self._inputs = None, {}

    def backward(self, hidden: int, gradient: int) -> None:
        """Add the gradients of the parameters, from that of the first state, rows of the length of ``hidden``."""
        self.set_pointers({"hidden": hidden, "gradient": gradient})
        self.call(self.compiled.backward)

    def output(self, part: PackedPart) -> np.ndarray:
        """Return the first state of every row, ``[N, H]``, as a view."""
        plan = self.compiled.plan
        place = plan.places[plan.graph.updates[0]]
        return self._columns(part, place.array, place.behind, place.width)

    @property
    def output_place(self) -> tuple[int, int]:
        """The address of the first row that `output` gives, and how many numbers its rows are apart."""
        place = self.compiled.plan.places[self.compiled.plan.graph.updates[0]]
        start = sum(self.direction.sizes[letter] for letter in place.behind)
        return self.room_addresses[place.array] + 4 * start, self.lengths[place.array]

    def input_gradient(self, part: PackedPart) -> np.ndarray:
        """Return the gradient of what the cell read, ``[N, X]``."""
        total = np.zeros((len(part.step), self.direction.sizes["X"]), np.float32)
        for i, place in self.compiled.layout.late.items():
            if i in self.shifts:
                rows, from_rows = part.shifted(self.shifts[i])
                total[from_rows] += self._columns(part, "late", place.behind, "X")[rows]
        return total

    def _columns(self, part: PackedPart, array: str, behind: tuple[str, ...], width: str) -> np.ndarray:
        """Return the columns of one place of an array, for all rows, as a view."""
        rows, sizes = len(part.step), self.direction.sizes
        start = sum(sizes[w] for w in behind)
        columns = self.arrays[array][: rows * self.lengths[array]].reshape(rows, -1)
        return columns[:, start : start + sizes[width]]

    def _fixed(self, network: Network) -> dict[str, int]:
        """Return the integers that depend on the sizes of the network alone."""
        layout, plan, sizes = self.compiled.layout, self.compiled.plan, self.direction.sizes
        wide = self.compiled.processor.panel
        entries = dict(sizes)
        entries |= {f"length {name}": length for name, length in self.lengths.items()}
        entries |= {
            f"parameter {name}": network.offsets[f"{self.direction.prefix}{name}"] for name in network.graph.parameters
        }
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
                end += -(-across // wide) * wide * down
        entries["packed numbers"] = end
        end = 0
        for number, run in enumerate(layout.back_runs):
            entries[f"joined {number}"] = end
            columns = sum(sizes[plan.widths[p]] for p in run.products)
            end += sizes[plan.widths[run.vector]] * _rounded(columns, self.compiled.processor.lanes)
        entries["joined numbers"] = end
        matrices = (
            (sizes[plan.widths[i]], sizes[plan.widths[node.args[0]]])
            for i, node in enumerate(plan.nodes)
            if node.op == "transposed"
        )
        entries["transposed"] = max((rows * columns for rows, columns in matrices), default=0)
        return entries

    def sizes(self, rows: int, room: Mapping[str, int]) -> dict[str, int]:
        """Return array -> how many numbers it holds."""
        lengths, sequences = self.lengths, room["B"]
        sizes = {name: rows * lengths[name] for name in ("gates", "saved", "previous", "late")}
        sizes |= dict.fromkeys(("carry0", "carry1"), sequences * lengths["previous"])
        sizes |= {"adjoints": sequences * lengths["adjoints"], "packed": self.fixed["packed numbers"]}
        sizes["averaged"] = (CHUNK + sequences) * lengths["averaged"]
        sizes["blocks"] = (CHUNK + sequences) * (max(self.direction.sizes.values()) + self.compiled.processor.rows)
        sizes |= {"gradients of matrices": self.fixed["joined numbers"], "gradients of rows": lengths["gates"]}
        sizes |= {"fixed": lengths["fixed"], "gradients of fixed": lengths["fixed"], "transposed": self.fixed["transposed"]}
        return sizes | {"bias": lengths["gates"], "zeros": max(*lengths.values(), self.wide)}


class ReadoutWorkspace(Workspace):
    """The workspace of readout and likelihood; torch computes a likelihood that there is no code for."""

    def __init__(self, compiled: CompiledReadout | None, network: Network, processor: Processor) -> None:
        self.compiled, self.network, self.lanes = compiled, network, processor.lanes
        self.kernel = likelihoods.kernel_of(network.likelihood)
        self.length = _rounded(network.width, self.lanes)
        """Length of a row of what is read, and of its gradient."""
        self._weight = np.zeros(1, np.float32)
        numbers = self.kernel.numbers(network.likelihood, network.outputs) if self.kernel else {}
        self._numbers = {"weight": self._weight} | {name: np.array(x, np.float32, ndmin=1) for name, x in numbers.items()}
        super().__init__(compiled.tables if compiled else Tables(), self._fixed(), processor)
        self.set_pointers({name: address(array) for name, array in self._numbers.items()})

    def run(self, part: PackedPart, top: np.ndarray, parameters: Row, gradient: Row | None, weight: float) -> np.ndarray:
        """Return the NLL ``[S]`` of every row of ``top [S, width]``; where there is a ``gradient``, set that of the readout.

        Rows of ``top`` may be further apart than its width, and behind the last one there must be slack.
        """
        self.make_room({"N": len(top)})
        if self.compiled is None:
            return self._by_torch(part, top, parameters.numbers, None if gradient is None else gradient.numbers, weight)
        self._weight[0] = weight
        self.set_pointers({"top": address(top), "target": part.target, "parameters": parameters.address})
        if gradient is not None:
            self.set_pointers({"gradient": gradient.address})
        rows = {"N": len(top), "length top": top.strides[0] // top.itemsize}
        self.set_integers({**rows, "with gradient": int(gradient is not None)})
        self.call(self.compiled.run)
        return self.arrays["nll"][: len(top)]

    def forget(self) -> None:
        """Make `run` read its weight again, since others have written to the tables."""
        self.set_pointers({"weight": address(self._weight)})

    @property
    def hidden(self) -> int:
        """Where the gradient of ``top`` of the last run begins."""
        return self.room_addresses["hidden"]

    def top_gradient(self, rows: int) -> np.ndarray:
        """Return the gradient of ``top`` of the last run, ``[S, length]``."""
        return self.arrays["hidden"][: rows * self.length].reshape(rows, -1)

    def _by_torch(
        self, part: PackedPart, top: np.ndarray, values: np.ndarray, gradient: np.ndarray | None, weight: float
    ) -> np.ndarray:
        """Do what `run` does with torch and autograd; losses alone in float64.

        In which order torch adds depends on the number of rows, and in float64 that does not show.
        """
        parameters = self.network.views(torch.from_numpy(values[None]))
        with_gradient = gradient is not None
        precision = torch.float32 if with_gradient else torch.float64
        with torch.set_grad_enabled(with_gradient):
            leaves = torch.from_numpy(top.copy()), parameters["readout_W"][0], parameters["readout_b"][0]
            h, matrix, bias = (leaf.detach().to(precision).requires_grad_(with_gradient) for leaf in leaves)
            y = torch.from_numpy(part.y).to(precision)[None, None]
            nll = self.network.likelihood.nll((h @ matrix + bias)[None, None], y)[0, 0]
            if gradient is not None:
                trained = self.network.likelihood.weighted(nll[None, None], y).sum() * weight
                of_h, of_matrix, of_bias = torch.autograd.grad(trained, (h, matrix, bias))
                self.top_gradient(len(top))[:, : top.shape[1]] = of_h.numpy()
                to = self.network.views(torch.from_numpy(gradient[None]))
                to["readout_W"][0], to["readout_b"][0] = of_matrix, of_bias
        return nll.detach().numpy()

    def _fixed(self) -> dict[str, int]:
        """Return the integers that depend on the network alone."""
        network, likelihood = self.network, self.network.likelihood
        entries = {"Y": network.outputs, "readout": likelihood.readout(network.outputs), "width": network.width}
        entries |= self.kernel.integers(likelihood) if self.kernel else {}
        entries |= {f"parameter {name}": network.offsets[name] for name in ("readout_W", "readout_b")}
        return entries | {"length hidden": self.length}

    def sizes(self, rows: int, room: Mapping[str, int]) -> dict[str, int]:
        """Return array -> how many numbers it holds."""
        readout, length, wide = self.fixed["readout"], self.length, self.wide
        sizes = {"hidden": rows * length, "nll": rows, "zeros": max(readout, length, wide)}
        sizes |= {"readout": readout * wide, "readout gradient": readout * length, "joint": readout * wide}
        sizes |= {"readout sums": readout * self.lanes, "states": length * wide}
        return sizes | {"readout back": -(-length // wide) * wide * readout}


def _aligned(size: int) -> np.ndarray:
    """Return zeros that begin with a line of the processor's cache, so that no vector of whole columns lies across two."""
    numbers = np.zeros(size + LINE // 4, np.float32)
    start = -address(numbers) % LINE // 4
    return numbers[start : start + size]


def _rounded(columns: int, lanes: int) -> int:
    """Return a number of columns rounded up to whole vectors."""
    return -(-columns // lanes) * lanes
