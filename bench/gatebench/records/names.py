"""Names that come from elsewhere and become folders, or stand in reports, on terminals and in tables."""

import re
from typing import TYPE_CHECKING

from gatebench.core.errors import OBEYED, BadInput, shorten, visible

if TYPE_CHECKING:
    from gatebench.records.schema import Point

OURS = frozenset({"trials", "failed", "damaged", "logs", "checkpoints", "exports", "mlruns"})
"""Folders of a results folder that are no study's."""
LONGEST_STUDY = 200
"""Bytes of the name of a study, at the most."""
MARKUP = re.compile(rf"<(?=[A-Za-z/!?])|[\t\n]|{OBEYED.pattern}")
"""What no name of ours has: an element of HTML, and characters that a terminal obeys."""
FORMULA = re.compile(
    r"\s*(?:[=@＝＠](?=.)|[+\-＋－](?!(?=[\d.])(?:[\d.,e%\s\[\]()/?=+\-±n]|inf| lowest)*\Z)(?=.))", re.DOTALL
)
"""How a text begins that a spreadsheet takes for a formula; a number, and what stands behind one of ours, is none."""
_FORMULA_OF_A_PART = re.compile(r"(?<=[;\t\n\r])(?=\s*(?:[=@＝＠]|[+\-＋－]\s*[^\W\d]))")
"""Where a formula begins for a spreadsheet that takes other characters than commas for the ends of cells."""
MOST_OF_A_NAME = 1000
"""Characters of a label, at the most."""
EQUATION = re.compile(r"[\w\s()\[\]{}+\-*/=^.,|\\]*")
"""What LaTeX that is printed of a graph consists of: nothing that could end the text it stands in, and no address."""


def is_study(name: str) -> bool:
    """Whether a study may have this name, which is that of its folder."""
    return re.fullmatch(r"[\w-][\w.-]*", name) is not None and len(name.encode()) <= LONGEST_STUDY and name not in OURS


def check_study(name: str, where: str) -> None:
    """Raise ``BadInput`` if a study that comes from elsewhere cannot have its name."""
    if not is_study(name):
        raise BadInput(f"{where} names a study '{shorten(name)}'; expected letters, digits, '.', '_' and '-'")


def check_labels(points: "list[Point]", where: str) -> None:
    """Raise ``BadInput`` if a label of a point is no name that anything of ours has."""
    for point in points:
        for group, label in vars(point.labels).items():
            check_name(label, f"{where}: {group}")


def check_text(text: str, where: str) -> None:
    """Raise ``BadInput`` if a text has what means something to a browser or a terminal."""
    if MARKUP.search(text):
        raise BadInput(
            f"{where} has the text '{shorten(text)}', expected one without elements of HTML and control characters"
        )


def check_name(name: str, where: str) -> None:
    """Raise ``BadInput`` if a name is longer than one of ours, or no text as `check_text` expects it."""
    check_text(name, where)
    if len(name) > MOST_OF_A_NAME:
        raise BadInput(f"{where} has {len(name):,} characters, expected a name of at most {MOST_OF_A_NAME:,} characters")


def inert(text: str) -> str:
    """Return a text of which a spreadsheet computes nothing: an apostrophe stands before what begins like a formula."""
    text = visible(text)
    return ("'" if FORMULA.match(text) else "") + _FORMULA_OF_A_PART.sub("'", text)


def is_equation(line: str) -> bool:
    """Whether a text is an equation as ours are printed, which is safe to be typeset."""
    return EQUATION.fullmatch(line) is not None
