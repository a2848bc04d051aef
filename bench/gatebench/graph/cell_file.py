"""A cell's file as it is read: its signature, what it returns, its functions ``sizes`` and ``initial``.

Whatever the file lacks is an error with the words of whoever wrote it; `refused_in_a_line` gives it the line of the file.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gatebench.core import registry, validation
from gatebench.core.documentation import address
from gatebench.core.errors import BadInput, shorten
from gatebench.graph.initial import Initial
from gatebench.graph.ops import Symbol

VOCABULARY = f"write it with + - * / @, numbers and the functions of gatebench.graph.ops ({address('docs/cell.md')})"
"""How the text of a cell is written."""


@contextmanager
def refused_in_a_line(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong while a cell's file is read into ``BadInput`` with its place in the file."""
    try:
        yield
    except BadInput:
        raise
    except Exception as error:
        line = registry.failing_line(error, path)
        place = f"{path}, line {line}" if line else str(path)
        raise BadInput(f"{place}: {_reason(error)}; {_remedy(error)}") from error


def _reason(error: Exception) -> str:
    """Return what an error says: our sentence as it is, and before another one its kind, as Python has it."""
    if isinstance(error, AttributeError) and isinstance(error.obj, Symbol):
        kind = "a state (parameters stand behind a * in step's signature)" if error.obj.op == "state" else "a vector"
        return shorten(f"{error.obj.label or 'the value'} is {kind}, which has no '{error.name}'")
    return shorten(error if type(error) is ValueError else f"{type(error).__name__}: {error}")


def _remedy(error: Exception) -> str:
    if isinstance(error, NameError):
        return "a line reads its states and parameters, what the file imports, and what the lines above it compute"
    return "correct the file" if isinstance(error, ValueError) else VOCABULARY


@dataclass(frozen=True)
class Signature:
    """What the signature of a cell's ``step`` says."""

    states: dict[str, str]
    """State name -> width letter, in order; the first is the output."""
    families: list[str]
    """Letters of the families of parameters."""
    defaults: dict[str, object]
    """Option -> its default."""


def signature(step: object) -> Signature:
    """Return what the signature of ``step`` says; ``ValueError`` where it is not ``step(x, h, ..., *, W, ..., option=1)``.

    The input stands first, then the states; behind ``*`` the families of parameters, and options, which have defaults.
    """
    if not callable(step):
        raise ValueError(f"step is {validation.shown(step)}, expected a function step(x, h, *, W, U, b)")
    parameters = inspect.signature(step).parameters.values()
    before = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD or p.kind is p.POSITIONAL_ONLY]
    behind = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
    if len(before) + len(behind) < len(parameters):
        raise ValueError("step takes *args or **kwargs, expected the name of each state and each family of parameters")
    if len(before) < 2:
        raise ValueError("step has no state, expected the input and then one or more of them: step(x, h, *, W, U, b)")
    for parameter in before:
        if parameter.default is not parameter.empty:
            raise ValueError(
                f"{parameter.name} has a default, but states begin at zero; put an option behind a * in step's signature"
            )
    return Signature(
        states={p.name: _letter(p) for p in before[1:]},
        families=[p.name for p in behind if p.default is p.empty],
        defaults={p.name: p.default for p in behind if p.default is not p.empty},
    )


def _letter(state: inspect.Parameter) -> str:
    """Return the width letter that a state is annotated with; ``H`` without one."""
    if state.annotation is state.empty:
        return "H"
    letter = state.annotation.strip("\"'") if isinstance(state.annotation, str) else None
    if letter is None or letter == "X" or not (letter.isidentifier() or letter == "1"):
        shown = validation.shown(state.annotation)
        raise ValueError(
            f"state {state.name} is annotated {shown}, expected nothing, for the width H of the units, or another letter "
            'in quotation marks, such as "P", of which a function sizes(H, **_) says how wide it is'
        )
    return letter


def next_states(returned: object, states: Sequence[str], local: Mapping[str, object]) -> tuple[Symbol, ...]:
    """Return the next value of each state, as ``step`` returns them; ``ValueError`` if they are not its states' own.

    ``local`` has the names of its text as it returned.
    """
    values: tuple[object, ...] = returned if isinstance(returned, tuple) else (returned,)
    updates = tuple(value for value in values if isinstance(value, Symbol))
    expected = f"expected the next value of {'its state' if len(states) == 1 else 'each state'}: return {', '.join(states)}"
    if not len(values) == len(states) == len(updates):
        kinds = ", ".join("a vector" if isinstance(value, Symbol) else validation.shown(value) for value in values)
        raise ValueError(f"step returns {kinds}, {expected}")
    named = [local.get(state) for state in states]
    if [*map(id, updates)] != [*map(id, named)] and sorted(map(id, updates)) == sorted(map(id, named)):
        raise ValueError(f"step returns its states in another order than its signature has them, {expected}")
    unchanged = [s for s, update in zip(states, updates, strict=True) if (update.op, update.label) == ("state", s)]
    if unchanged:
        raise ValueError(
            f"state {unchanged[0]} never changes from zero, since step returns it as it came; give it an equation"
        )
    return updates


def _call(module: object, name: str, *arguments: int, **options: object) -> object:
    """Return what a function of a cell's file returns; nothing if the file has none of this name."""
    function: Callable[..., object] | None = getattr(module, name, None)
    if function is None:
        return {}
    try:
        inspect.signature(function).bind(*arguments, **options)
    except TypeError as error:
        taken = ", ".join([*("H" for _ in arguments), *(["*", *options] if options else [])])
        raise ValueError(
            f"{name} {error}; it is called as {name}({taken}), of which **_ takes what it has no use for"
        ) from error
    return function(*arguments, **options)


def widths(module: object, units: int, options: Mapping[str, object]) -> dict[str, int]:
    """Return letter -> width at a number of units, for ``H`` and what the function ``sizes`` of a cell's file names."""
    given = _call(module, "sizes", units, **options)
    if not isinstance(given, Mapping):
        raise ValueError(f'sizes returns {validation.shown(given)}, expected a dict such as {{"P": H // 2}}')
    for letter, size in given.items():
        if type(size) is not int or size < 0:
            raise ValueError(f"sizes gives {letter} the width {validation.shown(size)}, expected a whole number: H // 2")
    return {"H": units, **given}


def initial(module: object, name: str, parameters: Sequence[str], options: Mapping[str, object]) -> dict[str, Initial]:
    """Return how parameters begin by the function ``initial`` of a cell's file."""
    given = _call(module, "initial", **options)
    expected = "expected a value of gatebench.graph.initial for each parameter that it names"
    if not isinstance(given, Mapping):
        raise ValueError(f"initial returns {validation.shown(given)}, {expected}: {{'b_f': constant(1)}}")
    if unknown := sorted(set(given) - set(parameters)):
        raise BadInput(
            f"cell {name} says how {', '.join(unknown)} begins, expected one of its parameters "
            f"({', '.join(parameters)}); correct the function initial of its file"
        )
    for parameter, values in given.items():
        if not isinstance(values, Initial):
            raise ValueError(f"initial has {validation.shown(values)} for {parameter}, {expected}, such as constant(1)")
    return dict(given)
