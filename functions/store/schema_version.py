"""Brings the tables of a database up to date, and refuses to work on ones that this version cannot work with.

Steps are numbered (`0001`, `0002` …), so that an older schema is told from a newer one by comparing numbers. A newer
schema is no reason to stop: while a new version is deployed, instances of the old one go on and are even started. So
each step names the oldest version that works with the tables after it (`works_from`), and the database keeps that name.

Alembic is slow to import and only needed to change something: looking takes one SELECT.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from functions.errors import StoreError
from functions.runtime import REAL, Runtime
from functions.store import schema
from functions.store.database import Store

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext, RevisionStep

HEAD = "0001"
"""The schema that this version works with: the last step in `migrations/versions`."""
STEPS = Path(__file__).parent / "migrations"
COMMAND = "python -m functions.migrate"
PATIENCE_S = 300
"""Seconds for which an upgrade tries again where tables are in use."""
_PAUSE_S = 1.0
_LOCK_MS = 2_000
"""Milliseconds that a step waits for a table. Whoever wants that table meanwhile queues up behind it."""
_LOCK = 0x1EADF111
"""Names PostgreSQL's advisory lock that keeps two upgrades apart; any number that nobody else uses."""
_version = sa.table("alembic_version", sa.column("version_num", sa.Text))
_VERSION = sa.select(_version.c.version_num)


def check(store: Store) -> None:
    """Makes sure that this version works with the tables.

    Raises:
        StoreError: they are not there, or too old or too new; says what to do. Or the database cannot be reached.
    """
    with store.reading() as connection:
        try:
            found = connection.scalar(_VERSION)
        except sa.exc.DBAPIError:
            connection.rollback()
            found = _revision(connection)  # None where there is no such table; else it fails again
        else:
            store.set_clock(connection)
        if found is None:
            raise StoreError(f"The database has no tables yet. Run `{COMMAND}` once, then start again.")
        if _is_newer(connection, found):
            return
    if found != HEAD:
        raise StoreError(
            f"The database's tables are of an older version ({found}; this one needs {HEAD}). "
            f"Make a copy of it, run `{COMMAND}`, then start again."
        )


def is_empty(store: Store) -> bool:
    """Return whether the database holds no table at all.

    Raises:
        StoreError: it cannot be reached.
    """
    with store.reading() as connection:
        return not sa.inspect(connection).get_table_names()


def upgrade(store: Store, runtime: Runtime = REAL) -> str | None:
    """Brings the tables up to date, in one transaction: wholly or not at all, and once if several try at once.

    Tables that are newer, and that this version works with, stay as they are.

    Args:
        store: whose tables they are; others may be working in them.
        runtime: this machine's clocks.

    Returns:
        The step that they stood at; None where there were none.

    Raises:
        StoreError: this version cannot work with them because they are newer, or they are not Leadfill's, or they were
            in use all the time, or no server answers; nothing was changed.
    """
    until_s = runtime.monotonic() + PATIENCE_S
    while True:
        try:
            with store.writing() as connection:
                return _upgrade(connection, is_sqlite=store.is_sqlite)
        except StoreError as error:
            is_in_use = error.retry_after_s is not None and store.was_reached
            if not is_in_use or runtime.monotonic() >= until_s:
                raise
        runtime.sleep(_PAUSE_S)  # those who queued behind this one have their turn


def _upgrade(connection: sa.Connection, *, is_sqlite: bool) -> str | None:
    if not is_sqlite:  # there the transaction itself keeps others out
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        connection.execute(sa.text("SET LOCAL statement_timeout = 0"))  # a step over large tables takes its time
        connection.execute(sa.text(f"SET LOCAL lock_timeout = {_LOCK_MS}"))
    found = _revision(connection)
    if found is None and sa.inspect(connection).get_table_names():
        raise StoreError("The database holds tables that are not Leadfill's; set DATABASE_URL to an empty database.")
    if found != HEAD and (found is None or not _is_newer(connection, found)):
        _run_steps(connection)
    return found


def _run_steps(connection: sa.Connection) -> None:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    steps = ScriptDirectory(str(STEPS))

    def ahead(revision: Any, _context: MigrationContext) -> Iterable[RevisionStep]:  # noqa: ANN401 - annotated for one, given a tuple
        return steps._upgrade_revs("head", revision)  # noqa: SLF001 - what alembic's own command calls

    # Alembic's env.py would do work when it is imported; the same few calls, made here, need none.
    with EnvironmentContext(Config(), steps, fn=ahead) as environment:
        environment.configure(connection=connection)
        environment.run_migrations()
    connection.execute(schema.compatibility.delete())
    connection.execute(schema.compatibility.insert().values(works_from=steps.get_revision(HEAD).module.works_from))


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(_VERSION)
    return found


def _is_newer(connection: sa.Connection, found: str) -> bool:
    """Return whether the tables are those of a newer version.

    Raises:
        StoreError: this version does not work with them.
    """
    if found.isdecimal() and int(found) <= int(HEAD):
        return False
    works_from = connection.scalar(sa.select(schema.compatibility.c.works_from)) or found
    if not works_from.isdecimal() or int(works_from) > int(HEAD):
        raise StoreError(
            f"The database's tables are of a newer version ({found}; this one knows {HEAD}). "
            "Start the newer version of Leadfill again, or restore the copy from before."
        )
    return True
