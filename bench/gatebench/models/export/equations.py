"""A cell's equations as lines of PyTorch, from its graph and the names that its text gives to its quantities."""

import keyword
import re
from collections import Counter
from dataclasses import dataclass

from torch import nn

from gatebench.graph.operations import LEAF, OPERATIONS
from gatebench.graph.trace import Graph, Node

DEEPEST = 6
"""Most operations nested in one line; a deeper one gets its own line."""


@dataclass(frozen=True)
class Equations:
    """One step of a cell as PyTorch. All names are valid in Python, and no two are the same."""

    parameters: dict[str, str]
    """Parameter -> attribute of the module that it is."""
    inputs: dict[int, str]
    """Shift in time steps -> name of the input at that time, for the inputs that the cell reads."""
    states: list[str]
    """Names of the states before the step, in order."""
    lines: list[str]
    """``name = expression``, in the order in which they are computed."""
    updates: list[str]
    """Expressions of the states after the step, in order."""


def write_equations(graph: Graph) -> Equations:
    """Return the equations of a cell, with a line for each quantity that its text names."""
    attributes = _Names({*dir(nn.Module()), "start", "step", "over"})
    parameters = {parameter: attributes.new(parameter) for parameter in graph.parameters}
    names, nodes = _Names({"torch", "nn", "self", "state", "window"}), graph.nodes
    named = {i: names.new(name) for i, name in graph.names.items() if nodes[i].op not in ("input", "state")}
    shifts = sorted({int(node.label or 0) for node in nodes if node.op == "input"})
    inputs = {shift: names.new(_input(shift)) for shift in shifts}
    states = {state: names.new(f"{state}_before") for state in graph.states}
    for state, i in zip(graph.states, graph.updates, strict=True):
        if i not in named and OPERATIONS[nodes[i].op].pytorch.binds < LEAF:
            named[i] = names.new(state)
    _name_the_rest(nodes, named, names)
    writer = _PyTorchWriter(nodes, named, parameters, inputs, states)
    lines = [f"{named[i]} = {writer.expression(i)}" for i in sorted(named)]
    return Equations(parameters, inputs, list(states.values()), lines, [writer.text(i) for i in graph.updates])


def _input(shift: int) -> str:
    return f"x_{abs(shift)}_{'later' if shift > 0 else 'before'}" if shift else "x"


def _name_the_rest(nodes: tuple[Node, ...], named: dict[int, str], names: "_Names") -> None:
    """Name nodes that are used twice, which would be computed twice, and those that are too deep."""
    uses, depth = Counter(a for node in nodes for a in node.args), {}
    for i, node in enumerate(nodes):
        inner = i not in named and OPERATIONS[node.op].pytorch.binds < LEAF
        depth[i] = 1 + max(depth[a] for a in node.args) if inner else 0
        if inner and (uses[i] > 1 or depth[i] > DEEPEST):
            named[i], depth[i] = names.new("part"), 0


class _Names:
    """Names that are still free."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = set(taken)

    def new(self, preferred: str) -> str:
        """Return a free name: the preferred one, or the nearest to it that Python takes."""
        name = base = re.sub(r"\W", "_", preferred).lstrip("_") or "a"
        number = 1
        while name in self._taken or keyword.iskeyword(name):
            number += 1
            name = f"{base}_{number}"
        self._taken.add(name)
        return name


@dataclass(frozen=True)
class _PyTorchWriter:
    """Writes nodes of one graph; ``named`` are the nodes that have a line of their own, by their names."""

    nodes: tuple[Node, ...]
    named: dict[int, str]
    parameters: dict[str, str]
    inputs: dict[int, str]
    states: dict[str, str]

    def text(self, i: int) -> str:
        """A node in an expression: its name, or how it is computed."""
        return self._operand(i)[0]

    def expression(self, i: int) -> str:
        """How a node is computed. Parentheses keep the order of operations, to the last bit."""
        node = self.nodes[i]
        operands = [self._operand(a) for a in node.args]
        return OPERATIONS[node.op].pytorch.write(operands, self._label(node), lambda text: f"({text})")

    def _operand(self, i: int) -> tuple[str, int]:
        """The text of a node inside an expression, and how tightly it binds."""
        if i in self.named:
            return self.named[i], LEAF
        return self.expression(i), OPERATIONS[self.nodes[i].op].pytorch.binds

    def _label(self, node: Node) -> str:
        match node.op:
            case "input":
                return self.inputs[int(node.label or 0)]
            case "state":
                return self.states[node.label]
            case "row" | "scalar" | "linear" | "transposed":
                return f"self.{self.parameters[node.label]}"
            case _:  # a constant; other operations have no label
                return node.label.removesuffix(".0")
