"""The engine for processors: machine code made from a cell's graph, one member and one part of its batch at a time.

Members are independent, so threads take them one by one, each to its own length; where that leaves threads without work, a
member's batch is dealt out too, if it is large. All that a pass needs besides parameters belongs to the thread, so memory
does not grow with the population. Numbers are float32.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, lru_cache
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from gatebench.engines.base import (
    Carried,
    DropoutMasks,
    Engine,
    Item,
    Network,
    Result,
    SteppingOptimizer,
    SteppingRule,
    UpdateArrays,
)
from gatebench.engines.fused_cpu.compiled import CompiledOptimizer, compiled_optimizer
from gatebench.engines.fused_cpu.optimizers import NUMBERS, OPTIMIZERS
from gatebench.engines.fused_cpu.packed import PackedBatch, Row, address
from gatebench.engines.fused_cpu.processor import Processor, processor
from gatebench.engines.fused_cpu.stack_program import CompiledStack, StackProgram, Work
from gatebench.engines.fused_cpu.team import Team
from gatebench.engines.fused_cpu.updater import Updater
from gatebench.engines.fused_cpu.vocabulary import FUNCTIONS
from gatebench.engines.fused_cpu.workspace import Workspace
from gatebench.graph import operations
from gatebench.graph.trace import Graph

ALONE = 2**19
"""Parameters of all members together below which waking further threads for an optimizer's update does not pay."""
SPLIT = 2**24
"""Products of a row with a parameter that idle threads would take over, below which dealing out a batch costs more."""
PROGRAMS = 8
"""Networks whose compiled code and workspaces an engine keeps, those that ran last."""


class FusedCpu(Engine[PackedBatch]):
    """Machine code for every cell whose operations it knows, on processors and in float32."""

    PREFERENCE: ClassVar[int] = 1

    def __init__(
        self, threads: int = 1, device: str = "cpu", code_for: Processor | None = None, is_timed: bool = False
    ) -> None:
        """Make an engine.

        Parameters
        ----------
        threads, device
            As of every engine.
        code_for
            The processor that its code is for; None: the one that this runs on. It must be able to run the code.
        is_timed
            Whether its code counts the time that its parts take, for `part_seconds`.

        """
        super().__init__(threads, device)
        self.processor, self.is_timed = code_for or processor(), is_timed
        self._program = lru_cache(PROGRAMS)(lambda network: _Program(network, self))

    @property
    def torch_threads(self) -> int:
        """One: torch's further threads would go on spinning for a while after each of its operations."""
        return 1

    @cached_property
    def pool(self) -> ThreadPoolExecutor:
        """The threads that work beside the calling one."""
        return ThreadPoolExecutor(self.threads, "fused", _prepare_thread)

    @cached_property
    def team(self) -> Team:
        """All threads, for work that each of them begins and ends in code."""
        return Team(self.threads, _prepare_thread)

    def map(self, function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """Return a function's value for each item; the calling thread and those of the pool take them one by one."""
        results: dict[int, Result] = {}
        queue = iter(range(len(items)))

        def work_through() -> None:
            for i in queue:
                results[i] = function(items[i])

        def run() -> None:
            helpers = [self.pool.submit(work_through) for _ in range(min(self.threads, len(items)) - 1)]
            work_through()
            for helper in helpers:
                helper.result()

        self.compute(run)
        return [results[i] for i in range(len(items))]

    def lacks(self, graph: Graph) -> str | None:
        """Name an operation without code, a parameter that is a state, or a device that is no processor."""
        if self.device != "cpu":
            return f"it makes code for processors, not for {self.device}"
        unknown = operations.missing((node.op for node in graph.nodes), FUNCTIONS)
        if unknown:
            return f"no code is made of the operation {', '.join(unknown)}"
        read = [*graph.updates, *(node.args[0] for node in graph.nodes if operations.OPERATIONS[node.op].is_product)]
        bare = sorted({graph.nodes[i].label for i in read if graph.nodes[i].op in {"row", "scalar", "constant"}})
        return f"{', '.join(bare)} alone is a state, or what a product reads" if bare else None

    def memory_per_member(self, network: Network, rows: int) -> int:
        """Return bytes of a member's gradients, a row for each part of the batch, and of its optimizer.

        ``rows`` does not matter: what a pass needs besides belongs to the thread.
        """
        del rows
        return 4 * network.row * (self.threads + 5)

    def batch(self, network: Network, xs: Sequence[np.ndarray], ys: Sequence[np.ndarray]) -> PackedBatch:
        """Make sequences ready without padding; they are packed when a run has so many threads for them."""
        lengths, predictions = (np.array([len(array) for array in arrays]) for arrays in (xs, ys))
        return PackedBatch(lengths, predictions, network, xs, ys, self.processor)

    def part_seconds(self, network: Network) -> dict[str, float]:
        """Return the seconds that each part of a network's code took since this was last asked, of all threads together.

        Only an engine that was made with ``is_timed`` tells parts from one another.
        """
        return self._program(network).part_seconds()

    def losses(
        self, network: Network, parameters: Tensor, batches: Sequence[PackedBatch], carried: Carried | None = None
    ) -> list[np.ndarray]:
        """Return each member's NLL per sequence in nats, ``[B]``."""
        return self._program(network).run(parameters, batches, None, carried=carried)[0]

    def gradients(
        self,
        network: Network,
        parameters: Tensor,
        batches: Sequence[PackedBatch],
        weights: np.ndarray,
        dropout_masks: Sequence[DropoutMasks] | None = None,
        carried: Carried | None = None,
    ) -> tuple[list[np.ndarray], Tensor]:
        """Return `losses`, and the gradient of every member's weighted sum of them."""
        losses, gradient = self._program(network).run(parameters, batches, weights, dropout_masks, carried)
        assert gradient is not None
        return losses, gradient

    def update(
        self,
        network: Network,
        rule: SteppingRule,
        arrays: UpdateArrays,
        batches: Sequence[PackedBatch],
        weights: np.ndarray,
        dropout_masks: Sequence[DropoutMasks] | None = None,
        carried: Carried | None = None,
    ) -> list[np.ndarray]:
        """Make one update as every engine does; where there is code for all of it, each thread runs that once."""
        program, name = self._program(network), type(rule.optimizer).__name__
        is_plain = dropout_masks is None and carried is None
        if is_plain and name in OPTIMIZERS and program.makes_updates(batches):
            return program.update(compiled_optimizer(name, self.processor, self.is_timed), rule, arrays, batches, weights)
        return super().update(network, rule, arrays, batches, weights, dropout_masks, carried)

    def step(
        self,
        optimizer: SteppingOptimizer,
        parameters: Tensor,
        gradient: Tensor,
        state: dict[str, Tensor],
        learning_rates: Tensor,
        live: Tensor,
    ) -> None:
        """Make one update in one pass over each live member's row, where there is code for the optimizer."""
        name = type(optimizer).__name__
        if name not in OPTIMIZERS:
            super().step(optimizer, parameters, gradient, state, learning_rates, live)
            return
        compiled, kernel = compiled_optimizer(name, self.processor, self.is_timed), OPTIMIZERS[name]
        count = state.get("count")
        if count is not None:
            count += live
        updates = np.zeros(len(live)) if count is None else count.flatten().numpy()
        rates = learning_rates.flatten().tolist()
        rows = [Row.of(array.numpy()) for array in (parameters, gradient, *(state[array] for array in kernel.state))]
        numbers = np.zeros((len(rates), NUMBERS), np.float32)

        def update(k: int) -> None:
            constants = kernel.numbers(optimizer, rates[k], float(updates[k]))
            numbers[k, : len(constants)] = constants
            compiled.step(*(of_member[k].address for of_member in rows), address(numbers[k]), parameters.shape[1])

        members = live.flatten().nonzero().flatten().tolist()
        if parameters.numel() < ALONE:
            self.compute(lambda: [update(k) for k in members])
        else:
            self.map(update, members)


def _prepare_thread() -> None:
    """Have a thread of the pool take denormal numbers for zero, and torch start none for it."""
    torch.set_flush_denormal(True)
    torch.set_num_threads(1)


class _Program:
    """Compiled code for one network, and the workspace of each thread that runs it."""

    def __init__(self, network: Network, engine: FusedCpu) -> None:
        self.compiled = CompiledStack(network, engine.processor, engine.is_timed)
        self.network, self.engine = network, engine
        self._of_threads: dict[int, StackProgram] = {}
        """Thread -> its workspaces; in a thread-local variable they would keep an engine from being freed while it lives."""
        self._updaters: dict[CompiledOptimizer, Updater] = {}

    def part_seconds(self) -> dict[str, float]:
        """Return the seconds that each part of the code took since this was last asked, of all threads together."""
        programs = list(self._of_threads.values())
        return Workspace.part_seconds([workspace for program in programs for workspace in program.workspaces])

    @property
    def program(self) -> StackProgram:
        """The program of the thread that asks."""
        thread = threading.get_ident()
        if thread not in self._of_threads:
            self._of_threads[thread] = StackProgram(self.compiled, self.network)
        return self._of_threads[thread]

    def makes_updates(self, batches: Sequence[PackedBatch]) -> bool:
        """Whether there is code for whole updates of members, of which each is for one thread."""
        is_coded = Updater.suits(self.network) and self.compiled.readout is not None
        return is_coded and set(self.parts(batches)) == {1}

    def parts(self, batches: Sequence[PackedBatch]) -> list[int]:
        """Return in how many parts the batch of each member is dealt out to threads.

        More than one only where the members leave threads without work, and these have enough to take over.
        """
        threads = self.engine.threads
        idle = -len(batches) % threads / threads
        is_split = idle * max(batch.rows for batch in batches) * self.network.row > SPLIT
        return [min(threads, len(batch.lengths)) if is_split else 1 for batch in batches]

    def update(
        self,
        optimizer: CompiledOptimizer,
        rule: SteppingRule,
        arrays: UpdateArrays,
        batches: Sequence[PackedBatch],
        weights: np.ndarray,
    ) -> list[np.ndarray]:
        """Make one update of every member, each by one thread, and return the losses ``[B]`` before it."""
        self._check(arrays.parameters)
        if optimizer not in self._updaters:
            self._updaters[optimizer] = Updater(optimizer, lambda: self.program, self.engine.team)
        updater = self._updaters[optimizer]
        new = [batch for batch in dict.fromkeys(batches) if not updater.is_ready(batch)]
        if new:
            self.engine.map(updater.make_ready, new)
        return updater.update(rule, arrays, batches, weights)

    @staticmethod
    def _check(parameters: Tensor) -> None:
        if parameters.dtype != torch.float32 or parameters.device.type != "cpu":
            raise ValueError(f"fused_cpu works in float32 on the cpu, not in {parameters.dtype} on {parameters.device}")

    def run(
        self,
        parameters: Tensor,
        batches: Sequence[PackedBatch],
        weights: np.ndarray | None,
        dropout_masks: Sequence[DropoutMasks] | None = None,
        carried: Carried | None = None,
    ) -> tuple[list[np.ndarray], Tensor | None]:
        """Return losses ``[B]`` of every member, and rows of gradients if there are weights."""
        self._check(parameters)
        rows = Row.of(parameters.detach().contiguous().numpy())
        counts = self.parts(batches)
        most = max(counts)
        gradient = None if weights is None else torch.zeros(len(rows), most, parameters.shape[1])
        gradients = [] if gradient is None else Row.of(gradient.flatten(0, 1).numpy())
        work = [
            Work(
                k, batch, i, counts[k], rows[k],
                None if gradient is None else gradients[k * most + i],
                0.0 if weights is None else float(weights[k]),
                None if dropout_masks is None else dropout_masks[k],
                None if carried is None else carried[k],
            )
            for k, batch in enumerate(batches)
            for i in range(counts[k])
        ]  # fmt: skip
        losses = [np.zeros(len(batch.lengths)) for batch in batches]
        self.engine.map(
            lambda of_member: self._run(of_member, losses), sorted(work, key=lambda w: -w.batch.steps(w.i, w.count))
        )
        return losses, gradient if gradient is None else gradient.sum(1) if most > 1 else gradient[:, 0]

    def _run(self, work: Work, losses: list[np.ndarray]) -> None:
        """Do some work in the workspace of the thread that this runs in."""
        part = work.batch.part(work.i, work.count)
        losses[work.member][part.order] = np.bincount(part.of, self.program.run(work, part))
