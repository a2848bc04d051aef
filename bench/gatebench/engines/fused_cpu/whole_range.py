"""Elementwise functions of float32 vectors over their whole range, to 4 units of the last place: what cells are written in.

Those of `gatebench.engines.fused_cpu.functions` serve a narrower range in less time.
"""

import math

from llvmlite import ir

from gatebench.engines.fused_cpu.builder import FunctionBuilder, Value
from gatebench.engines.fused_cpu.functions import LN2_HIGH, LN2_LOW, fit, log1p, scaled

SMALLEST = 2.0**-126
"""The smallest normal number of float32; smaller ones are taken for zero."""
FURTHEST = 2.0**40
"""Angles beyond it are taken for it: neighbours among them are thousands of turns apart."""


def _log1p_rest(f):
    """Return ``(log(1 + f) - f) / f^2``."""
    return [(math.log1p(x) - x) / x**2 if abs(x) > 1e-4 else -0.5 + x / 3 - x**2 / 4 for x in f]


LOG1P_REST = fit(_log1p_rest, math.sqrt(0.5) - 1, math.sqrt(2) - 1, 10)
"""Coefficients of a polynomial for `_log1p_rest` around 0, highest power first."""
PI_HALF = (
    float.fromhex("0x1.921fb54400000p+0"), float.fromhex("0x1.0b4611a600000p-34"), float.fromhex("0x1.3198a2e037073p-69")
)  # fmt: skip
"""Parts of pi / 2: the first two have so few bits that their products with a number of turns below 2^20 are exact."""
SIN = [(-1) ** k / math.factorial(2 * k + 1) for k in range(6, -1, -1)]
"""Coefficients of Taylor's series of ``sin(r) / r`` in ``r^2``, highest power first; ``|r| <= pi / 4``."""
COS = [(-1) ** k / math.factorial(2 * k) for k in range(7, -1, -1)]
"""Coefficients of Taylor's series of ``cos(r)`` in ``r^2``, highest power first."""


def exp(c: FunctionBuilder, x: Value) -> Value:
    """Write ``exp(x)`` as the square of ``exp(x / 2)``, which neither overflows nor underflows where ``exp(x)`` does not."""
    half = c.times(x, c.number(0.5))
    s, q = scaled(c, c.at_least(c.at_most(half, 45.0), -53.0))
    root = c.fma(s, q, s)
    return c.times(root, root)


def log(c: FunctionBuilder, x: Value) -> Value:
    """Write the natural logarithm: minus infinity of 0, NaN of what is negative."""
    e, m = c.exponent(x)
    is_large = c.b.fcmp_ordered(">", m, c.number(math.sqrt(2)))
    e = c.b.select(is_large, c.plus(e, c.number(1)), e)
    f = c.minus(c.b.select(is_large, c.times(m, c.number(0.5)), m), c.number(1))
    rest = c.times(c.times(f, f), c.polynomial(f, LOG1P_REST))
    value = c.plus(c.fma(e, c.number(LN2_HIGH), f), c.fma(e, c.number(LN2_LOW), rest))
    value = c.b.select(c.b.fcmp_ordered("<", x, c.number(SMALLEST)), c.number(-math.inf), value)
    value = c.b.select(c.b.fcmp_ordered("<=", x, c.number(-SMALLEST)), c.number(math.nan), value)
    is_none_or_infinite = c.b.fcmp_unordered("ueq", c.absolute(x), c.number(math.inf))
    return c.b.select(is_none_or_infinite, c.plus(x, value), value)


def softplus(c: FunctionBuilder, x: Value) -> Value:
    """Write ``log(1 + exp(x))``: the positive part of x, and what exp of its negative absolute value adds."""
    return c.plus(c.at_least(x, 0.0), log1p(c, exp(c, c.negative(c.absolute(x)))))


def sign(c: FunctionBuilder, x: Value) -> Value:
    """Write 1, 0 or -1; NaN stays NaN."""
    return c.b.select(c.b.fcmp_ordered(">", c.absolute(x), c.number(0)), c.with_sign(c.number(1), x), x)


def sin(c: FunctionBuilder, x: Value) -> Value:
    """Write the sine of an angle."""
    return _sine(c, x, 0)


def cos(c: FunctionBuilder, x: Value) -> Value:
    """Write the cosine of an angle: the sine of a quarter turn more."""
    return _sine(c, x, 1)


def _sine(c: FunctionBuilder, x: Value, quarters: int) -> Value:
    """Write the sine of x and so many quarter turns, computed in double precision; that of infinity is NaN."""
    b, lanes = c.b, c.processor.lanes
    doubles, whole = ir.VectorType(ir.DoubleType(), lanes), ir.VectorType(ir.IntType(64), lanes)

    def number(value: float) -> Value:
        return ir.Constant(doubles, [value] * lanes)

    def integer(value: int) -> Value:
        return ir.Constant(whole, [value] * lanes)

    def polynomial(y: Value, coefficients: list[float]) -> Value:
        value = number(coefficients[0])
        for coefficient in coefficients[1:]:
            value = b.fadd(b.fmul(value, y), number(coefficient))
        return value

    angle = b.fpext(c.at_least(c.at_most(x, FURTHEST), -FURTHEST), doubles)
    shift = number(1.5 * 2**52)  # in the sum with it a unit is the last place
    shifted = b.fadd(b.fmul(angle, number(2 / math.pi)), shift)
    count = b.fsub(shifted, shift)
    r = angle
    for part in PI_HALF:
        r = b.fsub(r, b.fmul(count, number(part)))
    square = b.fmul(r, r)
    quarter = b.add(b.bitcast(shifted, whole), integer(quarters))
    is_even = b.icmp_signed("==", b.and_(quarter, integer(1)), integer(0))
    value = b.select(is_even, b.fmul(r, polynomial(square, SIN)), polynomial(square, COS))
    turned = b.icmp_signed("!=", b.and_(quarter, integer(2)), integer(0))
    value = b.fptrunc(b.select(turned, b.fneg(value), value), c.vector)
    return c.b.select(c.b.fcmp_ordered("<", c.absolute(x), c.number(math.inf)), value, c.minus(x, x))
