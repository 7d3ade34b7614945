"""Brings the tables of a database up to date, and refuses to work on ones that are not.

Steps are numbered (`0001`, `0002` …), so that an older schema is told from a newer one by comparing numbers. Alembic is
slow to import and only needed to change something: looking takes one SELECT.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from functions.errors import StoreError
from functions.store.database import Store

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext, RevisionStep

HEAD = "0001"
"""The schema that this version works with: the last step in `migrations/versions`."""
STEPS = Path(__file__).parent / "migrations"
COMMAND = "python -m functions.migrate"
_LOCK = 0x1EADF111
"""Names PostgreSQL's advisory lock that keeps two upgrades apart; any number that nobody else uses."""
_version = sa.table("alembic_version", sa.column("version_num", sa.Text))


def check(store: Store) -> None:
    """Makes sure that the tables are those that this version works with.

    Raises:
        StoreError: they are not there, older or newer; says what to do. Or the database cannot be reached.
    """
    with store.reading() as connection:
        found = _revision(connection)
    if found is None:
        raise StoreError(f"The database has no tables yet. Run `{COMMAND}` once, then start again.")
    _refuse_newer(found)
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


def upgrade(store: Store) -> str | None:
    """Brings the tables up to date, in one transaction: wholly or not at all, and once if several try at once.

    Returns:
        The step that they stood at; None where there were none.

    Raises:
        StoreError: they are newer than this version, or are not Leadfill's; nothing was changed.
    """
    with store.writing() as connection:
        if not store.is_sqlite:  # there the transaction itself keeps others out
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            connection.execute(sa.text("SET LOCAL statement_timeout = 0"))  # a step over large tables takes its time
        found = _revision(connection)
        if found is not None:
            _refuse_newer(found)
        elif sa.inspect(connection).get_table_names():
            raise StoreError(
                "The database holds tables that are not Leadfill's; set DATABASE_URL to an empty database."
            )
        if found != HEAD:
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


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(sa.select(_version.c.version_num))
    return found


def _refuse_newer(found: str) -> None:
    if not found.isdecimal() or int(found) > int(HEAD):
        raise StoreError(
            f"The database's tables are of a newer version ({found}; this one knows {HEAD}). "
            "Start the newer version of Leadfill again, or restore the copy from before."
        )
