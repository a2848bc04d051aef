"""What data alone does not say: a question with the readings that fit, each of which is a command."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from gatebench.core.errors import BadInput
from gatebench.ingest.choices import Choices


@dataclass(frozen=True)
class Reading:
    """One of several ways in which data can be read."""

    meaning: str
    """What the data is, read so."""
    choices: dict[str, object]
    """The choices that make it so, as fields of `Choices`."""


@dataclass(frozen=True)
class Question:
    """What a user is asked."""

    evidence: str
    """What was seen, and why it can be read in more than one way."""
    readings: tuple[Reading, ...]
    """What it may be."""


class Undecided(Exception):
    """Data that can be read in several ways, before it is known what the command was."""

    def __init__(self, question: Question) -> None:
        super().__init__(question.evidence)
        self.question = question


def ask(evidence: str, *readings: Reading) -> Undecided:
    """Return the exception that stops until a user has chosen among readings."""
    return Undecided(Question(evidence, readings))


def refusal(question: Question, path: Path, name: str | None, choices: Choices) -> BadInput:
    """Return the line that prints each reading as a command to choose from.

    Parameters
    ----------
    question
        What is asked.
    path
        What was to be added.
    name
        Name of the data set as the user gave it, if at all.
    choices
        What the user had chosen, which stays chosen in every command.

    """
    options = [
        f"{reading.meaning}: `{command(path, name, replace(choices, **reading.choices))}`"  # pyright: ignore[reportArgumentType]
        for reading in question.readings
    ]
    return BadInput(f"{question.evidence}; choose one: {'; or '.join(options)}")


def command(path: Path, name: str | None, choices: Choices) -> str:
    """Return the command that adds a path with some choices."""
    return shlex.join(["gatebench", "data", "add", str(path), *(["--name", name] if name else []), *flags(vars(choices))])


def flags(choices: dict[str, object]) -> Iterable[str]:
    """Yield the options of the command line that make choices; None chooses nothing."""
    for field, value in choices.items():
        if value is None or value is False:
            continue
        flag = flag_of(field, value)
        if value is True or field == "layout":
            yield flag
        elif isinstance(value, list):
            yield f"{flag}={','.join(map(str, value))}" if str(value[0]).startswith("-") else flag
            if not str(value[0]).startswith("-"):
                yield ",".join(map(str, value))
        else:
            yield flag
            yield str(value)


def as_typed(flag: str, text: str) -> str:
    """Return an option and its text as a shell takes them, also of a text that looks like an option."""
    return shlex.quote(f"{flag}={text}") if text.startswith("-") else f"{flag} {shlex.quote(text)}"


def flag_of(field: str, value: object) -> str:
    """Return the option of the command line that makes a choice."""
    if field == "layout":
        return f"--{value}"
    return {"kind": "--as"}.get(field, f"--{field.replace('_', '-')}")
