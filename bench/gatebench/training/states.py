"""What a population is between two updates, as arrays and JSON values, and the part of it that belongs to some members."""

import copy
from typing import Any

import numpy as np

State = tuple[dict[str, np.ndarray], dict[str, Any]]
"""Arrays and JSON values of a population between two updates: what a checkpoint holds."""


def of_members(state: State, members: list[int]) -> State:
    """Return the part of a state that belongs to some members, from which they go on as a smaller population."""
    arrays, values = state[0], copy.deepcopy(state[1])
    positions = [a for a, k in enumerate(values["active"]) if k in members]
    rows = {name: array[members if name == "best" else positions] for name, array in arrays.items()}
    if "under_way" in values:
        progress = values["under_way"]
        progress["sums"] = [[row[a] for a in positions] for row in progress["sums"]]
        progress["live"] = [progress["live"][a] for a in positions]
        for name in ("seconds", "core_seconds"):
            progress[name] = progress.get(name, 0.0) * len(positions) / len(values["active"])
        if not positions:  # none of them is in the epoch that is under way
            del values["under_way"]
    values["active"] = [members.index(values["active"][a]) for a in positions]
    for name in ("status", "curves", "best_nll", "best_epoch", "epochs", "updates", "seconds", "core_seconds"):
        if name in values:
            values[name] = [values[name][k] for k in members]
    return rows, values
