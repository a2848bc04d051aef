"""Adding data, as tests of what is read do it."""

import re
from pathlib import Path

import numpy as np
import pytest

from gatebench.core.errors import BadInput
from gatebench.data import cards
from gatebench.data.contents import SPLITS
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


def add_table(text: str, name: str = "mine", **choices: object) -> list[str]:
    """What is said of a table, ``x.csv``, that is added."""
    Path("x.csv").write_text(text)
    return add(Path("x.csv"), name, **choices)


def asked(text: str, name: str = "mine", **choices: object) -> list[str]:
    """The commands of the readings of a question about a table."""
    with pytest.raises(BadInput) as error:
        add_table(text, name, **choices)
    commands = re.findall(r"`([^`]*)`", str(error.value))
    assert len(commands) > 1, str(error.value)
    return commands


def arrays(name: str = "mine") -> list[np.ndarray]:
    """The sequences of all splits, one split after the other."""
    splits = cards.read_arrays(cards.load(name))
    return [array for split in SPLITS for array in splits[split]]


def whole(name: str = "mine") -> np.ndarray:
    """All sequences as one."""
    return np.concatenate(arrays(name))


def same(sequences: list[np.ndarray], expected: list[np.ndarray]) -> bool:
    """Whether sequences are those expected, in whatever order."""
    return sorted(s.tolist() for s in sequences) == sorted(s.tolist() for s in expected)
