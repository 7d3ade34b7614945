"""P1 to P3 hold while the database's connections are cut, at any moment, and while it restarts."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa

from functions.enrichment import in_flight
from functions.enrichment.enricher import Enricher
from functions.errors import StoreError
from functions.outcomes import Outcome
from functions.store import claims
from functions.store.database import Store
from local.providers.client import Sandbox
from tests.support.accounts import assert_bracketed
from tests.support.enrichers import EnricherOf, limits, people, spender
from tests.support.waiting import wait_until_quiet

COUNT = 40


@pytest.fixture
def database_url(postgresql: str) -> Iterator[str]:
    """An empty database of PostgreSQL, made and dropped over connections that a crash of the server cannot have cut."""
    server = sa.make_url(postgresql).set(drivername="postgresql+psycopg")
    name = f"test_{uuid4().hex}"
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield server.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))


@contextmanager
def beside(store: Store) -> Iterator[Callable[[str], list[Any]]]:
    """Asks the server about the store's own connections, over another one that nobody cuts."""
    url = store.engine.url
    admin = sa.create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    condition = f"FROM pg_stat_activity WHERE datname = '{url.database}' AND backend_type = 'client backend'"

    def ask(what: str) -> list[Any]:
        try:
            with admin.connect() as connection:
                return list(connection.scalars(sa.text(f"SELECT {what} {condition}")))
        except sa.exc.OperationalError:
            return []  # it restarts at this moment

    yield ask
    admin.dispose()


def run_to_the_end(enricher: Enricher) -> Counter[Outcome]:
    """Runs again whenever the run ended with the store out of reach, as the queue does with a chunk."""
    for _ in range(30):
        try:
            return Counter(result.outcome for result in enricher.enrich(people(COUNT), spender()))
        except StoreError:
            continue
    raise AssertionError("the run never came to its end")


def assert_nothing_is_lost(store: Store, sandbox: Sandbox, outcomes: Counter[Outcome]) -> None:
    """Everyone is enriched and paid for once, and no doubt is left: what was in memory was settled after all."""
    wait_until_quiet(sandbox)
    claims.expire(store, datetime.now(UTC) + 2 * claims.LIFETIME)
    totals = assert_bracketed(store, sandbox)
    assert outcomes[Outcome.ENRICHED] + outcomes[Outcome.KNOWN] == COUNT
    assert (int(totals.charged), int(totals.in_doubt)) == (COUNT, 0)
    assert set(sandbox.charges(by="slug").values()) == {1}


def test_cutting_every_connection_again_and_again_loses_nothing(
    store: Store, sandbox: Sandbox, enricher_of: EnricherOf
) -> None:
    sandbox.switch(latency_s=0.02)
    ended = threading.Event()
    with beside(store) as ask:

        def cut() -> None:
            while not ended.wait(0.06):
                ask("pg_terminate_backend(pid)")

        cutting = threading.Thread(target=cut)
        cutting.start()
        try:
            # The cap leaves no credit over: a reservation that a cut left behind would be missed.
            outcomes = run_to_the_end(enricher_of(limits=limits(per_month=COUNT), concurrency=4))
        finally:
            ended.set()
            cutting.join()
    store.close()  # a connection that was cut less than a second ago is not asked whether it works
    assert_nothing_is_lost(store, sandbox, outcomes)


def test_a_crash_of_the_server_and_its_recovery_lose_nothing(
    store: Store, sandbox: Sandbox, enricher_of: EnricherOf
) -> None:
    sandbox.switch(latency_s=0.05)
    crashes = 0
    with beside(store) as ask:
        enricher = enricher_of(limits=limits(per_month=COUNT), concurrency=4)
        try:
            for seen, _ in enumerate(enricher.enrich(people(COUNT), spender())):
                if seen in {5, 20} and (pids := ask("pid")):
                    os.kill(pids[0], signal.SIGKILL)  # then the server cuts all connections, and recovers
                    crashes += 1
        except StoreError:
            pass  # the queue would send the chunk again
        outcomes = run_to_the_end(enricher)
    assert crashes >= 1
    assert_nothing_is_lost(store, sandbox, outcomes)


@pytest.mark.parametrize("committed", [False, True], ids=["before the commit", "after the commit"])
@pytest.mark.parametrize("nth", range(1, 9))
def test_a_connection_that_breaks_around_any_commit_leaves_no_doubt(
    nth: int,
    store: Store,
    sandbox: Sandbox,
    enricher_of: EnricherOf,
    monkeypatch: pytest.MonkeyPatch,
    *,
    committed: bool,
) -> None:
    monkeypatch.setattr(in_flight, "SETTLE_BATCH", 4)  # so that there are enough commits to break
    do_commit, commits = store.engine.dialect.do_commit, 0

    def break_off(connection: Any) -> None:  # noqa: ANN401 - the pool's own type
        nonlocal commits
        commits += 1
        if commits != nth:
            do_commit(connection)
            return
        if committed:
            do_commit(connection)
        connection.driver_connection.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(store.engine.dialect, "do_commit", break_off)
    enricher = enricher_of(limits=limits(per_month=COUNT), concurrency=4)
    outcomes = Counter(result.outcome for result in enricher.enrich(people(COUNT), spender()))
    assert commits > nth
    assert outcomes == {Outcome.ENRICHED: COUNT}
    assert_nothing_is_lost(store, sandbox, outcomes)


def test_a_statement_that_hangs_is_ended_by_the_server(store: Store) -> None:
    with store.reading() as connection:
        assert connection.scalar(sa.text("SHOW statement_timeout")) == "30s"
        assert connection.scalar(sa.text("SHOW idle_in_transaction_session_timeout")) == "1min"
