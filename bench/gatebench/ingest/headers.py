"""The decision whether the first row of a table of texts alone is its header, or data as the rows below it."""

import itertools

import numpy as np
import pandas as pd

from gatebench.ingest.report_rows import FEWEST_ROWS

FEW_TEXTS = 256
"""Different texts of a column that come again and again, at the most."""
AS_OFTEN = 0.5
"""Times as often as a row of data comes again, on average, from which on the first one is no header that does."""


def is_data(rows: pd.DataFrame) -> bool:
    """Whether the first of rows of texts is none of names: its cells come again, but not as headers of joined files do.

    A header that comes again does so as a whole, once a file, and no cell of it stands in its column elsewhere.

    Parameters
    ----------
    rows
        The rows of a table ``[N, C]``, the first one among them.

    """
    first, below = rows.iloc[0], rows.iloc[1:]
    names = [name for name in rows.columns if isinstance(first[name], str) and first[name].strip()]
    if not names or len(below) < FEWEST_ROWS:
        return False
    texts = {name: below[name].fillna("").str.strip().to_numpy(str) for name in names}
    same = np.stack([texts[name] == first[name].strip() for name in names], 1)
    whole: np.ndarray = np.logical_and.reduce(same, axis=1)
    alone = same & ~whole[:, None]
    if alone.any(0).all():
        return True
    few = [name for name, count in zip(names, alone.sum(0), strict=True) if count > 1 and _come_again(texts[name])]
    return bool(few) or (_name_one_another(texts) and _is_one_of_many(whole, next(iter(texts.values()))))


def _come_again(texts: np.ndarray) -> bool:
    return len(np.unique(texts)) <= min(FEW_TEXTS, len(texts) // 4)


def _name_one_another(columns: dict[str, np.ndarray]) -> bool:
    """Whether no text of a column stands beside several of another, so that every row comes again as a whole."""
    counts = {len(np.unique(texts)) for texts in columns.values()}
    return len(counts) == 1 and len(set(zip(*columns.values(), strict=True))) == counts.pop()


def _is_one_of_many(repeats: np.ndarray, texts: np.ndarray) -> bool:
    """Whether the first row comes again too soon for a header of another file, or about as often as others do."""
    places = [-1, *np.flatnonzero(repeats)]
    soon = any(after - before <= FEWEST_ROWS for before, after in itertools.pairwise(places))
    counts = np.unique(texts, return_counts=True)[1]
    expected = float(np.square(counts).sum() / counts.sum())
    return soon or (_come_again(texts) and bool(repeats.sum() >= AS_OFTEN * expected))
