"""Adding data, as tests of what is read do it."""

from pathlib import Path

import pytest

from gatebench.core.errors import BadInput
from gatebench.ingest import add as adding
from gatebench.ingest.choices import Choices


def add(path: Path, name: str | None = "mine", **choices: object) -> list[str]:
    """What is said of data that is added."""
    return adding.add(path, name, Choices(**choices))


def refused(path: Path, name: str = "mine", **choices: object) -> str:
    """The line that says why data is refused, of which nothing is left behind."""
    before = sorted(Path().rglob("*"))
    with pytest.raises(BadInput) as error:
        add(path, name, **choices)
    assert sorted(Path().rglob("*")) == before
    return str(error.value)
