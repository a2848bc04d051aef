"""Elementwise functions of float32 vectors, to within a few units of the last place."""

import math

from numpy.polynomial import Chebyshev, Polynomial

from gatebench.engines.fused_cpu.builder import FunctionBuilder, Value

LN2_HIGH = 0.693359375
"""The high bits of log(2): few enough for the product with a whole number to be exact."""
LN2_LOW = math.log(2) - LN2_HIGH
"""What is missing from `LN2_HIGH` to log(2)."""
EXPM1 = [1 / math.factorial(k) for k in range(7, 0, -1)]
"""Coefficients of Taylor's series of (exp(f) - 1) / f for |f| <= log(2) / 2, highest power first."""


def fit(function, low: float, high: float, degree: int) -> list[float]:
    """Return the coefficients, highest power first, of the polynomial through Chebyshev's points."""
    fitted = Chebyshev.interpolate(function, degree, [low, high]).convert(kind=Polynomial)
    return [float(c) for c in fitted.coef[::-1]]


def _log1p_over(e):
    return [math.log1p(x) / x if x else 1.0 for x in e]


LOG1P = fit(_log1p_over, 0.0, 1.0, 10)
"""Coefficients of a polynomial for log(1 + e) / e with e in [0, 1], highest power first."""


def scaled(c: FunctionBuilder, x: Value) -> tuple[Value, Value]:
    """Write ``(s, q)`` with ``exp(x) = s + s q``, s a power of two and q small: exact enough for exp(x) - 1, too.

    x must lie in [-87, 88]; NaN stays NaN.
    """
    n, s = c.nearest_and_its_power_of_two(c.times(x, c.number(1 / math.log(2))))
    f = c.fma(n, c.number(-LN2_HIGH), x)
    f = c.fma(n, c.number(-LN2_LOW), f)
    return s, c.times(f, c.polynomial(f, EXPM1))


def exp(c: FunctionBuilder, x: Value) -> Value:
    """Write ``exp(x)``, with x held within [-87, 88]."""
    s, q = scaled(c, c.at_least(c.at_most(x, 88.0), -87.0))
    return c.fma(s, q, s)


def sigmoid(c: FunctionBuilder, x: Value) -> Value:
    """Write ``1 / (1 + exp(-x))``."""
    return c.reciprocal(c.plus(c.number(1), exp(c, c.minus(c.number(0), x))))


def tanh(c: FunctionBuilder, x: Value) -> Value:
    """Write the hyperbolic tangent, ``m / (m + 2)`` with ``m = exp(2 |x|) - 1``, and the sign of x."""
    s, q = scaled(c, c.at_most(c.times(c.number(2), c.absolute(x)), 20.0))
    m = c.fma(s, q, c.minus(s, c.number(1)))
    return c.with_sign(c.quotient(m, c.plus(m, c.number(2))), x)


def log1p(c: FunctionBuilder, e: Value) -> Value:
    """Write ``log(1 + e)`` for e in [0, 1]."""
    return c.times(e, c.polynomial(e, LOG1P))


def log(c: FunctionBuilder, u: Value) -> Value:
    """Write ``log(u)`` for u >= 1 (below, its error is no longer relative); NaN gives what is not finite."""
    e, m = c.exponent(u)
    value = c.fma(e, c.number(math.log(2)), log1p(c, c.minus(m, c.number(1))))
    return c.b.select(c.b.fcmp_unordered("uno", u, u), u, value)
