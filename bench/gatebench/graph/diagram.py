"""A drawing of a cell's graph, as SVG: what it reads on the left, its new states on the right.

Matrices are boxes, elementwise operations circles, states and inputs rounded boxes. Biases and other rows of parameters
stand inside of what they go into. Columns are the number of operations on the longest way from what the cell reads.
"""

import re
from collections.abc import Iterable
from itertools import pairwise
from xml.sax.saxutils import escape

from gatebench.graph.trace import Graph

STEP, ROW, MARGIN, HEIGHT, GAP = 64, 36, 14, 24, 16
"""Distances of columns (at least) and of rows, margin, height of a box, room between boxes beside each other; in pixels."""
LETTERS, SMALL_LETTERS = 13, 11
"""Sizes of letters and of those of subscripts, in pixels: nobody reads smaller ones with ease."""
SUBSCRIPT = re.compile(r"_([^ ]+)")
"""What stands behind an underscore, up to the next space."""
SWEEPS = 12
"""How often columns are put in order by their neighbours."""
SYMBOLS = {
    "add": "+", "sub": "−", "mul": "×", "div": "÷", "sigmoid": "σ", "negative": "−", "square": "x²", "sqrt": "√",
    "abs": "|x|", "softplus": "s⁺", "maximum": "max", "minimum": "min", "sign": "±",
}  # fmt: skip
"""Operation -> what stands in its circle, where that is not its name."""
Key = int | tuple["Key", int]
"""A node by its position in the graph; a new state by a negative number; where a line bends, by its start and the column."""
INSIDE = "row", "scalar", "constant"
"""Leaves that are written inside of what reads them."""


def svg(graph: Graph) -> str:
    """Return the drawing of a graph as an ``<svg>`` element with a title, in the colour of the text around it."""
    shown = [i for i, node in enumerate(graph.nodes) if node.op not in INSIDE]
    edges: dict[Key, list[Key]] = {i: [a for a in graph.nodes[i].args if graph.nodes[a].op not in INSIDE] for i in shown}
    columns = _columns(shown, edges)
    ends = max(columns.values()) + 1
    for number, update in enumerate(graph.updates):  # a new state is a node of its own, behind all others
        edges[-1 - number], columns[-1 - number] = [update], ends
    _bend(columns, edges)
    rows = _rows(columns, edges)
    places = _places(graph, columns)
    at = {i: (places[columns[i]], MARGIN + HEIGHT / 2 + ROW * rows[i]) for i in columns}
    width, height = places[-1] + MARGIN + STEP / 2, 2 * MARGIN + HEIGHT + ROW * max(rows.values())
    parts = [_line(at[a], at[i]) for i, arguments in edges.items() for a in arguments]
    parts += [_box(graph, i, *at[i]) for i in columns if isinstance(i, int)]
    return (
        f'<svg class="cell" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'role="img" font-family="sans-serif" font-size="{LETTERS}" text-anchor="middle" stroke="currentColor" fill="none">'
        f"<title>{escape(graph.title)}: its operations from input and states to the new states</title>{''.join(parts)}</svg>"
    )


def _bend(columns: dict[Key, int], edges: dict[Key, list[Key]]) -> None:
    """Have lines that pass over columns go through a place of their own in each: all those of one node through the same."""
    for i in list(edges):
        for position, a in enumerate(edges[i]):
            last = a
            for column in range(columns[a] + 1, columns[i]):
                bend = (a, column)
                columns[bend], edges[bend] = column, [last]
                last = bend
            edges[i][position] = last


def _columns(shown: Iterable[int], edges: dict[Key, list[Key]]) -> dict[Key, int]:
    """Return the column of each node: one behind the last of its arguments."""
    columns: dict[Key, int] = {}
    for i in shown:
        columns[i] = max((columns[a] + 1 for a in edges[i]), default=0)
    return columns


def _places(graph: Graph, columns: dict[Key, int]) -> list[float]:
    """Return where the middle of each column lies: boxes of one do not touch those of the next."""
    widths = [0.0] * (max(columns.values()) + 1)
    for i, column in columns.items():
        if isinstance(i, int):
            widths[column] = max(widths[column], _width(_text(graph, i)[0]))
    places = [MARGIN + STEP / 2]
    for before, width in pairwise(widths):
        places.append(places[-1] + max(STEP, (before + width) / 2 + GAP))
    return places


def _rows(columns: dict[Key, int], edges: dict[Key, list[Key]]) -> dict[Key, float]:
    """Return the row of each node: columns are ordered by the mean place of what they are connected with, to and fro."""
    neighbours: dict[Key, list[Key]] = {i: list(arguments) for i, arguments in edges.items()}
    for i, arguments in edges.items():
        for a in arguments:
            neighbours[a].append(i)
    layers = [[i for i in columns if columns[i] == column] for column in range(max(columns.values()) + 1)]
    highest = max(len(layer) for layer in layers)
    rows: dict[Key, float] = {}
    for layer in layers:
        rows |= _spread(layer, highest)
    for sweep in range(SWEEPS):
        for layer in layers if sweep % 2 else layers[::-1]:
            wanted = {
                i: sum(rows[n] for n in neighbours[i]) / len(neighbours[i]) if neighbours[i] else rows[i] for i in layer
            }
            rows |= _spread(sorted(layer, key=wanted.__getitem__), highest)
    return rows


def _spread(layer: list[Key], highest: int) -> dict[Key, float]:
    """Return rows for a column in this order, evenly over the height of the drawing."""
    return {i: (position + 0.5) * highest / len(layer) - 0.5 for position, i in enumerate(layer)}


def _line(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x, y), (to_x, to_y) = start, end
    middle = (x + to_x) / 2
    return f'<path d="M{x:.0f} {y:.0f}C{middle:.0f} {y:.0f} {middle:.0f} {to_y:.0f} {to_x:.0f} {to_y:.0f}" opacity="0.45"/>'


def _box(graph: Graph, i: int, x: float, y: float) -> str:
    """Draw a node around its text: a box for a matrix, a rounded one for what comes in and goes out, else a circle."""
    text, corner = _text(graph, i)
    width = _width(text)
    small = rf'<tspan font-size="{SMALL_LETTERS}" dy="3">\1</tspan><tspan dy="-3">&#8203;</tspan>'
    label = SUBSCRIPT.sub(small, escape(text))
    left, top = f"{x - width / 2:.0f}", f"{y - HEIGHT / 2:.0f}"
    return (
        f'<rect class="node" x="{left}" y="{top}" width="{width}" height="{HEIGHT}" rx="{corner}"/>'
        f'<text x="{x:.0f}" y="{y + 4:.0f}" fill="currentColor" stroke="none">{label}</text>'
    )


def _width(text: str) -> int:
    return max(HEIGHT, 12 + 8 * len(text.replace("_", "")))


def _text(graph: Graph, i: int) -> tuple[str, int]:
    """Return what stands in a node, and how round its corners are."""
    if i < 0:
        return f"{list(graph.states)[-1 - i]}_t", 8
    node = graph.nodes[i]
    leaves = {a: _leaf(graph, a) for a in node.args if graph.nodes[a].op in INSIDE}
    match node.op:
        case "input":
            return f"x_t{int(node.label):+d}" if node.label else "x_t", 8
        case "state":
            return f"{node.label}_t−1", 8
        case "linear":
            return node.label, 2
        case "transposed":
            return f"{node.label}ᵀ", 2
        case op:
            words = [*leaves.values()]
            words.insert(node.args[0] in leaves and len(node.args) > 1, SYMBOLS.get(op, op))
            return " ".join(words), HEIGHT // 2


def _leaf(graph: Graph, i: int) -> str:
    node = graph.nodes[i]
    return f"{float(node.label):g}" if node.op == "constant" else node.label
