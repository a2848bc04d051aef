"""What several writers of one database come to: one of them has to try again."""

import random
import re
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
"""What an attempt returns, whatever it is."""

ATTEMPTS = 8
"""How often something is tried."""
FIRST_PAUSE = 0.05
"""Seconds before the second attempt at the most; before each further one twice as many."""
_OF_OTHERS = re.compile(
    r"deadlock|serializ|database is locked|duplicate key|unique constraint|already exists|must be in|'active' state",
    re.IGNORECASE,
)
"""What MLflow says, in the words of its databases, where another writer was in the way."""


def is_of_others(error: Exception) -> bool:
    """Return whether an error of MLflow comes from another writer, so that another attempt has another end."""
    return _OF_OTHERS.search(str(error)) is not None


def retried(attempt: Callable[[], T]) -> T:
    """Return what an attempt returns; it is made again, after a pause of a random length, where others were in its way."""
    for number in range(ATTEMPTS - 1):
        try:
            return attempt()
        except Exception as error:
            if not is_of_others(error):
                raise
        time.sleep(random.uniform(0, FIRST_PAUSE * 2**number))
    return attempt()
