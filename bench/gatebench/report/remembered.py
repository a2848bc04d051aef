"""What several parts of a page ask of one frame, computed once."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import pandas as pd

from gatebench.records.frame import Frame

T = TypeVar("T")
"""Whatever is computed of a frame."""

_results: WeakKeyDictionary[Frame, dict[Hashable, Any]] = WeakKeyDictionary()
"""Frame -> what was computed of it, as long as it is there."""


def once(frame: Frame, what: Hashable, compute: Callable[[], T]) -> T:
    """Return what is computed of a frame, which ``what`` tells from all else that is; computed the first time alone.

    Who gets it changes nothing in it.
    """
    results = _results.setdefault(frame, {})
    if what not in results:
        results[what] = compute()
    return results[what]


def name_of(trials: pd.DataFrame) -> Hashable:
    """Return what tells some trials of a frame from others of it, for `once`."""
    return tuple(trials.task.unique()), tuple(trials.key), tuple(trials.pipeline)
