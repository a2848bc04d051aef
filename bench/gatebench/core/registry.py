"""Where things stand, which is how they are registered.

A *plugin folder* has ``cells/``, ``conf/``, ``datasets/``, ``figures/`` or ``readers/``, like the package itself.
``GATEBENCH_PATH`` (folders, separated as in ``PATH``) names plugin folders, and `LOCAL_FOLDER` in the working directory is
one without being named. A new cell, card, yaml or figure is found by its place: there is no table to edit.
"""

import hashlib
import importlib
import importlib.util
import os
import sys
import traceback
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from gatebench.core.errors import BadInput, did_you_mean, shorten

PACKAGE = Path(__file__).resolve().parents[1]
"""The folder of the package."""
_SOURCE_ROOT = PACKAGE.parents[1]
CHECKOUT = _SOURCE_ROOT if (_SOURCE_ROOT / "pyproject.toml").is_file() else None
"""The root of the git checkout that the package runs from; None if it was installed from a wheel."""

# In a checkout conf/ and datasets/ stand at its root; a wheel carries them inside the package.
_DATA_ROOT = CHECKOUT or PACKAGE
BUILT_IN = {
    "cells": PACKAGE / "cells",
    "conf": _DATA_ROOT / "conf",
    "datasets": _DATA_ROOT / "datasets",
    "engines": PACKAGE / "engines",
    "figures": PACKAGE / "report" / "figures",
    "metrics": PACKAGE / "core" / "metrics",
    "readers": PACKAGE / "data" / "readers",
}
"""Kind of thing -> the package's own folder of it."""

LOCAL_FOLDER = "gatebench_local"
"""Plugin folder in the working directory, which ``gatebench data add`` makes where ``GATEBENCH_PATH`` names none."""
WITHOUT_CODE = ("conf", "datasets")
"""Kinds that are searched for in `LOCAL_FOLDER`: no code, which would then run because of where somebody stands."""
_FORMER_LOCAL_FOLDER = "gatebench_house"


def folders(kind: str) -> list[Path]:
    """Return the existing folders that hold things of one kind (a key of `BUILT_IN`), the package's own first."""
    extra = [folder_from_environment("GATEBENCH_PATH", f"{folder}/{kind}") for folder in _named_folders()]
    if kind in WITHOUT_CODE:
        extra = [Path(LOCAL_FOLDER, kind), *extra]
    existing = [folder.resolve() for folder in extra if folder.is_dir()]
    return [BUILT_IN[kind], *dict.fromkeys(existing)]


def local_folder() -> Path:
    """Return the plugin folder that a user's things are added to: the first of ``GATEBENCH_PATH``, else `LOCAL_FOLDER`."""
    return folder_from_environment("GATEBENCH_PATH", [*_named_folders(), LOCAL_FOLDER][0])


def _named_folders() -> list[str]:
    return [folder for folder in os.environ.get("GATEBENCH_PATH", "").split(os.pathsep) if folder]


def folder_from_environment(variable: str, name: str) -> Path:
    """Return the folder that an environment variable names; ``BadInput`` if no folder can have that name."""
    try:
        folder = Path(name).expanduser()
        folder.is_dir()
    except (OSError, RuntimeError) as error:  # a name that is too long, or the home of nobody
        raise BadInput(
            f"{variable} names '{shorten(name)}' ({getattr(error, 'strerror', error)}); expected a folder"
        ) from error
    return folder


def available(kind: str, suffix: str, group: str = "") -> dict[str, Path]:
    """Return name -> file of everything of one kind, sorted by name; of plugin folders the last one wins.

    Nothing replaces what the package has, see `find`. ``group`` is a folder below that of the kind, for example ``task`` of
    ``conf``.
    """
    built_in, *plugins = folders(kind)
    files = [file for folder in [*plugins, built_in] for file in (folder / group).glob(f"*{suffix}")]
    return {file.stem: file for file in sorted(files, key=lambda file: file.stem) if not file.stem.startswith("_")}


def find(kind: str, name: str, suffix: str, group: str = "", called: str = "") -> Path:
    """Return the file of one thing; ``BadInput`` with the nearest names if there is none, or if it would be replaced.

    ``called`` is what a message calls things of this kind; without it, ``kind``.
    """
    files = available(kind, suffix, group)
    if name not in files:
        hint = former_folder_hint() if kind in WITHOUT_CODE else None
        raise BadInput(
            f"unknown {called or kind} '{shorten(name)}'{f'; {hint}' if hint else ''}{did_you_mean(name, list(files))}"
        )
    refuse_replacement(kind, f"{group}/{name}{suffix}" if group else f"{name}{suffix}")
    return files[name]


def refuse_replacement(kind: str, place: str) -> None:
    """Raise ``BadInput`` if a plugin folder has a file that the package has as well, at a place below the kind's folder.

    Whoever names a published study, a cell or a data set gets what was published under that name, wherever they stand.
    """
    built_in, *plugins = folders(kind)
    for folder in plugins:
        if (folder / place).is_file() and (built_in / place).is_file():
            raise BadInput(f"{folder / place} has the name of one that comes with gatebench; rename it")


def folders_with_code() -> list[Path]:
    """Return the plugin folders whose Python files a command may run: those that ``GATEBENCH_PATH`` names."""
    code = [kind for kind in BUILT_IN if kind not in WITHOUT_CODE]
    with_code = [folder.parent for kind in code for folder in folders(kind)[1:] if any(folder.glob("*.py"))]
    return list(dict.fromkeys(with_code))


def former_folder_hint() -> str | None:
    """Return what to do with the local plugin folder of an earlier version that is in the working directory, if one is."""
    if not Path(_FORMER_LOCAL_FOLDER).is_dir():
        return None
    return f"{_FORMER_LOCAL_FOLDER}/ is called {LOCAL_FOLDER}/ now: rename it"


class _SourceLoader(SourceFileLoader):
    """Compiles the source each time: a bytecode cache takes a change within one second for none."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def load_module(package: str, path: Path) -> ModuleType:
    """Import a file by its place and return the module; a second call returns the same module, unless the file changed.

    A file of ``package`` itself is that package's module. A plugin's is registered in ``sys.modules`` under a name of its
    own, so that two plugin folders may have files of one name, and what looks itself up there (a dataclass) is found.
    ``BadInput`` names the line of a plugin's file that fails.
    """
    path = path.resolve()
    if path.parent == PACKAGE.parent.joinpath(*package.split(".")):
        return importlib.import_module(f"{package}.{path.stem}")
    version = hashlib.sha256(f"{path}\0".encode() + path.read_bytes()).hexdigest()[:12]
    name = f"gatebench_plugin_{version}_{path.stem}"
    if name in sys.modules:
        return sys.modules[name]
    loader = _SourceLoader(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    assert spec is not None, path
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, BadInput) or not isinstance(error, Exception):
            raise
        reason = shorten(f"{type(error).__name__}: {getattr(error, 'msg', error)}")
        raise BadInput(f"{path}, line {failing_line(error, path) or 1}: {reason}; correct the file") from error
    return module


def failing_line(error: Exception, path: Path) -> int | None:
    """Return the line of a file at which running it failed; None if the error does not say."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return lines[-1] if lines else None
