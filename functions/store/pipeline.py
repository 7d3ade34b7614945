"""Statements that go to a database server in one round trip."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa


@contextmanager
def pipeline(connection: sa.Connection) -> Iterator[None]:
    """Send the statements of the block without waiting for each one's answer; it ends when all have succeeded.

    They may return no rows: SQLAlchemy would look for them before they have come. On SQLite, which is no trip away,
    each statement simply runs.

    Args:
        connection: in a transaction.

    Raises:
        sqlalchemy.exc.DBAPIError: one of the statements failed, and the transaction with it.
    """
    driver, dialect = connection.connection.driver_connection, connection.dialect
    if dialect.name == "sqlite" or driver is None:
        yield
        return
    errors = dialect.loaded_dbapi.Error
    try:
        with driver.pipeline():
            yield
    except errors as error:  # the driver's own, of answers that came after SQLAlchemy had sent a statement
        if is_broken := dialect.is_disconnect(error, driver, None):
            connection.invalidate(error)
        raise sa.exc.DBAPIError.instance(
            None, None, error, errors, connection_invalidated=is_broken, dialect=dialect
        ) from error
