"""The engine for processors: machine code made from a cell's graph, one member and one part of its batch at a time.

Members are independent, so threads take them one by one, each to its own length; with fewer members than threads, a member's
batch is dealt out too. All that a pass needs besides parameters belongs to the thread, so memory does not grow with the
population. float32.
"""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench.engines._fused import heads
from bench.engines._fused.compiled import Compiled, machine, optimiser
from bench.engines._fused.plan import KNOWN
from bench.engines._fused.product import panel
from bench.engines._fused.rules import RULES
from bench.engines._network import Network
from bench.graph.trace import Graph

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
        return {name: _address(array) for name, array in found.items()}

    @cached_property
    def integers(self) -> dict[str, int]:
        """Numbers that the kernels read, by their names."""
        sparse = {f"sparse {name}": int(len(arrays) > 1) for name, arrays in self.inputs.items()}
        return {"N": len(self.y), "T": len(self.counts) - 1, "B": len(self.order), **sparse}


_threads = 1


def use(threads: int) -> None:
    """Threads of our own. Torch keeps to one: its others would go on spinning for a while after each of its operations."""
    global _threads
    _threads = threads
    torch.set_num_threads(1)


def lacks(graph: Graph, device: str) -> str | None:
    """A cell with an operation that no code is made of; any other device."""
    if device != "cpu":
        return f"it makes code for processors, not for {device}"
    unknown = sorted({node.op for node in graph.nodes} - KNOWN)
    return f"no code is made of the operation {', '.join(unknown)}" if unknown else None


def memory(network: Network, rows: int) -> int:
    """A row of gradients for each part of the batch, and what the optimiser makes of it: what a pass needs is the thread's."""
    del rows
    return 4 * network.row * (_threads + 5)


def batch(network: Network, xs: Sequence[np.ndarray], ys: Sequence[np.ndarray]) -> list[list[Part]]:
    """The batch whole, and dealt out among threads."""
    dealt = min(_threads, len(xs))
    order = sorted(range(len(xs)), key=lambda b: -len(xs[b]))
    ways = [1, dealt] if dealt > 1 else [1]
    return [[_part(network, order[i::ways_], xs, ys) for i in range(ways_)] for ways_ in ways]


def _part(network: Network, order: list[int], xs: Sequence[np.ndarray], ys: Sequence[np.ndarray]) -> Part:
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


def losses(network: Network, parameters: Tensor, batches: Sequence[list[list[Part]]]) -> list[np.ndarray]:
    """NLL of each sequence for every member."""
    return _program(network).run(parameters, batches, None)[0]


def gradients(
    network: Network, parameters: Tensor, batches: Sequence[list[list[Part]]], weights: np.ndarray
) -> tuple[list[np.ndarray], Tensor]:
    """`losses`, and the gradient of every member's weighted sum of them."""
    found, gradient = _program(network).run(parameters, batches, weights)
    assert gradient is not None
    return found, gradient


def step(rule: Any, parameters: Tensor, gradient: Tensor, memory: dict[str, Tensor], rate: Tensor, live: Tensor) -> None:
    """`bench.training.optim`'s update, in one pass over each member's row."""
    name = type(rule).__name__
    if name not in RULES:
        rule.step(parameters, gradient, memory, rate, live)
        return
    run, known = optimiser(name), RULES[name]
    count = memory.get("count")
    if count is not None:
        count += live
    rows = [array.numpy() for array in (parameters, gradient, *(memory[m] for m in known.memory))]
    for k in live.flatten().nonzero().flatten().tolist():
        numbers = np.zeros(7, np.float32)
        found = known.numbers(rule, float(rate[k]), 0.0 if count is None else float(count[k]))
        numbers[: len(found)] = found
        run(*(_address(row[k]) for row in rows), _address(numbers), parameters.shape[1])


@lru_cache(8)
def _program(network: Network) -> "_Program":
    return _Program(network)


@dataclass(frozen=True)
class _Work:
    member: int
    part: Part
    gradient: np.ndarray | None
    weight: float


class _Program:
    """Compiled code for one network, with what its threads work in."""

    def __init__(self, network: Network) -> None:
        self.compiled = Compiled(network.graph, heads.of(network.likelihood), machine())
        self.network = network
        self.own = threading.local()

    def run(
        self, parameters: Tensor, batches: Sequence[list[list[Part]]], weights: np.ndarray | None
    ) -> tuple[list[np.ndarray], Tensor | None]:
        """Losses ``[B]`` of every member, and rows of gradients if there are weights."""
        if parameters.dtype != torch.float32 or parameters.device.type != "cpu":
            raise ValueError(f"fused_cpu works in float32 on the cpu, not in {parameters.dtype} on {parameters.device}")
        threads = _threads
        parameters = parameters.detach().contiguous()
        values = parameters.numpy()
        members = len(values)
        dealt = -1 if members % threads else 0
        parts = max(len(b[dealt]) for b in batches)
        gradient = torch.zeros(members, parts, values.shape[1]) if weights is not None else None
        work = [
            _Work(k, part, None if gradient is None else gradient[k, p].numpy(), 0.0 if weights is None else float(weights[k]))
            for k in range(members)
            for p, part in enumerate(batches[k][dealt])
        ]
        found = [np.zeros(sum(len(part.order) for part in b[dealt])) for b in batches]
        queue = iter(sorted(work, key=lambda w: -len(w.part.y)))
        helpers = [_pool(threads).submit(self._work_through, queue, values, found) for _ in range(min(threads, len(work)) - 1)]
        self._work_through(queue, values, found)
        for helper in helpers:
            helper.result()
        return found, gradient if gradient is None else gradient.sum(1) if parts > 1 else gradient[:, 0]

    def _work_through(self, queue: Iterator[_Work], values: np.ndarray, found: list[np.ndarray]) -> None:
        space = self.own.__dict__.setdefault("space", None) or _Space(self.compiled, self.network)
        self.own.space = space
        for work in queue:
            nll = space.run(work, values)
            found[work.member][work.part.order] = np.bincount(work.part.sequence, nll)


class _Space:
    """What one thread works in: arrays as large as its largest part so far, and the two tables."""

    def __init__(self, compiled: Compiled, network: Network) -> None:
        self.compiled, self.network = compiled, network
        self.wide = panel(compiled.machine)
        tables = compiled.tables
        self.pointers, self.integers = np.zeros(len(tables.pointers), np.int64), np.zeros(len(tables.integers), np.int64)
        self.pointer_at = {name: i for i, name in enumerate(tables.pointers)}
        self.integer_at = {name: i for i, name in enumerate(tables.integers)}
        self.lengths = {name: self._length(name) for name in ("gates", "kept", "previous", "adjoints", "late")}
        self.lengths["hidden"] = _rounded(network.sizes[network.graph.output])
        self.fixed = self._fixed()
        for name, value in self.fixed.items():
            if name in self.integer_at:
                self.integers[self.integer_at[name]] = value
        self.arrays: dict[str, np.ndarray] = {}
        self.room = {"N": -1, "B": -1}
        self.weight = np.zeros(1, np.float32)
        head = heads.of(network.likelihood)
        numbers = head.numbers(network.likelihood, network.outputs) if head else {}
        self.numbers = {"weight": self.weight} | {name: np.array([x], np.float32) for name, x in numbers.items()}

    def run(self, work: _Work, values: np.ndarray) -> np.ndarray:
        """NLL of every row ``[N]``; the gradient goes to where the work says."""
        part = work.part
        self._make_room(part)
        self._set("pointers", {**part.pointers, "parameters": _address(values[work.member])})
        self._set("integers", {**part.integers, "gradient wanted": int(work.gradient is not None)})
        self.weight[0] = work.weight
        gradient = self.arrays["gradient"] if work.gradient is None else work.gradient
        self._set("pointers", {"gradient": _address(gradient)})
        tables = _address(self.pointers), _address(self.integers)
        self.compiled.forward(*tables)
        if self.compiled.head:
            self.compiled.head(*tables)
            nll = self.arrays["nll"][: len(part.y)]
        else:
            nll = self._head(work, values[work.member])
        if work.gradient is not None:
            self.compiled.backward(*tables)
        return nll

    def _head(self, work: _Work, row: np.ndarray) -> np.ndarray:
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

    def _length(self, name: str) -> int:
        plan, kernels = self.compiled.plan, self.compiled.kernels
        gathered = {"adjoints": kernels.adjoints, "late": kernels.late}
        letters = [p.width for p in gathered[name].values()] if name in gathered else plan.columns(name)
        return _rounded(sum(self.network.sizes[letter] for letter in letters))

    def _fixed(self) -> dict[str, int]:
        """Entries that depend on the sizes of the network alone."""
        network, kernels, plan = self.network, self.compiled.kernels, self.compiled.plan
        sizes = network.sizes
        entries = {letter: size for letter, size in sizes.items() if letter != "1"}
        entries |= {"Y": network.outputs, "readout": network.likelihood.readout(network.outputs)}
        head = heads.of(network.likelihood)
        entries |= head.integers(network.likelihood) if head else {}
        entries |= {f"length {name}": length for name, length in self.lengths.items()}
        entries |= {f"parameter {name}": offset for name, offset in network.offsets.items()}
        entries["parameters"] = network.row - self.compiled.machine.lanes
        for name in ("gates", "kept", "previous", "adjoints", "late"):
            gathered = {"adjoints": kernels.adjoints, "late": kernels.late}.get(name)
            letters = [p.width for p in gathered.values()] if gathered is not None else plan.columns(name)
            for count in range(1, len(letters)):
                entries[f"column {name} {count}"] = sum(sizes[letter] for letter in letters[:count])
        end = 0
        for kind, runs in (("run", kernels.runs), ("back", kernels.back_runs)):
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
        sizes |= {name: sequences * lengths["previous"] for name in ("carry0", "carry1")}
        sizes |= {"adjoints": sequences * lengths["adjoints"], "packed": self.fixed["packed numbers"]}
        sizes |= {"bias": lengths["gates"], "zeros": widest, "gradient": self.network.row, "nll": rows}
        sizes |= {"readout": readout * self.wide, "readout gradient": readout * lengths["hidden"]}
        sizes |= {"readout sums": readout * self.compiled.machine.lanes, "states": lengths["hidden"] * self.wide}
        sizes |= {"joint": readout * self.wide}
        sizes |= {"readout back": -(-lengths["hidden"] // self.wide) * self.wide * readout}
        slack = 2 * self.wide
        self.arrays = {name: np.zeros(size + slack, np.float32) for name, size in sizes.items()}
        self._set("pointers", {name: _address(array) for name, array in {**self.arrays, **self.numbers}.items()})


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="fused")


def _rounded(columns: int) -> int:
    lanes = machine().lanes
    return -(-columns // lanes) * lanes


def _address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]
