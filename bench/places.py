"""Where things stand, which is how they are registered.

A *house* is a folder with ``cells/``, ``conf/``, ``datasets/``, ``figures/`` or ``readers/``. The project is the first
house; ``GATEBENCH_PATH`` (folders, separated as in ``PATH``) names houses of your own, and `HOUSE` in the working folder
is one without being named. A new cell, card, yaml or figure is found by its place in a house: there is no table to edit.
"""

import difflib
import importlib.util
import os
from pathlib import Path
from types import ModuleType

PACKAGE = Path(__file__).resolve().parent
CHECKOUT = PACKAGE.parent if (PACKAGE.parent / "pyproject.toml").is_file() else None

# In a checkout conf/ and datasets/ stand beside the package; a wheel carries them inside it.
OUTER = CHECKOUT or PACKAGE
OWN = {
    "cells": PACKAGE / "cells",
    "conf": OUTER / "conf",
    "datasets": OUTER / "datasets",
    "engines": PACKAGE / "engines",
    "figures": PACKAGE / "report" / "figures",
    "readers": PACKAGE / "data" / "readers",
}

HOUSE = "gatebench_house"
"""Below the working folder: the house that ``gatebench data add`` makes where none is named."""
UNNAMED = ("conf", "datasets")
"""What is searched for in it: no code, which would be run because of where somebody stands."""

LONGEST = 300
"""Characters of somebody else's text in a message."""


class BadInput(Exception):
    """A user's mistake: one line that names the input, what was expected and how to mend it."""

    def __init__(self, line: str) -> None:
        super().__init__(" ".join(line.splitlines()))  # what a library says of a file may be several


def houses(kind: str) -> list[Path]:
    """Folders that hold things of one kind (a key of `OWN`), our own first."""
    extra = [folder_of("GATEBENCH_PATH", f"{folder}/{kind}") for folder in _named()]
    if kind in UNNAMED:
        extra = [Path(HOUSE, kind), *extra]
    found = [folder.resolve() for folder in extra if folder.is_dir()]
    return [OWN[kind], *dict.fromkeys(found)]


def house() -> Path:
    """Where things of one's own are added: the first house that is named, else `HOUSE`."""
    return folder_of("GATEBENCH_PATH", [*_named(), HOUSE][0])


def _named() -> list[str]:
    return [folder for folder in os.environ.get("GATEBENCH_PATH", "").split(os.pathsep) if folder]


def folder_of(variable: str, name: str) -> Path:
    """The folder that a variable of the environment names; ``BadInput`` if none can have that name."""
    try:
        folder = Path(name).expanduser()
        folder.is_dir()
    except (OSError, RuntimeError) as error:  # a name that is too long, or the home of nobody
        raise BadInput(
            f"{variable} names '{short(name)}' ({getattr(error, 'strerror', error)}); expected a folder"
        ) from error
    return folder


def known(kind: str, suffix: str, group: str = "") -> dict[str, Path]:
    """Name -> file of everything of one kind, in the order of its name."""
    files = [file for house in houses(kind) for file in (house / group).glob(f"*{suffix}")]
    return {file.stem: file for file in sorted(files, key=lambda file: file.stem) if not file.stem.startswith("_")}


def find(kind: str, name: str, suffix: str, group: str = "", called: str = "") -> Path:
    """The file of one thing; ``BadInput`` with the nearest names if there is none."""
    there = known(kind, suffix, group)
    if name not in there:
        raise BadInput(f"unknown {called or kind} '{short(name)}'{suggestion(name, list(there))}")
    return there[name]


def module(package: str, path: Path) -> ModuleType:
    """A file of a house as a module, wherever it stands."""
    spec = importlib.util.spec_from_file_location(f"{package}.{path.stem}", path)
    assert spec is not None, path
    assert spec.loader is not None, path
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def short(text: object) -> str:
    """A text for a message: in one line, and its beginning alone if it goes on for pages."""
    whole = " ".join(str(text).split())
    return whole if len(whole) <= LONGEST else f"{whole[:LONGEST]}..."


def suggestion(name: str, names: list[str]) -> str:
    """`` (did you mean 'gru'? ...)`` for a mistyped name."""
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return (f"; did you mean '{near[0]}'?" if near else "") + (f" (there are: {', '.join(names)})" if names else "")
