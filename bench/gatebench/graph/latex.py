"""A cell's equations as LaTeX, from its graph and the names that its text gives to its quantities."""

import re

from gatebench.graph.trace import Graph, Node


def equations(graph: Graph) -> list[str]:
    """One line for each named quantity, in the order in which the text computes them."""
    fresh = dict(zip(graph.updates, graph.states, strict=True))
    named = {i: _now(name) for i, name in {**graph.names, **fresh}.items() if graph.nodes[i].op not in ("input", "state")}
    return [f"{symbol} = {_Writer(graph, named).expression(i, root=True)}" for i, symbol in sorted(named.items())]


class _Writer:
    def __init__(self, graph: Graph, named: dict[int, str]) -> None:
        self.nodes, self.named = graph.nodes, named

    def expression(self, i: int, root: bool = False) -> str:
        if i in self.named and not root:
            return self.named[i]
        node = self.nodes[i]
        return getattr(self, f"_{node.op}")(node)

    def _factor(self, i: int) -> str:
        text = self.expression(i)
        is_sum = self.nodes[i].op in ("add", "sub") and i not in self.named
        return rf"\left({text}\right)" if is_sum else text

    def _input(self, node: Node) -> str:
        return _now("x") if not node.label else f"x_{{t{int(node.label):+d}}}"

    def _state(self, node: Node) -> str:
        return _subscript(node.label, "t-1")

    def _row(self, node: Node) -> str:
        return _subscript(node.label)

    def _constant(self, node: Node) -> str:
        return f"{float(node.label):g}"

    def _linear(self, node: Node) -> str:
        operand = node.args[0]
        text = self.expression(operand)
        is_vector = operand in self.named or self.nodes[operand].op in ("input", "state")
        return f"{_subscript(node.label)} " + (text if is_vector else rf"\left({text}\right)")

    def _add(self, node: Node) -> str:
        return " + ".join(self.expression(a) for a in node.args)

    def _sub(self, node: Node) -> str:
        return f"{self.expression(node.args[0])} - {self._factor(node.args[1])}"

    def _mul(self, node: Node) -> str:
        return r" \odot ".join(self._factor(a) for a in node.args)

    def _sigmoid(self, node: Node) -> str:
        return rf"\sigma\left({self.expression(node.args[0])}\right)"

    def _tanh(self, node: Node) -> str:
        return rf"\tanh\left({self.expression(node.args[0])}\right)"


def _now(name: str) -> str:
    return _subscript(name, "t")


def _subscript(name: str, time: str = "") -> str:
    """``g_cu`` at t is g_{cu,t}; ``h_tilde`` is an h with a tilde."""
    letter, *indices = name.split("_")
    if indices[-1:] == ["tilde"]:
        letter, indices = rf"\tilde{{{letter}}}", indices[:-1]
    subscript = ",".join([*indices, time] if time else indices)
    return f"{letter}_{{{subscript}}}" if subscript else letter


def plain(line: str) -> str:
    """A line of `equations` for a terminal."""
    words = {r"\left(": "(", r"\right)": ")", r"\sigma": "σ", r"\odot": "*", r"\tanh": "tanh"}
    for word, text in words.items():
        line = line.replace(word, text)
    line = re.sub(r"\\tilde\{(\w)\}", r"\1~", line)
    return re.sub(r"_\{([^}]*)\}", lambda found: "_" + found.group(1).replace(",t", "[t").replace("[t", "_t"), line)
