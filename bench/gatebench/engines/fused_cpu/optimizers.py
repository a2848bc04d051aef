"""Code for the updates of optimizers: one member at a time, in one pass over its parameters.

The equations are those of `gatebench.training.optimizers`, whose classes say what their constants mean.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from gatebench.engines.fused_cpu.builder import FunctionBuilder, Value
from gatebench.engines.fused_cpu.processor import Processor


def adam(c: FunctionBuilder, theta: Value, g: Value, state: list[Value], number: Callable[[int], Value]) -> list[Value]:
    """``m``, ``v``, theta; numbers: beta1, beta2, 1 - each, ``rate / (1 - beta1^n)``, ``1 / (1 - beta2^n)``, epsilon."""
    m, v = state
    m = c.fma(number(0), m, c.times(number(2), g))
    v = c.fma(number(1), v, c.times(number(3), c.times(g, g)))
    root = c.plus(c.root(c.times(v, number(5))), number(6))
    return [m, v, c.minus(theta, c.over(c.times(number(4), m), root))]


def rmsprop(c: FunctionBuilder, theta: Value, g: Value, state: list[Value], number: Callable[[int], Value]) -> list[Value]:
    """``square``, ``velocity`` and theta; numbers: averaging, its complement, momentum, rate, floor."""
    square, velocity = state
    square = c.fma(number(0), square, c.times(number(1), c.times(g, g)))
    root = c.greater(number(4), c.root(square))
    velocity = c.minus(c.times(number(2), velocity), c.over(c.times(number(3), g), root))
    return [square, velocity, c.plus(theta, velocity)]


NUMBERS = 7
"""How many numbers the code of an update reads, at the most."""


@dataclass(frozen=True)
class OptimizerKernel:
    """Code for an optimizer, and the numbers that the code reads."""

    code: Callable[..., list[Value]]
    """Writes the update of a vector of parameters; returns both arrays of the state, and the parameters."""
    state: tuple[str, str]
    """Names of the two arrays of its state."""
    numbers: Callable[[Any, float, float], list[float]]
    """Takes the optimizer, a learning rate and the number of the update (from 1); returns at most `NUMBERS` numbers."""


OPTIMIZERS = {
    "adam": OptimizerKernel(
        adam,
        ("m", "v"),
        lambda o, lr, n: [
            o.beta1, o.beta2, 1 - o.beta1, 1 - o.beta2,
            lr / (1 - o.beta1**n), 1 / (1 - o.beta2**n), o.epsilon,
        ],
    ),
    "rmsprop": OptimizerKernel(
        rmsprop,
        ("square", "velocity"),
        lambda o, lr, n: [o.averaging, 1 - o.averaging, o.momentum, lr, o.floor],
    ),
}  # fmt: skip
"""Name of an optimizer -> its code."""


def build(module: ir.Module, processor: Processor, name: str) -> None:
    """Write the function ``step(Theta, G, A, B, Numbers, count)`` for whole vectors; A and B are the state."""
    c = FunctionBuilder(module, processor, "step", "Theta G A B Numbers count", exported=True)
    numbers = [c.splat(c.scalar(c.at(c.Numbers, i))) for i in range(NUMBERS)]
    with c.loop(0, c.count, processor.lanes) as i:
        places = [c.at(array, i) for array in (c.A, c.B, c.Theta)]
        a, b, theta = (c.load(place) for place in places)
        values = OPTIMIZERS[name].code(c, theta, c.load(c.at(c.G, i)), [a, b], numbers.__getitem__)
        for value, place in zip(values, places, strict=True):
            c.store(value, place)
    c.end()
