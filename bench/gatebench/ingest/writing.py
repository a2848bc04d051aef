"""What ``gatebench data`` leaves in a house: a card, a task and perhaps the sequences, all or none, and over nothing."""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml

from gatebench.core import registry
from gatebench.core.errors import BadInput, shorten
from gatebench.core.validation import read_yaml
from gatebench.data import cards, facts
from gatebench.data.baselines import compute
from gatebench.data.cards import File
from gatebench.data.contents import content_digest
from gatebench.data.readers import sequences_npz
from gatebench.ingest.decisions import Plan

RESERVED = ("nan", "inf", "null", "none", "all")


def free_name(name: str) -> str:
    """The name, if a data set, its task and a study can have it and none has; else ``BadInput``."""
    if not _fits(name):
        plain = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_").lower()[:45]
        proposed = next(other for other in (plain, f"data_{plain}", "data") if _fits(other))
        raise BadInput(
            f"'{shorten(name)}' is no name for a data set; expected letters, digits and underscores, a letter first, at "
            f"most 50: use --name {proposed}"
        )
    house = registry.local_folder()
    taken = [registry.available("datasets", ".yaml").get(name), registry.available("conf", ".yaml", "task").get(name)]
    taken += [path for path in _paths(house, name).values() if path.exists()]
    for path in filter(None, taken):
        raise BadInput(
            f"there is a data set '{name}' already, or a part of one ({path}), and nothing is written over; choose "
            f"another: --name {name}_2, or remove it"
        )
    return name


def _fits(name: str) -> bool:
    plain = re.fullmatch(r"[A-Za-z]\w{0,49}", name, re.ASCII) is not None and name.lower() not in RESERVED
    return plain and isinstance(read_yaml(name), str)


def _paths(house: Path, name: str) -> dict[str, Path]:
    return {
        "data": house / "data" / f"{name}.npz",
        "task": house / "conf" / "task" / f"{name}.yaml",
        "card": house / "datasets" / f"{name}.yaml",
    }


def write(name: str, plan: Plan, source: str) -> list[Path]:
    """The three files of a plan; returns where they are."""

    def card(paths: dict[str, Path]) -> str:
        return _card(name, plan, source, hashlib.sha256(paths["data"].read_bytes()).hexdigest())

    parts = {
        "data": lambda path, _: sequences_npz.write(path, plan.arrays),
        "task": lambda path, _: path.write_text(_task(name, plan)),
        "card": lambda path, paths: path.write_text(card(paths)),
    }
    return place(name, parts)


def place(name: str, parts: dict[str, Callable[[Path, dict[str, Path]], Any]]) -> list[Path]:
    """Parts of a data set (of `_paths`), one after the other; each is filled knowing where all are. Returns where."""
    paths = _paths(registry.local_folder(), name)
    try:
        with ExitStack() as placed:
            for part, fill in parts.items():
                placed.enter_context(_new(paths[part], lambda path, fill=fill: fill(path, paths)))
    except FileExistsError as error:
        raise BadInput(
            f"{error.filename2 or error.filename} is there already, and nothing is written over; choose another: --name NAME"
        ) from error
    except OSError as error:
        raise BadInput(
            f"{error.filename} cannot be written ({error.strerror}); set GATEBENCH_PATH to a folder that can be"
        ) from error
    return [paths[part] for part in parts]


@contextmanager
def _new(path: Path, fill: Callable[[Path], Any]) -> Iterator[None]:
    """A file that is there whole or not at all, and goes away again if what follows fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rough = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        fill(rough)
        os.link(rough, path)  # which, unlike renaming, fails where a file is
    finally:
        rough.unlink(missing_ok=True)
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _task(name: str, plan: Plan) -> str:
    target = plan.found.target
    predict = "target" if target else "next_block" if plan.found.kind == "audio" else "next_step"
    return task(name, predict, plan.likelihood)


def task(name: str, predict: str, likelihood: dict[str, Any]) -> str:
    """The YAML of a task."""
    values = {"dataset": name, "predict": predict, "likelihood": likelihood}
    return (
        "# Made by gatebench data; what else can be chosen here: gatebench/data/framings.py, gatebench/training/likelihoods.py\n"
        + (yaml.safe_dump(values, sort_keys=False, default_flow_style=False))
    )


def _card(name: str, plan: Plan, source: str, digest: str) -> str:
    found, target = plan.found, plan.found.target
    values = {
        "title": name,
        "description": shorten("; ".join(re.sub(r" \(--[^)]*\)", "", line) for line in plan.lines)),
        "source": source,
        "licence": "none stated: data of your own",
        "citation": "none",
        "time_step": found.time_step,
        "synthetic": False,
        "kind": found.kind,
        "reader": "sequences_npz",
        "files": [{"path": f"{name}.npz", "sha256": digest}],
        "content": content_digest(plan.arrays),
        **({"rate": found.rate} if found.rate else {}),
        **({"names": list(found.names)} if found.names else {}),
        **({"target": {**vars(target), "names": list(target.names)}} if target else {}),
    }
    files = tuple(File(**file) for file in values["files"])
    bare = {key: value for key, value in values.items() if key not in ("files", "target", "names")}
    card = cards.Card(
        name=name, **bare, files=files, names=found.names, target=target, facts={"width": _width(plan)}, baselines={}
    )
    cards.check(name, plan.arrays, card.kind)
    stated = {"facts": facts.of(card, plan.arrays), "baselines": compute.of(card, plan.arrays)}
    return yaml.safe_dump({**values, **stated}, sort_keys=False, width=120)


def _width(plan: Plan) -> int:
    return plan.arrays["train"][0].shape[1]
