"""Other Python processes of a command: they import nothing from the folder that somebody stands in."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

ENVIRONMENT = {"PYTHONSAFEPATH": "1"}
"""Variables of a process that is started by ``python -m`` or ``-c``: or else a file ``numpy.py`` there is its numpy."""


@contextmanager
def safe() -> Iterator[None]:
    """Start Python processes so that libraries, which start them themselves, give them `ENVIRONMENT` as well."""
    before = {name: os.environ.get(name) for name in ENVIRONMENT}
    os.environ.update(ENVIRONMENT)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
