"""A plan as LLVM code: the way through a batch and the way back, for one member.

Every function takes two tables, of pointers and of integers; their entries have names (`Tables`). So one compilation serves
all sizes. A step of the loop over time works on rows ``[first_t, first_t + n_t)``; what does not depend on time order is done
for chunks of `CHUNK` rows just before or after the steps that own them, while they are in the cache.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from llvmlite import ir

from bench.engines._fused import functions, product
from bench.engines._fused.plan import NONLINEAR, Place, Plan, Run, Stage
from bench.engines._fused.vector import VECTORS, Code, Machine, Value

CHUNK = 192
"""Rows of all that is done outside of the loop over time at once."""


@dataclass
class Tables:
    """Names of the entries of the two tables, in the order in which the code first asked for them."""

    pointers: list[str] = field(default_factory=list)
    integers: list[str] = field(default_factory=list)

    @staticmethod
    def place(names: list[str], name: str) -> int:
        """Position of an entry."""
        if name not in names:
            names.append(name)
        return names.index(name)


class Phase(Code):
    """A function of the two tables; what it reads of them is read once, as it begins."""

    def __init__(self, module: ir.Module, machine: Machine, tables: Tables, name: str, arguments: str = "", exported: bool = False):
        super().__init__(module, machine, name, f"Pointers Integers {arguments}", exported)
        self.tables = tables
        self._known: dict[str, Value] = {}

    def p(self, name: str) -> Value:
        """A pointer of the table."""
        return self._entry(f"p {name}", lambda: self.pointer(self.Pointers, Tables.place(self.tables.pointers, name)))

    def n(self, name: str) -> Value:
        """An integer of the table."""
        return self._entry(f"n {name}", lambda: self.integer(self.Integers, Tables.place(self.tables.integers, name)))

    def scratch(self) -> Value:
        """A vector's worth of stack; LLVM makes a register of it."""
        return self._at_start(lambda: self.b.alloca(self.vector))

    def _entry(self, name: str, make: Callable[[], Value]) -> Value:
        if name not in self._known:
            self._known[name] = self._at_start(make)
        return self._known[name]

    def _at_start(self, make: Callable[[], Value]) -> Value:
        entry = self.function.entry_basic_block
        if self.b.block is entry:
            return make()
        with self.b.goto_block(entry):  # before its terminator
            return make()

    def phase(self, other: "Phase", *arguments: Value) -> None:
        """Call another function of the same tables."""
        self.call(other, self.Pointers, self.Integers, *arguments)


class Kernels:
    """Functions of one plan."""

    def __init__(self, plan: Plan, module: ir.Module, machine: Machine, tables: Tables) -> None:
        self.plan, self.module, self.machine, self.tables = plan, module, machine, tables
        self.product = product.build(module, machine)
        self.panel = product.panel(machine)
        self.adjoints: dict[int, Place] = {}
        """Stored node -> where its gradient gathers, if more than its own stage reads it: for the rows of one step, ..."""
        self.late: dict[int, Place] = {}
        """... or for all rows, of nodes that are made before the loop."""
        self.runs = [run for stage in (*plan.before, *plan.loop) for run in stage.products]
        self.back_runs = [run for stage in (*plan.before, *plan.loop) for run in stage.back]
        self.copy = _copy(module, machine)
        self.pack = _pack(module, machine)
        self.pack_transposed = _pack_transposed(module, machine)
        self.from_nonzeros = _from_nonzeros(module, machine)
        self.into_nonzeros = _into_nonzeros(module, machine)
        self.column_sums = _column_sums(module, machine)
        self._forward()
        self._backward()

    def _phase(self, name: str, arguments: str = "", exported: bool = False) -> Phase:
        return Phase(self.module, self.machine, self.tables, name, arguments, exported)

    # names of the tables' entries

    def row_length(self, c: Phase, place: Place) -> Value:
        return c.n("X") if place.array.startswith("input") else c.n(f"length {place.array}")

    def column(self, c: Phase, place: Place) -> Value:
        return c.n(f"column {place.array} {len(place.behind)}") if place.behind else c.int(0)

    def address(self, c: Phase, place: Place, row: Value) -> Value:
        return c.at(c.p(place.array), c.add(c.mul(row, self.row_length(c, place)), self.column(c, place)))

    def columns(self, c: Phase, run: Run) -> Value:
        """Columns of a run's sums together."""
        total = c.int(0)
        for p in run.products:
            total = c.add(total, c.n(self.plan.widths[p]))
        return total

    # forward

    def _forward(self) -> None:
        pack = self._packs()
        before = self._phase("before", "first last")
        for stage in self.plan.before:
            self._products(before, stage, before.first, before.last)
            self._elementwise(before, stage, before.first, before.last)
        before.end()
        step = self._step()
        c = self._phase("forward", exported=True)
        c.phase(pack)
        with c.loop(0, c.n("parameters"), c.machine.lanes) as i:
            c.store(c.number(0), c.at(c.p("gradient"), i))
        for name in self.plan.graph.states:
            place = self.plan.state(name)
            with c.loop(0, c.integer(c.p("counts"), 0)) as r, c.loop(0, c.n(place.width), c.machine.lanes) as j:
                mask = c.lanes_below(c.sub(c.n(place.width), j))
                c.store(c.number(0), c.at(self.address(c, place, r), j), mask)
        ready = [c.int(0)]
        with c.loop(0, c.n("T"), 1, ready) as (t, values):
            needed = c.integer(c.p("firsts"), c.add(t, 1))
            chunk = c.min(c.add(values[0], CHUNK), c.n("N"))
            end = c.b.select(c.less(chunk, needed), needed, chunk)
            end = c.b.select(c.less(values[0], needed), end, values[0])
            with c.when(c.less(values[0], end)):
                c.phase(before, values[0], end)
            c.phase(step, t)
            values[0] = end
        c.end()

    def _packs(self) -> Phase:
        """Matrices side by side as the products read them, and biases."""
        c = self._phase("pack")
        nodes = self.plan.nodes
        for kind, runs in (("run", self.runs), ("back", self.back_runs)):
            for number, run in enumerate(runs):
                column = c.int(0)
                for p in run.products:
                    label = nodes[p].label
                    rows, columns = c.n(self.plan.widths[run.vector]), c.n(self.plan.widths[p])
                    source = c.at(c.p("parameters"), c.n(f"parameter {label}"))
                    to = c.at(c.p("packed"), c.n(f"{kind} {number}"))
                    if kind == "run":
                        c.call(self.pack, source, rows, columns, to, column)
                    elif not self._is_input(run.vector):
                        c.call(self.pack_transposed, source, columns, rows, columns, to, column, self.columns(c, run))
                    column = c.add(column, columns)
        for s in self.plan.sums.values():
            width = c.n(self.plan.widths[s.node])
            with c.loop(0, width, c.machine.lanes) as j:
                total = c.number(0)
                for row in s.rows:
                    total = c.plus(total, c.load(c.at(c.p("parameters"), c.add(c.n(f"parameter {nodes[row].label}"), j))))
                to = c.at(c.p("bias"), c.add(self.column(c, s.place), j))
                c.store(total, to, c.lanes_below(c.sub(width, j)))
        return c.end()

    def _is_input(self, vector: int) -> bool:
        return self.plan.nodes[vector].op == "input"

    def _products(self, c: Phase, stage: Stage, first: Value, last: Value) -> None:
        for run in stage.products:
            place = self.plan.part_of[run.products[0]].place
            to = self.address(c, place, first)
            length = self.row_length(c, place)
            start, start_row = to, length
            if run.starts:
                start, start_row = c.at(c.p("bias"), self.column(c, place)), c.int(0)
            depth, rows = c.n(self.plan.widths[run.vector]), c.sub(last, first)
            matrix = c.at(c.p("packed"), c.n(f"run {self.runs.index(run)}"))
            rest = (matrix, c.mul(depth, self.panel), self.panel, start, start_row, to, length)
            source = self.plan.places[run.vector]

            def dense(run=run, rows=rows, depth=depth, source=source, rest=rest) -> None:
                a = self.address(c, source, first)
                c.call(self.product, rows, self.columns(c, run), depth, a, self.row_length(c, source), 1, *rest)

            if self._is_input(run.vector):
                with c.b.if_else(c.b.icmp_signed("!=", c.n(f"sparse {source.array}"), c.int(0))) as (then, otherwise):
                    with then:
                        c.call(self.from_nonzeros, first, last, self.columns(c, run), depth, *self._nonzeros(c, source), *rest[:1], *rest[3:])
                    with otherwise:
                        dense()
            else:
                dense()

    def _nonzeros(self, c: Phase, source: Place) -> tuple[Value, ...]:
        return tuple(c.p(f"{what} {source.array}") for what in ("starts", "index", "value"))

    def _step(self) -> Phase:
        c = self._phase("step", "t")
        count = c.integer(c.p("counts"), c.t)
        first = c.integer(c.p("firsts"), c.t)
        last = c.add(first, count)
        for stage in self.plan.loop:
            self._products(c, stage, first, last)
            self._elementwise(c, stage, first, last)
        carried = c.integer(c.p("counts"), c.add(c.t, 1))
        for name, update in zip(self.plan.graph.states, self.plan.graph.updates, strict=True):
            source, to = self.plan.places[update], self.plan.state(name)
            a, b = self.address(c, source, first), self.address(c, to, last)
            c.call(self.copy, carried, c.n(to.width), a, self.row_length(c, source), b, self.row_length(c, to))
        return c.end()

    def _elementwise(self, c: Phase, stage: Stage, first: Value, last: Value) -> None:
        for width in dict.fromkeys(self.plan.widths[i] for i in stage.computes):
            nodes = [i for i in stage.computes if self.plan.widths[i] == width]
            with c.loop(0, c.n(width), c.machine.lanes) as j:
                mask = c.lanes_below(c.sub(c.n(width), j))
                values = _Values(self, c, j, set(nodes), self.plan.reads(set(nodes)))
                with c.loop(first, last) as r:
                    values.row(r)
                    for i in nodes:
                        c.store(values.of(i), values.address(self.plan.places[i]), mask)

    # backward

    def _backward(self) -> None:
        step = self._back_step()
        weights, before = self._weights(), self._back_before()
        c = self._phase("backward", exported=True)
        for name in ("carry0", "carry1"):
            with c.loop(0, c.mul(c.n("B"), c.n("length previous")), c.machine.lanes) as i:
                c.store(c.number(0), c.at(c.p(name), i))
        pending = [c.n("N")]
        with c.loop(0, c.n("T"), 1, pending) as (i, values):
            t = c.sub(c.sub(c.n("T"), 1), i)
            c.phase(step, t)
            first, last = c.integer(c.p("firsts"), t), values[0]
            due = c.b.or_(c.less(CHUNK - 1, c.sub(last, first)), c.b.icmp_signed("==", t, c.int(0)))
            with c.when(due):
                c.phase(before, first, last)
                c.phase(weights, first, last)
            values[0] = c.b.select(due, first, last)
        c.end()

    def _weights(self) -> Phase:
        """Gradients of matrices and biases from the sums' gradients."""
        c = self._phase("weights", "first last")
        nodes = self.plan.nodes
        rows = c.sub(c.last, c.first)
        for s in self.plan.sums.values():
            columns, g = c.n(self.plan.widths[s.node]), self.address(c, s.place, c.first)
            length = self.row_length(c, s.place)
            for p in s.products:
                to = c.at(c.p("gradient"), c.n(f"parameter {nodes[p].label}"))
                vector = nodes[p].args[0]
                source, depth = self.plan.places[vector], c.n(self.plan.widths[vector])

                def dense(source=source, depth=depth, columns=columns, g=g, length=length, to=to) -> None:
                    a = self.address(c, source, c.first)
                    c.call(
                        self.product, depth, columns, rows, a, 1, self.row_length(c, source),
                        g, self.panel, length, to, columns, to, columns,
                    )  # fmt: skip

                if self._is_input(vector):
                    with c.b.if_else(c.b.icmp_signed("!=", c.n(f"sparse {source.array}"), c.int(0))) as (then, otherwise):
                        with then:
                            c.call(self.into_nonzeros, c.first, c.last, columns, *self._nonzeros(c, source), g, length, to)
                        with otherwise:
                            dense()
                else:
                    dense()
            for row in s.rows:
                to = c.at(c.p("gradient"), c.n(f"parameter {nodes[row].label}"))
                c.call(self.column_sums, rows, columns, g, length, to)
        return c.end()

    def _back_before(self) -> Phase:
        c = self._phase("back_before", "first last")
        way = _WayBack(self, c, c.first, c.last, None)
        way.written |= set(self.late)
        for stage in reversed(self.plan.before):
            way.stage(stage)
            way.products(stage)
        return c.end()

    def _back_step(self) -> Phase:
        c = self._phase("back_step", "t")
        first = c.integer(c.p("firsts"), c.t)
        last = c.add(first, c.integer(c.p("counts"), c.t))
        odd = c.b.icmp_signed("!=", c.b.and_(c.t, c.int(1)), c.int(0))
        carries = [c.b.select(odd, c.p(a), c.p(b)) for a, b in (("carry0", "carry1"), ("carry1", "carry0"))]
        way = _WayBack(self, c, first, last, (carries[0], carries[1]))
        for stage in reversed(self.plan.loop):
            way.stage(stage, is_first=stage is self.plan.loop[0])
            way.products(stage)
        return c.end()


class _Values:
    """Values of nodes for one row and one vector of columns: loaded where they are stored, computed where not."""

    def __init__(self, kernels: Kernels, c: Phase, j: Value, makes: set[int], reads: set[int]) -> None:
        """``makes``: nodes to compute though they have a place. Rows of parameters among ``reads`` are loaded here."""
        self.plan, self.kernels, self.c, self.j, self.makes = kernels.plan, kernels, c, j, makes
        self.rows = {i: c.load(self.parameter(i, "parameters")) for i in sorted(reads) if self.plan.nodes[i].op == "row"}
        self.known: dict[int, Value] = {}

    def parameter(self, i: int, array: str) -> Value:
        """Address of these columns of a row among the parameters or their gradient."""
        c = self.c
        return c.at(c.p(array), c.add(c.n(f"parameter {self.plan.nodes[i].label}"), self.j))

    def row(self, r: Value) -> None:
        """Go to a row."""
        self.r, self.known = r, dict(self.rows)

    def address(self, place: Place) -> Value:
        """Where these columns of a stored value stand."""
        return self.c.at(self.kernels.address(self.c, place, self.r), self.j)

    def of(self, i: int) -> Value:
        """The value of a node."""
        if i not in self.known:
            place = self.plan.places.get(i)
            stored = place is not None and i not in self.makes
            self.known[i] = self.c.load(self.address(place)) if stored and place else self._computed(i)
        return self.known[i]

    def _computed(self, i: int) -> Value:
        c, node = self.c, self.plan.nodes[i]
        if i in self.plan.sums:
            s = self.plan.sums[i]
            value = c.load(self.address(s.place))
            for a in s.rest:
                value = c.plus(value, self.of(a))
            return value
        if node.op == "constant":
            return c.number(float(node.label))
        args = [self.of(a) for a in node.args]
        if node.op == "add":
            value = args[0]
            for a in args[1:]:
                value = c.plus(value, a)
            return value
        operation = {
            "sub": c.minus, "mul": c.times,
            "sigmoid": lambda a: functions.sigmoid(c, a), "tanh": lambda a: functions.tanh(c, a),
        }[node.op]  # fmt: skip
        return operation(*args)


class _WayBack:
    """The way back through the stages of one part of the work, for some rows: reverse-mode differentiation of the plan."""

    def __init__(
        self, kernels: Kernels, c: Phase, first: Value, last: Value, carries: tuple[Value, Value] | None
    ) -> None:
        """``carries``: gradients of the states after and before the step, if the work is a step."""
        self.kernels, self.plan, self.c, self.first, self.last, self.carries = kernels, kernels.plan, c, first, last, carries
        self.written: set[int] = set()
        """Nodes whose gradient has got its first contribution."""

    def stage(self, stage: Stage, is_first: bool = False) -> None:
        """Gradients of the stage's sums into their columns, and of what it reads to where that gathers."""
        plan, c = self.plan, self.c
        passed = [u for u in plan.graph.updates if is_first and (plan.timeless(u) or plan.nodes[u].op == "state")]
        own = set(stage.owns) | set(passed)
        for width in dict.fromkeys(plan.widths[i] for i in sorted(own)):
            mine = {i for i in own if plan.widths[i] == width}
            if not any(self._arrives(i) for i in mine):
                continue
            reads = plan.reads(mine)
            with c.loop(0, c.n(width), c.machine.lanes) as j:
                mask = c.lanes_below(c.sub(c.n(width), j))
                values = _Values(self.kernels, c, j, set(), reads)
                sums = {i: c.scratch() for i in values.rows}
                for place in sums.values():
                    c.b.store(c.number(0), place)
                with c.loop(self.first, self.last) as r:
                    values.row(r)
                    self._row(mine, set(passed), values, sums, mask)
                for i, place in sums.items():
                    to = values.parameter(i, "gradient")
                    c.store(c.plus(c.load(to), c.b.load(place, typ=c.vector)), to, mask)
            self.written |= {i for i in reads if i in self._targets}

    def _arrives(self, i: int) -> bool:
        """Whether a gradient comes to a node; in a step it always does, from the states."""
        users = (u for u in self.plan.users[i] if self.plan.timeless(u))
        return self.carries is not None or i in self.written or any(self._arrives(u) for u in users)

    def _row(self, mine: set[int], passed: set[int], values: _Values, sums: dict[int, Value], mask: Value) -> None:
        plan, c = self.plan, self.c
        gradient: dict[int, Value] = {}

        def give(i: int, value: Value) -> None:
            gradient[i] = c.plus(gradient[i], value) if i in gradient else value

        for i in range(len(plan.nodes) - 1, -1, -1):
            if i in mine:
                for value in self._from_outside(i, values):
                    give(i, value)
            if i not in gradient:
                continue
            g, node = gradient[i], plan.nodes[i]
            if i in passed or (i not in mine and i in plan.places):
                self._leave(i, g, values, mask)
            elif node.op == "row":
                c.b.store(c.plus(c.b.load(sums[i], typ=c.vector), g), sums[i])
            elif i in plan.sums:
                c.store(g, values.address(plan.sums[i].place), mask)
                for a in plan.sums[i].rest:
                    give(a, g)
            elif node.op == "add":
                for a in node.args:
                    give(a, g)
            elif node.op == "sub":
                give(node.args[0], g)
                give(node.args[1], c.minus(c.number(0), g))
            elif node.op == "mul":
                a, b = node.args
                give(a, c.times(g, values.of(b)))
                give(b, c.times(g, values.of(a)))
            elif node.op in NONLINEAR:
                f = values.of(i)
                slope = c.minus(c.number(1), c.times(f, f)) if node.op == "tanh" else c.times(f, c.minus(c.number(1), f))
                give(node.args[0], c.times(g, slope))

    def _from_outside(self, i: int, values: _Values) -> list[Value]:
        """What later stages, later steps and the loss have to say about a node."""
        plan, c = self.plan, self.c
        found = [c.load(self._target(i, values))] if i in self.written else []
        if self.carries:
            states = zip(plan.graph.states, plan.graph.updates, strict=True)
            for number, (name, update) in enumerate(states):
                if update == i:
                    found.append(c.load(self._carry(self.carries[0], name, values)))
                    if number == 0:
                        row = c.mul(values.r, c.n("length hidden"))
                        found.append(c.load(c.at(c.p("hidden"), c.add(row, values.j))))
        return found

    def _carry(self, carry: Value, name: str, values: _Values) -> Value:
        place, c = self.plan.state(name), self.c
        row = c.mul(c.sub(values.r, self.first), c.n("length previous"))
        return c.at(carry, c.add(c.add(row, self.kernels.column(c, place)), values.j))

    def _leave(self, i: int, g: Value, values: _Values, mask: Value) -> None:
        """Add to the gradient of a node that another stage made; inputs need none."""
        if self.plan.nodes[i].op != "input":
            to = self._target(i, values)
            self.c.store(self.c.plus(self.c.load(to), g) if i in self.written else g, to, mask)

    def _target(self, i: int, values: _Values) -> Value:
        node = self.plan.nodes[i]
        if node.op == "state" and self.carries:
            return self._carry(self.carries[1], node.label, values)
        place, c = self._gathers(i), self.c
        row = values.r if place.array == "late" else c.sub(values.r, self.first)
        return c.at(self.kernels.address(c, place, row), values.j)

    def _gathers(self, i: int) -> Place:
        late = self.plan.timeless(i)
        places = self.kernels.late if late else self.kernels.adjoints
        if i not in places:
            behind = tuple(place.width for place in places.values())
            places[i] = Place("late" if late else "adjoints", behind, self.plan.widths[i])
        return places[i]

    @property
    def _targets(self) -> set[int]:
        """Nodes that can be left a gradient."""
        return {i for i in self.plan.places if self.plan.nodes[i].op != "input"}

    def products(self, stage: Stage) -> None:
        """Gradients of vectors from those of the sums that they went into."""
        plan, c, kernels = self.plan, self.c, self.kernels
        for run in stage.back:
            node = plan.nodes[run.vector]
            if node.op == "input":
                continue
            width = c.n(plan.widths[run.vector])
            if node.op == "state" and self.carries:
                place = plan.state(node.label)
                to, length = c.at(self.carries[1], kernels.column(c, place)), c.n("length previous")
            else:
                place = self._gathers(run.vector)
                to = kernels.address(c, place, self.first if place.array == "late" else c.int(0))
                length = kernels.row_length(c, place)
            start = (to, length) if run.vector in self.written else (c.p("zeros"), c.int(0))
            source = plan.part_of[run.products[0]].place
            depth = kernels.columns(c, run)
            matrix = c.at(c.p("packed"), c.n(f"back {kernels.back_runs.index(run)}"))
            c.call(
                kernels.product, c.sub(self.last, self.first), width, depth,
                kernels.address(c, source, self.first), kernels.row_length(c, source), 1,
                matrix, c.mul(depth, kernels.panel), kernels.panel, *start, to, length,
            )  # fmt: skip
            self.written.add(run.vector)


def _copy(module: ir.Module, machine: Machine) -> Code:
    c = Code(module, machine, "copy", "rows columns A a_row C c_row")
    with c.loop(0, c.rows) as i, c.loop(0, c.columns, machine.lanes) as j:
        value = c.load(c.at(c.A, c.add(c.mul(i, c.a_row), j)))
        c.store(value, c.at(c.C, c.add(c.mul(i, c.c_row), j)), c.lanes_below(c.sub(c.columns, j)))
    return c.end()


def _pack(module: ir.Module, machine: Machine) -> Code:
    """A matrix ``[rows, columns]`` into panels, behind ``offset`` other columns."""
    wide = product.panel(machine)
    c = Code(module, machine, "pack_panels", "A rows columns C offset")
    end = c.add(c.offset, c.columns)
    with c.loop(c.div(c.offset, wide), c.div(c.add(end, wide - 1), wide)) as p:
        low, high = c.mul(p, wide), c.min(c.mul(c.add(p, 1), wide), end)
        low_here = c.b.select(c.less(low, c.offset), c.offset, low)
        with c.loop(0, c.rows) as k, c.loop(low_here, high, machine.lanes) as column:
            value = c.load(c.at(c.A, c.add(c.mul(k, c.columns), c.sub(column, c.offset))))
            to = c.add(c.mul(p, c.mul(c.rows, wide)), c.add(c.mul(k, wide), c.sub(column, low)))
            c.store(value, c.at(c.C, to), c.lanes_below(c.sub(high, column)))
    return c.end()


def _pack_transposed(module: ir.Module, machine: Machine) -> Code:
    """The transpose of a matrix ``[rows, columns]`` into panels of ``depth`` rows, below ``offset`` other rows."""
    wide = product.panel(machine)
    c = Code(module, machine, "pack_transposed", "A a_row rows columns C offset depth")
    with c.loop(0, c.rows, wide) as i:
        panel = c.at(c.C, c.mul(i, c.depth))
        count = c.min(wide, c.sub(c.rows, i))
        with c.loop(0, c.columns) as j:
            to = c.at(panel, c.mul(c.add(c.offset, j), wide))
            source = c.at(c.A, c.add(c.mul(i, c.a_row), j))
            with c.loop(0, count) as k:
                c.b.store(c.scalar(c.at(source, c.mul(k, c.a_row))), c.at(to, k), align=4)
    return c.end()


def _column_sums(module: ir.Module, machine: Machine) -> Code:
    """Adds the sum over rows to ``C``."""
    c = Code(module, machine, "column_sums", "rows columns A a_row C")
    with c.loop(0, c.columns, machine.lanes) as j:
        to, sums = c.at(c.C, j), [c.number(0)]
        with c.loop(0, c.rows, 1, sums) as (i, values):
            values[0] = c.plus(values[0], c.load(c.at(c.A, c.add(c.mul(i, c.a_row), j))))
        c.store(c.plus(sums[0], c.load(to)), to, c.lanes_below(c.sub(c.columns, j)))
    return c.end()


def _from_nonzeros(module: ir.Module, machine: Machine) -> Code:
    """The product of mostly zero rows with a packed matrix: only what is not zero is multiplied."""
    wide = product.panel(machine)
    names = "first last columns depth Starts Index Value B D d_row C c_row"
    c = Code(module, machine, "from_nonzeros", names)
    with c.loop(0, c.columns, wide) as j:
        panel = c.at(c.B, c.mul(c.div(j, wide), c.mul(c.depth, wide)))
        offsets = [v * machine.lanes for v in range(VECTORS)]
        masks = [c.lanes_below(c.sub(c.columns, c.add(j, offset))) for offset in offsets]
        with c.loop(c.first, c.last) as r:
            row = c.sub(r, c.first)
            d = c.at(c.D, c.add(c.mul(row, c.d_row), j))
            sums = [c.load(c.at(d, offset)) for offset in offsets]
            with c.loop(c.integer(c.Starts, r), c.integer(c.Starts, c.add(r, 1)), 1, sums) as (e, values):
                a = c.splat(c.scalar(c.at(c.Value, e)))
                b = c.at(panel, c.mul(c.integer(c.Index, e), wide))
                for v, offset in enumerate(offsets):
                    values[v] = c.fma(a, c.load(c.at(b, offset)), values[v])
            to = c.at(c.C, c.add(c.mul(row, c.c_row), j))
            for v, offset in enumerate(offsets):
                c.store(sums[v], c.at(to, offset), masks[v])
    return c.end()


def _into_nonzeros(module: ir.Module, machine: Machine) -> Code:
    """Adds to ``C [., columns]`` the transpose of mostly zero rows, times ``G``."""
    c = Code(module, machine, "into_nonzeros", "first last columns Starts Index Value G g_row C")
    with c.loop(c.first, c.last) as r:
        g = c.at(c.G, c.mul(c.sub(r, c.first), c.g_row))
        with c.loop(c.integer(c.Starts, r), c.integer(c.Starts, c.add(r, 1))) as e:
            a = c.splat(c.scalar(c.at(c.Value, e)))
            row = c.at(c.C, c.mul(c.integer(c.Index, e), c.columns))
            with c.loop(0, c.columns, machine.lanes) as j:
                to = c.at(row, j)
                value = c.fma(a, c.load(c.at(g, j)), c.load(to))
                c.store(value, to, c.lanes_below(c.sub(c.columns, j)))
    return c.end()
