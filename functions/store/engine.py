"""Opens the store: one class over two databases, SQLite by default and PostgreSQL in the cloud."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from functions.errors import StoreError

BUSY_TIMEOUT_S = 30
"""How long a transaction waits for another process's before it gives up."""


class Instant(sa.TypeDecorator[datetime]):
    """An aware datetime, kept as microseconds since 1970 UTC: exact, ordered and alike in both databases."""

    impl = sa.BigInteger
    cache_ok = True
    _epoch = datetime(1970, 1, 1, tzinfo=UTC)

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Aware datetime → microseconds."""
        return None if value is None else (value - self._epoch) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Microseconds → aware datetime."""
        return None if value is None else self._epoch + timedelta(microseconds=int(value))


class Credits(sa.TypeDecorator[Decimal]):
    """An amount of credits, kept as whole ten-thousandths: fractions of a credit exist, rounding does not."""

    impl = sa.BigInteger
    cache_ok = True
    _unit = Decimal(10_000)

    def process_bind_param(self, value: Decimal | int | None, dialect: sa.Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Credits → ten-thousandths."""
        return None if value is None else int(value * self._unit)

    def process_result_value(self, value: int | Decimal | None, dialect: sa.Dialect) -> Decimal | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Ten-thousandths → credits."""
        return None if value is None else Decimal(int(value)) / self._unit


class Store:
    """The database. Each `with` block is one transaction; nothing is held open over a provider call."""

    def __init__(self, url: str) -> None:
        """Opens `url` lazily.

        Raises:
            StoreError: when the URL cannot be understood or its driver is absent.
        """
        try:
            self.engine = _engine(url)
        except (sa.exc.ArgumentError, ModuleNotFoundError) as error:
            raise StoreError("DATABASE_URL cannot be understood; use sqlite:///file.db or postgresql://….") from error
        self.is_sqlite = self.engine.dialect.name == "sqlite"

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction that may write; committed at the end of the block.

        Raises:
            StoreError: when the database cannot be used; the transaction is then undone.
        """
        with _sentences(), self.engine.execution_options(writes=True).begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """One consistent view to read from.

        Raises:
            StoreError: when the database cannot be used.
        """
        with _sentences(), self.engine.connect() as connection:
            yield connection

    def close(self) -> None:
        """Closes every pooled connection."""
        self.engine.dispose()


def insert(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, in the dialect of the connection."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def upsert(
    connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]], *, replace: Sequence[str]
) -> None:
    """Inserts rows; where the primary key is there already, replaces the named columns."""
    if not rows:
        return
    statement = insert(connection, table)
    statement = statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: statement.excluded[name] for name in replace},
    )
    connection.execute(statement, list(rows))


def _engine(url: str) -> sa.Engine:
    address = sa.make_url(url)
    if address.drivername in {"postgres", "postgresql"}:
        address = address.set(drivername="postgresql+psycopg")
    if not address.drivername.startswith("sqlite"):
        # Few connections an instance: instances are many, and the server's connections are not.
        return sa.create_engine(address, pool_size=4, max_overflow=4, pool_pre_ping=True, pool_recycle=1800)
    engine = sa.create_engine(address, connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False})

    @sa.event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:  # noqa: ANN401 - the driver's own types
        connection.isolation_level = None  # the driver must not begin transactions by itself
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")  # readers do not wait for the writer
        cursor.execute("PRAGMA synchronous = FULL")  # a committed intention survives a power cut
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        # A transaction that will write takes the lock at once: upgrading a read lock later can deadlock.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def _sentences() -> Iterator[None]:
    """Turns the database's errors into StoreError, so that callers meet one class."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise StoreError(_sentence(str(error.orig).lower())) from error
    except sa.exc.TimeoutError as error:  # every pooled connection is in use
        raise StoreError(_sentence("")) from error


def _sentence(reason: str) -> str:
    if "locked" in reason:
        return (
            "The database is locked by another process; close it and start again. "
            "Nothing is looked up that cannot be recorded."
        )
    if "full" in reason:
        return "The disk is full: the database cannot record another lookup, so none is made. Free some space."
    if "readonly" in reason or "read-only" in reason:
        return "The database is read-only; make its file and folder writable, or set DATABASE_URL to another place."
    if "unable to open" in reason:
        return "The database file cannot be opened; check DATABASE_URL and that its folder exists and is writable."
    if "not a database" in reason or "malformed" in reason:
        return (
            "The database file is damaged or no database; restore it from a copy, or set DATABASE_URL to another file."
        )
    return "The database cannot be used at the moment; nothing was spent that is not recorded. Try again."
