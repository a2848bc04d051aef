"""Which engine runs a cell: engines are found by their place and created by name."""

import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

from gatebench.core import registry
from gatebench.core.errors import BadInput, did_you_mean, shorten
from gatebench.engines.base import Engine
from gatebench.graph.trace import Graph

AUTO = "auto"
"""In place of an engine's name: the fastest engine that can run the cell."""
DEVICES = ("cpu", "cuda")
"""Where an engine can be asked to compute."""


def names() -> list[str]:
    """Return the names of all engines, those included whose libraries are not installed."""
    return [name for name, path in _files().items() if _is_engine(path)]


def load(name: str) -> type[Engine[Any]]:
    """Return the class of an engine; ``BadInput`` if there is none of that name, ``ImportError`` if it lacks a library."""
    path = _files().get(name)
    engine = None if path is None else _engine_class(_module(path))
    if engine is None:
        raise BadInput(f"unknown engine '{shorten(name)}'{did_you_mean(name, names())}")
    return engine


def create(name: str, threads: int = 1, device: str = "cpu") -> Engine[Any]:
    """Return a new engine of a name, which computes with so many threads on a device; errors are those of `load`."""
    return load(name)(threads, device)


def pick(name: str, graph: Graph, device: str) -> str:
    """Return the name of the engine for a cell on a device; ``auto`` stands for the fastest one that can run it there.

    ``BadInput`` if the device is not there, or the engine that is asked for cannot run the cell on it.
    """
    if device not in DEVICES:
        raise BadInput(f"device is {device!r}, expected {' or '.join(DEVICES)}")
    if device == "cuda" and not _has_cuda():
        raise BadInput("device is cuda, but torch finds no GPU here; use device=cpu, or install a torch with CUDA")
    reasons = {engine: _lacks(engine, graph, device) for engine in (names() if name == AUTO else [name])}
    able = [engine for engine, reason in reasons.items() if reason is None]
    if able:
        return max(able, key=lambda engine: load(engine).PREFERENCE)
    if name == AUTO:
        every = "; ".join(f"{engine}: {reason}" for engine, reason in reasons.items())
        raise BadInput(f"no engine can run cell {graph.name} ({every})")
    raise BadInput(f"engine {name} cannot run cell {graph.name}: {reasons[name]}; use engine=reference or engine=auto")


def _lacks(name: str, graph: Graph, device: str) -> str | None:
    """Return why an engine cannot run a cell on a device, or None if it can."""
    try:
        return create(name, device=device).lacks(graph)
    except ImportError as error:
        return f"{error.name} is not installed"


def _files() -> dict[str, Path]:
    """Name -> file of every place where an engine can stand; a later plugin folder wins."""
    files: dict[str, Path] = {}
    for folder in registry.folders("engines"):
        modules = {file.stem: file for file in folder.glob("*.py")}
        files |= modules | {file.parent.name: file for file in folder.glob("*/engine.py")}
    return dict(sorted(files.items()))


def _module(path: Path) -> ModuleType:
    package = "gatebench.engines" + (f".{path.parent.name}" if path.name == "engine.py" else "")
    return registry.load_module(package, path)


def _is_engine(path: Path) -> bool:
    """Whether a file holds an engine; one that lacks a library does, for nothing else here needs more than torch."""
    try:
        return _engine_class(_module(path)) is not None
    except ImportError:
        return True


def _engine_class(module: ModuleType) -> type[Engine[Any]] | None:
    """Return the engine that a module defines, or None if it is no engine's module."""
    for value in vars(module).values():
        is_class = inspect.isclass(value) and value.__module__ == module.__name__
        if is_class and issubclass(value, Engine) and not inspect.isabstract(value):
            return value
    return None


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()
