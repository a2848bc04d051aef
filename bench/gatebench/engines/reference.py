"""The engine that defines the truth: a plain loop over time with autograd, any dtype."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gatebench.engines._product import Repeated, product
from gatebench.engines.base import Kept, Network
from gatebench.graph import operations
from gatebench.graph.stack import Direction
from gatebench.graph.trace import Graph, Sizes


@dataclass(frozen=True)
class Batch:
    """Padded sequences, time first: ``x [T, B, X]``, ``y [S, B, Y]``, of ``S = T`` steps or of 1, the sequence.

    ``lengths [B]`` of the sequences; ``mask [S, B]`` is 1 where something is predicted.
    """

    x: np.ndarray
    y: np.ndarray
    mask: np.ndarray
    lengths: np.ndarray


def use(threads: int) -> None:
    """Those of torch."""
    torch.set_num_threads(threads)


def lacks(graph: Graph, device: str) -> str | None:
    """Return why it cannot run a cell: an operation that is not in `FUNCTIONS`; None if it can. Any device will do."""
    del device
    unknown = operations.missing((node.op for node in graph.nodes), FUNCTIONS)
    return f"it has no function for the operation {', '.join(unknown)}" if unknown else None


def batch(network: Network, xs: Sequence[np.ndarray], ys: Sequence[np.ndarray]) -> Batch:
    """The one place where sequences are padded, with zeros, to the longest."""
    read, predicted = max(map(len, xs)), max(map(len, ys))
    padded = Batch(
        np.zeros((read, len(xs), network.inputs), np.float32),
        np.zeros((predicted, len(xs), network.outputs), np.float32),
        np.zeros((predicted, len(xs)), np.float32),
        np.array([len(x) for x in xs]),
    )
    for b, (x, y) in enumerate(zip(xs, ys, strict=True)):
        padded.x[: len(x), b] = x
        padded.y[: len(y), b] = y
        padded.mask[: len(y), b] = 1
    return padded


@torch.no_grad()
def losses(network: Network, parameters: Tensor, batches: Sequence[Batch]) -> list[np.ndarray]:
    """NLL of each sequence for every member."""
    found = nll(network, network.views(parameters), *_stacked(batches, parameters))
    return _by_member(found, batches)


def gradients(
    network: Network,
    parameters: Tensor,
    batches: Sequence[Batch],
    weights: np.ndarray,
    kept: Sequence[Kept] | None = None,
) -> tuple[list[np.ndarray], Tensor]:
    """`losses`, and by autograd the gradient of every member's weighted sum of them."""
    leaves = {name: p.detach().requires_grad_() for name, p in network.views(parameters).items()}
    factors = None if kept is None else _padded(network, kept, batches, parameters)
    found = nll(network, leaves, *_stacked(batches, parameters), factors)
    loss = found.sum(1) @ torch.from_numpy(weights).to(found)
    gradient = torch.zeros_like(parameters)
    for view, g in zip(network.views(gradient).values(), torch.autograd.grad(loss, list(leaves.values())), strict=True):
        view.copy_(g)
    return _by_member(found.detach(), batches), gradient


def step(rule: Any, parameters: Tensor, gradient: Tensor, memory: dict[str, Tensor], rate: Tensor, live: Tensor) -> None:
    """As the rule itself does it."""
    rule.step(parameters, gradient, memory, rate, live)


def memory(network: Network, rows: int) -> int:
    """Bytes that one member's gradient needs for so many rows, steps times sequences: what autograd keeps, about."""
    graph, columns = network.graph, 0
    for cell in (cell for layer in network.cells for cell in layer):
        columns += sum(max(cell.sizes[letter] for letter in (*graph.states.values(), "H")) for _ in graph.nodes)
    return 4 * (rows * (columns + 4 * network.likelihood.readout(network.outputs)) + 6 * network.row)


def nll(
    network: Network,
    parameters: Mapping[str, Tensor],
    x: Tensor,
    y: Tensor,
    mask: Tensor,
    lengths: Tensor,
    kept: Sequence[Tensor] | None = None,
) -> Tensor:
    """NLL of each sequence in nats, summed over what is predicted and over outputs: ``[K, B]``.

    `Batch` with an axis ``K`` in front, which is 1 where all members have the same. ``kept``: for each layer the factor of
    what it hands on (dropout), shaped like that.
    """
    return (network.likelihood.nll(readout(network, parameters, x, lengths, kept), y) * mask).sum(1)


def readout(
    network: Network,
    parameters: Mapping[str, Tensor],
    x: Tensor,
    lengths: Tensor,
    kept: Sequence[Tensor] | None = None,
) -> Tensor:
    """``[K, T, B, R]`` at every step of ``x [K or 1, T, B, X]``, or ``[K, 1, B, R]`` of every sequence.

    ``lengths [K or 1, B]``; past the end of a sequence are zeros in ``x``; what is given back for there is of no meaning.
    """
    for number, layer in enumerate(network.cells):
        is_top = number == len(network.cells) - 1
        said = [_read(network, parameters, cell, x, lengths, is_top) for cell in layer]
        x = torch.cat(said, -1) if len(said) > 1 else said[0]
        if kept is not None:
            x = x * kept[number]
        if network.graph.lookahead and not is_top:
            x = x * _within(x, lengths)
    return product(x, parameters["readout_W"]) + parameters["readout_b"].unsqueeze(1)


def _read(
    network: Network, parameters: Mapping[str, Tensor], cell: Direction, x: Tensor, lengths: Tensor, is_top: bool
) -> Tensor:
    """What one cell of a layer says at every step; of the top layer, where the readout is of the sequence, at its end."""
    h = run(network.graph, cell.sizes, network.of_cell(cell, parameters), reversed_(x, lengths) if cell.backwards else x)
    if is_top and network.at == "sequence":
        last = (lengths - 1).clamp(min=0)[:, None, :, None].expand(len(h), 1, -1, h.shape[-1])
        return h.gather(1, last)
    return reversed_(h, lengths) if cell.backwards else h


def reversed_(x: Tensor, lengths: Tensor) -> Tensor:
    """Every sequence of ``x [K, T, B, .]`` from its end to its beginning, zeros past that."""
    members = max(len(x), len(lengths))
    t = torch.arange(x.shape[1], device=x.device)[None, :, None]
    index = (lengths[:, None] - 1 - t).clamp(min=0)[..., None]
    there = x.expand(members, -1, -1, -1).gather(1, index.expand(members, -1, -1, x.shape[-1]))
    return there * _within(x, lengths)


def _within(x: Tensor, lengths: Tensor) -> Tensor:
    """``[K or 1, T, B, 1]``: 1 within a sequence, 0 past its end."""
    return (torch.arange(x.shape[1], device=x.device)[None, :, None] < lengths[:, None])[..., None].to(x.dtype)


def _stacked(batches: Sequence[Batch], like: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Each member's own batch, padded alike; one for all where all have the same."""
    distinct = batches[:1] if all(b is batches[0] for b in batches) else batches
    x, y, mask = (_alike([getattr(b, name) for b in distinct]).to(like) for name in ("x", "y", "mask"))
    return x, y, mask, _alike([b.lengths for b in distinct]).to(like.device)


def _padded(network: Network, kept: Sequence[Kept], batches: Sequence[Batch], like: Tensor) -> list[Tensor]:
    """For each layer the factors of all members, ``[K, T, B, width]``, or ``[K, 1, B, width]``; 0 where there is no step."""
    found = []
    for number, own in enumerate(zip(*kept, strict=True)):
        of_sequence = network.at == "sequence" and number == network.stack.layers - 1
        lengths = [np.ones_like(b.lengths) if of_sequence else b.lengths for b in batches]
        found.append(_alike([_spread(*each) for each in zip(own, lengths, strict=True)]).to(like))
    return found


def _spread(rows: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Rows of sequence after sequence, ``[N, .]``, as ``[T, B, .]``."""
    whole = np.zeros((len(lengths), lengths.max(), rows.shape[1]), rows.dtype)
    whole[np.arange(lengths.max()) < lengths[:, None]] = rows
    return whole.swapaxes(0, 1)


def _alike(arrays: Sequence[np.ndarray]) -> Tensor:
    """Arrays of like shapes, one on another, with zeros up to the largest."""
    whole = np.zeros((len(arrays), *(max(sizes) for sizes in zip(*(a.shape for a in arrays), strict=True))), arrays[0].dtype)
    for k, array in enumerate(arrays):
        whole[k][tuple(slice(size) for size in array.shape)] = array
    return torch.from_numpy(whole)


def _by_member(found: Tensor, batches: Sequence[Batch]) -> list[np.ndarray]:
    return [row[: len(b.lengths)] for row, b in zip(found.cpu().numpy(), batches, strict=True)]


def run(graph: Graph, sizes: Sizes, parameters: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """Run a population of cells over sequences from zero states.

    ``parameters`` are ``[K, rows, columns]``; ``x`` is ``[K, T, B, X]``, or ``[1, T, B, X]`` where all members see the
    same sequences. Returns the first state at every step, ``[K, T, B, H]``.

    What no state reaches is computed for all steps at once, before the loop; so are the addends of a sum that no state
    reaches (``W x_t + b``). In the loop, all products with one vector (``U_z h``, ``U_r h``) are one product.
    """
    steps, batch = x.shape[1:3]
    before = _before_the_loop(graph, parameters, x)
    moments = {i: value.unbind(1) if value.ndim == 4 else (value,) * steps for i, value in before.items()}
    together = _together(graph, parameters)
    states = start(graph, sizes, parameters, batch)
    outputs = []
    for t in range(steps):
        states = _step(graph, parameters, together, {i: moment[t] for i, moment in moments.items()}, states)
        outputs.append(states[0])
    return torch.stack(outputs, 1)


def start(graph: Graph, sizes: Sizes, parameters: Mapping[str, Tensor], batch: int) -> list[Tensor]:
    """Zero states ``[K, B, H]``."""
    first = next(iter(parameters.values()))
    return [first.new_zeros(first.shape[0], batch, sizes[letter]) for letter in graph.states.values()]


def advance(graph: Graph, parameters: Mapping[str, Tensor], x: Tensor, states: list[Tensor]) -> list[Tensor]:
    """States after one more step. ``x [K or 1, N, B, X]`` ends with its input; a cell with a window reads before it."""
    last = {i: v[:, -1] if v.ndim == 4 else v for i, v in _before_the_loop(graph, parameters, x).items()}
    return _step(graph, parameters, _together(graph, parameters), last, states)


@dataclass(frozen=True)
class _Products:
    """Products of the loop with one vector: their nodes, their matrices side by side, and the width of each."""

    nodes: list[int]
    matrix: Repeated
    widths: list[int]


def _together(graph: Graph, parameters: Mapping[str, Tensor]) -> dict[int, _Products]:
    """Vector -> all products with it."""
    found: dict[int, list[int]] = {}
    for i, node in enumerate(graph.nodes):
        if node.op == "linear" and i not in graph.timeless:
            found.setdefault(node.args[0], []).append(i)
    together = {}
    for vector, nodes in found.items():
        matrices = [parameters[graph.nodes[i].label] for i in nodes]
        together[vector] = _Products(nodes, Repeated(torch.cat(matrices, -1)), [matrix.shape[-1] for matrix in matrices])
    return together


def _step(
    graph: Graph,
    parameters: Mapping[str, Tensor],
    together: dict[int, _Products],
    known: dict[int, Tensor],
    states: list[Tensor],
) -> list[Tensor]:
    """New states from old ones; ``known`` are this step's values from before the loop."""
    values = {i: known[i] for i in graph.timeless}
    values |= {i: states[list(graph.states).index(n.label)] for i, n in enumerate(graph.nodes) if n.op == "state"}
    for i, node in enumerate(graph.nodes):
        if i not in values:
            terms = [values[a] for a in node.args if i not in known or a not in graph.timeless]
            values[i] = _apply(node.op, node.label, terms if i not in known else [known[i], *terms], parameters)
        if i in together:
            products = together[i]
            values |= zip(products.nodes, products.matrix(values[i]).split(products.widths, -1), strict=True)
    return [values[i] for i in graph.updates]


def _before_the_loop(graph: Graph, parameters: Mapping[str, Tensor], x: Tensor) -> dict[int, Tensor]:
    """Values of timeless nodes, with a time axis where they have one, and partial sums of the sums in the loop."""
    before: dict[int, Tensor] = {}
    for i, node in enumerate(graph.nodes):
        timeless = [before[a] for a in node.args if a in graph.timeless]
        if i in graph.timeless:
            if node.op == "input":
                before[i] = _shifted(x, int(node.label or 0))
            elif node.op == "row":
                before[i] = parameters[node.label]
            elif node.op == "constant":
                before[i] = x.new_tensor(float(node.label))
            else:
                before[i] = _apply(node.op, node.label, _with_time(timeless), parameters)
        elif node.op == "add" and timeless:
            before[i] = _apply("add", "", _with_time(timeless), parameters)
    return before


def _with_time(terms: list[Tensor]) -> list[Tensor]:
    """Rows ``[K, 1, H]`` beside values ``[K, T, B, H]`` get the missing axis."""
    timed = any(term.ndim == 4 for term in terms)
    return [term.unsqueeze(1) if timed and term.ndim == 3 else term for term in terms]


def _shifted(x: Tensor, steps: int) -> Tensor:
    if steps == 0:
        return x
    shifted = torch.zeros_like(x)
    if steps > 0:
        shifted[:, :-steps] = x[:, steps:]
    else:
        shifted[:, -steps:] = x[:, :steps]
    return shifted


def _apply(op: str, label: str, args: list[Tensor], parameters: Mapping[str, Tensor]) -> Tensor:
    if op == "linear":
        return product(args[0], parameters[label])
    return FUNCTIONS[op](*args)


def _sum(first: Tensor, *further: Tensor) -> Tensor:
    return sum(further, start=first)


FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "add": _sum,
    "sub": torch.sub,
    "mul": torch.mul,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
}
"""Elementwise operation -> its function of tensors."""
