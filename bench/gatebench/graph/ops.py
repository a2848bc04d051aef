"""The few operations that cells are written in.

A cell is a Python function of its input ``x``, its states and its parameters. Parameters come in families that carry
the paper's letters: ``W.z @ x`` is the product of the matrix W_z with the input, ``b.z`` is the bias b_z, and a row
that multiplies (``V.f * c``) is a diagonal weight. Called on symbols, the function leaves its graph behind
(`gatebench.graph.trace`); nothing here knows about tensors.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from gatebench.core.validation import Count, Fraction, NonNegative, Positive, Repeats, Rounds, Share, Signed, shown

__all__ = [
    "Arithmetic", "Count", "Family", "Fraction", "NonNegative", "Operand", "Parameter", "Positive", "Repeats", "Rounds",
    "Share", "Signed", "Symbol", "Width", "abs", "as_wide_as", "combine", "cos", "exp", "layer_normalised", "leaky", "log",
    "maximum", "mean", "minimum", "negative", "of_width", "relu", "rms_normalised", "scalar", "shift", "sigmoid", "sign",
    "sin", "softplus", "sqrt", "square", "tanh", "transposed_product",
]  # fmt: skip


@dataclass(eq=False)
class Width:
    """The width of a vector, found by unification: equal widths point at one another, one of them has the letter."""

    letter: str | None = None
    same_as: Width | None = None

    def root(self) -> Width:
        """Return the one of all equal widths that has their letter."""
        return self if self.same_as is None else self.same_as.root()

    def unify(self, other: Width) -> None:
        """Make two widths equal: a letter beats none, ``H`` beats others; ``ValueError`` for ``X`` and another."""
        a, b = self.root(), other.root()
        if a is b:
            return
        if "X" in (a.letter, b.letter) and a.letter and b.letter:
            raise ValueError(
                f"a vector of width {a.letter} meets one of width {b.letter}, and only a product with a matrix, such as "
                "W.f @ x, makes one width of another"
            )
        if a.letter is None or b.letter == "H":
            a, b = b, a
        b.same_as = a


_POSITIONS = itertools.count()


class Arithmetic:
    """What can stand in an elementwise expression: a vector, or a family, whose parameter without an index is meant."""

    @property
    def symbol(self) -> Symbol:
        """The vector that is meant."""
        raise NotImplementedError

    def __add__(self, other: Operand) -> Symbol:
        return combine("add", self, other)

    def __radd__(self, other: Operand) -> Symbol:
        return self.symbol if isinstance(other, int) and other == 0 else combine("add", other, self)  # 0: sum() starts there

    def __sub__(self, other: Operand) -> Symbol:
        return combine("sub", self, other)

    def __rsub__(self, other: Operand) -> Symbol:
        return combine("sub", other, self)

    def __mul__(self, other: Operand) -> Symbol:
        return combine("mul", self, other)

    def __rmul__(self, other: Operand) -> Symbol:
        return (
            self.symbol if isinstance(other, int) and other == 1 else combine("mul", other, self)
        )  # 1: a gate switched off

    def __truediv__(self, other: Operand) -> Symbol:
        if not isinstance(other, Arithmetic) and other == 0:
            raise ValueError("a vector is divided by 0, expected another number")
        return combine("div", self, other)

    def __rtruediv__(self, other: Operand) -> Symbol:
        return combine("div", other, self)

    def __neg__(self) -> Symbol:
        return negative(self)

    def __bool__(self) -> bool:
        raise ValueError(
            "a vector is neither true nor false before it has numbers; use an option, maximum or a gate for an if"
        )

    def __pow__(self, exponent: object) -> NoReturn:
        raise ValueError("** is no operation of a cell; use square(a), sqrt(a) or exp(k * log(a))")

    def __rmatmul__(self, other: object) -> NoReturn:
        raise ValueError("@ has a vector on its left; the matrix stands there: W.f @ x")


@dataclass(eq=False, repr=False)
class Symbol(Arithmetic):
    """A vector in a cell's equations: an operation on other symbols."""

    op: str
    args: tuple[Symbol, ...] = ()
    label: str = ""
    width: Width = field(default_factory=Width)
    written: int = field(default_factory=lambda: next(_POSITIONS))
    """Place in the order in which the text computes things."""

    @property
    def symbol(self) -> Symbol:
        """This very vector, as it is."""
        return self

    def __repr__(self) -> str:
        return self.label or self.op


Operand = Arithmetic | float | int
"""What stands on one side of ``+``, ``-``, ``*`` and ``/``."""


@dataclass(eq=False, repr=False)
class Parameter(Symbol):
    """A parameter with the paper's name. Used with ``@`` it is a matrix, used elementwise it is a row ``[1, H]``."""

    op: str = "row"
    operand: Width = field(default_factory=Width)

    def __matmul__(self, vector: Symbol) -> Symbol:
        if not isinstance(vector, Symbol):
            raise ValueError(
                f"{self.label} is multiplied with {shown(vector)}, expected a vector; of two vectors add two products: "
                "W.f @ x + U.f @ h"
            )
        self.operand.unify(vector.width)
        return Symbol("linear", (vector,), self.label, self.width)


class Family(Arithmetic):
    """Parameters that share a letter: ``W.z`` is W_z, and the bare ``W @ x`` is W."""

    def __init__(self, letter: str) -> None:
        self._letter = letter
        self._members: dict[str, Parameter] = {}

    def __getattr__(self, index: str) -> Parameter:
        if index.startswith("_"):
            raise AttributeError(index)
        return self[index]

    def __getitem__(self, index: str) -> Parameter:
        name = f"{self._letter}_{index}" if index else self._letter
        return self._members.setdefault(index, Parameter(label=name))

    def __matmul__(self, vector: Symbol) -> Symbol:
        return self[""] @ vector

    @property
    def symbol(self) -> Symbol:
        """The row without an index."""
        return self[""]


def combine(op: str, left: Operand, right: Operand) -> Symbol:
    """Return an elementwise operation of two operands; their widths become equal, and a sum of a sum is one sum."""
    a, b = (_symbol(side) for side in (left, right))
    a.width.unify(b.width)
    args = (*(a.args if op == a.op == "add" else (a,)), b)
    return Symbol(op, args, width=a.width)


def _symbol(value: Operand) -> Symbol:
    if isinstance(value, Arithmetic):
        return value.symbol
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{number} is a number of the equations, expected a finite one")
    return Symbol("constant", label=repr(number))


def _of_one(op: str, a: Arithmetic) -> Symbol:
    if not isinstance(a, Arithmetic):
        raise ValueError(f"{op} is taken of {shown(a)}, expected a vector or a parameter; write a number as Python has it")
    return Symbol(op, (a.symbol,), width=a.symbol.width)


def as_wide_as(b: Symbol, a: Symbol) -> Symbol:
    """Return ``a``, which is as wide as ``b``: for a vector whose width does not follow from what is done with it."""
    a.width.unify(b.width)
    return a


def of_width(letter: str, a: Symbol) -> Symbol:
    """Return ``a``, whose width gets a letter: for a vector inside of a step that is as wide as no state."""
    a.width.unify(Width(letter))
    return a


def scalar(a: Family | Parameter) -> Symbol:
    """Return a parameter that is a single number ``[1, 1]``, in every element of the vector that it stands beside."""
    return Symbol("scalar", label=a.symbol.label)


def transposed_product(a: Family | Parameter, vector: Symbol) -> Symbol:
    """Return the product of the transpose of a matrix with a vector; ``a @ x`` is that of the matrix itself."""
    matrix = a.symbol
    assert isinstance(matrix, Parameter)
    matrix.width.unify(vector.width)
    return Symbol("transposed", (vector,), matrix.label, matrix.operand)


def sigmoid(a: Arithmetic) -> Symbol:
    """Return the logistic function of a vector, elementwise: ``1 / (1 + exp(-a))``."""
    return _of_one("sigmoid", a)


def tanh(a: Arithmetic) -> Symbol:
    """Return the hyperbolic tangent of a vector, elementwise."""
    return _of_one("tanh", a)


def exp(a: Arithmetic) -> Symbol:
    """Return the exponential of a vector, elementwise."""
    return _of_one("exp", a)


def log(a: Arithmetic) -> Symbol:
    """Return the natural logarithm of a vector, elementwise."""
    return _of_one("log", a)


def softplus(a: Arithmetic) -> Symbol:
    """Return ``log(1 + exp(a))`` of a vector, elementwise, without overflow; ``-softplus(-a)`` is ``log(sigmoid(a))``."""
    return _of_one("softplus", a)


def relu(a: Arithmetic) -> Symbol:
    """Return ``max(a, 0)`` of a vector, elementwise."""
    return _of_one("relu", a)


def leaky(a: Arithmetic, slope: float = 0.01) -> Symbol:
    """Return ``max(a, slope * a)`` of a vector, elementwise, for a slope below 1."""
    return maximum(a, slope * a)


def abs(a: Arithmetic) -> Symbol:
    """Return the absolute value of a vector, elementwise."""
    return _of_one("abs", a)


def sign(a: Arithmetic) -> Symbol:
    """Return 1, 0 or -1 by the sign of a vector's elements; its derivative is 0."""
    return _of_one("sign", a)


def negative(a: Arithmetic) -> Symbol:
    """Return ``-a`` of a vector."""
    return _of_one("negative", a)


def square(a: Arithmetic) -> Symbol:
    """Return the square of a vector, elementwise."""
    return _of_one("square", a)


def sqrt(a: Arithmetic) -> Symbol:
    """Return the square root of a vector, elementwise."""
    return _of_one("sqrt", a)


def sin(a: Arithmetic) -> Symbol:
    """Return the sine of a vector, elementwise."""
    return _of_one("sin", a)


def cos(a: Arithmetic) -> Symbol:
    """Return the cosine of a vector, elementwise."""
    return _of_one("cos", a)


def maximum(a: Operand, b: Operand) -> Symbol:
    """Return the larger of two vectors, elementwise."""
    return combine("maximum", a, b)


def minimum(a: Operand, b: Operand) -> Symbol:
    """Return the smaller of two vectors, elementwise."""
    return combine("minimum", a, b)


def mean(a: Symbol) -> Symbol:
    """Return a vector as wide as another, with the mean of that one's elements everywhere.

    It is that of each sequence at each step; of parameters and numbers alone there is none.
    """
    if a.op in ("row", "scalar", "constant"):
        raise ValueError("the mean is that of a vector of the cell, not of a parameter or a number")
    return _of_one("mean", a)


def layer_normalised(*parts: Symbol, epsilon: float = 1e-5) -> list[Symbol]:
    """Return the parts of one vector less the mean of them all, over the deviation of them all (Ba et al. 2016).

    ``epsilon`` is added to the variance. Parts of equal width, such as the gates, share one mean and one variance.
    """
    center = _common_mean(parts)
    return rms_normalised(*(part - center for part in parts), epsilon=epsilon)


def rms_normalised(*parts: Symbol, epsilon: float = 1e-5) -> list[Symbol]:
    """Return the parts of one vector over the root of the mean of the squares of them all, to which ``epsilon`` is added."""
    # One division for all parts: the way back through each of them is a product.
    inverse = 1 / sqrt(_common_mean([square(part) for part in parts]) + epsilon)
    return [part * inverse for part in parts]


def _common_mean(parts: Sequence[Symbol]) -> Symbol:
    means = [mean(part) for part in parts]
    return sum(means[1:], start=means[0]) / len(means) if len(means) > 1 else means[0]


def shift(x: Symbol, steps: int) -> Symbol:
    """Return the input ``steps`` later (negative: earlier), zeros outside of the sequence; nothing else can be shifted."""
    if x.op != "input":
        raise ValueError("only the input can be shifted in time")
    if type(steps) is not int:
        raise ValueError(f"the input is shifted by {shown(steps)} steps, expected a whole number")
    return x if steps == 0 else Symbol("input", label=str(int(x.label or 0) + steps), width=x.width)
