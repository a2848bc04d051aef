"""A cell's equations as LaTeX, from its graph and the names that its text gives to its quantities."""

import re
from collections.abc import Callable

from gatebench.graph.operations import LEAF, OPERATIONS
from gatebench.graph.trace import Graph


def equations(graph: Graph) -> list[str]:
    """Return a LaTeX line for each quantity that the cell's text names, in the order in which it computes them."""
    names = {**graph.names, **dict(zip(graph.updates, graph.states, strict=True))}
    symbols = {i: _now(name) for i, name in names.items() if graph.nodes[i].op not in ("input", "state")}
    writer = _LatexWriter(graph, symbols)
    return [f"{symbol} = {writer.definition(i)}" for i, symbol in sorted(symbols.items())]


class _LatexWriter:
    """Writes nodes of one graph; ``symbols`` are the nodes that the text names, by their names."""

    def __init__(self, graph: Graph, symbols: dict[int, str]) -> None:
        self.nodes, self.symbols = graph.nodes, symbols

    def definition(self, i: int) -> str:
        """How a node is computed."""
        node = self.nodes[i]
        label = LABELS[node.op](node.label) if node.op in LABELS else ""
        return OPERATIONS[node.op].latex.write([self._operand(a) for a in node.args], label, _parentheses)

    def _operand(self, i: int) -> tuple[str, int]:
        """The text of a node inside an expression, its symbol if it has one, and how tightly that binds."""
        if i in self.symbols:
            return self.symbols[i], LEAF
        return self.definition(i), OPERATIONS[self.nodes[i].op].latex.binds


def _parentheses(text: str) -> str:
    return rf"\left({text}\right)"


def _now(name: str) -> str:
    return _subscript(name, "t")


def _subscript(name: str, time: str = "") -> str:
    """``g_cu`` at t is g_{cu,t}; ``h_tilde`` is an h with a tilde."""
    letter, *indices = name.split("_")
    if indices[-1:] == ["tilde"]:
        letter, indices = rf"\tilde{{{letter}}}", indices[:-1]
    subscript = ",".join([*indices, time] if time else indices)
    return f"{letter}_{{{subscript}}}" if subscript else letter


LABELS: dict[str, Callable[[str], str]] = {
    "input": lambda shift: f"x_{{t{int(shift):+d}}}" if shift else _now("x"),
    "state": lambda name: _subscript(name, "t-1"),
    "row": lambda name: _subscript(name),
    "scalar": lambda name: _subscript(name),
    "linear": lambda name: _subscript(name),
    "transposed": lambda name: _subscript(name),
    "constant": lambda number: f"{float(number):g}",
}
"""Structural operation -> LaTeX of the label that its nodes carry."""


PLAIN = {
    r"\left(": "(", r"\right)": ")", r"\left|": "|", r"\right|": "|", r"\sigma": "σ", r"\odot": "*", "^{2}": "^2",
    **{f"\\{name}": name for name in ("tanh", "exp", "log", "max", "min", "sin", "cos")},
}  # fmt: skip
"""What LaTeX has another word for than plain text."""


def plain(line: str) -> str:
    """Return a line of `equations` as plain text for a terminal."""
    line = re.sub(r"\\operatorname\{(\w+)\}", r"\1", line)
    line = _roots(line)
    for word, text in PLAIN.items():
        line = line.replace(word, text)
    line = re.sub(r"\\tilde\{(\w)\}", r"\1~", line)
    return re.sub(r"_\{([^}]*)\}", lambda match: "_" + match.group(1).replace(",t", "[t").replace("[t", "_t"), line)


def _roots(line: str) -> str:
    """Return a line with parentheses in place of the braces of its square roots, the first of which may hold others."""
    head, root, tail = line.partition(r"\sqrt{")
    if not root:
        return line
    depth, end = 1, 0
    while depth:
        depth += {"{": 1, "}": -1}.get(tail[end], 0)
        end += 1
    return f"{head}sqrt({_roots(tail[: end - 1])}){_roots(tail[end:])}"
