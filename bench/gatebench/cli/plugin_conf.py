"""What the yamls of a plugin folder may say: settings, and nothing that would have Hydra run code.

Hydra imports and calls what ``_target_`` names, and its callbacks, sweepers and launchers. A folder that somebody was handed
may hold yamls; so those of plugin folders are read here before Hydra sees them, and what could reach its
settings is refused.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from gatebench.core import registry
from gatebench.core.errors import BadInput, shorten


def check(folder: Path, groups: Sequence[str]) -> None:
    """Raise ``BadInput`` for the first yaml of a plugin folder's ``conf/`` that holds more than settings of these groups."""
    for file in sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")]):
        place = file.relative_to(folder)
        if place.parts[0] not in groups or len(place.parts) != 2 or file.suffix != ".yaml":
            raise BadInput(
                f"{file}: a plugin folder has yamls of {', '.join(groups)} alone, such as conf/study/NAME.yaml; remove it"
            )
        registry.refuse_replacement("conf", str(place))
        if reason := next(_more_than_settings(file, groups), None):
            raise BadInput(f"{file}: {reason}; a yaml of a plugin folder holds settings alone, since Hydra would run it")


def _more_than_settings(file: Path, groups: Sequence[str]) -> Iterator[str]:
    try:
        text = file.read_text(encoding="utf-8")
        values = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"{file} cannot be read: {shorten(error)}") from error
    for package in re.findall(r"@\s*package\b[ \t]*(\S*)", text):
        if package not in ("_global_", "_group_"):
            yield f"its package is {shorten(package)}"
    if values is None:
        return
    if not isinstance(values, dict):
        yield f"it is {shorten(values)}, which is no settings"
        return
    yield from _targets({name: value for name, value in values.items() if name != "hydra"})
    if "hydra" in values:
        yield from _of_hydra(values["hydra"])
    for entry in _as_list(values.get("defaults")):
        yield from _of_defaults(entry, groups)
    for override in (override for part in _as_list(values.get("parts")) for override in _as_list(part)):
        if not _is_setting(override) or "_target_" in str(override):
            yield f"a part has the override '{shorten(override)}'"


def _is_setting(override: object) -> bool:
    """Whether an override, or the name of one, is of a setting that is none of Hydra's."""
    name = str(override).partition("=")[0]
    return re.fullmatch(r"[+~]*\w[\w.]*", name) is not None and re.match(r"[+~]*hydra\b", name) is None


def _as_list(values: object) -> list[Any]:
    return values if isinstance(values, list) else [] if values is None else [values]


def _targets(values: object, place: str = "") -> Iterator[str]:
    if isinstance(values, dict):
        for name, value in values.items():
            if "_target_" in str(name):
                yield f"{place}{name} is '{shorten(value)}'"
            yield from _targets(value, f"{place}{name}.")
    elif isinstance(values, list):
        for value in values:
            yield from _targets(value, place)


def _of_hydra(values: object) -> Iterator[str]:
    """Hydra's own settings: a yaml has those alone that say over what its study sweeps."""
    sweeper = values.get("sweeper") if isinstance(values, dict) else None
    params = sweeper.get("params") if isinstance(sweeper, dict) else None
    if values != {"sweeper": {"params": params}} or not isinstance(params, dict):
        yield "it has more settings of hydra than sweeper.params"
        return
    for name, swept in params.items():
        if not _is_setting(name) or "_target_" in f"{name}{swept}":
            yield f"hydra.sweeper.params has '{shorten(name)}'"


def _of_defaults(entry: object, groups: Sequence[str]) -> Iterator[str]:
    if entry == "_self_":
        return
    names = list(entry) if isinstance(entry, dict) else [entry]
    for name in names:
        group = re.fullmatch(r"(?:override\s+)?/?(\w+)", str(name))
        if not isinstance(entry, dict) or group is None or group[1] not in groups:
            yield f"its defaults list has '{shorten(name)}'"
