"""The family of contrasts that a sweep declares: which pairs of cells its study tests."""

from gatebench.cli.configurations import Configuration
from gatebench.core import registry
from gatebench.core.errors import BadInput, did_you_mean, shorten
from gatebench.core.validation import mismatch, shown
from gatebench.records.contrasts import ALL, Contrasts

EXPECTED = "expected all, {against: CELL}, or pairs of two cells, such as [[lstm,gru],[rnn,gru]]"
"""What a family may be given as, for messages."""


def declared(configurations: list[Configuration]) -> Contrasts | None:
    """Return the family that a sweep declares; None where it declares none, ``BadInput`` for several or a wrong one."""
    families = {_family(configuration.values["contrasts"]) for configuration in configurations} - {None}
    if len(families) > 1:
        raise BadInput(
            f"contrasts is {' and '.join(sorted(map(str, families)))} in parts of one sweep, expected one for the study"
        )
    return next(iter(families), None)


def _family(value: object) -> Contrasts | None:
    if value is None:
        return None
    if value == "all":
        return ALL
    if isinstance(value, dict) and set(value) == {"against"}:
        return Contrasts(against=_cell(value["against"]))
    if isinstance(value, list) and value and not mismatch(value, list[list[str]]) and {len(pair) for pair in value} == {2}:
        pairs = tuple((_cell(a), _cell(b)) for a, b in value)
        if len({frozenset(pair) for pair in pairs}) < len(pairs) or any(a == b for a, b in pairs):
            raise BadInput(f"contrasts is {shown(value)}, with a pair twice or of one cell; expected each pair once")
        return Contrasts(pairs=pairs)
    raise BadInput(f"contrasts is {shown(value)}; {EXPECTED}")


def _cell(name: object) -> str:
    """Return the name of a cell as reports have it: that of its yaml, and behind it what was overridden."""
    cells = list(registry.available("conf", ".yaml", "cell"))
    if str(name).partition(" ")[0] not in cells:
        raise BadInput(f"contrasts: unknown cell '{shorten(str(name))}'{did_you_mean(str(name), cells)}")
    return str(name)
