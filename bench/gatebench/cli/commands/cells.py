"""``gatebench cells``: the cells, listed by kind or one by one with their equations."""

import argparse
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gatebench.cli.arguments import number
from gatebench.core.validation import Natural

if TYPE_CHECKING:
    from gatebench.graph.catalogue import CellDescription

SUMMARY = "the cells by kind, or some of them with their equations"
GROUP = "Ask"
INPUTS, PARAMETERS = 88, 20_000
"""The size that costs are given for: that of the published comparisons on music."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("names", metavar="CELL", nargs="*", help="print these whole: equations, options, what they cost")
    parser.add_argument("--gates", type=number("--gates", Natural), metavar="N", help="only cells with so many gates")
    parser.add_argument("--linear", action="store_true", help="only cells whose states are linear in time, given the input")
    parser.add_argument("--json", action="store_true", help="print all that is known of each, equations as LaTeX, as JSON")


def run(options: argparse.Namespace) -> int:
    """Print cells, those of plugin folders too."""
    from gatebench.graph import catalogue

    cells = [catalogue.describe(name) for name in options.names] or catalogue.describe_cells()
    if options.gates is not None:
        cells = [cell for cell in cells if cell.gates == options.gates]
    if options.linear:
        cells = [cell for cell in cells if cell.is_linear]
    if options.json:
        print(json.dumps([_fields(cell) for cell in cells], indent=1))
    elif options.names:
        print("\n\n".join("\n".join(_whole(cell)) for cell in cells))
    else:
        print("\n".join(_list(cells, catalogue.KINDS)))
    return 0


def _fields(cell: "CellDescription") -> dict[str, object]:
    named = {"cell": cell.name, "title": cell.title, "text": cell.text, "paper": cell.paper, "latex": cell.equations}
    return {
        **named, "kind": cell.kind, "gates": cell.gates, "linear": cell.is_linear, "parameters": cell.parameters,
        "options": cell.options,
    }  # fmt: skip


def _list(cells: "list[CellDescription]", kinds: list[str]) -> Iterator[str]:
    """Yield the cells by kind, a line each."""
    width = max((len(cell.name) for cell in cells), default=0)
    for kind in kinds:
        of_kind = [cell for cell in cells if cell.kind == kind]
        if of_kind:
            yield f"{kind}:"
            yield from (f"  {cell.name:<{width}}  {cell.title}" for cell in of_kind)
    yield f"{len(cells)} cells; gatebench cells NAME prints one whole" if cells else "no cell is of this kind"


def _whole(cell: "CellDescription") -> Iterator[str]:
    """Yield what is known of a cell, line by line."""
    from gatebench.graph import latex, trace
    from gatebench.graph.cost import count

    cost = count(trace.load(cell.name), INPUTS, parameters=PARAMETERS)
    yield f"{cell.name}: {cell.title}"
    yield f"    {cell.paper}"
    yield from (f"    {line}".rstrip() for line in cell.text.splitlines())
    yield ""
    yield from (f"      {latex.plain(line)}" for line in cell.equations)
    yield ""
    yield f"    {cell.kind}{f', {cell.gates} in all' if cell.gates > 2 else ''}"
    yield f"    recurrent parameters: {cell.parameters} (X inputs, H units)"
    yield (
        f"    at {INPUTS} inputs and {PARAMETERS:,} recurrent parameters: {cost.units} units, a state of "
        f"{cost.state_size:,} numbers, {cost.flops_per_step:,} FLOPs a time step"
    )
    for option, value in cell.options.items():
        yield f"    cell.{option}={'null' if value is None else str(value).lower() if isinstance(value, bool) else value}"
