"""The decision which symbols there are: those that train has often enough, and one for all others."""

from dataclasses import replace

import numpy as np

from gatebench.core.errors import BadInput
from gatebench.data.contents import SPLITS, Arrays
from gatebench.ingest.choices import Choices
from gatebench.ingest.raw import RawData
from gatebench.ingest.split import join

UNKNOWN = "\ufffd"
"""The symbol that stands for those that train lacks."""


FEWEST_WORDS = 2
"""How often a word stands in train, at the least, to be a symbol of its own, unless the user says otherwise."""
MOST_WORDS = 5000
"""Words that are symbols, at the most, unless the user says otherwise: a table of pairs has the square of it."""


def decide(raw: RawData, arrays: Arrays, choices: Choices) -> tuple[RawData, Arrays, list[str]]:
    """Return the data and its arrays with numbers for the symbols that train has, and a line if others have one more."""
    in_train, counts = np.unique(np.concatenate(arrays["train"])[:, 0], return_counts=True)
    least = _fewest_words(counts) if choices.tokens == "word" else 1
    if choices.least_count is not None:
        least = choices.least_count
    if least < 1:
        raise BadInput(f"--least-count is {least}; expected how often a symbol stands in train, at least 1")
    anywhere = np.unique(np.concatenate([array for split in SPLITS for array in arrays[split]])[:, 0])
    often = in_train[counts >= least].astype(int)  # beside a value, even symbols are floats
    if not len(often):
        raise BadInput(f"no symbol stands {least} times in train; expected some: use a smaller --least-count")
    lacking = len(anywhere) - len(often)
    names = [raw.names[i] for i in often]
    if lacking:
        names.append(UNKNOWN)
    numbers = np.full(len(raw.names), len(often))
    numbers[often] = np.arange(len(often))

    def renumber(array: np.ndarray) -> np.ndarray:
        return join(numbers[array[:, :1].astype(int)], array[:, 1:])

    renumbered = {split: [renumber(array) for array in arrays[split]] for split in arrays}
    rare = f" or has fewer than {least} times" if least > 1 else ""
    line = f"unknown: {lacking:,} symbol(s) that train lacks{rare} are read as one"
    if choices.tokens == "word":
        line += f", which leaves {len(names):,} (--least-count N)"
    return replace(raw, names=tuple(names)), renumbered, [line] if lacking else []


def _fewest_words(counts: np.ndarray) -> int:
    """Return how often words have to stand in train for there to be at most `MOST_WORDS`."""
    descending = np.sort(counts)[::-1]
    return max(FEWEST_WORDS, int(descending[MOST_WORDS]) + 1 if len(descending) > MOST_WORDS else 0)
