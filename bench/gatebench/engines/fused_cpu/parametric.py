"""Code for what is made of parameters alone: computed once, before all rows, and differentiated once, after them."""

from collections.abc import Iterator

from gatebench.engines.fused_cpu.builder import Value
from gatebench.engines.fused_cpu.elementwise import GRADIENTS, VALUES, Values
from gatebench.engines.fused_cpu.layout import Layout
from gatebench.engines.fused_cpu.tables import TableFunction


def compute(layout: Layout, c: TableFunction) -> None:
    """Write the values: single numbers as whole rows first, then what is made of them and of rows."""
    for at, row, width in _scalars(layout, c, "parameters", VALUES):
        with c.loop(0, width, c.processor.lanes) as j:
            c.store(c.splat(c.scalar(at)), c.at(row, j), c.lanes_below(c.sub(width, j)))
    for nodes, values, mask in _columns(layout, c):
        for i in sorted(nodes & set(layout.plan.fixed)):
            c.store(values.of(i), values.parameter(i, "parameters", VALUES), mask)


def add_gradients(layout: Layout, c: TableFunction) -> None:
    """Write the backward pass, from the gradients that all rows have added up, into those of the parameters."""
    for nodes, values, mask in _columns(layout, c):
        gradients: dict[int, Value] = {}
        for i in sorted(nodes | set(values.rows), reverse=True):
            if i not in nodes:
                values.add_gradient(i, gradients[i], mask)
                continue
            if i in layout.plan.fixed:
                outside = c.load(values.parameter(i, "gradient", GRADIENTS))
                gradients[i] = c.plus(gradients[i], outside) if i in gradients else outside
            for a, g in zip(layout.plan.nodes[i].args, values.through(i, gradients[i]), strict=True):
                gradients[a] = c.plus(gradients[a], g) if a in gradients else g
    for at, row, width in _scalars(layout, c, "gradient", GRADIENTS):
        sums = [c.number(0)]
        with c.loop(0, width, c.processor.lanes, sums) as (j, parts):
            part = c.b.select(c.lanes_below(c.sub(width, j)), c.load(c.at(row, j)), c.number(0))
            parts[0] = c.plus(parts[0], part)
        c.b.store(c.b.fadd(c.scalar(at), c.total(sums[0])), at, align=4)


def _scalars(layout: Layout, c: TableFunction, parameters: str, fixed: str) -> Iterator[tuple[Value, Value, Value]]:
    """Write where each single number stands in one array, and in another the row that holds it, and that row's width."""
    for i, place in layout.plan.fixed.items():
        node = layout.plan.nodes[i]
        if node.op == "scalar":
            at = c.at(c.p(parameters), c.n(f"parameter {node.label}"))
            yield at, c.at(c.p(fixed), layout.column(c, place)), c.n(place.width)


def _columns(layout: Layout, c: TableFunction) -> Iterator[tuple[set[int], Values, Value]]:
    """Write a loop over columns for each width of what is made of parameters alone; yield nodes, values and mask."""
    plan = layout.plan
    for width in dict.fromkeys(plan.widths[i] for i in plan.parametric):
        nodes = {i for i in plan.parametric if plan.widths[i] == width}
        with c.loop(0, c.n(width), c.processor.lanes) as j:
            yield nodes, Values(layout, c, j, nodes, plan.reads(nodes)), c.lanes_below(c.sub(c.n(width), j))
