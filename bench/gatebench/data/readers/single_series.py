"""One series inside a wheel or another zip, split by time and cut into windows that follow one another.

The options of the card name the ``member``, and the steps of a ``window``. Its suffix says how it is written: ``.txt.gz``
with a number a line, or ``.py``, whose longest list of numbers it is: the text is parsed, and nothing of it is run.
"""

import ast
import gzip
import zipfile
from pathlib import Path

import numpy as np

from gatebench.data import splits
from gatebench.data.cards import Card
from gatebench.data.contents import Arrays
from gatebench.data.origins import Origins


def read(card: Card, paths: list[Path]) -> Arrays:
    """Return the windows ``[T, 1]`` of the three stretches of time of the one archive's series."""
    (path,) = paths
    name = str(card.options["member"])
    with zipfile.ZipFile(path) as archive:
        content = archive.read(name)
    values = _longest_list(content.decode()) if name.endswith(".py") else _lines(gzip.decompress(content).decode())
    series = np.array(values, float)[:, None]
    stretches = splits.by_time(len(series), name)
    return {split: splits.cut(series[stretch], int(card.options["window"])) for split, stretch in stretches.items()}


def read_origins(card: Card, paths: list[Path]) -> Origins:
    """Return that all windows are of one series."""
    return Origins({split: np.zeros(len(windows), int) for split, windows in read(card, paths).items()})


def _lines(text: str) -> list[float]:
    return [float(number) for number in text.split()]


def _longest_list(text: str) -> list[float]:
    lists = [node.elts for node in ast.walk(ast.parse(text)) if isinstance(node, ast.List)]
    longest = max(lists, key=len, default=[])
    return [float(ast.literal_eval(element)) for element in longest]
