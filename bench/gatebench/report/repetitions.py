"""What is repeated: pipelines, where a cell has more than one, otherwise the confirming seeds of its only one.

A pipeline is the whole procedure: its own draw of settings, search, selection and confirming seeds. Its score is the mean
over its seeds.
"""

import numpy as np
import pandas as pd

from gatebench.records.frame import ComparisonGroup

ONE_SEARCH = "what another search would select is not in the interval"
"""What seeds of a single pipeline cannot say."""


def unit(trials: pd.DataFrame) -> str:
    """Return what one repetition of one cell is: ``pipeline`` or ``seed``."""
    return "pipeline" if trials.pipeline.nunique() > 1 else "seed"


def scores(trials: pd.DataFrame, column: str = "nll") -> np.ndarray:
    """Return one number for each repetition of one cell, from its confirming trials on one split; NaN if one has none."""
    return averaged(trials, trials[column].to_numpy(float))


def averaged(trials: pd.DataFrame, values: np.ndarray) -> np.ndarray:
    """Return the means over each repetition's seeds of values ``[trials, ...]``, as ``[repetitions, ...]``."""
    if unit(trials) == "seed":
        return values
    pipelines = trials.pipeline.to_numpy()
    return np.stack([values[pipelines == pipeline].mean(0) for pipeline in np.unique(pipelines)])


def counted(trials: pd.DataFrame) -> str:
    """Write how many repetitions of one cell there are, and of what."""
    n, name = len(scores(trials)), unit(trials)
    return f"{n} {name}" if n == 1 else f"{n} {name}s{' of one search' if name == 'seed' else ''}"


def note(trials: pd.DataFrame) -> str:
    """Return a sentence about what was repeated how often, for whole figures: of confirming trials on one split."""
    counts: dict[str, list[int]] = {"pipeline": [], "seed": []}
    for _, of_cell in trials.groupby([*ComparisonGroup._fields, "cell"], sort=False):
        counts[unit(of_cell)].append(len(scores(of_cell)))
    parts = []
    if counts["pipeline"]:
        parts.append(f"{_range(counts['pipeline'])} pipelines, each with its own settings, search, selection and seeds")
    if counts["seed"]:
        parts.append(f"{_range(counts['seed'])} seeds of one search ({ONE_SEARCH})")
    return f"Repetitions of each cell: {', or '.join(parts)}."


def _range(counts: list[int]) -> str:
    low, high = min(counts), max(counts)
    return f"{low}" if low == high else f"{low} to {high}"
