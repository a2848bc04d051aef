"""A work plan as LLVM code: the forward and the backward pass over a batch, for one member.

Every function takes two tables, of pointers and of integers (`tables`), so one compilation serves all sizes. A step of the
loop over time works on rows ``[first_t, first_t + n_t)``; what does not depend on time order is done for chunks of `CHUNK`
rows just before or after the steps that own them, while they are in the cache. Where the table says ``in order``, what the
forward pass makes of a sequence does not depend on the others of its batch, to the bit.
"""

from collections.abc import Callable

from llvmlite import ir

from gatebench.engines.fused_cpu import parametric, product, routines
from gatebench.engines.fused_cpu.builder import FunctionBuilder, Value
from gatebench.engines.fused_cpu.elementwise import BackwardPass, Values
from gatebench.engines.fused_cpu.layout import Layout
from gatebench.engines.fused_cpu.plan import JoinedProduct, Place, Stage, WorkPlan
from gatebench.engines.fused_cpu.processor import Processor
from gatebench.engines.fused_cpu.tables import WHOLE, TableFunction, Tables

CHUNK = 192
"""Rows of all that is done outside of the loop over time at once."""

FAR = 256
"""Numbers between two rows from which on a matrix is packed to be read by columns: its rows lie on a page of memory each."""


class Kernels:
    """Writes the functions ``forward`` and ``backward`` of one plan."""

    def __init__(
        self, plan: WorkPlan, module: ir.Module, processor: Processor, tables: Tables, of_inputs: bool = False
    ) -> None:
        """Write them into a module; with ``of_inputs`` the backward pass gives the gradient of the input, too."""
        self.plan, self.module, self.processor, self.tables = plan, module, processor, tables
        tiles = product.build_tiles(module, processor)
        self.product = product.build(module, processor, tiles)
        self.product_in_order = product.build_in_order(module, processor, tiles)
        self.product_of_blocks = product.build_of_blocks(module, processor, tiles)
        self.layout = Layout(plan, processor.panel, of_inputs)
        self.copy = routines.copy(module, processor)
        self.add = routines.add(module, processor)
        self.pack = routines.pack(module, processor)
        self.pack_transposed = routines.pack_transposed(module, processor)
        self.pack_blocks = routines.pack_blocks(module, processor)
        self.from_nonzeros = routines.from_nonzeros(module, processor)
        self.from_nonzeros_in_order = routines.from_nonzeros(module, processor, in_order=True)
        self.into_nonzeros = routines.into_nonzeros(module, processor)
        self.transpose = routines.transpose(module, processor)
        self.mean = routines.mean(module, processor)
        self.column_sums = routines.column_sums(module, processor)
        self._forward()
        self._backward()

    def _phase(self, name: str, arguments: str = "", exported: bool = False) -> TableFunction:
        return TableFunction(self.module, self.processor, self.tables, name, arguments, exported)

    # forward

    def _forward(self) -> None:
        pack = self._packs()
        before = self._phase("before", "first last")
        for stage in self.plan.before:
            for run in stage.products:
                with before.part("products of inputs"):
                    self._products(before, run, before.first, before.last)
            with before.part("elementwise"):
                self._means(before, stage, before.first, before.last)
                self._elementwise(before, stage, before.first, before.last)
        before.end()
        step = self._step()
        c = self._phase("forward", exported=True)
        with c.part(WHOLE):
            with c.part("packing"):
                c.phase(pack)
            for name in self.plan.graph.states:
                place = self.plan.state(name)
                with c.loop(0, c.integer(c.p("counts"), 0)) as r, c.loop(0, c.n(place.width), c.processor.lanes) as j:
                    mask = c.lanes_below(c.sub(c.n(place.width), j))
                    column = c.add(self.layout.column(c, place), j)
                    begin = c.load(c.at(c.p("begin"), c.add(c.mul(r, c.n("length begin")), column)))
                    c.store(begin, c.at(self.layout.address(c, place, r), j), mask)
            ready = [c.i64(0)]
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

    def _packs(self) -> TableFunction:
        """Write what packs matrices side by side, as products read them, and adds up biases."""
        c = self._phase("pack")
        nodes = self.plan.nodes
        for kind, runs in (("run", self.layout.runs), ("back", self.layout.back_runs)):
            for number, run in enumerate(runs):
                column = c.i64(0)
                for p in run.products:
                    rows, columns = c.n(self.plan.widths[run.vector]), c.n(self.plan.widths[p])
                    source = c.at(c.p("parameters"), c.n(f"parameter {nodes[p].label}"))
                    if nodes[p].op == "transposed":
                        c.call(self.transpose, columns, rows, source, rows, c.p("transposed"), columns)
                        source = c.p("transposed")
                    to = c.at(c.p("packed"), c.n(f"{kind} {number}"))
                    if kind == "run":
                        c.call(self.pack, source, rows, columns, to, column)
                    elif self.layout.has_gradient(run.vector):
                        c.call(self.pack_transposed, source, columns, rows, columns, to, column, self.layout.columns(c, run))
                    column = c.add(column, columns)
        for s in self.plan.sums.values():
            width = c.n(self.plan.widths[s.node])
            with c.loop(0, width, c.processor.lanes) as j:
                total = c.number(0)
                for row in s.rows:
                    total = c.plus(total, c.load(c.at(c.p("parameters"), c.add(c.n(f"parameter {nodes[row].label}"), j))))
                to = c.at(c.p("bias"), c.add(self.layout.column(c, s.place), j))
                c.store(total, to, c.lanes_below(c.sub(width, j)))
        parametric.compute(self.layout, c)
        return c.end()

    def _products(self, c: TableFunction, run: JoinedProduct, first: Value, last: Value) -> None:
        """Write the joined product of some rows, into its sums."""
        place, source = self.plan.part_of[run.products[0]].place, self.plan.places[run.vector]
        columns, depth = self.layout.columns(c, run), c.n(self.plan.widths[run.vector])
        matrix = c.at(c.p("packed"), c.n(f"run {self.layout.runs.index(run)}"))
        to, length = self.layout.address(c, place, first), self.layout.row_length(c, place)
        start = (c.at(c.p("bias"), self.layout.column(c, place)), 0) if run.starts else (to, length)

        def gathered() -> None:
            nonzeros = self._nonzeros(c, source)
            arguments = (first, last, columns, depth, *nonzeros, matrix, *start, to, length)
            self._in_order(c, self.from_nonzeros, self.from_nonzeros_in_order, arguments)

        def dense() -> None:
            a, panel = self.layout.address(c, source, first), self.layout.panel
            arguments = (
                c.sub(last, first), columns, depth, a, self.layout.row_length(c, source), 1,
                matrix, c.mul(depth, panel), panel, *start, to, length,
            )  # fmt: skip
            self._in_order(c, self.product, self.product_in_order, arguments)

        self._either(c, source, gathered, dense)

    @staticmethod
    def _in_order(
        c: TableFunction, function: FunctionBuilder, in_order: FunctionBuilder, arguments: tuple[Value, ...]
    ) -> None:
        """Write a call of one of two functions: of the second where rows must not depend on who stands beside them."""
        with c.b.if_else(c.b.icmp_signed("!=", c.n("in order"), c.i64(0))) as (then, otherwise):
            with then:
                c.call(in_order, *arguments)
            with otherwise:
                c.call(function, *arguments)

    def _either(self, c: TableFunction, source: Place, gathered: Callable[[], None], dense: Callable[[], None]) -> None:
        """Write both kinds of product where a batch's input may be mostly zeros; nothing else is."""
        if not source.array.startswith("input"):
            dense()
            return
        sparse = c.b.icmp_signed("!=", c.n(f"sparse {source.array}"), c.i64(0))
        with c.b.if_else(sparse) as (then, otherwise):
            with then:
                gathered()
            with otherwise:
                dense()

    def _nonzeros(self, c: TableFunction, source: Place) -> tuple[Value, ...]:
        """Return the pointers to row starts, positions and values of an input's nonzero numbers."""
        return tuple(c.p(f"{what} {source.array}") for what in ("starts", "index", "value"))

    def _step(self) -> TableFunction:
        """Write one step of the loop, and hand its states on to the next step."""
        c = self._phase("step", "t")
        count = c.integer(c.p("counts"), c.t)
        first = c.integer(c.p("firsts"), c.t)
        last = c.add(first, count)
        for stage in self.plan.loop:
            for run in stage.products:
                with c.part("products of states"):
                    self._products(c, run, first, last)
            with c.part("elementwise"):
                self._means(c, stage, first, last)
                self._elementwise(c, stage, first, last)
        carried = c.integer(c.p("counts"), c.add(c.t, 1))
        with c.part("copies of states"):
            for name, update in zip(self.plan.graph.states, self.plan.graph.updates, strict=True):
                source, to = self.plan.places[update], self.plan.state(name)
                a, b = self.layout.address(c, source, first), self.layout.address(c, to, last)
                lengths = self.layout.row_length(c, source), self.layout.row_length(c, to)
                c.call(self.copy, carried, c.n(to.width), a, lengths[0], b, lengths[1])
        return c.end()

    def _means(self, c: TableFunction, stage: Stage, first: Value, last: Value) -> None:
        """Write the means of a stage, for some rows."""
        for i in stage.means:
            (vector,), zeros = self.plan.nodes[i].args, (c.p("zeros"), 0)
            source, to = self.plan.places[vector], self.plan.places[i]
            a, b = (self.layout.address(c, place, self.layout.row(c, place, first, first)) for place in (source, to))
            lengths = self.layout.row_length(c, source), self.layout.row_length(c, to)
            columns, wide = c.n(self.plan.widths[vector]), c.n(to.width)
            c.call(self.mean, c.sub(last, first), columns, a, lengths[0], *zeros, wide, b, lengths[1])

    def _elementwise(self, c: TableFunction, stage: Stage, first: Value, last: Value) -> None:
        """Write the elementwise work of a stage, for some rows."""
        places = {i: self.plan.places[i] for i in stage.computes}
        # Single numbers of rows come first: others read them, and they read those of other stages alone.
        for letter in sorted(dict.fromkeys(place.width for place in places.values()), key=lambda letter: letter != "1"):
            nodes, width = [i for i in places if places[i].width == letter], c.n(letter)
            with c.loop(0, width, c.processor.lanes) as j:
                mask = c.lanes_below(c.sub(width, j))
                values = Values(self.layout, c, j, set(nodes), self.plan.reads(set(nodes)), letter != "1")
                with c.loop(first, last) as r:
                    values.row(r)
                    for i in nodes:
                        row = self.layout.row(c, places[i], r, first)
                        c.store(values.of(i), c.at(self.layout.address(c, places[i], row), j), mask)

    # backward

    def _backward(self) -> None:
        step = self._back_step()
        weights, before = self._weights(), self._back_before()
        clear, collect = self._clear(), self._collect()
        c = self._phase("backward", exported=True)
        with c.part(WHOLE):
            with c.part("packing"):
                c.phase(clear)
            pending = [c.n("N")]
            with c.loop(0, c.n("T"), 1, pending) as (i, values):
                t = c.sub(c.sub(c.n("T"), 1), i)
                c.phase(step, t)
                first, last = c.integer(c.p("firsts"), t), values[0]
                due = c.b.or_(c.less(CHUNK - 1, c.sub(last, first)), c.b.icmp_signed("==", t, c.i64(0)))
                with c.when(due):
                    c.phase(before, first, last)
                    with c.part("gradients of weights"):
                        c.phase(weights, first, last)
                values[0] = c.b.select(due, first, last)
            with c.part("packing"):
                c.phase(collect)
        c.end()

    def _weights(self) -> TableFunction:
        """Write the gradients of matrices and biases, from those of the sums: those of joined products side by side."""
        c = self._phase("weights", "first last")
        for run in self.layout.back_runs:
            self._weight(c, run)
        rows, length = c.sub(c.last, c.first), c.n("length gates")
        g = c.at(c.p("gates"), c.mul(c.first, length))
        c.call(self.column_sums, rows, length, g, length, c.p("gradients of rows"))
        return c.end()

    def _weight(self, c: TableFunction, run: JoinedProduct) -> None:
        """Write the gradient of joined matrices: what they multiplied, transposed, times the gradients of the sums."""
        source, sums = self.plan.places[run.vector], self.plan.part_of[run.products[0]].place
        g, length = self.layout.address(c, sums, c.first), self.layout.row_length(c, sums)
        columns, (to, to_row) = self.layout.columns(c, run), self.layout.joined_gradient(c, run)

        def gathered() -> None:
            c.call(self.into_nonzeros, c.first, c.last, columns, *self._nonzeros(c, source), g, length, to, to_row)

        def dense() -> None:
            rows, depth, blocks = c.sub(c.last, c.first), c.n(source.width), c.p("blocks")
            a, a_row = self.layout.address(c, source, c.first), self.layout.row_length(c, source)
            b_and_c = (g, self.layout.panel, length, to, to_row, to, to_row)
            with c.b.if_else(c.less(a_row, FAR)) as (near, far):
                with near:
                    c.call(self.product, depth, columns, rows, a, 1, a_row, *b_and_c)
                with far:
                    c.call(self.pack_blocks, rows, depth, a, a_row, blocks)
                    c.call(self.product_of_blocks, depth, columns, rows, blocks, *b_and_c)

        self._either(c, source, gathered, dense)

    def _clear(self) -> TableFunction:
        """Write zeros to what the backward pass adds to."""
        c = self._phase("clear")
        numbers = c.mul(c.n("B"), c.n("length previous"))
        sizes = {"carry0": numbers, "carry1": numbers, "gradients of rows": c.n("length gates")}
        sizes |= {"gradients of fixed": c.n("length fixed")} if self.plan.fixed else {}
        for name, size in (*sizes.items(), ("gradients of matrices", c.n("joined numbers"))):
            with c.loop(0, size, c.processor.lanes) as i:
                c.store(c.number(0), c.at(c.p(name), i))
        return c.end()

    def _collect(self) -> TableFunction:
        """Write what adds the joined gradients to those of the parameters."""
        c = self._phase("collect")
        for run in self.layout.back_runs:
            (source, source_row), column = self.layout.joined_gradient(c, run), c.i64(0)
            for p in run.products:
                rows, columns = c.n(self.plan.widths[run.vector]), c.n(self.plan.widths[p])
                to = c.at(c.p("gradient"), c.n(f"parameter {self.plan.nodes[p].label}"))
                if self.plan.nodes[p].op == "transposed":
                    c.call(self.transpose, rows, columns, c.at(source, column), source_row, c.p("transposed"), rows)
                    c.call(self.add, columns, rows, c.p("transposed"), rows, to, rows)
                else:
                    c.call(self.add, rows, columns, c.at(source, column), source_row, to, columns)
                column = c.add(column, columns)
        for s in self.plan.sums.values():
            source, columns = c.at(c.p("gradients of rows"), self.layout.column(c, s.place)), c.n(s.place.width)
            for row in s.rows:
                to = c.at(c.p("gradient"), c.n(f"parameter {self.plan.nodes[row].label}"))
                c.call(self.add, 1, columns, source, columns, to, columns)
        parametric.add_gradients(self.layout, c)
        return c.end()

    def _back_before(self) -> TableFunction:
        """Write the backward pass through what comes before the loop, for some rows."""
        c = self._phase("back_before", "first last")
        backward = BackwardPass(self.layout, self.product, self.mean, c, c.first, c.last, None)
        backward.written |= set(self.layout.late)
        for stage in reversed(self.plan.before):
            with c.part("elementwise, backward"):
                backward.stage(stage)
                backward.means(stage)
            with c.part("products of inputs, backward"):
                backward.products(stage)
        return c.end()

    def _back_step(self) -> TableFunction:
        """Write the backward pass through one step of the loop."""
        c = self._phase("back_step", "t")
        first = c.integer(c.p("firsts"), c.t)
        last = c.add(first, c.integer(c.p("counts"), c.t))
        odd = c.b.icmp_signed("!=", c.b.and_(c.t, c.i64(1)), c.i64(0))
        carries = [c.b.select(odd, c.p(a), c.p(b)) for a, b in (("carry0", "carry1"), ("carry1", "carry0"))]
        backward = BackwardPass(self.layout, self.product, self.mean, c, first, last, (carries[0], carries[1]))
        for stage in reversed(self.plan.loop):
            with c.part("elementwise, backward"):
                backward.stage(stage, is_first=stage is self.plan.loop[0])
                backward.means(stage)
            with c.part("products of states, backward"):
                backward.products(stage)
        return c.end()
