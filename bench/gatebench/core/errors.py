"""The one exception for a user's mistake, and the words that its messages share."""

import re
from difflib import SequenceMatcher, get_close_matches

MOST_CHARACTERS = 300
"""Characters of somebody else's text in a message, at the most."""


OBEYED = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufffe\uffff"
    r"\U000e0000-\U000e007f]"
)
"""Characters that a terminal obeys in place of showing them, that nobody sees, or that no file may have.

Line ends and tabs are not among them, nor what joins letters of some scripts.
"""


class BadInput(Exception):
    """A user's mistake: one line that names the input, what was expected and how to fix it.

    The command line prints it without a traceback and exits with 2.
    """

    def __init__(self, line: str) -> None:
        line = " ".join(line.splitlines())  # what a library says of a file may be several
        super().__init__(visible(without_passwords(line)))


def visible(text: str) -> str:
    r"""Return a text with its control characters written out, as ``\x1b``: a terminal would obey them."""
    return OBEYED.sub(lambda match: ascii(match[0])[1:-1], text)


def without_passwords(text: str) -> str:
    """Return a text in which addresses such as ``postgresql://name:password@host`` have ``***`` in place of the password."""
    return re.sub(r"(://[^\s/:@]*):[^\s/]*@", r"\1:***@", text)


def shorten(text: object) -> str:
    """Fold a text into one line for a message, and cut it after `MOST_CHARACTERS`."""
    line = " ".join(str(text).split())
    return line if len(line) <= MOST_CHARACTERS else f"{line[:MOST_CHARACTERS]}..."


def did_you_mean(name: str, names: list[str]) -> str:
    """Return ``; did you mean 'gru'? (there are: ...)`` for a mistyped name, to be put behind a message."""
    close = get_close_matches(name, names, n=len(names) or 1, cutoff=0.5)
    near = sorted(close, key=lambda other: (-SequenceMatcher(None, other, name).ratio(), other[:1] != name[:1]))
    return (f"; did you mean '{near[0]}'?" if near else "") + (f" (there are: {', '.join(names)})" if names else "")
