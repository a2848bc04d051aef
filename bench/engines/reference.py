"""The engine that defines the truth: a plain loop over time with autograd, any dtype."""

from collections.abc import Mapping

import torch
from torch import Tensor

from bench.graph.trace import Graph, Sizes


def run(graph: Graph, sizes: Sizes, parameters: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """Run a population of cells over sequences from zero states.

    ``parameters`` are ``[K, rows, columns]``; ``x`` is ``[K, T, B, X]``, or ``[1, T, B, X]`` where all members see the
    same sequences. Returns the first state at every step, ``[K, T, B, H]``.

    What no state reaches is computed for all steps at once, before the loop; so are the addends of a sum that no state
    reaches (``W x_t + b``).
    """
    steps, batch = x.shape[1:3]
    members = next(iter(parameters.values())).shape[0]
    before = _before_the_loop(graph, parameters, x)
    moments = {i: value.unbind(1) if value.ndim == 4 else (value,) * steps for i, value in before.items()}
    states = [x.new_zeros(members, batch, sizes[letter]) for letter in graph.states.values()]
    positions = {name: i for i, name in enumerate(graph.states)}
    outputs = []
    for t in range(steps):
        values: list[Tensor] = []
        for i, node in enumerate(graph.nodes):
            known = moments[i][t] if i in moments else None
            if i in graph.timeless:
                values.append(known)  # pyright: ignore[reportArgumentType] - what is timeless is known
            elif node.op == "state":
                values.append(states[positions[node.label]])
            else:
                terms = [values[a] for a in node.args if known is None or a not in graph.timeless]
                values.append(_apply(node.op, node.label, terms if known is None else [known, *terms], parameters))
        states = [values[i] for i in graph.updates]
        outputs.append(states[0])
    return torch.stack(outputs, 1)


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
    if op == "add":
        return sum(args[1:], start=args[0])
    if op == "sub":
        return args[0] - args[1]
    if op == "mul":
        return args[0] * args[1]
    if op == "sigmoid":
        return args[0].sigmoid()
    if op == "tanh":
        return args[0].tanh()
    raise NotImplementedError(f"the reference engine has no operation '{op}'")


def product(x: Tensor, matrix: Tensor) -> Tensor:
    """``x @ matrix`` of every member: ``[K or 1, ..., rows]`` by ``[K, rows, columns]`` gives ``[K, ..., columns]``."""
    return torch.matmul(x.flatten(1, -2), matrix).unflatten(1, x.shape[1:-1])
