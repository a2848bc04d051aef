"""The engine that defines the truth: a plain loop over time and autograd, in torch's public operations and any dtype."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from gatebench.engines import padded
from gatebench.engines.base import Carried, DropoutMasks, Engine, Network, Result
from gatebench.engines.carried import Before
from gatebench.engines.padded import PaddedBatch
from gatebench.graph import operations
from gatebench.graph.stack import Direction
from gatebench.graph.trace import Graph, Sizes

THREAD = "reference engine"
"""How the names of the threads begin that an engine computes in."""


class Reference(Engine[PaddedBatch]):
    """The plain loop: it runs every cell on every device."""

    PREFERENCE: ClassVar[int] = 0

    def lacks(self, graph: Graph) -> str | None:
        """Name an operation that is not in `FUNCTIONS`; there is nothing else that it lacks, on any device."""
        unknown = operations.missing((node.op for node in graph.nodes), FUNCTIONS)
        return f"it has no function for the operation {', '.join(unknown)}" if unknown else None

    def memory_per_member(self, network: Network, rows: int) -> int:
        """Return about how many bytes autograd saves for a member's gradient over so many rows, steps times sequences."""
        graph, columns = network.graph, 0
        for cell in (cell for layer in network.cells for cell in layer):
            columns += sum(max(cell.sizes[letter] for letter in (*graph.states.values(), "H")) for _ in graph.nodes)
        return 4 * (rows * (columns + 4 * network.likelihood.readout(network.outputs)) + 6 * network.row)

    def batch(self, network: Network, xs: Sequence[np.ndarray], ys: Sequence[np.ndarray]) -> PaddedBatch:
        """Pad sequences with zeros to the longest."""
        return padded.pad(network, xs, ys)

    def compute(self, function: Callable[[], Result]) -> Result:
        """Return what a function returns; with several threads of torch, it runs in a thread that is started for it.

        Such a thread takes denormal numbers for zero from its start, and so do the threads that torch starts for it, where
        those that torch has started for another thread could not be told any more. All of them end with it.
        """
        if self.threads == 1 or self.device != "cpu" or threading.current_thread().name.startswith(THREAD):
            return super().compute(function)
        torch.set_num_threads(self.threads)
        with ThreadPoolExecutor(1, THREAD, torch.set_flush_denormal, (True,)) as thread:
            return thread.submit(super().compute, function).result()

    def losses(
        self, network: Network, parameters: Tensor, batches: Sequence[PaddedBatch], carried: Carried | None = None
    ) -> list[np.ndarray]:
        """Return each member's NLL per sequence in nats, ``[B]``."""

        @torch.no_grad()
        def run() -> list[np.ndarray]:
            arrays, rows = padded.stacked(batches, parameters), padded.stacked_carried(carried, parameters)
            losses = nll(network, network.views(parameters), *arrays, carried=rows)
            padded.hand_on(rows, carried)
            return padded.by_member(losses, batches)

        return self.compute(run)

    def gradients(
        self,
        network: Network,
        parameters: Tensor,
        batches: Sequence[PaddedBatch],
        weights: np.ndarray,
        dropout_masks: Sequence[DropoutMasks] | None = None,
        carried: Carried | None = None,
    ) -> tuple[list[np.ndarray], Tensor]:
        """Return `losses`, and by autograd the gradient of every member's weighted sum of them."""
        return self.compute(lambda: _gradients(network, parameters, batches, weights, dropout_masks, carried))


def _gradients(
    network: Network,
    parameters: Tensor,
    batches: Sequence[PaddedBatch],
    weights: np.ndarray,
    dropout_masks: Sequence[DropoutMasks] | None,
    carried: Carried | None,
) -> tuple[list[np.ndarray], Tensor]:
    """Return losses and gradients as `Reference.gradients` does."""
    leaves = {name: p.detach().requires_grad_() for name, p in network.views(parameters).items()}
    masks = None if dropout_masks is None else padded.stacked_masks(network, dropout_masks, batches, parameters)
    rows = padded.stacked_carried(carried, parameters)
    x, y, mask, lengths = padded.stacked(batches, parameters)
    of_steps = step_nll(network, leaves, x, y, mask, lengths, masks, rows)
    losses = of_steps.detach().sum(1)
    padded.hand_on(rows, carried)
    total = network.likelihood.weighted(of_steps, y).sum(1).sum(1) @ torch.from_numpy(weights).to(losses)
    gradient = torch.zeros_like(parameters)
    # of sequences of a single step, what a parameter does may come too late for any prediction
    gradients = torch.autograd.grad(total, list(leaves.values()), materialize_grads=True)
    for view, g in zip(network.views(gradient).values(), gradients, strict=True):
        view.copy_(g)
    return padded.by_member(losses, batches), gradient


def nll(
    network: Network,
    parameters: Mapping[str, Tensor],
    x: Tensor,
    y: Tensor,
    mask: Tensor,
    lengths: Tensor,
    dropout_masks: Sequence[Tensor] | None = None,
    carried: Tensor | None = None,
) -> Tensor:
    """Return the NLL of each sequence in nats, ``[K, B]``, summed over what is predicted and over outputs.

    ``x``, ``y``, ``mask`` and ``lengths`` are those of a `PaddedBatch` with an axis K in front, which is 1 where all members
    share one batch. ``dropout_masks`` has for each layer a factor for each number that the layer hands on. What sequences
    begin with, if that is not zero, is ``carried [K, B, S]``; what they end with is written there.
    """
    return step_nll(network, parameters, x, y, mask, lengths, dropout_masks, carried).sum(1)


def step_nll(
    network: Network,
    parameters: Mapping[str, Tensor],
    x: Tensor,
    y: Tensor,
    mask: Tensor,
    lengths: Tensor,
    dropout_masks: Sequence[Tensor] | None = None,
    carried: Tensor | None = None,
) -> Tensor:
    """Return the same of each prediction, ``[K, T, B]``, which is 0 of padding."""
    return network.likelihood.nll(readout(network, parameters, x, lengths, dropout_masks, carried), y) * mask


def readout(
    network: Network,
    parameters: Mapping[str, Tensor],
    x: Tensor,
    lengths: Tensor,
    dropout_masks: Sequence[Tensor] | None = None,
    carried: Tensor | None = None,
) -> Tensor:
    """Return the readout at every step of ``x [K or 1, T, B, X]``, ``[K, T, B, R]``, or of every sequence, ``[K, 1, B, R]``.

    ``lengths`` are ``[K or 1, B]``. Past the end of a sequence ``x`` must be zero, and the readout has no meaning.
    ``carried`` is as in `nll`.
    """
    for number, layer in enumerate(network.cells):
        is_top = number == len(network.cells) - 1
        before = None if carried is None else Before(carried, network.carried_columns[number], lengths)
        outputs = [_layer_output(network, parameters, cell, x, lengths, is_top, before) for cell in layer]
        x = torch.cat(outputs, -1) if len(outputs) > 1 else outputs[0]
        if dropout_masks is not None:
            x = x * dropout_masks[number]
        if network.graph.lookahead and not is_top:
            x = x * _within(x, lengths)
    return product(x, parameters["readout_W"]) + parameters["readout_b"].unsqueeze(1)


def _layer_output(
    network: Network,
    parameters: Mapping[str, Tensor],
    cell: Direction,
    x: Tensor,
    lengths: Tensor,
    is_top: bool,
    before: Before | None,
) -> Tensor:
    """Return a cell's first state at every step; of the top layer, where a sequence is predicted, that at its end."""
    x = reversed_(x, lengths) if cell.backwards else x
    h = run(network.graph, cell.sizes, network.of_cell(cell, parameters), x, before)
    if is_top and network.at == "sequence":
        last = (lengths - 1).clamp(min=0)[:, None, :, None].expand(len(h), 1, -1, h.shape[-1])
        return h.gather(1, last)
    return reversed_(h, lengths) if cell.backwards else h


def reversed_(x: Tensor, lengths: Tensor) -> Tensor:
    """Return every sequence of ``x [K, T, B, .]`` from its end to its beginning, with zeros behind it."""
    members = max(len(x), len(lengths))
    t = torch.arange(x.shape[1], device=x.device)[None, :, None]
    index = (lengths[:, None] - 1 - t).clamp(min=0)[..., None]
    mirrored = x.expand(members, -1, -1, -1).gather(1, index.expand(members, -1, -1, x.shape[-1]))
    return mirrored * _within(x, lengths)


def _within(x: Tensor, lengths: Tensor) -> Tensor:
    """Return 1 within a sequence and 0 past its end, ``[K or 1, T, B, 1]``."""
    return (torch.arange(x.shape[1], device=x.device)[None, :, None] < lengths[:, None])[..., None].to(x.dtype)


def run(graph: Graph, sizes: Sizes, parameters: Mapping[str, Tensor], x: Tensor, before: Before | None = None) -> Tensor:
    """Run a population of cells over sequences and return the first state at every step, ``[K, T, B, H]``.

    ``parameters`` are ``[K, rows, columns]``; ``x`` is ``[K, T, B, X]``, or ``[1, T, B, X]`` where all members read the
    same sequences. Nodes that no state reaches are computed for all steps at once, before the loop. Without ``before`` the
    states are zero, and so is what a window reads before the first step.
    """
    steps, batch = x.shape[1:3]
    past = before.past if before and graph.lookback else None
    timeless = _timeless_values(graph, parameters, x, past)
    by_step = {i: value.unbind(1) if value.ndim == 4 else (value,) * steps for i, value in timeless.items()}
    states = before.states if before else start(graph, sizes, parameters, batch)
    ends = set(before.lengths.unique().tolist()) if before else set[int]()
    outputs = []
    for t in range(steps):
        states = _step(graph, parameters, {i: values[t] for i, values in by_step.items()}, states)
        outputs.append(states[0])
        if before and t + 1 in ends:
            before.write_states(before.lengths == t + 1, states)
    if before and past is not None:
        before.write_past(x, past)
    return torch.stack(outputs, 1)


def start(graph: Graph, sizes: Sizes, parameters: Mapping[str, Tensor], batch: int) -> list[Tensor]:
    """Return the states before the first step, zeros ``[K, B, H]``."""
    first = next(iter(parameters.values()))
    return [first.new_zeros(first.shape[0], batch, sizes[letter]) for letter in graph.states.values()]


def advance(graph: Graph, parameters: Mapping[str, Tensor], x: Tensor, states: list[Tensor]) -> list[Tensor]:
    """Return the states after one more step.

    ``x [K or 1, N, B, X]`` ends with the input of that step; before it stand the inputs that a cell with a window reads.
    """
    timeless = _timeless_values(graph, parameters, x)
    return _step(graph, parameters, {i: v[:, -1] if v.ndim == 4 else v for i, v in timeless.items()}, states)


def product(x: Tensor, matrix: Tensor) -> Tensor:
    """Return every ``x @ matrix``, ``[K, ..., columns]``: of ``[K or 1, ..., rows]`` and ``[K, rows, columns]``."""
    return torch.matmul(x.flatten(1, -2), matrix).unflatten(1, x.shape[1:-1])


def _step(
    graph: Graph, parameters: Mapping[str, Tensor], timeless: Mapping[int, Tensor], states: list[Tensor]
) -> list[Tensor]:
    """Return the states after a step, from those before it and the values of the timeless nodes at that step."""
    previous = dict(zip(graph.states, states, strict=True))
    values = dict(timeless)
    for i, node in enumerate(graph.nodes):
        if node.op == "state":
            values[i] = previous[node.label]
        elif i not in values:
            values[i] = _apply(node.op, node.label, [values[a] for a in node.args], parameters)
    return [values[i] for i in graph.updates]


def _timeless_values(
    graph: Graph, parameters: Mapping[str, Tensor], x: Tensor, past: Tensor | None = None
) -> dict[int, Tensor]:
    """Return the values of nodes that no state reaches: ``[K or 1, T, B, .]``, or ``[K, 1, H]`` if the same at all steps.

    ``past [K, lookback, B, X]`` are the inputs before the first step; None: zeros.
    """
    values: dict[int, Tensor] = {}
    for i, node in enumerate(graph.nodes):
        if i not in graph.timeless:
            continue
        if node.op == "input":
            values[i] = _shifted(x, int(node.label or 0), past)
        elif node.op in ("row", "scalar"):
            values[i] = parameters[node.label]
        elif node.op == "constant":
            values[i] = x.new_tensor(float(node.label))
        else:
            values[i] = _apply(node.op, node.label, _with_time([values[a] for a in node.args]), parameters)
    return values


def _with_time(terms: list[Tensor]) -> list[Tensor]:
    """Give rows ``[K, 1, H]`` that stand beside values ``[K, T, B, H]`` the missing time axis."""
    timed = any(term.ndim == 4 for term in terms)
    return [term.unsqueeze(1) if timed and term.ndim == 3 else term for term in terms]


def _shifted(x: Tensor, steps: int, past: Tensor | None) -> Tensor:
    """Return ``x [K, T, B, X]`` read so many steps later (earlier if negative).

    Outside of the sequence there are zeros, or, where there is a ``past [K, lookback, B, X]``, what came before it.
    """
    if steps == 0:
        return x
    if steps < 0 and past is not None:
        return torch.cat([past[:, steps:], x.expand(len(past), -1, -1, -1)], 1)[:, : x.shape[1]]
    shifted = torch.zeros_like(x)
    if steps > 0:
        shifted[:, :-steps] = x[:, steps:]
    else:
        shifted[:, -steps:] = x[:, :steps]
    return shifted


def _apply(op: str, label: str, args: list[Tensor], parameters: Mapping[str, Tensor]) -> Tensor:
    if op == "linear":
        return product(args[0], parameters[label])
    if op == "transposed":
        return product(args[0], parameters[label].mT)
    if op == "mean":
        return args[0].mean(-1, keepdim=True).expand_as(args[0])
    return FUNCTIONS[op](*args)


def _sum(first: Tensor, *further: Tensor) -> Tensor:
    return sum(further, start=first)


FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "add": _sum,
    "sub": torch.sub,
    "mul": torch.mul,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "div": torch.div,
    "negative": torch.neg,
    "square": torch.square,
    "sqrt": torch.sqrt,
    "exp": torch.exp,
    "log": torch.log,
    "softplus": partial(torch.nn.functional.softplus, threshold=60.0),  # from there on it is a to the last bit
    "relu": torch.relu,
    "abs": torch.abs,
    "sign": torch.sign,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "sin": torch.sin,
    "cos": torch.cos,
}
"""Elementwise operation -> its function of tensors."""
