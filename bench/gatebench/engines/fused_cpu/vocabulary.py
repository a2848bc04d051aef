"""The elementwise operations as machine code: one table for the forward pass and for the derivatives."""

from collections.abc import Callable

from gatebench.engines.fused_cpu import whole_range
from gatebench.engines.fused_cpu.builder import FunctionBuilder, Value
from gatebench.engines.fused_cpu.functions import sigmoid, tanh


def added(c: FunctionBuilder, first: Value, *further: Value) -> Value:
    """Write the sum of the arguments, from left to right."""
    for value in further:
        first = c.plus(first, value)
    return first


def relu(c: FunctionBuilder, x: Value) -> Value:
    """Write ``max(x, 0)``; NaN stays NaN."""
    return c.at_least(x, 0.0)


def squared(c: FunctionBuilder, x: Value) -> Value:
    """Write the square of x, ``x x``."""
    return c.times(x, x)


def maximum(c: FunctionBuilder, a: Value, b: Value) -> Value:
    """Write ``max(a, b)``; where either is NaN it is NaN."""
    return c.intrinsic("maximum", a, b)


def minimum(c: FunctionBuilder, a: Value, b: Value) -> Value:
    """Write ``min(a, b)``; where either is NaN it is NaN."""
    return c.intrinsic("minimum", a, b)


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "add": added,
    "sub": FunctionBuilder.minus,
    "mul": FunctionBuilder.times,
    "div": FunctionBuilder.over,
    "negative": FunctionBuilder.negative,
    "square": squared,
    "sqrt": FunctionBuilder.root,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "exp": whole_range.exp,
    "log": whole_range.log,
    "softplus": whole_range.softplus,
    "relu": relu,
    "abs": FunctionBuilder.absolute,
    "sign": whole_range.sign,
    "maximum": maximum,
    "minimum": minimum,
    "sin": whole_range.sin,
    "cos": whole_range.cos,
}
"""Elementwise operation -> what writes its code, of the function being written and the arguments.

The way back needs no table: it writes the code of the derivatives that `gatebench.graph.operations` declares.
"""
