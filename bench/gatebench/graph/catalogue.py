"""Every cell that there is, described for a reader."""

from dataclasses import dataclass

from gatebench.core import registry
from gatebench.graph import latex, trace, traits
from gatebench.graph.trace import Option


@dataclass(frozen=True)
class CellDescription:
    """A cell in words and equations, from its text alone, at the default options."""

    name: str
    title: str
    text: str
    """What its file says of it beside the title."""
    paper: str
    """Where its equations are from."""
    equations: list[str]
    """Equations as LaTeX, a line for each quantity; for a terminal see `latex.plain`."""
    gates: int
    """How many gates it has (`traits.gates`)."""
    is_linear: bool
    """Whether its states are linear in time, given the input (`traits.is_linear`)."""
    parameters: str
    """Number of recurrent parameters in letters, of X inputs, H units and widths of its own."""
    options: dict[str, Option]
    """Its options with their defaults."""

    @property
    def kind(self) -> str:
        """The group that it stands in where cells are listed."""
        if self.is_linear:
            return "linear in time"
        return {0: "no gate", 1: "one gate", 2: "two gates"}.get(self.gates, "three gates or more")


KINDS = ["no gate", "one gate", "two gates", "three gates or more", "linear in time"]
"""Groups of cells, in the order in which they are listed."""


def describe_cells() -> list[CellDescription]:
    """Return all cells, those of plugin folders too, sorted by name."""
    return [describe(name) for name in registry.available("cells", ".py")]


def describe(name: str) -> CellDescription:
    """Return one cell; ``BadInput`` if there is none of this name."""
    graph = trace.load(name)
    return CellDescription(
        name=name,
        title=graph.title,
        text=graph.text,
        paper=graph.paper,
        equations=latex.equations(graph),
        gates=traits.gates(graph),
        is_linear=traits.is_linear(graph),
        parameters=traits.parameter_formula(graph),
        options=graph.options,
    )
