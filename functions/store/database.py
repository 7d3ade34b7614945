"""The store's database: one class for SQLite (the default) and PostgreSQL (in the cloud)."""

from __future__ import annotations

import itertools
import os
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import sqlalchemy as sa

from functions.credits.terms import Need, Needs
from functions.errors import StoreError
from functions.runtime import REAL, Runtime
from functions.store import db_errors
from functions.store.clock import SharedClock

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

BUSY_TIMEOUT_S = 30
"""Seconds that a transaction waits for another process's before it gives up."""
PATIENCE_S = 30
"""Seconds to wait for a server that was reached before: long enough for a restart or a failover."""
CONNECTIONS, MORE_CONNECTIONS = 2, 6
"""Connections that an instance keeps open, and opens on top under load: a server has few for many instances."""
SERVER = {
    "connect_timeout": 10,
    "application_name": "leadfill",
    # No statement of ours takes a second: one that hangs must not hold its locks, nor must an instance that is frozen.
    "options": "-c statement_timeout=30s -c idle_in_transaction_session_timeout=60s",
}
"""Options of every connection to a server."""
RESTED_S = 1.0
"""Seconds of rest after which a connection is asked whether it still works: a question is a round trip."""
MILLION = Decimal(1_000_000)
T = TypeVar("T")


class Instant(sa.TypeDecorator[datetime]):
    """An aware datetime, kept as microseconds since 1970 UTC: exact, ordered and alike in both databases."""

    impl = sa.BigInteger
    cache_ok = True
    _epoch = datetime(1970, 1, 1, tzinfo=UTC)

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn an aware datetime into microseconds."""
        return None if value is None else (value - self._epoch) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn microseconds into an aware datetime."""
        return None if value is None else self._epoch + timedelta(microseconds=int(value))


class Credits(sa.TypeDecorator[Decimal]):
    """An amount of credits, kept as whole millionths (`pricing.UNIT`): fractions exist, rounding does not."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | int | None, dialect: sa.Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn credits into millionths; refuse smaller fractions."""
        if value is None:
            return None
        units = value * MILLION
        if units != (whole := int(units)):
            raise ValueError(f"{value:f} credits are no whole number of millionths.")
        return whole

    def process_result_value(self, value: int | Decimal | None, dialect: sa.Dialect) -> Decimal | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn millionths into credits."""
        return None if value is None else int(value) / MILLION


class CreditsByProvider(sa.TypeDecorator[Mapping[str, Decimal]]):
    """Amounts of credits by provider, kept as a JSON object of decimal strings."""

    impl = sa.JSON
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, Decimal] | None, dialect: sa.Dialect) -> dict[str, str] | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn amounts into strings."""
        return None if value is None else {provider: f"{amount:f}" for provider, amount in value.items()}

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Mapping[str, Decimal] | None:  # noqa: ANN401, ARG002 - JSON, and SQLAlchemy's signature
        """Turn strings into amounts."""
        return None if value is None else {provider: Decimal(amount) for provider, amount in value.items()}


class NeedSet(sa.TypeDecorator[Needs]):
    """Needs, kept as their names with commas between them."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Needs | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn needs into their names."""
        return None if value is None else ",".join(sorted(value))

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Needs | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn names into needs."""
        return None if value is None else _needs(value)


@cache
def _needs(names: str) -> Needs:
    return frozenset(Need(name) for name in names.split(",") if name)


class Store:
    """The database. Each `with` block is one transaction; nothing is held open over a provider call."""

    def __init__(self, url: str, runtime: Runtime = REAL) -> None:
        """Opens `url` lazily.

        Args:
            url: as SQLAlchemy has it.
            runtime: this machine's clocks.

        Raises:
            StoreError: when the URL cannot be understood or its driver is absent.
        """
        try:
            self.engine = _engine(url)
        except (sa.exc.ArgumentError, ModuleNotFoundError) as error:
            raise StoreError("DATABASE_URL cannot be understood; use sqlite:///file.db or postgresql://….") from error
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._runtime = runtime
        self.was_reached = False
        """Whether the server has answered this process."""
        self._of_parent: sa.Pool | None = None
        self._shared_clock = SharedClock(self._ask_time, runtime)
        _survive_forks(self)

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction that may write; committed at the end of the block.

        Raises:
            StoreError: when the database cannot be used; the transaction is then undone, or, should the connection
                break at its very end, perhaps not.
        """
        with db_errors.told(), self._connect(writes=True) as connection, connection.begin():
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Read from one consistent snapshot.

        Raises:
            StoreError: when the database cannot be used.
        """
        with db_errors.told(), self._connect() as connection:
            yield connection

    def retry_transaction(self, work: Callable[[sa.Connection, bool], T]) -> T:
        """Runs one transaction that may write, and runs it again where the connection breaks in it.

        Args:
            work: gets the connection, and whether it runs again. Then the first try may have been committed after all,
                so that it must recognise its own traces.

        Raises:
            StoreError: when the database cannot be used, or not for longer than `PATIENCE_S`.
        """
        tries = itertools.count()

        def once() -> T:
            again = next(tries) > 0
            with self.writing() as connection:
                return work(connection, again)

        return self.retry(once)

    def retry(self, work: Callable[[], T]) -> T:
        """Does work that may use the database, and does it again where that fails; done twice it is as done once.

        Raises:
            StoreError: when the database cannot be used, or not for longer than `PATIENCE_S`.
        """
        until_s = self._runtime.monotonic() + PATIENCE_S
        while True:
            try:
                return work()
            except StoreError as error:
                if error.retry_after_s is None or self._runtime.monotonic() >= until_s:
                    raise
                self._runtime.sleep(error.retry_after_s)

    def clock(self) -> datetime:
        """Return the present time, shared by all instances so that they agree on when claims and leases expire.

        Raises:
            StoreError: the database was never reached.
        """
        return self._runtime.now() if self.is_sqlite else self._shared_clock.now()  # one machine has one clock

    def set_clock(self, connection: sa.Connection) -> None:
        """Read the time over a connection that is open anyway: the first look at the clock needs none of its own then.

        Raises:
            StoreError: the database cannot be asked.
        """
        if not self.is_sqlite:
            self._shared_clock.read(lambda: _time_of(connection))

    def _ask_time(self) -> datetime:
        # Over a connection of its own: the caller may hold one of the pool's while others wait for this very answer.
        asking = sa.create_engine(self.engine.url, poolclass=sa.NullPool, connect_args=SERVER)
        with db_errors.told(), asking.connect() as connection:
            return _time_of(connection)

    def _connect(self, *, writes: bool = False) -> sa.Connection:
        """A connection that works; waits for a server that restarts, since nothing has been asked of it yet."""
        until_s = self._runtime.monotonic() + PATIENCE_S
        while True:
            try:
                connection = self.engine.connect().execution_options(writes=writes)
            except sa.exc.DBAPIError as error:
                if not self.was_reached or not db_errors.passes(error) or self._runtime.monotonic() >= until_s:
                    raise
                self._runtime.sleep(db_errors.RETRY_S)
            else:
                self.was_reached = True
                return connection

    def close(self) -> None:
        """Closes every pooled connection."""
        self.engine.dispose()

    def forked(self) -> None:
        """Start afresh in a forked child: the connections and locks that it inherited are its parent's."""
        self._of_parent = self.engine.pool  # kept, since to close them is as wrong as to use them
        self.engine.dispose(close=False)
        self._shared_clock = self._shared_clock.forked()


def _time_of(connection: sa.Connection) -> datetime:
    there: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return there


def _survive_forks(store: Store) -> None:
    """Handle forks: gunicorn forks after opening the store, and processes must not share a connection."""
    reference = weakref.ref(store)

    def renew() -> None:
        if (mine := reference()) is not None:
            mine.forked()

    os.register_at_fork(after_in_child=renew)


def insert(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, in the dialect of the connection."""
    return insert_of(connection.dialect.name, table)


def insert_of(dialect: str, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, in the dialect of that name."""
    if dialect == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


def upsert(
    connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]], *, replace: Sequence[str]
) -> None:
    """Inserts rows; where the primary key is there already, replaces the named columns."""
    if not rows:
        return
    connection.execute(_upserting(connection.dialect.name, table, tuple(replace)), list(rows))


@cache
def _upserting(dialect: str, table: sa.Table, replace: tuple[str, ...]) -> sa.Executable:
    statement = insert_of(dialect, table)
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: statement.excluded[name] for name in replace},
    )


def _replace_broken(engine: sa.Engine) -> None:
    """Let the pool replace, unnoticed, a connection that broke while nobody used it.

    SQLAlchemy's `pool_pre_ping` asks each time, which is one trip more in every transaction of a busy process. One that
    breaks within its last moment of rest is met as one that breaks in a transaction.
    """

    @sa.event.listens_for(engine, "checkin")
    def _rest(_connection: Any, record: Any) -> None:  # noqa: ANN401 - the driver's and the pool's own types
        record.info["rests_since_s"] = REAL.monotonic()

    @sa.event.listens_for(engine, "checkout")
    def _ask(connection: Any, record: Any, _proxy: Any) -> None:  # noqa: ANN401 - as in `_rest`
        if REAL.monotonic() - record.info.get("rests_since_s", inf) < RESTED_S:
            return
        try:
            is_alive = engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error:
            is_alive = False
        if not is_alive:
            raise sa.exc.InvalidatePoolError  # the others are as old


def _json_text(value: object) -> str:
    return msgspec.json.encode(value).decode()


_JSON = {"json_serializer": _json_text, "json_deserializer": msgspec.json.decode}
"""Several times as fast as the standard library's, which SQLAlchemy uses; each row that is written has a JSON value."""


def _engine(url: str) -> sa.Engine:
    address = sa.make_url(url)
    if address.drivername in {"postgres", "postgresql"}:
        address = address.set(drivername="postgresql+psycopg")
    if not address.drivername.startswith("sqlite"):
        engine = sa.create_engine(
            address,
            pool_size=CONNECTIONS,
            max_overflow=MORE_CONNECTIONS,
            pool_timeout=BUSY_TIMEOUT_S,
            pool_recycle=1800,
            connect_args=SERVER,
            **_JSON,
            use_native_hstore=False,  # nothing is kept as one, and to look for the type is a trip for each connection
        )
        _replace_broken(engine)
        return engine
    engine = sa.create_engine(address, connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False}, **_JSON)

    @sa.event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:  # noqa: ANN401 - the driver's own types
        connection.isolation_level = None  # the driver must not begin transactions by itself
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")  # readers do not wait for the writer
        cursor.execute("PRAGMA synchronous = FULL")  # a committed intention survives a power cut
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA secure_delete = ON")  # who is erased does not stay in the file's free pages
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        # A transaction that will write takes the lock at once: upgrading a read lock later can deadlock.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
