"""The parser of the command line: a file in ``commands/`` is a command, by its place."""

import argparse
import importlib
from pathlib import Path
from typing import NoReturn, Protocol, cast

from gatebench import __version__
from gatebench.core.errors import BadInput, did_you_mean

COMMANDS = Path(__file__).parent / "commands"
"""Folder of the commands: ``NAME.py`` is ``gatebench NAME``."""

GROUPS = {
    "Ask": "which cell, and what it is",
    "Data": "your own and the published sets",
    "Study": "many trials, started once and gone on with at any time",
    "Look": "at what has been trained",
    "More": "",
}
"""Groups of commands in the order of ``gatebench --help``, with what they are for."""
EXAMPLES = """\
examples:
  gatebench data add readings.csv           read a file of yours; says what it took it for
  gatebench compare readings --minutes 10   which cell for it, how sure, at what cost
  gatebench cells lstm                      one cell with its equations
  gatebench sweep study=demo                a small study: search, select, confirm
  gatebench report demo                     its figures, tables and page

gatebench COMMAND --help says more of one.
"""
"""The end of ``gatebench --help``."""


class Command(Protocol):
    """What a module in ``commands/`` has."""

    SUMMARY: str
    """What the command does, in one line of ``gatebench --help``."""
    GROUP: str
    """Which of `GROUPS` it stands in there."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments to its parser."""

    def run(self, options: argparse.Namespace) -> int:
        """Do what the parsed arguments ask for and return the exit status."""
        ...


def load_commands() -> dict[str, Command]:
    """Import every command; returns name -> module, sorted by name."""
    names = sorted(path.stem for path in COMMANDS.glob("*.py"))
    return {name: cast(Command, importlib.import_module(f"gatebench.cli.commands.{name}")) for name in names}


class CommandLineParser(argparse.ArgumentParser):
    """The parser of all commands: its help has them by group, and a mistyped one gets the nearest."""

    def __init__(self, commands: dict[str, Command]) -> None:
        super().__init__("gatebench", description="Which recurrent cell should I use, an LSTM or a GRU?")
        self.commands = commands
        self.add_argument("--version", action="version", version=__version__)
        subparsers = self.add_subparsers(metavar="COMMAND", parser_class=argparse.ArgumentParser)
        for name, command in commands.items():
            subparser = subparsers.add_parser(name, description=command.SUMMARY)
            subparser.set_defaults(run=command.run)
            command.add_arguments(subparser)
        self.set_defaults(run=self._help)

    def _help(self, _: argparse.Namespace) -> int:
        """Print the help, where no command is named."""
        self.print_help()
        return 0

    def format_help(self) -> str:
        """Return the help: usage, commands by group with what each does, examples."""
        lines = [self.format_usage(), f"{self.description}", ""]
        for group, purpose in GROUPS.items():
            lines.append(f"{group}: {purpose}" if purpose else f"{group}:")
            of_group = {name: command for name, command in self.commands.items() if group == command.GROUP}
            lines += [f"  {name:<12}{command.SUMMARY}" for name, command in of_group.items()]
            lines.append("")
        return "\n".join([*lines, EXAMPLES])

    def error(self, message: str) -> NoReturn:
        """Name the nearest command where what was typed is none."""
        head, _, rest = message.partition("invalid choice: ")
        if head.startswith("argument COMMAND"):
            word = rest.partition(" (")[0].strip("'")
            raise BadInput(f"unknown command '{word}'{did_you_mean(word, list(self.commands))}")
        super().error(message)


def command_line_parser() -> argparse.ArgumentParser:
    """Build the parser of all commands; ``run`` of what it parses is the function that runs the command."""
    return CommandLineParser(load_commands())
