"""Code for the values of elementwise nodes, and for the backward pass through them."""

from collections.abc import Callable, Mapping
from functools import partial

from gatebench.engines.fused_cpu.builder import FunctionBuilder, Value
from gatebench.engines.fused_cpu.layout import Layout
from gatebench.engines.fused_cpu.plan import Place, Stage
from gatebench.engines.fused_cpu.tables import TableFunction
from gatebench.engines.fused_cpu.vocabulary import FUNCTIONS
from gatebench.graph.operations import OPERATIONS, evaluate
from gatebench.graph.ops import Arithmetic, Operand, Symbol

VALUES, GRADIENTS = "fixed", "gradients of fixed"
"""The arrays of what is made of parameters alone, a row, and of its gradients."""


class Values:
    """Values of nodes for one row and one vector of columns: loaded where they are stored, computed where not."""

    def __init__(
        self, layout: Layout, c: TableFunction, j: Value, makes: set[int], reads: set[int], is_wide: bool = True
    ) -> None:
        """Begin with ``j``, the first column; compute the nodes of ``makes`` though they have a place.

        Parameters among the nodes of ``reads``, and what is made of parameters alone, are loaded here, once for all rows.
        Where what is made is one number a row, and not ``is_wide``, the first number of each vector counts.
        """
        self.is_wide = is_wide
        self.plan, self.layout, self.c, self.j, self.makes = layout.plan, layout, c, j, makes
        self.rows = {i: c.load(self.parameter(i, "parameters", VALUES)) for i in sorted(reads - makes) if self._is_same(i)}
        self.computed: dict[int, Value] = dict(self.rows)

    def _is_same(self, i: int) -> bool:
        """Whether a node is the same in all rows, and no number that the code knows."""
        return self.plan.nodes[i].op == "row" or i in self.plan.fixed

    def parameter(self, i: int, parameters: str, fixed: str) -> Value:
        """Write the address of these columns of a node that is the same in all rows, in one of the two arrays."""
        c = self.c
        if i in self.plan.fixed:
            return c.at(c.p(fixed), c.add(self.layout.column(c, self.plan.fixed[i]), self.j))
        return c.at(c.p(parameters), c.add(c.n(f"parameter {self.plan.nodes[i].label}"), self.j))

    def add_gradient(self, i: int, gradient: Value, mask: Value) -> None:
        """Add to the gradient of a node that is the same in all rows."""
        to = self.parameter(i, "gradient", GRADIENTS)
        self.c.store(self.c.plus(self.c.load(to), gradient), to, mask)

    def row(self, r: Value) -> None:
        """Go on to a row of the arrays."""
        self.r, self.computed = r, dict(self.rows)

    def address(self, place: Place) -> Value:
        """Write the address of these columns of a stored value."""
        return self.c.at(self.layout.address(self.c, place, self.r), self.j)

    def of(self, i: int) -> Value:
        """Write the value of a node, or return it if it has been written for this row."""
        if i not in self.computed:
            place = self.plan.places.get(i)
            stored = place is not None and i not in self.makes
            self.computed[i] = self._stored(place) if stored and place else self._compute(i)
        return self.computed[i]

    def _stored(self, place: Place) -> Value:
        """Write what stands at a place, for all columns where it is one number a row."""
        if place.width == "1" and self.is_wide:
            return self.c.first_lane(self.c.load(self.layout.address(self.c, place, self.r)))
        return self.c.load(self.address(place))

    def _compute(self, i: int) -> Value:
        """Write the value of a node from those of its arguments."""
        c, node = self.c, self.plan.nodes[i]
        if i in self.plan.sums:
            s = self.plan.sums[i]
            value = c.load(self.address(s.place))
            for a in s.rest:
                value = c.plus(value, self.of(a))
            return value
        if node.op == "constant":
            return c.number(float(node.label))
        return FUNCTIONS[node.op](c, *(self.of(a) for a in node.args))

    def through(self, i: int, gradient: Value) -> list[Value]:
        """Write the gradient of each argument of an elementwise node, from that of the node."""
        c, args = self.c, self.plan.nodes[i].args
        partials = OPERATIONS[self.plan.nodes[i].op].partials(len(args))
        leaves = {partials.value: partial(self.of, i)}
        leaves |= {symbol: partial(self.of, a) for symbol, a in zip(partials.arguments, args, strict=True)}
        return [along(c, gradient, expression, leaves) for expression in partials.expressions]


def along(c: FunctionBuilder, gradient: Value, derivative: Operand, leaves: Mapping[Symbol, Callable[[], Value]]) -> Value:
    """Write ``gradient`` times ``derivative``, an expression of `Partials` whose symbols have the values of ``leaves``."""
    if isinstance(derivative, Arithmetic):
        functions = {name: partial(function, c) for name, function in FUNCTIONS.items()}
        return c.times(gradient, evaluate(derivative.symbol, leaves, functions, c.number))
    if derivative == 1:
        return gradient
    return c.minus(c.number(0), gradient) if derivative == -1 else c.times(gradient, c.number(derivative))


class BackwardPass:
    """The backward pass through the stages of one part of the work, for some rows: the plan differentiated in reverse."""

    def __init__(
        self,
        layout: Layout,
        product: FunctionBuilder,
        mean: FunctionBuilder,
        c: TableFunction,
        first: Value,
        last: Value,
        carries: tuple[Value, Value] | None,
    ) -> None:
        """Begin at the end of the work on rows ``first`` to ``last``.

        ``carries`` are the gradients of the states after and before the step, if the work is a step.
        """
        self.layout, self.plan, self.c, self.first, self.last, self.carries = layout, layout.plan, c, first, last, carries
        self.product, self.mean = product, mean
        self.written: set[int] = set()
        """Nodes to whose gradient something has been written."""

    def stage(self, stage: Stage, is_first: bool = False) -> None:
        """Write the gradients of the stage's sums into their columns, and of what it reads to where they are summed up."""
        plan, c = self.plan, self.c
        passed = [u for u in plan.graph.updates if is_first and (plan.timeless(u) or plan.nodes[u].op == "state")]
        passed += [u for u in plan.graph.updates if u in stage.means]
        sources = set(stage.owns) | set(passed)
        for width in dict.fromkeys(plan.widths[i] for i in sorted(sources)):
            of_width = {i for i in sources if plan.widths[i] == width}
            if not any(self._arrives(i) for i in of_width):
                continue
            reads = plan.reads(of_width - set(passed))
            with c.loop(0, c.n(width), c.processor.lanes) as j:
                mask = c.lanes_below(c.sub(c.n(width), j))
                values = Values(self.layout, c, j, set(), reads)
                sums = {i: c.scratch() for i in values.rows}
                for place in sums.values():
                    c.b.store(c.number(0), place)
                with c.loop(self.first, self.last) as r:
                    values.row(r)
                    self._row(of_width, set(passed), values, sums, mask)
                for i, place in sums.items():
                    values.add_gradient(i, c.b.load(place, typ=c.vector), mask)
            self.written |= (reads | (of_width & set(passed))) & self._targets

    def _arrives(self, i: int) -> bool:
        """Whether a gradient reaches a node; in a step one always does, from the states."""
        users = (u for u in self.plan.users[i] if self.plan.timeless(u))
        return self.carries is not None or i in self.written or any(self._arrives(u) for u in users)

    def _row(self, sources: set[int], passed: set[int], values: Values, sums: dict[int, Value], mask: Value) -> None:
        """Write the backward pass through some nodes for one row; gradients of parameter rows go into ``sums``."""
        plan, c = self.plan, self.c
        gradient: dict[int, Value] = {}

        def add(i: int, value: Value) -> None:
            gradient[i] = c.plus(gradient[i], value) if i in gradient else value

        for i in range(len(plan.nodes) - 1, -1, -1):
            if i in sources:
                for value in self._from_outside(i, values, i in passed):
                    add(i, value)
            if i not in gradient:
                continue
            g, node = gradient[i], plan.nodes[i]
            if i in passed or (i not in sources and i in plan.places):
                self._add_gradient(i, g, values, mask)
            elif i in sums:
                c.b.store(c.plus(c.b.load(sums[i], typ=c.vector), g), sums[i])
            elif i in plan.sums:
                c.store(g, values.address(plan.sums[i].place), mask)
                for a in plan.sums[i].rest:
                    add(a, g)
            elif OPERATIONS[node.op].is_elementwise:
                for a, value in zip(node.args, values.through(i, g), strict=True):
                    add(a, value)

    def _from_outside(self, i: int, values: Values, passed: bool) -> list[Value]:
        """Write the contributions to a node's gradient of later stages (unless ``passed`` on), later steps and the loss."""
        plan, c = self.plan, self.c
        contributions = [c.load(self._target(i, values))] if i in self.written and not passed else []
        if self.carries:
            states = zip(plan.graph.states, plan.graph.updates, strict=True)
            for number, (name, update) in enumerate(states):
                if update == i:
                    contributions.append(c.load(self._carry(self.carries[0], name, values)))
                    if number == 0:
                        row = c.mul(values.r, c.n("length hidden"))
                        contributions.append(c.load(c.at(c.p("hidden"), c.add(row, values.j))))
        return contributions

    def _carry(self, carry: Value, name: str, values: Values) -> Value:
        """Write the address of these columns of the gradient of a state."""
        place, c = self.plan.state(name), self.c
        row = c.mul(c.sub(values.r, self.first), c.n("length previous"))
        return c.at(carry, c.add(c.add(row, self.layout.column(c, place)), values.j))

    def _add_gradient(self, i: int, g: Value, values: Values, mask: Value) -> None:
        """Add to the gradient of a node that another stage computes."""
        if self.layout.has_gradient(i):
            to = self._target(i, values)
            self.c.store(self.c.plus(self.c.load(to), g) if i in self.written else g, to, mask)

    def _target(self, i: int, values: Values) -> Value:
        """Write the address of these columns of the sum of a stored node's gradient."""
        node = self.plan.nodes[i]
        if node.op == "state" and self.carries:
            return self._carry(self.carries[1], node.label, values)
        place, c = self._place_of_gradient(i), self.c
        return c.at(self.layout.address(c, place, self.layout.row(c, place, values.r, self.first)), values.j)

    def _place_of_gradient(self, i: int) -> Place:
        """Return where the gradient of a stored node is summed up, which gets a place when first asked for."""
        late = self.plan.timeless(i)
        places = self.layout.late if late else self.layout.adjoints
        if i not in places:
            behind = tuple(place.width for place in places.values())
            places[i] = Place("late" if late else "adjoints", behind, self.plan.widths[i])
        return places[i]

    @property
    def _targets(self) -> set[int]:
        """Stored nodes that have a gradient."""
        return {i for i in self.plan.places if self.layout.has_gradient(i)}

    def means(self, stage: Stage) -> None:
        """Write the gradients of averaged vectors, from those of the means: each column gets the mean of them all."""
        for i in reversed(stage.means):
            (vector,) = self.plan.nodes[i].args
            if i in self.written and self.layout.has_gradient(vector):
                width = self.c.n(self.plan.widths[vector])
                start, to = self._rows_of_gradient(vector)
                from_row = self._rows_of_gradient(i)[1]
                self.c.call(self.mean, self.c.sub(self.last, self.first), width, *from_row, *start, width, *to)
                self.written.add(vector)

    def _rows_of_gradient(self, i: int) -> tuple[tuple[Value, Value], tuple[Value, Value]]:
        """Write where a node's gradient starts, zeros or its sum so far, and where it goes, with the lengths of rows."""
        c, layout, node = self.c, self.layout, self.plan.nodes[i]
        if node.op == "state" and self.carries:
            place = self.plan.state(node.label)
            to = c.at(self.carries[1], layout.column(c, place)), c.n("length previous")
        else:
            place = self._place_of_gradient(i)
            to = layout.address(c, place, layout.row(c, place, self.first, self.first)), layout.row_length(c, place)
        return (to if i in self.written else (c.p("zeros"), c.i64(0))), to

    def products(self, stage: Stage) -> None:
        """Write the gradients of vectors, from those of the sums that they went into."""
        plan, c, layout = self.plan, self.c, self.layout
        for run in stage.back:
            if not self.layout.has_gradient(run.vector):
                continue
            width = c.n(plan.widths[run.vector])
            start, to = self._rows_of_gradient(run.vector)
            source = plan.part_of[run.products[0]].place
            depth = layout.columns(c, run)
            matrix = c.at(c.p("packed"), c.n(f"back {layout.back_runs.index(run)}"))
            c.call(
                self.product, c.sub(self.last, self.first), width, depth,
                layout.address(c, source, self.first), layout.row_length(c, source), 1,
                matrix, c.mul(depth, layout.panel), layout.panel, *start, *to,
            )  # fmt: skip
            self.written.add(run.vector)
