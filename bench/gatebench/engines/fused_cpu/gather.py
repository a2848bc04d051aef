"""Code that gathers the rows of a batch from its sequences, wherever they stand in memory, as float32 or as bytes."""

from collections.abc import Callable
from dataclasses import dataclass

from llvmlite import ir

from gatebench.engines.fused_cpu.builder import F32, I64, POINTER, FunctionBuilder, Value
from gatebench.engines.fused_cpu.processor import Processor

FUNCTIONS = {"rows": "rows columns Sources C", "blocks": "rows columns Sources C"} | {
    "nonzeros": "rows columns most Sources Starts Index Value"
}
"""Name of a function -> its arguments; ``Sources`` are the addresses of the rows, and its columns stand side by side."""
BYTES = "_of_bytes"
"""What the name of a function ends in that reads bytes, 0 to 255, rather than float32."""


def build(module: ir.Module, processor: Processor) -> None:
    """Write all functions, for numbers and for bytes."""
    for kind in (F32, ir.IntType(8)):
        suffix = "" if kind == F32 else BYTES
        for name, write in (("rows", _rows), ("blocks", _blocks), ("nonzeros", _nonzeros)):
            c = FunctionBuilder(module, processor, name + suffix, FUNCTIONS[name], exported=True)
            write(c, _Sources(c, kind))
            c.end()


@dataclass(frozen=True)
class _Sources:
    """The rows that are gathered, of numbers of one kind."""

    c: FunctionBuilder
    kind: ir.Type

    def row(self, r: Value) -> Value:
        """Write the address of row r."""
        return self.c.b.inttoptr(self.c.integer(self.c.Sources, r), POINTER)

    def number(self, row: Value, j: Value) -> Value:
        """Load a number of a row."""
        b, at = self.c.b, self._at(row, j)
        return b.load(at, typ=F32, align=4) if self.kind == F32 else b.uitofp(b.load(at, typ=self.kind), F32)

    def vector(self, row: Value, j: Value) -> Value:
        """Load a vector of a row."""
        if self.kind == F32:
            return self.c.load(self._at(row, j))
        wide = ir.VectorType(self.kind, self.c.processor.lanes)
        return self.c.b.uitofp(self.c.b.load(self._at(row, j), typ=wide, align=1), self.c.vector)

    def _at(self, row: Value, j: Value) -> Value:
        return self.c.b.gep(row, [self.c.i64(j)], source_etype=self.kind)


def _rows(c: FunctionBuilder, sources: _Sources) -> None:
    """Copy rows to ``C [rows, columns]``."""
    lanes = c.processor.lanes
    whole = c.mul(c.div(c.columns, lanes), lanes)
    with c.loop(0, c.rows) as r:
        row, to = sources.row(r), c.at(c.C, c.mul(r, c.columns))
        with c.loop(0, whole, lanes) as j:
            c.store(sources.vector(row, j), c.at(to, j))
        with c.loop(whole, c.columns) as j:
            c.b.store(sources.number(row, j), c.at(to, j), align=4)


def _blocks(c: FunctionBuilder, sources: _Sources) -> None:
    """Copy rows to blocks of transposed rows, ``C [rows / panel, columns, panel]``."""
    wide = c.processor.panel
    with c.loop(0, c.rows, wide) as first:
        block = c.at(c.C, c.mul(first, c.columns))
        with c.loop(0, c.min(wide, c.sub(c.rows, first))) as k:
            row = sources.row(c.add(first, k))
            with c.loop(0, c.columns) as j:
                c.b.store(sources.number(row, j), c.at(block, c.add(c.mul(j, wide), k)), align=4)


def _nonzeros(c: FunctionBuilder, sources: _Sources) -> None:
    """List the numbers that are not zero.

    Of row r they stand in ``Value``, and their columns in ``Index``, from place ``Starts[r]`` to ``Starts[r + 1]``. When
    there are more than ``most`` of them, no further row is read.
    """
    lanes = c.processor.lanes
    count = c.b.alloca(I64)
    c.b.store(c.i64(0), count)
    whole = c.mul(c.div(c.columns, lanes), lanes)

    def write(row: Value, j: Value) -> None:
        place = c.b.load(count, typ=I64)
        c.b.store(j, c.b.gep(c.Index, [place], source_etype=I64))
        c.b.store(sources.number(row, j), c.at(c.Value, place), align=4)

    def advance(by: Value) -> None:
        c.b.store(c.b.add(c.b.load(count, typ=I64), by), count)

    def write_lane(row: Value, j: Value) -> None:
        write(row, j)
        advance(c.i64(1))

    with c.loop(0, c.rows) as r:
        c.b.store(c.b.load(count, typ=I64), c.b.gep(c.Starts, [r], source_etype=I64))
        with c.when(c.b.icmp_signed("<=", c.b.load(count, typ=I64), c.most)):
            row = sources.row(r)
            with c.loop(0, whole, lanes) as j:
                _each_nonzero(c, sources.vector(row, j), lambda lane, row=row, j=j: write_lane(row, c.add(j, lane)))
            with c.loop(whole, c.columns) as j:
                write(row, j)
                advance(c.b.zext(c.b.fcmp_unordered("!=", sources.number(row, j), ir.Constant(F32, 0)), I64))
    c.b.store(c.b.load(count, typ=I64), c.b.gep(c.Starts, [c.rows], source_etype=I64))


def _each_nonzero(c: FunctionBuilder, vector: Value, write: Callable[[Value], None]) -> None:
    """Write a loop over the lanes of a vector that are not zero."""
    is_nonzero = c.b.fcmp_unordered("!=", vector, c.number(0))
    left = [c.b.zext(c.b.bitcast(is_nonzero, ir.IntType(c.processor.lanes)), I64)]
    with c.loop(0, c.b.ctpop(left[0]), 1, left) as (_, values):
        write(c.b.cttz(values[0], ir.Constant(ir.IntType(1), 1)))
        values[0] = c.b.and_(values[0], c.b.sub(values[0], c.i64(1)))
