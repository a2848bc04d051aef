"""Every cell that there is, described for a reader."""

from dataclasses import dataclass

from gatebench.core import registry
from gatebench.graph import latex, trace


@dataclass(frozen=True)
class CellDescription:
    """A cell in words and equations, from its text alone."""

    name: str
    title: str
    paper: str
    """Where its equations are from."""
    equations: list[str]
    """Equations as LaTeX at the default options, a line for each quantity; for a terminal see `latex.plain`."""


def describe_cells() -> list[CellDescription]:
    """Return all cells, those of plugin folders too, sorted by name."""
    graphs = (trace.load(name) for name in registry.available("cells", ".py"))
    return [CellDescription(graph.name, graph.title, graph.paper, latex.equations(graph)) for graph in graphs]
