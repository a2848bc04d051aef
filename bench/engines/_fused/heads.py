"""Readout, likelihood and the gradient of both, for blocks of rows.

The readout of a block is kept transposed, ``[R, rows]``: then the lanes of a vector are rows, every likelihood reads as it does
for one row, and nothing is summed across lanes.
"""


from bench.engines._fused import functions
from bench.engines._fused.kernels import Kernels, Phase
from bench.engines._fused.vector import Value


class Block:
    """Rows of a vector within a block: its readout, targets and where the gradient goes."""

    def __init__(self, c: Phase, wide: int, target: Value, lane: Value) -> None:
        self.c, self.wide, self.target, self.lane = c, wide, target, lane

    def readout(self, i: Value) -> Value:
        """Address of number i of the readout."""
        return self.c.at(self.c.p("readout"), self.c.add(self.c.mul(i, self.wide), self.lane))

    def y(self, i: Value) -> Value:
        """Number i of the target."""
        return self.c.load(self.c.at(self.target, self.c.add(self.c.mul(i, self.wide), self.lane)))


def bernoulli(c: Phase, block: Block, weight: Value) -> Value:
    """``sum_y max(a, 0) - a y + log(1 + exp(-|a|))``; the gradient is ``sigmoid(a) - y``."""
    total = [c.number(0)]
    with c.loop(0, c.n("Y"), 1, total) as (i, values):
        place = block.readout(i)
        a, y = c.load(place), block.y(i)
        e = functions.exp(c, c.minus(c.number(0), c.absolute(a)))
        s = c.over(c.number(1), c.plus(c.number(1), e))
        positive = c.b.fcmp_ordered(">=", a, c.number(0))
        mean = c.b.select(positive, s, c.times(e, s))
        nll = c.plus(c.minus(c.at_least(a, 0.0), c.times(a, y)), functions.log1p(c, e))
        values[0] = c.plus(values[0], nll)
        c.store(c.times(weight, c.minus(mean, y)), place)
    return total[0]


LIKELIHOODS = {"bernoulli": bernoulli}
"""Name -> code that gives the loss of a vector of rows and leaves ``weight`` times its gradient in place of the readout."""


def knows(likelihood: object) -> bool:
    """Whether there is code for a likelihood with its options."""
    return type(likelihood).__name__ in LIKELIHOODS


def build(kernels: Kernels, name: str) -> None:
    """The function ``head``: losses of all rows and, if wanted, gradients of the readout and of the states that it saw."""
    plan, wide = kernels.plan, kernels.panel
    c = Phase(kernels.module, kernels.machine, kernels.tables, "head", exported=True)
    place = plan.places[plan.graph.updates[0]]
    units, outputs, length = c.n(place.width), c.n("readout"), kernels.row_length(c, place)
    matrix, bias = (c.at(c.p("parameters"), c.n(f"parameter {n}")) for n in ("readout_W", "readout_b"))
    hidden, readout = c.n("length hidden"), c.p("readout")
    wanted = c.b.icmp_signed("!=", c.n("gradient wanted"), c.int(0))
    weight = c.splat(c.scalar(c.p("weight")))
    c.call(kernels.pack_transposed, matrix, outputs, units, outputs, c.p("readout back"), 0, outputs)
    for array, size in (("readout gradient", c.mul(outputs, hidden)), ("readout sums", c.mul(outputs, c.machine.lanes))):
        with c.loop(0, size, c.machine.lanes) as i:
            c.store(c.number(0), c.at(c.p(array), i))
    with c.loop(0, c.n("N"), wide) as row:
        count = c.min(wide, c.sub(c.n("N"), row))
        h = kernels.address(c, place, row)
        c.call(kernels.pack_transposed, h, length, count, units, c.p("states"), 0, units)
        with c.loop(0, outputs) as i:
            start = c.splat(c.scalar(c.at(bias, i)))
            for v in range(0, wide, c.machine.lanes):
                c.store(start, c.at(readout, c.add(c.mul(i, wide), v)))
        c.call(kernels.product, outputs, count, units, matrix, 1, outputs, c.p("states"), 0, wide, readout, wide, readout, wide)
        target = c.at(c.p("target"), c.mul(row, c.n("Y")))
        with c.loop(0, count, c.machine.lanes) as lane:
            nll = LIKELIHOODS[name](c, Block(c, wide, target, lane), weight)
            c.store(nll, c.at(c.p("nll"), c.add(row, lane)))
        with c.when(wanted):
            to = c.at(c.p("hidden"), c.mul(row, hidden))
            c.call(
                kernels.product, count, units, outputs, readout, 1, wide,
                c.p("readout back"), c.mul(outputs, wide), wide, c.p("zeros"), 0, to, hidden,
            )  # fmt: skip
            gradient = c.p("readout gradient")
            c.call(
                kernels.product, outputs, units, count, readout, wide, 1, h, wide, length,
                gradient, hidden, gradient, hidden,
            )  # fmt: skip
            _add_rows(c, readout, outputs, count, wide)
    with c.when(wanted):
        _collect(c, units, outputs, hidden)
    c.end()


def _add_rows(c: Phase, readout: Value, outputs: Value, count: Value, wide: int) -> None:
    """Sums over rows, a lane at a time; lanes past the last row are left out."""
    with c.loop(0, count, c.machine.lanes) as lane:
        mask = c.lanes_below(c.sub(count, lane))
        with c.loop(0, outputs) as i:
            g = c.b.select(mask, c.load(c.at(readout, c.add(c.mul(i, wide), lane))), c.number(0))
            to = c.at(c.p("readout sums"), c.mul(i, c.machine.lanes))
            c.store(c.plus(c.load(to), g), to)


def _collect(c: Phase, units: Value, outputs: Value, hidden: Value) -> None:
    """The readout's gradients in the order of the parameters."""
    matrix, bias = (c.at(c.p("gradient"), c.n(f"parameter {n}")) for n in ("readout_W", "readout_b"))
    with c.loop(0, units) as k, c.loop(0, outputs) as i:
        value = c.scalar(c.at(c.p("readout gradient"), c.add(c.mul(i, hidden), k)))
        c.b.store(value, c.at(matrix, c.add(c.mul(k, outputs), i)), align=4)
    with c.loop(0, outputs) as i:
        total = c.total(c.load(c.at(c.p("readout sums"), c.mul(i, c.machine.lanes))))
        c.b.store(total, c.at(bias, i), align=4)
