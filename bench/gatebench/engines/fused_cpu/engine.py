"""The engine for processors: machine code made from a cell's graph, one member and one part of its batch at a time.

Members are independent, so threads take them one by one, each to its own length; with fewer members than threads, a member's
batch is dealt out too. All that a pass needs besides parameters belongs to the thread, so memory does not grow with the
population. float32.
"""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gatebench.engines.base import Kept, Network
from gatebench.engines.fused_cpu.compiled import optimizer
from gatebench.engines.fused_cpu.functions import FUNCTIONS
from gatebench.engines.fused_cpu.packed import Part, address, part
from gatebench.engines.fused_cpu.rules import RULES
from gatebench.engines.fused_cpu.way import Code, Way, Work
from gatebench.graph import operations
from gatebench.graph.trace import Graph

_threads = 1


def use(threads: int) -> None:
    """Threads of our own. Torch keeps to one: its others would go on spinning for a while after each of its operations."""
    global _threads
    _threads = threads
    torch.set_num_threads(1)


def lacks(graph: Graph, device: str) -> str | None:
    """A cell with an operation that no code is made of, or with a row of parameters as a state; any other device."""
    if device != "cpu":
        return f"it makes code for processors, not for {device}"
    unknown = operations.missing((node.op for node in graph.nodes), FUNCTIONS)
    if unknown:
        return f"no code is made of the operation {', '.join(unknown)}"
    read = [*graph.updates, *(node.args[0] for node in graph.nodes if node.op == "linear")]
    bare = sorted({graph.nodes[i].label for i in read if graph.nodes[i].op in {"row", "constant"}})
    return f"{', '.join(bare)} alone is a state, or what a product reads" if bare else None


def memory(network: Network, rows: int) -> int:
    """Rows of gradients for the parts of the batch, and of the optimizer: what a pass needs is the thread's."""
    del rows
    return 4 * network.row * (_threads + 5)


class Batch:
    """Sequences, dealt out into parts when first asked for so many."""

    def __init__(self, network: Network, xs: Sequence[np.ndarray], ys: Sequence[np.ndarray]) -> None:
        self._network, self._sequences, self._parts = network, (xs, ys), {}
        self._order = sorted(range(len(xs)), key=lambda b: -len(xs[b]))

    def parts(self, count: int) -> list[Part]:
        """At most so many parts of like size, of one sequence at least."""
        count = min(count, len(self._order))
        if count not in self._parts:
            self._parts[count] = [part(self._network, self._order[i::count], *self._sequences) for i in range(count)]
        return self._parts[count]


def batch(network: Network, xs: Sequence[np.ndarray], ys: Sequence[np.ndarray]) -> Batch:
    """To be packed, without padding."""
    return Batch(network, xs, ys)


def losses(network: Network, parameters: Tensor, batches: Sequence[Batch]) -> list[np.ndarray]:
    """NLL of each sequence for every member."""
    return _program(network).run(parameters, batches, None)[0]


def gradients(
    network: Network,
    parameters: Tensor,
    batches: Sequence[Batch],
    weights: np.ndarray,
    kept: Sequence[Kept] | None = None,
) -> tuple[list[np.ndarray], Tensor]:
    """`losses`, and the gradient of every member's weighted sum of them."""
    found, gradient = _program(network).run(parameters, batches, weights, kept)
    assert gradient is not None
    return found, gradient


def step(rule: Any, parameters: Tensor, gradient: Tensor, memory: dict[str, Tensor], rate: Tensor, live: Tensor) -> None:
    """`gatebench.training.optim`'s update, in one pass over each member's row."""
    name = type(rule).__name__
    if name not in RULES:
        rule.step(parameters, gradient, memory, rate, live)
        return
    run, known = optimizer(name), RULES[name]
    count = memory.get("count")
    if count is not None:
        count += live
    rows = [array.numpy() for array in (parameters, gradient, *(memory[m] for m in known.memory))]
    for k in live.flatten().nonzero().flatten().tolist():
        numbers = np.zeros(7, np.float32)
        found = known.numbers(rule, float(rate[k]), 0.0 if count is None else float(count[k]))
        numbers[: len(found)] = found
        run(*(address(row[k]) for row in rows), address(numbers), parameters.shape[1])


@lru_cache(8)
def _program(network: Network) -> "_Program":
    return _Program(network)


class _Program:
    """Compiled code for one network, with what its threads work in."""

    def __init__(self, network: Network) -> None:
        self.code, self.network = Code(network), network
        self.own = threading.local()

    def run(
        self,
        parameters: Tensor,
        batches: Sequence[Batch],
        weights: np.ndarray | None,
        kept: Sequence[Kept] | None = None,
    ) -> tuple[list[np.ndarray], Tensor | None]:
        """Losses ``[B]`` of every member, and rows of gradients if there are weights."""
        if parameters.dtype != torch.float32 or parameters.device.type != "cpu":
            raise ValueError(f"fused_cpu works in float32 on the cpu, not in {parameters.dtype} on {parameters.device}")
        threads = _threads
        parameters = parameters.detach().contiguous()
        values = parameters.numpy()
        members = len(values)
        parts = [batch.parts(threads if members % threads else 1) for batch in batches]
        most = max(map(len, parts))
        gradient = torch.zeros(members, most, values.shape[1]) if weights is not None else None
        work = [
            Work(
                k,
                part,
                None if gradient is None else gradient[k, p].numpy(),
                0.0 if weights is None else float(weights[k]),
                None if kept is None else kept[k],
            )
            for k in range(members)
            for p, part in enumerate(parts[k])
        ]
        found = [np.zeros(sum(len(part.order) for part in own)) for own in parts]
        queue = iter(sorted(work, key=lambda w: -len(w.part.step)))
        helpers = [
            _pool(threads).submit(self._work_through, queue, values, found) for _ in range(min(threads, len(work)) - 1)
        ]
        self._work_through(queue, values, found)
        for helper in helpers:
            helper.result()
        return found, gradient if gradient is None else gradient.sum(1) if most > 1 else gradient[:, 0]

    def _work_through(self, queue: Iterator[Work], values: np.ndarray, found: list[np.ndarray]) -> None:
        if not hasattr(self.own, "way"):
            self.own.way = Way(self.code, self.network)
        for work in queue:
            nll = self.own.way.run(work, values)
            found[work.member][work.part.order] = np.bincount(work.part.of, nll)


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="fused")
