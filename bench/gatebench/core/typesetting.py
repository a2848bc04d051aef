"""Equations of cells, as records keep them, for a program that draws LaTeX."""

import re

GREEK = (
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi", "pi",
    "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
)  # fmt: skip
"""Names of quantities that are letters."""
_WORDS = re.compile(r"\\operatorname\{\w+\}|\\[A-Za-z]+|_\{[^}]*\}|[A-Za-z]{2,}")


def typeset(line: str) -> str:
    """Return a line of a cell's equations for a program that draws it: Greek names as letters, other words upright."""

    def drawn(match: re.Match[str]) -> str:
        word = match.group()
        if not word.isalpha():  # a command, or a subscript, whose letters are several indices
            return re.sub(r"[a-z]{3,}", lambda index: _letters(index.group()), word) if word.startswith("_") else word
        return _letters(word)

    return _WORDS.sub(drawn, line)


def _letters(word: str) -> str:
    return f"\\{word}" if word in GREEK else rf"\mathrm{{{word}}}"
