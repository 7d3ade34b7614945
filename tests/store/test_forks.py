"""A server opens everything, forks, and serves from the child: parent and child never share a connection."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from functions import bootstrap, settings
from functions.store import schema_version
from functions.store.database import Store

ROOT = Path(__file__).parents[2]
FORK = """
import gc, os, sys
import sqlalchemy as sa
from functions.store.database import Store

def used(store):
    with store.reading() as connection:
        assert connection.scalar(sa.text("SELECT 42")) == 42
        return connection.connection.dbapi_connection

store = Store(sys.argv[1])
opened = used(store)
assert used(store) is opened, "the pool keeps it"
child = os.fork()
if child == 0:
    mine = used(store)
    gc.collect()
    os._exit(0 if mine is not opened and used(store) is mine else 7)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 0
assert used(store) is opened, "the child has not ended it"
"""


def test_a_child_opens_connections_of_its_own(database_url: str) -> None:
    subprocess.run([sys.executable, "-c", FORK, database_url], cwd=ROOT, check=True, timeout=60)


def test_nothing_is_open_when_the_server_forks(database_url: str) -> None:
    fresh = Store(database_url)
    schema_version.upgrade(fresh)
    fresh.close()
    opened = bootstrap.store(settings.read({"DATABASE_URL": database_url}))
    assert opened.engine.pool.checkedin() == 0  # type: ignore[attr-defined] # of QueuePool
