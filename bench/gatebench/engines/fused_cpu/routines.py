"""Copying, packing, sums of columns, and products with rows that are mostly zeros."""

from llvmlite import ir

from gatebench.engines.fused_cpu.builder import F32, FunctionBuilder, Value
from gatebench.engines.fused_cpu.processor import Processor

SUMS = 8
"""Vectors of columns that are summed at once."""


def copy(module: ir.Module, processor: Processor) -> FunctionBuilder:
    """Write the function that copies rows of one array to rows of another."""
    c = FunctionBuilder(module, processor, "copy", "rows columns A a_row C c_row")
    with c.loop(0, c.rows) as i, c.loop(0, c.columns, processor.lanes) as j:
        value = c.load(c.at(c.A, c.add(c.mul(i, c.a_row), j)))
        c.store(value, c.at(c.C, c.add(c.mul(i, c.c_row), j)), c.lanes_below(c.sub(c.columns, j)))
    return c.end()


def add(module: ir.Module, processor: Processor) -> FunctionBuilder:
    """Write the function that adds rows of one array to rows of another."""
    c = FunctionBuilder(module, processor, "add", "rows columns A a_row C c_row")
    with c.loop(0, c.rows) as i, c.loop(0, c.columns, processor.lanes) as j:
        to = c.at(c.C, c.add(c.mul(i, c.c_row), j))
        total = c.plus(c.load(to), c.load(c.at(c.A, c.add(c.mul(i, c.a_row), j))))
        c.store(total, to, c.lanes_below(c.sub(c.columns, j)))
    return c.end()


def pack(module: ir.Module, processor: Processor) -> FunctionBuilder:
    """Write the function that packs a matrix ``[rows, columns]`` into panels, behind ``offset`` other columns."""
    wide = processor.panel
    c = FunctionBuilder(module, processor, "pack_panels", "A rows columns C offset")
    end = c.add(c.offset, c.columns)
    with c.loop(c.div(c.offset, wide), c.div(c.add(end, wide - 1), wide)) as p:
        low, high = c.mul(p, wide), c.min(c.mul(c.add(p, 1), wide), end)
        low_here = c.b.select(c.less(low, c.offset), c.offset, low)
        with c.loop(0, c.rows) as k, c.loop(low_here, high, processor.lanes) as column:
            value = c.load(c.at(c.A, c.add(c.mul(k, c.columns), c.sub(column, c.offset))))
            to = c.add(c.mul(p, c.mul(c.rows, wide)), c.add(c.mul(k, wide), c.sub(column, low)))
            c.store(value, c.at(c.C, to), c.lanes_below(c.sub(high, column)))
    return c.end()


def pack_transposed(module: ir.Module, processor: Processor) -> FunctionBuilder:
    """Write the function that packs a transposed matrix into panels of ``depth`` rows, below ``offset`` other rows."""
    wide = processor.panel
    c = FunctionBuilder(module, processor, "pack_transposed", "A a_row rows columns C offset depth")
    with c.loop(0, c.rows, wide) as i:
        panel = c.at(c.C, c.mul(i, c.depth))
        count = c.min(wide, c.sub(c.rows, i))
        with c.loop(0, c.columns) as j:
            to = c.at(panel, c.mul(c.add(c.offset, j), wide))
            source = c.at(c.A, c.add(c.mul(i, c.a_row), j))
            with c.loop(0, count) as k:
                c.b.store(c.scalar(c.at(source, c.mul(k, c.a_row))), c.at(to, k), align=4)
    return c.end()


def pack_blocks(module: ir.Module, processor: Processor) -> FunctionBuilder:
    """Write the function that packs columns of a matrix into blocks of as many as a tile of a product has rows.

    ``A[k, j]`` goes to ``j // rows``, k, ``j % rows``.
    """
    high = processor.rows
    wide = ir.VectorType(F32, high)
    c = FunctionBuilder(module, processor, "pack_blocks", "rows columns A a_row C")
    with c.loop(0, c.columns, high) as j:
        block = c.at(c.C, c.mul(j, c.rows))
        with c.loop(0, c.rows) as k:
            source, to = c.at(c.A, c.add(c.mul(k, c.a_row), j)), c.at(block, c.mul(k, high))
            c.b.store(c.b.load(source, typ=wide, align=4), to, align=4)
    return c.end()


def column_sums(module: ir.Module, processor: Processor) -> FunctionBuilder:
    """Write the function that adds the sums over rows to ``C``; columns are whole vectors."""
    c = FunctionBuilder(module, processor, "column_sums", "rows columns A a_row C")

    def sum_vectors(j: Value, count: int) -> None:
        offsets = [v * processor.lanes for v in range(count)]
        sums = [c.number(0) for _ in offsets]
        with c.loop(0, c.rows, 1, sums) as (i, values):
            row = c.at(c.A, c.add(c.mul(i, c.a_row), j))
            for v, offset in enumerate(offsets):
                values[v] = c.plus(values[v], c.load(c.at(row, offset)))
        for total, offset in zip(sums, offsets, strict=True):
            to = c.at(c.C, c.add(j, offset))
            c.store(c.plus(total, c.load(to)), to)

    many = SUMS * processor.lanes
    even = c.mul(c.div(c.columns, many), many)
    with c.loop(0, even, many) as j:
        sum_vectors(j, SUMS)
    with c.loop(even, c.columns, processor.lanes) as j:
        sum_vectors(j, 1)
    return c.end()


def transpose(module: ir.Module, processor: Processor) -> FunctionBuilder:
    """Write the function that copies the columns of ``A [rows, columns]`` to the rows of ``C [columns, rows]``."""
    c = FunctionBuilder(module, processor, "transpose", "rows columns A a_row C c_row")
    with c.loop(0, c.columns) as j, c.loop(0, c.rows) as i:
        a = c.scalar(c.at(c.A, c.add(c.mul(i, c.a_row), j)))
        c.b.store(a, c.at(c.C, c.add(c.mul(j, c.c_row), i)), align=4)
    return c.end()


def mean(module: ir.Module, processor: Processor) -> FunctionBuilder:
    """Write the function that adds the mean of each row of ``A`` to ``wide`` columns of that row of ``D``, into ``C``."""
    c = FunctionBuilder(module, processor, "mean", "rows columns A a_row D d_row wide C c_row")
    share = c.over(c.number(1), c.splat(c.b.sitofp(c.columns, F32)))
    with c.loop(0, c.rows) as i:
        sums = [c.number(0)]
        with c.loop(0, c.columns, processor.lanes, sums) as (j, values):
            a = c.load(c.at(c.A, c.add(c.mul(i, c.a_row), j)))
            values[0] = c.plus(values[0], c.b.select(c.lanes_below(c.sub(c.columns, j)), a, c.number(0)))
        average = c.splat(c.total(c.times(sums[0], share)))
        with c.loop(0, c.wide, processor.lanes) as j:
            total = c.plus(c.load(c.at(c.D, c.add(c.mul(i, c.d_row), j))), average)
            c.store(total, c.at(c.C, c.add(c.mul(i, c.c_row), j)), c.lanes_below(c.sub(c.wide, j)))
    return c.end()


def from_nonzeros(module: ir.Module, processor: Processor, in_order: bool = False) -> FunctionBuilder:
    """Write the product of mostly zero rows with a packed matrix: only what is not zero is multiplied.

    Sums begin with ``D``; ``in_order`` with zero, and D is added last: that is ``product_in_order`` of the same rows.
    """
    wide = processor.panel
    names = "first last columns depth Starts Index Value B D d_row C c_row"
    c = FunctionBuilder(module, processor, "from_nonzeros" + ("_in_order" if in_order else ""), names)
    with c.loop(0, c.columns, wide) as j:
        panel = c.at(c.B, c.mul(c.div(j, wide), c.mul(c.depth, wide)))
        offsets = [v * processor.lanes for v in range(processor.vectors)]
        masks = [c.lanes_below(c.sub(c.columns, c.add(j, offset))) for offset in offsets]
        with c.loop(c.first, c.last) as r:
            row = c.sub(r, c.first)
            d = c.at(c.D, c.add(c.mul(row, c.d_row), j))
            starts = [c.load(c.at(d, offset)) for offset in offsets]
            sums = [c.number(0)] * len(offsets) if in_order else starts[:]
            with c.loop(c.integer(c.Starts, r), c.integer(c.Starts, c.add(r, 1)), 1, sums) as (e, values):
                a = c.splat(c.scalar(c.at(c.Value, e)))
                b = c.at(panel, c.mul(c.integer(c.Index, e), wide))
                for v, offset in enumerate(offsets):
                    values[v] = c.fma(a, c.load(c.at(b, offset)), values[v])
            to = c.at(c.C, c.add(c.mul(row, c.c_row), j))
            for v, offset in enumerate(offsets):
                c.store(c.plus(sums[v], starts[v]) if in_order else sums[v], c.at(to, offset), masks[v])
    return c.end()


def into_nonzeros(module: ir.Module, processor: Processor) -> FunctionBuilder:
    """Write the function that adds to ``C`` the transpose of mostly zero rows, times ``G``, by whole vectors of columns."""
    c = FunctionBuilder(module, processor, "into_nonzeros", "first last columns Starts Index Value G g_row C c_row")
    with c.loop(c.first, c.last) as r:
        g = c.at(c.G, c.mul(c.sub(r, c.first), c.g_row))
        with c.loop(c.integer(c.Starts, r), c.integer(c.Starts, c.add(r, 1))) as e:
            a = c.splat(c.scalar(c.at(c.Value, e)))
            row = c.at(c.C, c.mul(c.integer(c.Index, e), c.c_row))
            with c.loop(0, c.columns, processor.lanes) as j:
                to = c.at(row, j)
                c.store(c.fma(a, c.load(c.at(g, j)), c.load(to)), to)
    return c.end()
