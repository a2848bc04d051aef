"""A comparison as a Python program asks for it: of a task, or of data that becomes one."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from gatebench.cli.commands import compare as command
from gatebench.cli.comparison_result import ComparisonResult
from gatebench.core import registry
from gatebench.core.errors import BadInput, shorten


def compare(
    data: object,
    minutes: float,
    cells: Sequence[str],
    *,
    name: str | None,
    reading: Mapping[str, object],
    parameters: int | None,
    pipelines: int | None,
    study: str | None,
    results: str,
    class_weights: str | None,
    forget_bias: float | None,
    against: str | None,
) -> ComparisonResult:
    """Compare cells on a task or on data; arguments and result are those of `gatebench.compare`."""
    from gatebench.report import ranking

    task = data if isinstance(data, str) and _is_task(data, name, reading) else _task_of(data, name, reading)
    options = argparse.Namespace(
        task=task, minutes=minutes, cells=",".join(cells), parameters=parameters, pipelines=pipelines, study=study,
        results=Path(results), class_weights=class_weights, forget_bias=forget_bias, against=against,
    )  # fmt: skip
    with ranking.unchanged_matplotlib():
        return command.compare(options)[1]


def _is_task(text: str, name: str | None, reading: Mapping[str, object]) -> bool:
    """Whether a text is the name of a task, or a mistyped one, and no path; ``BadInput`` where it is asked to be read."""
    is_path = Path(text).exists() or Path(text).name != text or "." in text
    given = [*(["name"] if name else []), *(option for option, value in reading.items() if value is not None)]
    if text in registry.available("conf", ".yaml", "task") and not (is_path and given):
        if given:
            raise BadInput(
                f"{given[0]} is given, which says how data is read, but '{shorten(text)}' is a task, which was read before; "
                "remove it, or give the data itself"
            )
        return True
    return not is_path and not given


def _task_of(data: object, name: str | None, reading: Mapping[str, object]) -> str:
    """Return the task of data, which is written as a data set unless it is there, and print what was decided."""
    from gatebench.ingest import from_python

    added = from_python.add_data(data, name, reading)
    print("\n".join(added.lines), flush=True)
    return added.name
