"""MLflow's database on a PostgreSQL server, written without MLflow's client, as `gatebench.records.database` writes a file.

Whoever writes so locks the row of the experiment first: several writers take turns with their batches, and none logs what
another one is about to log. MLflow's own server, which needs that row for its runs, goes on meanwhile.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gatebench.records.database import Database

if TYPE_CHECKING:
    import sqlalchemy

DRIVER = "psycopg2"
"""The driver that takes any whole number for what it is."""
PREFIXES = (f"postgresql+{DRIVER}:", "postgresql:")
"""How the address of a database begins that may be written here."""


class ServerConnection:
    """A transaction of a server."""

    def __init__(self, connection: "sqlalchemy.Connection") -> None:
        self._connection = connection

    def execute(self, statement: str, values: Mapping[str, object]) -> Iterable[tuple[Any, ...]]:
        """Execute a statement with named values; returns the rows that it has."""
        import sqlalchemy

        result = self._connection.execute(sqlalchemy.text(statement), values)
        return [tuple(row) for row in result] if result.returns_rows else []

    def insert(self, table: str, rows: Sequence[Mapping[str, object]]) -> None:
        """Add rows with the same columns to a table: many of them in one statement."""
        import sqlalchemy

        columns = [sqlalchemy.column(name) for name in rows[0]]
        self._connection.execute(sqlalchemy.insert(sqlalchemy.table(table, *columns)), list(rows))


@contextmanager
def opened(uri: str, schema: str | None, experiment: str) -> Iterator[Database | None]:
    """Yield a database, in a transaction that ends with the block; None if it has another schema, or no such experiment."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(uri, poolclass=sqlalchemy.NullPool)
    if engine.dialect.driver != DRIVER:
        yield None
        return
    with engine.begin() as transaction:
        connection = ServerConnection(transaction)
        rows: Iterable[tuple[Any, ...]] = ()
        if sqlalchemy.inspect(transaction).has_table("alembic_version"):
            versions = connection.execute("SELECT version_num FROM alembic_version", {})
            if [row[0] for row in versions] == [schema]:
                rows = connection.execute(
                    "SELECT experiment_id, artifact_location FROM experiments "
                    "WHERE name = :name AND lifecycle_stage = 'active' FOR NO KEY UPDATE",
                    {"name": experiment},
                )
        row = next(iter(rows), None)
        yield None if row is None else Database(connection, row[0], row[1])
