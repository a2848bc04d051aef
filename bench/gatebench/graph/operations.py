"""Every operation that a graph can hold, declared once: its arguments, derivative, cost, LaTeX and PyTorch.

Operations are *elementwise* (``add``, ``tanh``) or *structural* (``input``, ``state``, ``row``, ``scalar``, ``constant``,
``linear``, ``transposed``, ``mean``).
A backend computes the elementwise ones with one table of its own, from their names to its functions; what is structural
it builds into its loop over time. To add an operation: an entry in `OPERATIONS`, one in the table of each backend
(``FUNCTIONS`` in `gatebench.engines.reference`, `gatebench.engines.fused_cpu.functions`, `gatebench.speed.jax_scan`), and
the function that cells call, in `gatebench.graph.ops`. ``tests/contract/test_operations.py`` holds them to one another.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeVar

from gatebench.graph import ops
from gatebench.graph.ops import Operand, Symbol

Value = TypeVar("Value")
"""What a backend computes with: an array, a tensor, a value in machine code."""

ANY, SUM, MATRIX_PRODUCT, PRODUCT, CALL, LEAF = range(6)
"""How tightly a text holds together, from loosest to tightest. ``ANY`` as an operand: parentheses are never needed."""


class Notation(NamedTuple):
    """How an operation is written in one language."""

    template: str
    """Text of the operation: ``{0}``, ``{1}`` stand for the operands, ``{label}`` for the parameter, state or number."""
    binds: int
    """How tightly the text holds together, one of ``SUM`` to ``LEAF``."""
    operands: tuple[int, ...] = ()
    """For each operand, how tightly it must hold together to stand without parentheses."""

    def write(self, operands: Sequence[tuple[str, int]], label: str, parenthesise: Callable[[str], str]) -> str:
        """Return the text of an operation; each operand comes with how tightly it binds.

        With more than two operands the template is applied from left to right: ``a + b``, then ``(a + b) + c``.
        """
        texts = []
        for position, (text, binds) in enumerate(operands):
            needed = self.operands[min(position, len(self.operands) - 1)]
            texts.append(parenthesise(text) if binds < needed else text)
        text = self.template.format(*texts[:2], label=label)
        for further in texts[2:]:
            text = self.template.format(text, further, label=label)
        return text


class Partials(NamedTuple):
    """The derivative of an elementwise operation after each argument, as expressions of symbols."""

    value: Symbol
    """Stands for the operation's own value."""
    arguments: tuple[Symbol, ...]
    """Stand for its arguments."""
    expressions: tuple[Operand, ...]
    """One for each argument: a number, or an expression of the symbols above."""


@dataclass(frozen=True)
class Operation:
    """One kind of node of a graph."""

    name: str
    """Part of every fingerprint: it never changes."""
    arguments: int | None
    """Number of arguments; None for two or more."""
    latex: Notation
    pytorch: Notation
    derivative: Callable[..., tuple[Operand, ...]] | None = None
    """Takes symbols for the value and the arguments; returns the derivative after each argument. None if structural.

    Use the value where it will do: engines keep values, and an argument that nothing else reads need not be kept then.
    """
    flops_per_weight: int = 0
    """Floating-point operations per number of its parameter and time step; what is elementwise is not counted."""

    @property
    def is_product(self) -> bool:
        """Whether it is the product of a matrix with a vector."""
        return self.flops_per_weight > 0

    @property
    def is_elementwise(self) -> bool:
        """Whether backends compute it with a function of their table."""
        return self.derivative is not None

    def partials(self, count: int) -> Partials:
        """Return the derivatives for ``count`` arguments; only of an elementwise operation."""
        assert self.derivative is not None, f"{self.name} is structural"
        value, arguments = Symbol("value"), tuple(Symbol("argument") for _ in range(count))
        return Partials(value, arguments, self.derivative(value, *arguments))

    @cached_property
    def reads_value(self) -> bool:
        """Whether the derivative is made from the operation's value, which must then be kept."""
        return self.is_elementwise and any(symbol.op == "value" for symbol in self._read)

    @cached_property
    def reads_arguments(self) -> bool:
        """Whether the derivative is made from the operation's arguments."""
        return self.is_elementwise and any(symbol.op == "argument" for symbol in self._read)

    @property
    def _read(self) -> list[Symbol]:
        waiting = [side for side in self.partials(self.arguments or 2).expressions if isinstance(side, Symbol)]
        symbols = []
        while waiting:
            symbols.append(waiting.pop())
            waiting += symbols[-1].args
        return symbols


def _leaf(name: str) -> Operation:
    return Operation(name, 0, latex=Notation("{label}", LEAF), pytorch=Notation("{label}", LEAF))


def _function(name: str, latex: str, pytorch: str, derivative: Callable[..., tuple[Operand, ...]]) -> Operation:
    """Return an elementwise operation that is written as a function of its arguments, one or two."""
    count = latex.count("{0}") + latex.count("{1}")
    any_operand = (ANY,) * count
    return Operation(
        name, count, latex=Notation(latex, CALL, any_operand), pytorch=Notation(pytorch, CALL, any_operand),
        derivative=derivative,
    )  # fmt: skip


OPERATIONS: dict[str, Operation] = {
    operation.name: operation
    for operation in (
        *map(_leaf, ("input", "state", "row", "scalar", "constant")),
        Operation(
            "linear", 1,
            latex=Notation("{label} {0}", MATRIX_PRODUCT, (LEAF,)),
            pytorch=Notation("{0} @ {label}", MATRIX_PRODUCT, (CALL,)),
            flops_per_weight=2,  # a multiply-add counts as two
        ),
        Operation(
            "transposed", 1,
            latex=Notation(r"{label}^{{\top}} {0}", MATRIX_PRODUCT, (LEAF,)),
            pytorch=Notation("{0} @ {label}.T", MATRIX_PRODUCT, (CALL,)),
            flops_per_weight=2,
        ),
        Operation(
            "mean", 1,
            latex=Notation(r"\operatorname{{mean}}\left({0}\right)", CALL, (ANY,)),
            pytorch=Notation("torch.mean({0}, -1, keepdim=True).expand_as({0})", CALL, (CALL,)),
        ),
        Operation(
            "add", None,
            latex=Notation("{0} + {1}", SUM, (ANY, ANY)),
            pytorch=Notation("{0} + {1}", SUM, (ANY, MATRIX_PRODUCT)),
            derivative=lambda value, *arguments: (1,) * len(arguments),
        ),
        Operation(
            "sub", 2,
            latex=Notation("{0} - {1}", SUM, (ANY, MATRIX_PRODUCT)),
            pytorch=Notation("{0} - {1}", SUM, (ANY, MATRIX_PRODUCT)),
            derivative=lambda value, a, b: (1, -1),
        ),
        Operation(
            "mul", 2,
            latex=Notation(r"{0} \odot {1}", PRODUCT, (MATRIX_PRODUCT, MATRIX_PRODUCT)),
            pytorch=Notation("{0} * {1}", PRODUCT, (PRODUCT, CALL)),
            derivative=lambda value, a, b: (b, a),
        ),
        Operation(
            "sigmoid", 1,
            latex=Notation(r"\sigma\left({0}\right)", CALL, (ANY,)),
            pytorch=Notation("torch.sigmoid({0})", CALL, (ANY,)),
            derivative=lambda value, a: (value * (1 - value),),
        ),
        Operation(
            "tanh", 1,
            latex=Notation(r"\tanh\left({0}\right)", CALL, (ANY,)),
            pytorch=Notation("torch.tanh({0})", CALL, (ANY,)),
            derivative=lambda value, a: (1 - value * value,),
        ),
        Operation(
            "div", 2,
            latex=Notation("{0} / {1}", PRODUCT, (MATRIX_PRODUCT, CALL)),
            pytorch=Notation("{0} / {1}", PRODUCT, (PRODUCT, CALL)),
            derivative=lambda value, a, b: (1 / b, ops.negative(value / b)),
        ),
        Operation(
            "negative", 1,
            latex=Notation("-{0}", SUM, (MATRIX_PRODUCT,)),
            pytorch=Notation("-{0}", SUM, (CALL,)),
            derivative=lambda value, a: (-1,),
        ),
        Operation(
            "square", 1,
            latex=Notation("{0}^{{2}}", CALL, (LEAF,)),
            pytorch=Notation("torch.square({0})", CALL, (ANY,)),
            derivative=lambda value, a: (2 * a,),
        ),
        _function("sqrt", r"\sqrt{{{0}}}", "torch.sqrt({0})", lambda value, a: (0.5 / value,)),
        _function("exp", r"\exp\left({0}\right)", "torch.exp({0})", lambda value, a: (value,)),
        _function("log", r"\log\left({0}\right)", "torch.log({0})", lambda value, a: (1 / a,)),
        _function(
            "softplus", r"\operatorname{{softplus}}\left({0}\right)", "nn.functional.softplus({0}, threshold=60.0)",
            lambda value, a: (ops.sigmoid(a),),
        ),
        _function(
            "relu", r"\operatorname{{ReLU}}\left({0}\right)", "torch.relu({0})", lambda value, a: (ops.sign(value),)
        ),
        _function("abs", r"\left|{0}\right|", "torch.abs({0})", lambda value, a: (ops.sign(a),)),
        _function("sign", r"\operatorname{{sgn}}\left({0}\right)", "torch.sign({0})", lambda value, a: (0,)),
        _function(
            "maximum", r"\max\left({0}, {1}\right)", "torch.maximum({0}, {1})",
            lambda value, a, b: (0.5 + 0.5 * ops.sign(a - b), 0.5 - 0.5 * ops.sign(a - b)),
        ),
        _function(
            "minimum", r"\min\left({0}, {1}\right)", "torch.minimum({0}, {1})",
            lambda value, a, b: (0.5 - 0.5 * ops.sign(a - b), 0.5 + 0.5 * ops.sign(a - b)),
        ),
        _function("sin", r"\sin\left({0}\right)", "torch.sin({0})", lambda value, a: (ops.cos(a),)),
        _function("cos", r"\cos\left({0}\right)", "torch.cos({0})", lambda value, a: (ops.negative(ops.sin(a)),)),
    )
}  # fmt: skip
"""Name of an operation -> its declaration. Where two values meet, as in `maximum`, each gets half of the gradient."""


def missing(names: Iterable[str], functions: Collection[str]) -> list[str]:
    """Return the operations among ``names`` that a backend with these ``functions`` cannot compute, sorted."""
    structural = {name for name, operation in OPERATIONS.items() if not operation.is_elementwise}
    return sorted(set(names) - structural - set(functions))


def evaluate(
    expression: Symbol,
    leaves: Mapping[Symbol, Callable[[], Value]],
    functions: Mapping[str, Callable[..., Value]],
    number: Callable[[float], Value],
) -> Value:
    """Compute an expression of `Partials` with a backend's functions.

    Parameters
    ----------
    expression
        What to compute.
    leaves
        Symbol -> a call that gives its value; only what the expression reads is called.
    functions
        Operation -> the backend's function of the arguments.
    number
        Makes a value of a constant.

    """
    if expression in leaves:
        return leaves[expression]()
    if expression.op == "constant":
        return number(float(expression.label))
    arguments = [evaluate(argument, leaves, functions, number) for argument in expression.args]
    return functions[expression.op](*arguments)
