"""Update rules of optimizers for one member, in one pass over its parameters.

The equations are those of `gatebench.training.optim`, whose classes say what their constants mean.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from gatebench.engines.fused_cpu.vector import Code, Machine, Value


def adam(c: Code, theta: Value, g: Value, memory: list[Value], number: Callable[[int], Value]) -> list[Value]:
    """``m``, ``v``, theta; numbers: beta1, beta2, 1 - each, ``rate / (1 - beta1^n)``, ``1 / (1 - beta2^n)``, epsilon."""
    m, v = memory
    m = c.fma(number(0), m, c.times(number(2), g))
    v = c.fma(number(1), v, c.times(number(3), c.times(g, g)))
    root = c.plus(c.root(c.times(v, number(5))), number(6))
    return [m, v, c.minus(theta, c.over(c.times(number(4), m), root))]


def rmsprop(c: Code, theta: Value, g: Value, memory: list[Value], number: Callable[[int], Value]) -> list[Value]:
    """``square``, ``velocity`` and theta; numbers: averaging, its complement, momentum, rate, floor."""
    square, velocity = memory
    square = c.fma(number(0), square, c.times(number(1), c.times(g, g)))
    root = c.greater(number(4), c.root(square))
    velocity = c.minus(c.times(number(2), velocity), c.over(c.times(number(3), g), root))
    return [square, velocity, c.plus(theta, velocity)]


@dataclass(frozen=True)
class Rule:
    """Code for an optimizer, and what it reads of its constants."""

    code: Callable[..., list[Value]]
    memory: tuple[str, str]
    numbers: Callable[[Any, float, float], list[float]]
    """Of the optimizer's constants, the learning rate and the number of this update (from 1)."""


RULES = {
    "adam": Rule(
        adam,
        ("m", "v"),
        lambda rule, rate, n: [
            rule.beta1, rule.beta2, 1 - rule.beta1, 1 - rule.beta2,
            rate / (1 - rule.beta1**n), 1 / (1 - rule.beta2**n), rule.epsilon,
        ],
    ),
    "rmsprop": Rule(
        rmsprop,
        ("square", "velocity"),
        lambda rule, rate, n: [rule.averaging, 1 - rule.averaging, rule.momentum, rate, rule.floor],
    ),
}  # fmt: skip
"""By the name of the optimizer."""


def build(module: ir.Module, machine: Machine, name: str) -> None:
    """The function ``step(Theta, G, A, B, Numbers, count)``, for a whole number of vectors; A and B are the memory."""
    c = Code(module, machine, "step", "Theta G A B Numbers count", exported=True)
    numbers = [c.splat(c.scalar(c.at(c.Numbers, i))) for i in range(7)]
    with c.loop(0, c.count, machine.lanes) as i:
        places = [c.at(array, i) for array in (c.A, c.B, c.Theta)]
        a, b, theta = (c.load(place) for place in places)
        values = RULES[name].code(c, theta, c.load(c.at(c.G, i)), [a, b], numbers.__getitem__)
        for value, place in zip(values, places, strict=True):
            c.store(value, place)
    c.end()
