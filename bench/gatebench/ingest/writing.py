"""What ``gatebench data`` writes into a plugin folder: a card, a task and perhaps the sequences, all or none of them."""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml

from gatebench.core import registry
from gatebench.core.errors import BadInput, shorten
from gatebench.core.validation import construct, read_yaml
from gatebench.data import facts
from gatebench.data.baselines import compute
from gatebench.data.cards import Card
from gatebench.data.contents import Forecast, Target, check_sequences, content_digest
from gatebench.data.readers import sequences_npz
from gatebench.ingest import limits
from gatebench.ingest.plan import DatasetPlan

RESERVED = ("nan", "inf", "null", "none", "all")
"""Names that a data set cannot have, since a command or a yaml would take them for something else."""


def check_name(name: str) -> str:
    """Return the name, if a data set, its task and a study can have it and none has; else raise ``BadInput``."""
    if not _is_name(name):
        plain = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_").lower()[:45]
        proposed = next(other for other in (plain, f"data_{plain}", "data") if _is_name(other))
        raise BadInput(
            f"'{shorten(name)}' is no name for a data set; expected letters, digits and underscores, a letter first, at "
            f"most 50: use --name {proposed}"
        )
    taken = [registry.available("datasets", ".yaml").get(name), registry.available("conf", ".yaml", "task").get(name)]
    taken += [path for path in _paths(registry.local_folder(), name).values() if path.exists()]
    for path in filter(None, taken):
        raise BadInput(
            f"there is a data set '{name}' already, or a part of one ({path}), and nothing is written over; choose "
            f"another: --name {name}_2, or remove it"
        )
    return name


def _is_name(name: str) -> bool:
    plain = re.fullmatch(r"[A-Za-z]\w{0,49}", name, re.ASCII) is not None and name.lower() not in RESERVED
    return plain and isinstance(read_yaml(name), str)


def _paths(folder: Path, name: str) -> dict[str, Path]:
    return {
        "data": folder / "data" / f"{name}.npz",
        "task": folder / "conf" / "task" / f"{name}.yaml",
        "card": folder / "datasets" / f"{name}.yaml",
    }


def write(name: str, plan: DatasetPlan, source: str) -> list[Path]:
    """Write the three files of a plan; returns where they are. ``source`` says on the card where the data is from."""
    limits.check_written([array for arrays in plan.arrays.values() for array in arrays])

    def card(paths: dict[str, Path]) -> str:
        with paths["data"].open("rb") as data:
            return _card_yaml(name, plan, source, hashlib.file_digest(data, "sha256").hexdigest())

    parts = {
        "data": lambda path, _: sequences_npz.write(path, plan.arrays, plan.origins),
        "task": lambda path, _: path.write_text(_task_of(name, plan), encoding="utf-8"),
        "card": lambda path, paths: path.write_text(card(paths), encoding="utf-8"),
    }
    return place(name, parts)


def identity(plan: DatasetPlan) -> dict[str, object]:
    """Return what makes a data set and its task the same as another: contents, their meaning, and what is predicted."""
    raw, target = plan.raw, plan.raw.target
    return {
        "content": content_digest(plan.arrays),
        "kind": raw.kind,
        "names": list(raw.names),
        "target": None if target is None else _plain_target(target),
        "forecast": None if plan.forecast is None else _plain(plan.forecast),
        "predict": _predict(plan),
        "likelihood": plan.likelihood,
    }


def holds(name: str, plan: DatasetPlan) -> bool:
    """Whether there is a data set of a name, with its task, and both are what a plan would write."""
    card_file = registry.available("datasets", ".yaml").get(name)
    task_file = registry.available("conf", ".yaml", "task").get(name)
    if card_file is None or task_file is None:
        return False
    try:
        card, task = read_yaml(card_file.read_text(encoding="utf-8")), read_yaml(task_file.read_text(encoding="utf-8"))
        there = {
            "names": [],
            "target": None,
            "forecast": None,
            **card,
            "predict": task["predict"],
            "likelihood": task["likelihood"],
        }
        same = task["dataset"] == name
    except Exception:  # a damaged yaml, or one of another shape, is another data set
        return False
    return same and all(there.get(part) == value for part, value in identity(plan).items())


def place(name: str, parts: dict[str, Callable[[Path, dict[str, Path]], object]]) -> list[Path]:
    """Write parts of a data set one after the other, all or none; returns where they are.

    Parameters
    ----------
    name
        The data set.
    parts
        ``data``, ``task`` or ``card`` -> what writes it to a path, given the final paths of all parts.

    """
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
def _new(path: Path, fill: Callable[[Path], object]) -> Iterator[None]:
    """Write a file that is there whole or not at all, and remove it again if the block fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        fill(partial)
        os.link(partial, path)  # which, unlike renaming, fails where a file is
    finally:
        partial.unlink(missing_ok=True)
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _predict(plan: DatasetPlan) -> str:
    forecast = "forecast" if plan.forecast else "next_step"
    return "target" if plan.raw.target else "next_block" if plan.raw.kind == "audio" else forecast


def _task_of(name: str, plan: DatasetPlan) -> str:
    return task_yaml(name, _predict(plan), plan.likelihood)


def task_yaml(name: str, predict: str, likelihood: dict[str, object]) -> str:
    """Return the YAML of a task that has the data set ``name`` predicted by a framing and a likelihood."""
    values = {"dataset": name, "predict": predict, "likelihood": likelihood}
    choices = "gatebench/data/framings.py, gatebench/training/likelihoods.py"
    comment = f"# Made by gatebench data; what else can be chosen here: {choices}\n"
    return comment + yaml.safe_dump(values, sort_keys=False, default_flow_style=False)


def _card_yaml(name: str, plan: DatasetPlan, source: str, digest: str) -> str:
    raw, target = plan.raw, plan.raw.target
    values = {
        "title": name,
        "description": shorten("; ".join(re.sub(r" \(--[^)]*\)", "", line) for line in plan.lines)),
        "source": source,
        "licence": "none stated: data of your own",
        "citation": "none",
        "time_step": raw.time_step,
        "synthetic": False,
        "kind": raw.kind,
        "reader": "sequences_npz",
        "files": [{"path": f"{name}.npz", "sha256": digest}],
        "content": content_digest(plan.arrays, plan.origins.series),
        **({"has_series": True} if plan.origins.series else {}),
        **({"has_groups": True} if plan.origins.groups else {}),
        **({"rate": raw.rate} if raw.rate else {}),
        **({"names": list(raw.names)} if raw.names else {}),
        **({"target": _plain_target(target)} if target else {}),
        **({"differenced": list(raw.differenced)} if raw.differenced else {}),
        **({"season": plan.season} if plan.season else {}),
        **({"forecast": _plain(plan.forecast)} if plan.forecast else {}),
    }
    width = plan.arrays["train"][0].shape[1]
    card = construct(Card, f"{name}.yaml:", {"name": name, **values, "facts": {"width": width}, "baselines": {}})
    check_sequences(name, plan.arrays, card.kind)
    return card_yaml(values, facts.compute(card, plan.arrays), compute.of_card(card, plan.arrays, plan.origins))


def card_yaml(values: dict[str, object], computed_facts: dict[str, object], baselines: compute.Computed) -> str:
    """Return a card with what is computed of its data set, metrics of baselines a line each."""
    stated = {**values, "facts": computed_facts, "baselines": baselines.baselines}
    stated.pop("baseline_metrics", None)
    metrics = {"baseline_metrics": baselines.baseline_metrics} if any(baselines.baseline_metrics.values()) else {}
    written = yaml.safe_dump(stated, sort_keys=False, width=120)
    return written + (yaml.safe_dump(metrics, sort_keys=False, width=120, default_flow_style=None) if metrics else "")


def _plain_target(target: Target) -> dict[str, object]:
    """Return a target as a card states it."""
    values = {**vars(target), "names": list(target.names)}
    return values if target.ahead else {name: value for name, value in values.items() if name != "ahead"}


def _plain(forecast: Forecast) -> dict[str, object]:
    """Return a forecast as a card states it."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(forecast).items()}
