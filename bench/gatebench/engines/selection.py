"""Which engine runs a cell."""

import importlib
from functools import cache
from typing import Any

from gatebench.core import registry
from gatebench.core.errors import BadInput
from gatebench.engines.base import Engine
from gatebench.graph.trace import Graph

DEVICES = ("cpu", "cuda")


@cache
def load(name: str) -> Engine:
    """An engine's functions, by its name."""
    if name == "fused_cpu":
        found: Any = importlib.import_module("gatebench.engines.fused_cpu.engine")
    else:
        found = registry.load_module("gatebench.engines", registry.find("engines", name, ".py", called="engine"))
    return found


def pick(name: str, graph: Graph, device: str) -> str:
    """The engine for a cell on a device: the one called ``name``, or for ``auto`` the fastest that can run it there.

    ``BadInput`` if the device is not there, or the engine asked for cannot run the cell on it.
    """
    if device not in DEVICES:
        raise BadInput(f"device is {device!r}, expected {' or '.join(DEVICES)}")
    if device == "cuda" and not _has_cuda():
        raise BadInput("device is cuda, but torch finds no GPU here; use device=cpu, or install a torch with CUDA")
    if name != "auto":
        reason = _lacks(name, graph, device)
        if reason:
            raise BadInput(f"engine {name} cannot run cell {graph.name}: {reason}; use engine=reference or engine=auto")
        return name
    reasons = {engine: _lacks(engine, graph, device) for engine in ("fused_cpu", "reference")}
    for engine, reason in reasons.items():
        if reason is None:
            return engine
    every = "; ".join(f"{engine}: {reason}" for engine, reason in reasons.items())
    raise BadInput(f"no engine can run cell {graph.name} ({every})")


def _lacks(name: str, graph: Graph, device: str) -> str | None:
    """Why an engine cannot run a cell on a device; None if it can."""
    try:
        return load(name).lacks(graph, device)
    except ImportError as error:
        return f"{error.name} is not installed"


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()
