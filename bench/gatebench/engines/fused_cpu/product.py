"""Matrix products: the one routine that all of them go through.

``C[i, j] = D[i, j] + sum_k A[i, k] B[k, j]``, with A at ``i a_row + k a_k`` (so a transpose is a pair of strides), and B
in panels of as many columns as a tile has, either packed or just columns of a wider matrix. D is C itself (accumulate), or
a row of biases or zeros (``d_row = 0``).

A tile of C stays in registers while k runs: each step loads a row of B's panel and multiplies it with one number of A for
each row of the tile. A panel of B is small enough for the first cache and is used for all rows of A before the next one.

Tiles of few rows sum several k at once, so that the last bits of a row depend on how many rows there are. Those of a product
*in order* do not: its sums begin at zero and go from k to k, and what few rows leave idle, further panels take.
"""

from collections.abc import Callable

from llvmlite import ir

from gatebench.engines.fused_cpu.builder import FunctionBuilder, Value
from gatebench.engines.fused_cpu.processor import Processor

SHALLOW = 2**14
"""Numbers of B below which a few rows of A are multiplied with all of it before the next ones: 64 KiB."""
SUMS = 4
"""Rows, or k, of which a tile sums at least so many at once: fewer sums in flight would wait for one another."""
PANELS = 3
"""Panels side by side that a single row takes in order."""


Tiles = dict[tuple[int, int], FunctionBuilder]
"""Rows and vectors of a tile -> its function."""


def build_tiles(module: ir.Module, processor: Processor) -> Tiles:
    """Write the functions of tiles of all heights and widths."""
    widths = range(1, processor.vectors + 1)
    return {(height, width): _tile(module, processor, height, width) for height in _heights(processor) for width in widths}


def _heights(processor: Processor) -> list[int]:
    """Return how many rows the tiles have, the most first."""
    heights = [processor.rows]
    while heights[-1] > 1:
        heights.append(heights[-1] // 2)
    return heights


def build_in_order(module: ir.Module, processor: Processor, tiles: Tiles) -> FunctionBuilder:
    """Write ``product_in_order``, as `build` does ``product``: what a row becomes does not depend on how many there are."""
    arguments = "rows columns depth A a_row a_k B b_panel b_k D d_row C c_row"
    c = FunctionBuilder(module, processor, "product_in_order", arguments)
    c.function.attributes.add("noinline")  # it is called for many rows at once, and compiling its copies takes long
    of_a_row = [_tile(module, processor, 1, width, in_order=True) for width in range(1, PANELS * processor.vectors + 1)]
    several = min(height for height in _heights(processor) if height >= SUMS or height == processor.rows)
    even = c.mul(c.div(c.rows, several), several)
    high = {(height, width): tile for (height, width), tile in tiles.items() if height >= several}
    _panels(c, high, lambda i: c.mul(i, c.a_row), c.a_row, c.a_k, even)
    wide = PANELS * processor.panel
    with c.loop(even, c.rows) as i, c.loop(0, c.columns, wide) as j:
        vectors, mask = _vectors(c, c.min(c.sub(c.columns, j), wide))
        a = c.at(c.A, c.mul(i, c.a_row))
        b = c.at(c.B, c.mul(c.div(j, processor.panel), c.b_panel))
        d, to = (c.at(array, c.add(c.mul(i, row), j)) for array, row in ((c.D, c.d_row), (c.C, c.c_row)))
        for count, tile in enumerate(of_a_row, 1):
            with c.when(c.b.icmp_signed("==", vectors, c.i64(count))):
                c.b.call(tile.function, [c.depth, a, c.a_row, c.a_k, b, c.b_k, d, c.d_row, to, c.c_row, c.b_panel, mask])
    return c.end()


def build(module: ir.Module, processor: Processor, tiles: Tiles) -> FunctionBuilder:
    """Write the function ``product(rows, columns, depth, A, a_row, a_k, B, b_panel, b_k, D, d_row, C, c_row)``."""
    c = FunctionBuilder(module, processor, "product", "rows columns depth A a_row a_k B b_panel b_k D d_row C c_row")
    _panels(c, tiles, lambda i: c.mul(i, c.a_row), c.a_row, c.a_k, c.rows)
    return c.end()


def build_of_blocks(module: ir.Module, processor: Processor, tiles: Tiles) -> FunctionBuilder:
    """Write a product for an A in blocks of as many rows as a tile has, ``A[i, k]`` at ``i // rows``, k, ``i % rows``."""
    c = FunctionBuilder(module, processor, "product_of_blocks", "rows columns depth A B b_panel b_k D d_row C c_row")

    def place(i: Value) -> Value:
        block = c.div(i, processor.rows)
        return c.add(c.mul(block, c.mul(c.depth, processor.rows)), c.sub(i, c.mul(block, processor.rows)))

    _panels(c, tiles, place, c.i64(1), c.i64(processor.rows), c.rows)
    return c.end()


def _panels(
    c: FunctionBuilder, tiles: Tiles, place: Callable[[Value], Value], a_row: Value, a_k: Value, rows: Value
) -> None:
    """Write the loops over panels and rows; ``place`` is where row i of A begins, at multiples of a tile's rows."""
    processor = c.processor
    wide = processor.panel
    # all rows by one panel after the other, or by a few rows all panels, if those together stay in the first caches
    is_shallow = c.less(c.mul(c.depth, c.columns), SHALLOW)
    block = c.b.select(is_shallow, c.i64(processor.rows), rows)
    with c.loop(0, rows, block) as first, c.loop(0, c.columns, wide) as j:
        last = c.min(c.add(first, block), rows)
        panel_of_b = c.at(c.B, c.mul(c.div(j, wide), c.b_panel))
        vectors, mask = _vectors(c, c.min(c.sub(c.columns, j), wide))

        def multiply(
            tile: FunctionBuilder, i: Value, j: Value = j, panel_of_b: Value = panel_of_b, mask: Value = mask
        ) -> None:
            d, to = (c.at(array, c.add(c.mul(i, row), j)) for array, row in ((c.D, c.d_row), (c.C, c.c_row)))
            a = c.at(c.A, place(i))
            c.b.call(tile.function, [c.depth, a, a_row, a_k, panel_of_b, c.b_k, d, c.d_row, to, c.c_row, mask])

        for count in range(1, processor.vectors + 1):
            with c.when(c.b.icmp_signed("==", vectors, c.i64(count))):
                of_width = {height: tile for (height, width), tile in tiles.items() if width == count}
                _rows(c, of_width, first, last, multiply)


def _rows(
    c: FunctionBuilder, tiles: dict[int, FunctionBuilder], first: Value, last: Value, multiply: Callable[..., None]
) -> None:
    """Write some rows of one panel, by tiles of falling height."""
    done = first
    for height, tile in tiles.items():
        stop = c.add(done, c.mul(c.div(c.sub(last, done), height), height))
        with c.loop(done, stop, height) as i:
            multiply(tile, i)
        done = stop


def _vectors(c: FunctionBuilder, columns: Value) -> tuple[Value, Value]:
    """Write how many vectors some columns have, and the mask of the lanes of the last one."""
    lanes = c.processor.lanes
    vectors = c.div(c.add(columns, lanes - 1), lanes)
    return vectors, c.lanes_below(c.sub(columns, c.mul(c.sub(vectors, 1), lanes)))


def _tile(module: ir.Module, processor: Processor, height: int, vectors: int, in_order: bool = False) -> FunctionBuilder:
    """Write the function of one tile; where it is summed in order, its vectors may lie in several panels of B."""
    arguments = "depth A a_row a_k B b_k D d_row C c_row" + (" b_panel" if in_order else "")
    name = f"tile{height}x{vectors}" + ("_in_order" if in_order else "")
    c = FunctionBuilder(module, processor, name, arguments, mask=True)
    c.function.attributes.add("noinline")
    lanes = processor.lanes
    at_once = 1 if in_order else max(1, SUMS // height)
    sums = [c.number(0)] * (height * vectors * at_once)
    a_rows = [c.at(c.A, c.mul(i, c.a_row)) for i in range(height)]
    panels = [c.B, *(c.at(c.B, c.mul(p, c.b_panel)) for p in range(1, -(-vectors // processor.vectors)))]

    def step(k: Value, values: list[Value], offset: int) -> None:
        rows = [c.at(panel, c.mul(k, c.b_k)) for panel in panels]
        bs = [c.load(c.at(rows[v // processor.vectors], v % processor.vectors * lanes)) for v in range(vectors)]
        for i in range(height):
            a = c.splat(c.scalar(c.at(a_rows[i], c.mul(k, c.a_k))))
            for v in range(vectors):
                place = (offset * height + i) * vectors + v
                values[place] = c.fma(a, bs[v], values[place])

    even = c.mul(c.div(c.depth, at_once), at_once)
    with c.loop(0, even, at_once, sums) as (k, values):
        for offset in range(at_once):
            step(c.add(k, offset), values, offset)
    if at_once > 1:
        with c.loop(even, c.depth, 1, sums) as (k, values):
            step(k, values, 0)
    for i in range(height):
        for v in range(vectors):
            total = sums[i * vectors + v]
            for offset in range(1, at_once):
                total = c.plus(total, sums[(offset * height + i) * vectors + v])
            d = c.load(c.at(c.D, c.add(c.mul(i, c.d_row), v * lanes)))
            to = c.at(c.C, c.add(c.mul(i, c.c_row), v * lanes))
            c.store(c.plus(total, d), to, c.last_mask if v == vectors - 1 else None)
    return c.end()
