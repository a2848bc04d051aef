"""Which stores are written without MLflow's client, and opening them: SQLite's files and PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gatebench.core.files import locked
from gatebench.records import database, postgresql
from gatebench.records.database import Database

EXPERIMENT = "gatebench"
"""Name of the experiment that holds all runs."""
LOCK = "mlflow.lock"
"""File in the results folder that is locked by whoever writes to the store."""


def artifacts(results: Path) -> str:
    """Return where runs of a results folder have their artifacts, unless a server keeps them."""
    return (results.resolve() / "mlruns").as_uri()


def folder_uri(results: Path) -> str:
    """Return the address of the database in a results folder."""
    return f"sqlite:///{results.resolve() / 'mlflow.db'}"


@contextmanager
def opened(results: Path, uri: str, make: Callable[[str, str | None], object]) -> Iterator[Database | None]:
    """Yield the database of a store, in a transaction that ends with the block; None: it is for MLflow's client.

    ``make`` makes one with the experiment where there is none, given its address and where artifacts go, None for MLflow's
    own place.
    """
    file, is_on_server = database.file_of(uri), uri.startswith(postgresql.PREFIXES)
    empty = database.empty_database(lambda new: make(new, None)) if is_on_server or file is not None else None
    if empty is None:
        yield None
        return
    with locked(results / LOCK):
        if file is None:
            with postgresql.opened(uri, database.schema(empty), EXPERIMENT) as opened:
                is_there = opened is not None
            if not is_there:
                make(uri, artifacts(results))
            with postgresql.opened(uri, database.schema(empty), EXPERIMENT) as opened:
                yield opened
            return
        database.start(file, empty, EXPERIMENT, artifacts(results))
        with database.opened(file, empty, EXPERIMENT) as opened:
            if opened is not None and uri == folder_uri(results):  # the one that moves with the folder
                opened.move_artifacts(artifacts(results))
            yield opened
