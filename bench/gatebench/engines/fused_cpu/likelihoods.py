"""Code for the readout, the likelihood losses and the gradients of both, for blocks of rows.

The readout of a block is stored transposed, ``[R, rows]``: then the lanes of a vector are rows, every likelihood reads as it
does for one row, and nothing is summed across lanes.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from gatebench.engines.fused_cpu import functions, routines
from gatebench.engines.fused_cpu import product as products
from gatebench.engines.fused_cpu.builder import Value
from gatebench.engines.fused_cpu.processor import Processor
from gatebench.engines.fused_cpu.tables import WHOLE, TableFunction, Tables


class Block:
    """The rows of one vector within a block: where their readout and targets stand."""

    def __init__(self, c: TableFunction, wide: int, target: Value, lane: Value) -> None:
        self.c, self.wide, self.target, self.lane = c, wide, target, lane

    def readout(self, i: Value) -> Value:
        """Write the address of number i of the readout."""
        return self.c.at(self.c.p("readout"), self.c.add(self.c.mul(i, self.wide), self.lane))

    def y(self, i: Value) -> Value:
        """Load number i of the target."""
        return self.c.load(self.c.at(self.target, self.c.add(self.c.mul(i, self.wide), self.lane)))


def bernoulli(c: TableFunction, block: Block, weight: Value) -> Value:
    """Write ``sum_y max(a, 0) - a y + log(1 + exp(-|a|))``; the gradient is ``sigmoid(a) - y``."""
    total = [c.number(0)]
    with c.loop(0, c.n("Y"), 1, total) as (i, values):
        place = block.readout(i)
        a, y = c.load(place), block.y(i)
        e = functions.exp(c, c.minus(c.number(0), c.absolute(a)))
        s = c.reciprocal(c.plus(c.number(1), e))
        positive = c.b.fcmp_ordered(">=", a, c.number(0))
        mean = c.b.select(positive, s, c.times(e, s))
        nll = c.plus(c.minus(c.at_least(a, 0.0), c.times(a, y)), functions.log1p(c, e))
        values[0] = c.plus(values[0], nll)
        c.store(c.times(weight, c.minus(mean, y)), place)
    return total[0]


def categorical(c: TableFunction, block: Block, weight: Value) -> Value:
    """Write ``logsumexp_v a_v - a_y``; the gradient is ``softmax(a) - (v = y)``."""
    classes = c.n("readout")
    y, highest = block.y(c.i64(0)), [c.number(-3e38)]
    with c.loop(0, classes, 1, highest) as (v, values):
        values[0] = c.greater(values[0], c.load(block.readout(v)))
    sums = [c.number(0), c.number(0), c.number(0)]
    with c.loop(0, classes, 1, sums) as (v, values):
        a = c.load(block.readout(v))
        is_it = c.b.fcmp_ordered("==", y, values[2])
        values[0] = c.plus(values[0], functions.exp(c, c.minus(a, highest[0])))
        values[1] = c.plus(values[1], c.b.select(is_it, a, c.number(0)))
        values[2] = c.plus(values[2], c.number(1))
    total = c.plus(highest[0], functions.log(c, sums[0]))
    numbers = [c.number(0)]
    with c.loop(0, classes, 1, numbers) as (v, values):
        place = block.readout(v)
        share = functions.exp(c, c.minus(c.load(place), total))
        indicator = c.b.select(c.b.fcmp_ordered("==", y, values[0]), c.number(1), c.number(0))
        c.store(c.times(weight, c.minus(share, indicator)), place)
        values[0] = c.plus(values[0], c.number(1))
    return c.minus(total, sums[1])


def weighted_categorical(c: TableFunction, block: Block, weight: Value) -> Value:
    """Write the loss of `categorical`; its gradient is that times the weight of the class."""
    y, sums = block.y(c.i64(0)), [c.number(0), c.number(0)]
    with c.loop(0, c.n("readout"), 1, sums) as (v, values):
        of_class = c.splat(c.scalar(c.at(c.p("class weights"), v)))
        is_it = c.b.fcmp_ordered("==", y, values[1])
        values[0] = c.plus(values[0], c.b.select(is_it, of_class, c.number(0)))
        values[1] = c.plus(values[1], c.number(1))
    return categorical(c, block, c.times(weight, sums[0]))


def gaussian(c: TableFunction, block: Block, weight: Value) -> Value:
    """Write ``sum_y z^2 / 2 - d + log(2 pi) / 2`` with the deviation ``exp(-d)`` of `gaussian_mixture`.

    The gradient is ``-z e^d`` for mu and ``(1 - z^2) sigmoid(t)`` for a.
    """
    outputs, total = c.n("Y"), [c.splat(c.scalar(c.p("log volume")))]
    with c.loop(0, outputs, 1, total) as (i, values):
        mean, scale = block.readout(i), block.readout(c.add(outputs, i))
        z, d, inverse, share = _standardised(c, c.load(mean), c.load(scale), block.y(i))
        square = c.times(z, z)
        values[0] = c.plus(values[0], c.minus(c.times(c.number(0.5), square), d))
        c.store(c.minus(c.number(0), c.times(weight, c.times(z, inverse))), mean)
        c.store(c.times(weight, c.times(share, c.minus(c.number(1), square))), scale)
    return total[0]


def _standardised(c: TableFunction, mean: Value, a: Value, y: Value) -> tuple[Value, Value, Value, Value]:
    """Write ``z``, ``d``, ``e^d`` and ``sigmoid(t)``: with ``t = 2 a - log FLOOR`` the deviation of a value is
    ``exp(-d)`` for ``d = -(log FLOOR + log(1 + e^t)) / 2``, and ``z = (y - mu) e^d``.
    """
    floor, zero, one = c.splat(c.scalar(c.p("log floor"))), c.number(0), c.number(1)
    t = c.minus(c.times(c.number(2), a), floor)
    e = functions.exp(c, c.minus(zero, c.absolute(t)))
    softplus = c.plus(c.at_least(t, 0.0), functions.log1p(c, e))
    d = c.minus(zero, c.times(c.number(0.5), c.plus(floor, softplus)))
    inverse = functions.exp(c, d)
    share = c.quotient(c.b.select(c.b.fcmp_ordered(">=", t, zero), one, e), c.plus(one, e))
    return c.times(c.minus(y, mean), inverse), d, inverse, share


def gaussian_mixture(c: TableFunction, block: Block, weight: Value) -> Value:
    """Write ``logsumexp_m l_m - logsumexp_m (l_m + log N_m)`` for logits l and Gaussians with a diagonal covariance.

    With z and d of `_standardised`, ``log N = sum (d - z^2 / 2) - Y log(2 pi) / 2``. The slopes of log N are ``z e^d`` for
    mu and ``(z^2 - 1) sigmoid(t)`` for a; the first pass leaves them in the place of mu and a, the second one multiplies
    them with minus the share of the component in the likelihood.
    """
    components, outputs = c.n("components"), c.n("Y")
    half, one, zero = c.number(0.5), c.number(1), c.number(0)
    least = c.number(-3e38)
    highest = [least, least]
    with c.loop(0, components, 1, highest) as (m, values):
        log_n = [c.number(0)]
        with c.loop(0, outputs, 1, log_n) as (i, sums):
            mean, scale = _mean_and_scale(c, block, m, i)
            z, d, inverse, share = _standardised(c, c.load(mean), c.load(scale), block.y(i))
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


def _mean_and_scale(c: TableFunction, block: Block, m: Value, i: Value) -> tuple[Value, Value]:
    """Write the addresses of mu and a of one value of one component."""
    components, outputs = c.n("components"), c.n("Y")
    at = c.add(c.add(components, c.mul(m, outputs)), i)
    return block.readout(at), block.readout(c.add(at, c.mul(components, outputs)))


def _joint(c: TableFunction, block: Block, m: Value) -> Value:
    return c.at(c.p("joint"), c.add(c.mul(m, block.wide), block.lane))


@dataclass(frozen=True)
class LikelihoodKernel:
    """Code for a likelihood of `gatebench.training.likelihoods`, and the entries of its tables."""

    code: Callable[[TableFunction, Block, Value], Value]
    """Writes the loss of a vector of rows, and leaves ``weight`` times its gradient in place of the readout."""
    fits: Callable[[Any], bool] = lambda likelihood: True
    """Whether the code can compute a likelihood with its options."""
    integers: Callable[[Any], dict[str, int]] = lambda likelihood: {}
    """Integers of the table, by name, that a likelihood's options give."""
    numbers: Callable[[Any, int], dict[str, float | tuple[float, ...]]] = lambda likelihood, outputs: {}
    """Floating-point constants, or rows of them, by name, of a likelihood and its number of outputs."""


def _gaussian_numbers(likelihood: Any, outputs: int) -> dict[str, float | tuple[float, ...]]:
    """Return the logarithms of the least variance and of the normal density's constant."""
    return {"log floor": math.log(likelihood.FLOOR), "log volume": 0.5 * math.log(2 * math.pi) * outputs}


KERNELS = {
    "bernoulli": LikelihoodKernel(bernoulli),
    "categorical": LikelihoodKernel(categorical),
    "weighted_categorical": LikelihoodKernel(
        weighted_categorical, numbers=lambda likelihood, _: {"class weights": likelihood.weights}
    ),
    "gaussian": LikelihoodKernel(gaussian, numbers=_gaussian_numbers),
    "gaussian_mixture": LikelihoodKernel(
        gaussian_mixture,
        fits=lambda mixture: mixture.covariance == "diagonal",
        integers=lambda mixture: {"components": mixture.components},
        numbers=_gaussian_numbers,
    ),
}
"""Name of a likelihood -> its code."""


def kernel_of(likelihood: object) -> LikelihoodKernel | None:
    """Return the code for a likelihood with its options, or None if there is none."""
    kernel = KERNELS.get(type(likelihood).__name__)
    return kernel if kernel and kernel.fits(likelihood) else None


def build(module: ir.Module, processor: Processor, tables: Tables, kernel: LikelihoodKernel) -> None:
    """Write the function ``head``: losses of all rows of ``top`` and, if wanted, gradients of the readout and of ``top``."""
    wide, product = processor.panel, products.build(module, processor, products.build_tiles(module, processor))
    pack_transposed = routines.pack_transposed(module, processor)
    c = TableFunction(module, processor, tables, "head", exported=True)
    units, outputs, length = c.n("width"), c.n("readout"), c.n("length top")
    matrix, bias = (c.at(c.p("parameters"), c.n(f"parameter {n}")) for n in ("readout_W", "readout_b"))
    hidden, readout = c.n("length hidden"), c.p("readout")
    with_gradient = c.b.icmp_signed("!=", c.n("with gradient"), c.i64(0))
    weight = c.splat(c.scalar(c.p("weight")))
    with c.part(WHOLE):
        with c.part("packing"):
            c.call(pack_transposed, matrix, outputs, units, outputs, c.p("readout back"), 0, outputs)
        for array, size in (
            ("readout gradient", c.mul(outputs, hidden)),
            ("readout sums", c.mul(outputs, c.processor.lanes)),
        ):
            with c.loop(0, size, c.processor.lanes) as i:
                c.store(c.number(0), c.at(c.p(array), i))
        with c.loop(0, c.n("N"), wide) as row:
            count = c.min(wide, c.sub(c.n("N"), row))
            h = c.at(c.p("top"), c.mul(row, length))
            with c.part("readout"):
                c.call(pack_transposed, h, length, count, units, c.p("states"), 0, units)
                with c.loop(0, outputs) as i:
                    start = c.splat(c.scalar(c.at(bias, i)))
                    for v in range(0, wide, c.processor.lanes):
                        c.store(start, c.at(readout, c.add(c.mul(i, wide), v)))
                c.call(
                    product, outputs, count, units, matrix, 1, outputs, c.p("states"), 0, wide, readout, wide, readout, wide
                )
            target = c.at(c.p("target"), c.mul(row, c.n("Y")))
            with c.part("likelihood"), c.loop(0, count, c.processor.lanes) as lane:
                nll = kernel.code(c, Block(c, wide, target, lane), weight)
                c.store(nll, c.at(c.p("nll"), c.add(row, lane)))
            with c.when(with_gradient), c.part("readout, backward"):
                to = c.at(c.p("hidden"), c.mul(row, hidden))
                c.call(
                    product, count, units, outputs, readout, 1, wide,
                    c.p("readout back"), c.mul(outputs, wide), wide, c.p("zeros"), 0, to, hidden,
                )  # fmt: skip
                gradient = c.p("readout gradient")
                c.call(product, outputs, units, count, readout, wide, 1, h, wide, length, gradient, hidden, gradient, hidden)
                _add_rows(c, readout, outputs, count, wide)
        with c.when(with_gradient), c.part("readout, backward"):
            _collect(c, units, outputs, hidden)
    c.end()


def _add_rows(c: TableFunction, readout: Value, outputs: Value, count: Value, wide: int) -> None:
    """Write the sums over rows, a lane at a time; lanes past the last row are left out."""
    with c.loop(0, count, c.processor.lanes) as lane:
        mask = c.lanes_below(c.sub(count, lane))
        with c.loop(0, outputs) as i:
            g = c.b.select(mask, c.load(c.at(readout, c.add(c.mul(i, wide), lane))), c.number(0))
            to = c.at(c.p("readout sums"), c.mul(i, c.processor.lanes))
            c.store(c.plus(c.load(to), g), to)


def _collect(c: TableFunction, units: Value, outputs: Value, hidden: Value) -> None:
    """Write the readout's gradients in the order of the parameters."""
    matrix, bias = (c.at(c.p("gradient"), c.n(f"parameter {n}")) for n in ("readout_W", "readout_b"))
    with c.loop(0, units) as k, c.loop(0, outputs) as i:
        value = c.scalar(c.at(c.p("readout gradient"), c.add(c.mul(i, hidden), k)))
        c.b.store(value, c.at(matrix, c.add(c.mul(k, outputs), i)), align=4)
    with c.loop(0, outputs) as i:
        total = c.total(c.load(c.at(c.p("readout sums"), c.mul(i, c.processor.lanes))))
        c.b.store(total, c.at(bias, i), align=4)
