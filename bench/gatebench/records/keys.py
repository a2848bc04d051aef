"""The identity of a trial: a hash of what changes its numbers, and of nothing else."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from gatebench.records.schema import HASHED_AS, Scalar

PROTOCOL = 1
"""Version of the numerical protocol. It moves when the same settings give other numbers, and every key with it."""


@dataclass(frozen=True)
class KeyedSettings:
    """What changes a trial's numbers, and nothing else. Sizes, never the budget that led to them."""

    framing: str
    """How targets follow from the sequences, and the likelihood."""
    content: str
    """The card's checksum of the sequences."""
    equations: str
    """Fingerprint of the cell's graph: two texts that mean the same model have one."""
    sizes: dict[str, int]
    training: Any
    """A dataclass; fields at their defaults are neutral and left out of the key."""
    lr: float
    seed: int
    model: Any = None
    """A dataclass: layers and directions of the cell; None for one layer that reads forwards."""


def key(settings: KeyedSettings) -> str:
    """Return the identity of a trial, sixteen hexadecimal digits."""
    named = {"protocol": PROTOCOL, **without_defaults(settings)}
    return hashlib.sha256(json.dumps(_canonical(named), sort_keys=True).encode()).hexdigest()[:16]


def without_defaults(settings: Any) -> dict[str, Any]:
    """Return the fields of a dataclass that are not at their defaults, nested ones likewise, under their hashed names."""
    entries = {}
    for one in fields(settings):
        value = getattr(settings, one.name)
        if value != one.default:
            entries[HASHED_AS.get(one.name, one.name)] = without_defaults(value) if is_dataclass(value) else value
    return entries


def _canonical(value: Scalar | Mapping[str, Any]) -> Any:
    """JSON with floats as their shortest exact text, whole floats included (1.0 and 1 are one number)."""
    if isinstance(value, Mapping):
        return {name: _canonical(entry) for name, entry in value.items()}
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    return repr(float(value))
