"""The parser of the command line: a file in ``commands/`` is a command, by its place."""

import argparse
import importlib
from pathlib import Path
from typing import Protocol, cast

from gatebench import __version__

COMMANDS = Path(__file__).parent / "commands"
"""Folder of the commands: ``NAME.py`` is ``gatebench NAME``."""


class Command(Protocol):
    """What a module in ``commands/`` has."""

    SUMMARY: str
    """What the command does, in one line of ``gatebench --help``."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments to its parser."""

    def run(self, options: argparse.Namespace) -> int:
        """Do what the parsed arguments ask for and return the exit status."""
        ...


def load_commands() -> dict[str, Command]:
    """Import every command; returns name -> module, sorted by name."""
    names = sorted(path.stem for path in COMMANDS.glob("*.py"))
    return {name: cast(Command, importlib.import_module(f"gatebench.cli.commands.{name}")) for name in names}


def command_line_parser() -> argparse.ArgumentParser:
    """Build the parser of all commands; ``run`` of what it parses is the function that runs the command."""
    parser = argparse.ArgumentParser("gatebench", description="Which recurrent cell should I use, an LSTM or a GRU?")
    parser.add_argument("--version", action="version", version=__version__)
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, command in load_commands().items():
        subparser = subparsers.add_parser(name, help=command.SUMMARY, description=command.SUMMARY)
        subparser.set_defaults(run=command.run)
        command.add_arguments(subparser)
    return parser
