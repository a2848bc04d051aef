"""What the parts of a record and of a study's file must be: a value of another shape is damage, wherever it came from."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Shape = Any
"""A test of one value, `Each`, `Null`, `Perhaps`, or a mapping from names to shapes: other names may stand beside them."""


@dataclass(frozen=True)
class Each:
    """A list, or a mapping from texts, of any number of these."""

    of: Shape
    kind: type = list


@dataclass(frozen=True)
class Null:
    """This, or null."""

    of: Shape


@dataclass(frozen=True)
class Perhaps(Null):
    """This, or null, or not there at all: earlier versions did not have it."""


def text(value: Any) -> bool:
    """A text that can be written down: JSON may hold half a character."""
    return isinstance(value, str) and not any("\ud800" <= character <= "\udfff" for character in value)


def truth(value: Any) -> bool:
    """True or false."""
    return isinstance(value, bool)


def whole(value: Any) -> bool:
    """A whole number from 0, of a size that a table takes."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**62


def number(value: Any) -> bool:
    """A number, of a size that a table takes."""
    return isinstance(value, float) or (isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**62)


def numbers(value: Any) -> bool:
    """A number, or a list of them."""
    return all(map(number, value)) if isinstance(value, list) else number(value)


def key(value: Any) -> bool:
    """A trial's identity, which is also the name of its folder."""
    return text(value) and bool(re.fullmatch(r"[0-9a-f]{16}", value))


def one_of(*values: str) -> Callable[[Any], bool]:
    """One of these texts."""
    return lambda value: text(value) and value in values


def table(**columns: Callable[[Any], bool]) -> Shape:
    """Columns of values, as a table is stored in JSON."""
    return {name: Each(of if of is text else Null(of)) for name, of in columns.items()}


def misfit(value: Any, shape: Shape, where: str = "") -> str | None:
    """The place of the first part that is not as it must be; None if all is."""
    if isinstance(shape, Null):
        return None if value is None else misfit(value, shape.of, where)
    if isinstance(shape, Each):
        if not isinstance(value, shape.kind):
            return where or "all of it"
        if isinstance(value, dict) and not all(map(text, value)):
            return where or "all of it"
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        found = (misfit(part, shape.of, f"{where}.{name}".lstrip(".")) for name, part in parts)
        return next((place for place in found if place), None)
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return where or "all of it"
        absent = [name for name, part in shape.items() if name not in value and not isinstance(part, Perhaps)]
        if absent:
            return f"{where}.{absent[0]}".lstrip(".")
        found = (misfit(value.get(name), part, f"{where}.{name}".lstrip(".")) for name, part in shape.items())
        return next((place for place in found if place), None)
    return None if shape(value) else where or "all of it"


SCORES = {"nll": Null(number), "nll_sequence_mean": Null(number)}
COUNTS = ("best_epoch", "epochs", "updates", "units", "inputs", "population_size")
COSTS = ("parameters_recurrent", "parameters_total", "flops_per_step", "state_size")

SUMMARY = {
    "status": one_of("finished", "diverged", "failed"),
    "seconds": Null(number),
    "relative_throughput": Perhaps(number),
    "scores": Each(SCORES, dict),
    **dict.fromkeys(COUNTS, whole),
    **dict.fromkeys(COSTS, number),
    **dict.fromkeys(("engine", "device", "title"), text),
    "synthetic": truth,
    "baselines": Each(Each(SCORES, dict), dict),
    "data": Perhaps({"kind": text, "time_step": text, "outputs": whole, "std": Null(numbers)}),
}
TUNED = {"weight_noise": number, "weight_decay": Perhaps(number)}
RECORD = {
    "key": key,
    "settings": {"seed": whole, "lr": number, "training": TUNED, "task": text, "cell": text},
    "summary": SUMMARY,
    "provenance": {
        "commit": Null(text),
        "versions": {"gatebench": text, "torch": text},
        "machine": {"processor": Null(text), "cores": Null(whole)},
        "threads": whole,
    },
    "equations": Each(text),
}
CURVE = table(epoch=whole, update=whole, seconds=number, split=text, nll=number, nll_sequence_mean=number)
SEQUENCES = table(sequence=whole, steps=whole, nll=number)
POINT = {
    "labels": dict.fromkeys(("task", "cell", "budget", "training"), text),
    "search": Each(key),
    "selected": Null({"lr": number, **TUNED}),
    "confirm": Each(key),
    "confirm_planned": whole,
}
