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


class _UniqueNames(yaml.SafeLoader):
    """YAML in which no name stands twice, as Hydra reads it: of two, one would be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [name.value for name, _ in node.value if isinstance(name, yaml.ScalarNode)]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise yaml.YAMLError(f"it has {twice} twice in one place: keep one of them")
        return super().construct_mapping(node, deep)


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
        if place.parts[0] == "study":
            _check_study(file, groups)


def _read(file: Path) -> tuple[str, Any]:
    """Return the text of a yaml, and its values; ``BadInput`` for what is none."""
    try:
        text = file.read_text(encoding="utf-8")
        return text, yaml.load(text, _UniqueNames)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"{file} cannot be read: {shorten(error)}") from error


def _check_study(file: Path, groups: Sequence[str]) -> None:
    """Raise ``BadInput`` for a study that Hydra would read otherwise than it was meant, or not at all."""
    text, read = _read(file)
    values: dict[str, Any] = read or {}
    if not re.match(r"\s*#\s*@package\s+_global_\s*$", text, re.MULTILINE):
        raise BadInput(
            f"{file}: its first line is not '# @package _global_', so it would set nothing of a sweep; put it there"
        )
    if "name" not in values:
        raise BadInput(f"{file}: it has no name, under which its results are found; add a line: name: {file.stem}")
    for entry in _as_list(values.get("defaults")):
        for name, choice in entry.items() if isinstance(entry, dict) else ():
            group = re.sub(r"override|[\s/]", "", str(name))
            if group != "study" and not re.match(r"override\s+/", str(name)):
                raise BadInput(f"{file}: its defaults list has '{name}: {choice}', expected 'override /{group}: {choice}'")
    for name, swept in (values.get("hydra", {}).get("sweeper", {}).get("params") or {}).items():
        if name in groups and not isinstance(swept, str):
            choices = ", ".join(map(str, _as_list(swept)))
            raise BadInput(
                f"{file}: hydra.sweeper.params has a list of {name}, expected one text with commas: {name}: {choices}"
            )


def _more_than_settings(file: Path, groups: Sequence[str]) -> Iterator[str]:
    text, values = _read(file)
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
    if isinstance(entry, str) and re.fullmatch(r"[\w-]+", entry):  # itself, or another yaml of its own group
        return
    names = list(entry) if isinstance(entry, dict) else [entry]
    for name in names:
        group = re.fullmatch(r"(?:override\s+)?/?(\w+)", str(name))
        if not isinstance(entry, dict) or group is None or group[1] not in groups:
            yield f"its defaults list has '{shorten(name)}', expected 'override /GROUP: NAME', of {', '.join(groups)}"
