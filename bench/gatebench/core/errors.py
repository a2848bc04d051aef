"""The one exception for a user's mistake, and the words that its messages share."""

import difflib

MOST_CHARACTERS = 300
"""Characters of somebody else's text in a message, at the most."""


class BadInput(Exception):
    """A user's mistake: one line that names the input, what was expected and how to fix it.

    The command line prints it without a traceback and exits with 2.
    """

    def __init__(self, line: str) -> None:
        super().__init__(" ".join(line.splitlines()))  # what a library says of a file may be several


def shorten(text: object) -> str:
    """Fold a text into one line for a message, and cut it after `MOST_CHARACTERS`."""
    line = " ".join(str(text).split())
    return line if len(line) <= MOST_CHARACTERS else f"{line[:MOST_CHARACTERS]}..."


def did_you_mean(name: str, names: list[str]) -> str:
    """Return ``; did you mean 'gru'? (there are: ...)`` for a mistyped name, to be put behind a message."""
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return (f"; did you mean '{near[0]}'?" if near else "") + (f" (there are: {', '.join(names)})" if names else "")
