"""Where files of this repository can be read: who installed the package has no folder of them."""

ADDRESS = "https://github.com/gatebench/gatebench/blob/main/"
"""How the address of each begins."""


def address(path: str) -> str:
    """Return the address of a file of the repository, by its path there; an anchor may follow it."""
    return ADDRESS + path
