"""Arguments that several commands share, and numbers, each of which has a range."""

import argparse
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

from gatebench.core.errors import BadInput, shorten
from gatebench.core.validation import mismatch

DEFAULT_RESULTS = Path("results")
"""Folder of records and studies, below the working directory, where ``--results`` names no other."""


def add_results(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--results FOLDER`` to a command."""
    parser.add_argument("--results", type=Path, default=DEFAULT_RESULTS, help=f"results folder (default: {DEFAULT_RESULTS})")


def results_flag(results: Path) -> str:
    """Return the end of a command that is suggested to the user: `` --results FOLDER``, nothing for the default folder."""
    return "" if results == DEFAULT_RESULTS else f" --results {shlex.quote(str(results))}"


def number(flag: str, hint: Any) -> Callable[[str], int | float]:
    """Return the type of an argument that is a number of a hint, such as `Count`; ``BadInput`` for one out of its range."""
    base, _ = get_args(hint)

    def parse(text: str) -> int | float:
        try:
            value = base(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"'{shorten(text)}' is no {'whole ' if base is int else ''}number") from None
        if expected := mismatch(value, hint):
            raise BadInput(f"{flag} is {shorten(text)}, expected {expected}")
        return value

    return parse
