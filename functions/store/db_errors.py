"""Translate a database's errors into a sentence for people, and decide whether trying again may help."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from functions.errors import StoreError

RETRY_S = 0.5
"""Seconds to wait before something is tried again."""
_PASSING = frozenset({"40001", "40P01", "53300", "55P03", "57P01", "57P02", "57P03"})
"""States of PostgreSQL that pass: two conflicts, no free connection, a lock that was not free in time, three of a
restart (https://www.postgresql.org/docs/current/errcodes-appendix.html). Class 08 does too, and so does having no state
at all: then the connection itself broke."""
_SENTENCES = {
    ("locked",): "Another process has locked the database; end it and start again. Nothing was spent.",
    ("full",): "The disk is full: the database cannot record another lookup, so none is made. Free some space.",
    ("readonly", "read-only"): (
        "The database is read-only; make its file and folder writable, or set DATABASE_URL to another place."
    ),
    ("unable to open",): (
        "The database file cannot be opened; check DATABASE_URL and that its folder exists and is writable."
    ),
    ("not a database", "malformed"): (
        "The database file is damaged or not a database; restore it from a copy, or set DATABASE_URL to another file."
    ),
    ("connection",): "The database cannot be reached; check DATABASE_URL. All credits spent are recorded.",
    ("no such table", "undefinedtable", "does not exist"): (
        "The database lacks a table or column; run `python -m functions.migrate` and start again."
    ),
}
"""Parts of the driver's messages → our sentence."""
OTHERWISE = "The database cannot be used at the moment; try again. All credits spent are recorded."


@contextmanager
def told() -> Iterator[None]:
    """Turns the database's errors into StoreError, so that callers meet one class; `retry_after_s` where it passes."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        said = str(error.orig).lower()
        sentence = next((ours for words, ours in _SENTENCES.items() if any(word in said for word in words)), OTHERWISE)
        raise StoreError(sentence, retry_after_s=RETRY_S if passes(error) else None) from error
    except sa.exc.TimeoutError as error:  # the pool's
        raise StoreError("The database is overloaded; try again in a moment.", retry_after_s=1) from error


def passes(error: sa.exc.DBAPIError) -> bool:
    """Return whether the connection or transaction broke for a reason that passes; never for SQLite, a file."""
    if not isinstance(error, sa.exc.OperationalError) or isinstance(error.orig, sqlite3.Error):
        return False
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state is None or state in _PASSING or state.startswith("08")
