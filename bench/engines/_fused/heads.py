"""Readout, likelihood and the gradient of both, for blocks of rows.

The readout of a block is kept transposed, ``[R, rows]``: then the lanes of a vector are rows, every likelihood reads as it
does for one row, and nothing is summed across lanes.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.engines._fused import functions
from bench.engines._fused.kernels import Kernels
from bench.engines._fused.phase import Phase
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


def gaussian_mixture(c: Phase, block: Block, weight: Value) -> Value:
    """``logsumexp_m l_m - logsumexp_m (l_m + log N_m)`` for logits l and Gaussians with a diagonal covariance.

    With ``t = 2 a - log FLOOR`` the deviation of a value is ``exp(-d)`` for ``d = -(log FLOOR + log(1 + e^t)) / 2``, and
    ``z = (y - mu) e^d``, ``log N = sum (d - z^2 / 2) - Y log(2 pi) / 2``. The slopes of log N are ``z e^d`` for mu and
    ``(z^2 - 1) sigmoid(t)`` for a; the first pass leaves them in the place of mu and a, the second one multiplies them with
    minus the share of the component in the likelihood.
    """
    components, outputs = c.n("components"), c.n("Y")
    floor = c.splat(c.scalar(c.p("log floor")))
    half, one, zero = c.number(0.5), c.number(1), c.number(0)
    least = c.number(-3e38)
    highest = [least, least]
    with c.loop(0, components, 1, highest) as (m, values):
        log_n = [c.number(0)]
        with c.loop(0, outputs, 1, log_n) as (i, sums):
            mean, scale = _mean_and_scale(c, block, m, i)
            t = c.minus(c.times(c.number(2), c.load(scale)), floor)
            e = functions.exp(c, c.minus(zero, c.absolute(t)))
            softplus = c.plus(c.at_least(t, 0.0), functions.log1p(c, e))
            d = c.minus(zero, c.times(half, c.plus(floor, softplus)))
            inverse = functions.exp(c, d)
            share = c.over(c.b.select(c.b.fcmp_ordered(">=", t, zero), one, e), c.plus(one, e))
            z = c.times(c.minus(block.y(i), c.load(mean)), inverse)
            square = c.times(z, z)
            sums[0] = c.plus(sums[0], c.minus(d, c.times(half, square)))
            c.store(c.times(z, inverse), mean)
            c.store(c.times(share, c.minus(square, one)), scale)
        logit = c.load(block.readout(m))
        joint = c.plus(logit, log_n[0])
        c.store(joint, _joint(c, block, m))
        values[0], values[1] = c.greater(values[0], logit), c.greater(values[1], joint)
    totals = [zero, zero]
    with c.loop(0, components, 1, totals) as (m, values):
        for n, place in enumerate((block.readout(m), _joint(c, block, m))):
            values[n] = c.plus(values[n], functions.exp(c, c.minus(c.load(place), highest[n])))
    of_logits, of_joint = (c.plus(highest[n], functions.log(c, totals[n])) for n in (0, 1))
    with c.loop(0, components) as m:
        logit = c.load(block.readout(m))
        prior = functions.exp(c, c.minus(logit, of_logits))
        share = functions.exp(c, c.minus(c.load(_joint(c, block, m)), of_joint))
        c.store(c.times(weight, c.minus(prior, share)), block.readout(m))
        factor = c.minus(zero, c.times(weight, share))
        with c.loop(0, outputs) as i:
            for place in _mean_and_scale(c, block, m, i):
                c.store(c.times(factor, c.load(place)), place)
    constant = c.splat(c.scalar(c.p("log volume")))
    return c.plus(c.minus(of_logits, of_joint), constant)


def _mean_and_scale(c: Phase, block: Block, m: Value, i: Value) -> tuple[Value, Value]:
    """Addresses of mu and a of one value of one component."""
    components, outputs = c.n("components"), c.n("Y")
    at = c.add(c.add(components, c.mul(m, outputs)), i)
    return block.readout(at), block.readout(c.add(at, c.mul(components, outputs)))


def _joint(c: Phase, block: Block, m: Value) -> Value:
    return c.at(c.p("joint"), c.add(c.mul(m, block.wide), block.lane))


@dataclass(frozen=True)
class Head:
    """Code for a likelihood, and what it reads of its options."""

    code: Callable[[Phase, Block, Value], Value]
    """Gives the loss of a vector of rows, and leaves ``weight`` times its gradient in place of the readout."""
    fits: Callable[[Any], bool] = lambda likelihood: True
    integers: Callable[[Any], dict[str, int]] = lambda likelihood: {}
    numbers: Callable[[Any, int], dict[str, float]] = lambda likelihood, outputs: {}
    """Of a likelihood and the number of outputs."""


HEADS = {
    "bernoulli": Head(bernoulli),
    "gaussian_mixture": Head(
        gaussian_mixture,
        fits=lambda mixture: mixture.covariance == "diagonal",
        integers=lambda mixture: {"components": mixture.components},
        numbers=lambda mixture, outputs: {
            "log floor": math.log(mixture.FLOOR),
            "log volume": 0.5 * math.log(2 * math.pi) * outputs,
        },
    ),
}


def of(likelihood: object) -> Head | None:
    """The code for a likelihood with its options, if there is one."""
    found = HEADS.get(type(likelihood).__name__)
    return found if found and found.fits(likelihood) else None


def build(kernels: Kernels, head: Head) -> None:
    """The function ``head``: losses of all rows and, if wanted, gradients of the readout and of the states that it saw."""
    plan, wide = kernels.plan, kernels.layout.panel
    c = Phase(kernels.module, kernels.machine, kernels.tables, "head", exported=True)
    place = plan.places[plan.graph.updates[0]]
    units, outputs, length = c.n(place.width), c.n("readout"), kernels.layout.row_length(c, place)
    matrix, bias = (c.at(c.p("parameters"), c.n(f"parameter {n}")) for n in ("readout_W", "readout_b"))
    hidden, readout = c.n("length hidden"), c.p("readout")
    wanted = c.b.icmp_signed("!=", c.n("gradient wanted"), c.whole(0))
    weight = c.splat(c.scalar(c.p("weight")))
    c.call(kernels.pack_transposed, matrix, outputs, units, outputs, c.p("readout back"), 0, outputs)
    for array, size in (("readout gradient", c.mul(outputs, hidden)), ("readout sums", c.mul(outputs, c.machine.lanes))):
        with c.loop(0, size, c.machine.lanes) as i:
            c.store(c.number(0), c.at(c.p(array), i))
    with c.loop(0, c.n("N"), wide) as row:
        count = c.min(wide, c.sub(c.n("N"), row))
        h = kernels.layout.address(c, place, row)
        c.call(kernels.pack_transposed, h, length, count, units, c.p("states"), 0, units)
        with c.loop(0, outputs) as i:
            start = c.splat(c.scalar(c.at(bias, i)))
            for v in range(0, wide, c.machine.lanes):
                c.store(start, c.at(readout, c.add(c.mul(i, wide), v)))
        c.call(
            kernels.product, outputs, count, units, matrix, 1, outputs, c.p("states"), 0, wide, readout, wide, readout, wide
        )
        target = c.at(c.p("target"), c.mul(row, c.n("Y")))
        with c.loop(0, count, c.machine.lanes) as lane:
            nll = head.code(c, Block(c, wide, target, lane), weight)
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
