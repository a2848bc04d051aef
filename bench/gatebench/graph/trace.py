"""A cell's equations, run once on symbols, become its graph; everything else about a cell is read off the graph."""

from __future__ import annotations

import hashlib
import inspect
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import FrameType, ModuleType
from typing import Any, TypeVar, get_type_hints

from gatebench.core import errors, registry, validation
from gatebench.core.errors import BadInput
from gatebench.graph import cell_file
from gatebench.graph.initial import Initial
from gatebench.graph.ops import Family, Symbol, Width

Result = TypeVar("Result")
"""Whatever a function returns that is called."""
Option = bool | int | float | str | None
"""Value of a cell's option."""
Sizes = Mapping[str, int]
"""Width letter -> size."""
_ANY_UNITS = 64
"""Where the function ``sizes`` of a cell is tried, so that what is wrong with it is said as the cell is read."""


@dataclass(frozen=True)
class Node:
    """One operation. ``args`` are positions of earlier nodes; ``label`` names a parameter, state, shift or number."""

    op: str
    args: tuple[int, ...] = ()
    label: str = ""


@dataclass(frozen=True)
class Graph:
    """A cell as data: what engines run, `cost` counts and `latex` prints.

    Widths are letters: ``X`` input, ``H`` units, ``P`` a projection. The first state is the cell's output, the one
    that a readout sees and that its papers feed back.
    """

    name: str
    title: str
    paper: str
    nodes: tuple[Node, ...]
    states: dict[str, str]
    """State name -> width letter, in order."""
    updates: tuple[int, ...]
    """For each state the node that is its next value."""
    parameters: dict[str, tuple[str, str]]
    """Parameter name -> letters of rows and columns; a row parameter has ``1`` row. ``x @ W`` gives ``[..., columns]``."""
    names: dict[int, str] = field(repr=False)
    """Node -> the name that the cell's text gives it."""
    options: dict[str, Option]
    widths: Callable[[int], dict[str, int]] = field(repr=False)
    """Units -> sizes of the widths other than ``X``."""
    initial: Mapping[str, Initial] = field(default_factory=dict, repr=False)
    """Parameter -> how it begins, where the cell's text says so."""
    text: str = field(default="", repr=False)
    """What its file says of it below the title."""

    def sizes(self, inputs: int, units: int) -> dict[str, int]:
        """Return the size of every width letter at a number of inputs and units; ``BadInput`` if either is below 1."""
        if inputs < 1 or units < 1:
            raise BadInput(f"{self.name} needs at least one input and one unit, got {inputs} inputs and {units} units")
        sizes = {"1": 1, "X": inputs, **self.widths(units)}
        letters = [*self.states.values(), *(letter for pair in self.parameters.values() for letter in pair)]
        if missing := sorted(set(letters) - set(sizes)):
            raise BadInput(
                f"cell {self.name} has vectors of width {', '.join(missing)} that nothing gives a size; add a function "
                f'sizes(H, **_) to its file that returns {{"{missing[0]}": H // 2}}, or whatever it is'
            )
        return sizes

    def shapes(self, sizes: Sizes) -> dict[str, tuple[int, int]]:
        """Return parameter name -> (rows, columns) at these sizes."""
        return {name: (sizes[rows], sizes[columns]) for name, (rows, columns) in self.parameters.items()}

    @property
    def output(self) -> str:
        """Width letter of the state that the readout sees."""
        return next(iter(self.states.values()))

    @property
    def lookahead(self) -> int:
        """How many steps past the present one the cell reads of its input; 0 for a causal cell."""
        return max((int(node.label or 0) for node in self.nodes if node.op == "input"), default=0)

    @property
    def lookback(self) -> int:
        """How many steps before the present one the cell reads of its input."""
        return max((-int(node.label or 0) for node in self.nodes if node.op == "input"), default=0)

    @cached_property
    def timeless(self) -> frozenset[int]:
        """Nodes that no state reaches: they can be computed for all time steps at once, before the loop."""
        bound: set[int] = set()
        for i, node in enumerate(self.nodes):
            if node.op == "state" or bound.intersection(node.args):
                bound.add(i)
        return frozenset(range(len(self.nodes))) - bound

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the equations, and of the initial values that they come with.

        Two texts of one computation have one, whatever the order of statements or local names.
        """
        digests: list[str] = []
        for node in self.nodes:
            digests.append(_digest([node.op, node.label, *(digests[i] for i in node.args)]))
        texts = {name: self.initial[name].text for name in sorted(self.initial)}
        parts = [self.states, [digests[i] for i in self.updates], dict(sorted(self.parameters.items())), texts]
        return _digest(parts if texts else parts[:-1])[:16]

    @cached_property
    def forget_gate_biases(self) -> dict[str, int]:
        """Bias -> sign (+1 or -1) that makes its cell keep more of its state.

        The bias of a gate g in ``s' = g * s + ...`` counts as +1 (a forget gate), in ``s' = (1 - g) * s + ...`` as -1
        (a GRU's update gate).
        """
        biases: dict[str, int] = {}
        for state, update in zip(self.states, self.updates, strict=True):
            for factors in (self._args(i) for i in (update, *self.nodes[update].args) if self.nodes[i].op == "mul"):
                gates = [node for node in factors if not (node.op == "state" and node.label == state)]
                if len(gates) == 1:
                    biases.update(self._gate_biases(gates[0]))
        return biases

    def _args(self, i: int) -> list[Node]:
        return [self.nodes[a] for a in self.nodes[i].args]

    def _gate_biases(self, gate: Node) -> dict[str, int]:
        sign = 1
        if gate.op == "sub":
            one, gate = (self.nodes[a] for a in gate.args)
            sign = -1 if one.op == "constant" else 0
        if gate.op != "sigmoid" or not sign:
            return {}
        addends = self._args(gate.args[0])
        return {node.label: sign for node in addends if node.op == "row"}


def load(name: str, **options: Option) -> Graph:
    """Return the graph of the cell called ``name``, with these options; ``BadInput`` for an unknown cell or option."""
    path = registry.find("cells", name, ".py", called="cell")
    module = registry.load_module("gatebench.cells", path)
    missing = [attribute for attribute in ("step", "PAPER") if not hasattr(module, attribute)]
    if missing:
        raise BadInput(f"{path}: a cell needs {' and '.join(missing)}; compare it with another cell")
    if not isinstance(module.PAPER, str):
        raise BadInput(
            f"{path}: PAPER is {validation.shown(module.PAPER)}, expected a text that says where the cell is from"
        )
    with cell_file.refused_in_a_line(path):
        graph = trace(module, name, options)
        _check_use(graph, module.step)
    return graph


def _check_use(graph: Graph, step: Callable[..., object]) -> None:
    """Raise ``ValueError`` if the equations leave out the input, or a family of parameters that no option switches off."""
    if not any(node.op == "input" for node in graph.nodes):
        raise ValueError("no equation of step reads the input; multiply it with a matrix: W.f @ x")
    families = [] if graph.options else cell_file.signature(step).families
    unread = [f for f in families if not any(name == f or name.startswith(f"{f}_") for name in graph.parameters)]
    if unread:
        raise ValueError(
            f"no state follows from the parameters {', '.join(unread)} of step's signature; use them in an equation, or "
            "leave them out"
        )


def trace(module: ModuleType, name: str, options: Mapping[str, Option]) -> Graph:
    """Return the graph of a cell by running ``module.step`` once on symbols.

    The signature says it all: the input, then the states (annotated with their width letter, ``H`` if not), then by
    keyword the families of parameters, then the options, which have defaults.
    """
    step = module.step
    signature = cell_file.signature(step)
    stated = _options(name, step, signature.defaults, options)

    x = Symbol("input", width=Width("X"))
    letters = signature.states
    width_of = {letter: Width(letter) for letter in letters.values()}
    states = [Symbol("state", label=state, width=width_of[letter]) for state, letter in letters.items()]
    families = {letter: Family(letter) for letter in signature.families}
    returned, local = _call(step, x, *states, **families, **stated)
    updates = cell_file.next_states(returned, [*letters], local)
    for state, update in zip(states, updates, strict=True):
        try:
            state.width.unify(update.width)
        except ValueError as error:
            raise ValueError(f"the next value of {state.label}: {error}") from error

    order = _order(updates)
    position = {id(symbol): i for i, symbol in enumerate(order)}
    parameters = _parameters(order)
    title, _, text = inspect.cleandoc(module.__doc__ or name).partition("\n")
    initial = cell_file.initial(module, name, [*parameters], stated)
    cell_file.widths(module, _ANY_UNITS, stated)
    return Graph(
        name=name,
        title=title.rstrip("."),
        paper=module.PAPER,
        nodes=tuple(Node(s.op, tuple(position[id(a)] for a in s.args), s.label) for s in order),
        states={state: _letter(symbol) for state, symbol in zip(letters, states, strict=True)},
        updates=tuple(position[id(update)] for update in updates),
        parameters=parameters,
        names={position[id(symbol)]: n for n, symbol in _named(local) if id(symbol) in position},
        options=stated,
        widths=lambda units: cell_file.widths(module, units, stated),
        initial=initial,
        text=text.strip(),
    )


def _named(local: Mapping[str, object]) -> Iterator[tuple[str, Symbol]]:
    """Yield the symbols that local names stand for; those of a list are numbered from 1."""
    for name, value in local.items():
        if isinstance(value, Symbol):
            yield name, value
        elif isinstance(value, list):
            yield from ((f"{name}_{i}", item) for i, item in enumerate(value, 1) if isinstance(item, Symbol))


def _order(updates: tuple[Symbol, ...]) -> list[Symbol]:
    """Symbols that the updates need, in the order of the text, which has arguments first."""
    needed: dict[int, Symbol] = {}
    waiting = list(updates)
    while waiting:
        symbol = waiting.pop()
        if id(symbol) not in needed:
            needed[id(symbol)] = symbol
            waiting += symbol.args
    return sorted(needed.values(), key=lambda symbol: symbol.written)


def _parameters(order: list[Symbol]) -> dict[str, tuple[str, str]]:
    """A product's rows are as wide as what it multiplies; anything else is a row."""
    shapes = {s.label: (_letter(s.args[0]), _letter(s)) for s in order if s.op == "linear"}
    shapes |= {s.label: (_letter(s), _letter(s.args[0])) for s in order if s.op == "transposed"}
    for symbol in order:
        if symbol.op in ("row", "scalar"):
            shape = ("1", "1" if symbol.op == "scalar" else _letter(symbol))
            if shapes.setdefault(symbol.label, shape) != shape:
                raise ValueError(f"{symbol.label} is used as more than one of a matrix, a row and a single number")
    return dict(sorted(shapes.items()))


def _letter(symbol: Symbol) -> str:
    letter = symbol.width.root().letter
    if letter is None:
        raise ValueError(f"the width of {symbol.op} {symbol.label} does not follow from the equations")
    return letter


def _call(function: Callable[..., Result], *args: object, **kwargs: object) -> tuple[Result, dict[str, object]]:
    """Call, and read the names that the text gives to its quantities as it returns."""
    local: dict[str, object] = {}

    def read(frame: FrameType, event: str, _: object) -> None:
        if event == "return" and frame.f_code is function.__code__:
            local.update(frame.f_locals)

    before = sys.getprofile()
    sys.setprofile(read)
    try:
        return function(*args, **kwargs), local
    finally:
        sys.setprofile(before)


def _options(
    name: str, step: Callable[..., object], defaults: dict[str, Any], given: Mapping[str, Option]
) -> dict[str, Option]:
    """Return the options of a cell: the defaults, and what was given, which must fit the option's annotation."""
    parameters = inspect.signature(step).parameters
    for option, default in defaults.items():
        expected = validation.mismatch(default, _hint(parameters[option], step))
        if expected or not isinstance(default, Option):
            expected = expected or "true, false, a number, a text or None"
            raise ValueError(f"option '{option}' has the default {validation.shown(default)}, expected {expected}")
    for option, value in given.items():
        if option not in defaults:
            raise BadInput(f"cell {name} has no option '{option}'{errors.did_you_mean(option, list(defaults))}")
        expected = validation.mismatch(value, _hint(parameters[option], step))
        if expected:
            raise BadInput(f"option '{option}' of cell {name} is {validation.shown(value)}, expected {expected}")
    return {**defaults, **given}


def _hint(parameter: inspect.Parameter, step: Callable[..., object]) -> Any:
    """Return the type that an option is annotated with, or else that of its default."""
    if parameter.annotation is parameter.empty:
        return type(parameter.default)
    if isinstance(parameter.annotation, str):  # as `from __future__ import annotations` leaves it
        return get_type_hints(_annotated(parameter), step.__globals__, include_extras=True)[parameter.name]
    return parameter.annotation


def _annotated(parameter: inspect.Parameter) -> Callable[..., None]:
    """Return a function that has one annotation: of a cell's own, width letters are no types."""

    def function() -> None: ...

    function.__annotations__ = {parameter.name: parameter.annotation}
    return function


def _digest(value: object) -> str:
    """Return the SHA-256 of a value's JSON, in hexadecimal digits."""
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()
