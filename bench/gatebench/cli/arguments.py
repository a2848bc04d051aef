"""Arguments that several commands share."""

import argparse
import shlex
from pathlib import Path

DEFAULT_RESULTS = Path("results")
"""Folder of records and studies, below the working directory, where ``--results`` names no other."""


def add_results(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--results FOLDER`` to a command."""
    parser.add_argument("--results", type=Path, default=DEFAULT_RESULTS, help=f"results folder (default: {DEFAULT_RESULTS})")


def results_flag(results: Path) -> str:
    """Return the end of a command that is suggested to the user: `` --results FOLDER``, nothing for the default folder."""
    return "" if results == DEFAULT_RESULTS else f" --results {shlex.quote(str(results))}"
