"""What every test may use: a store on each database, a sandbox of Slintel, and no network but this machine's own."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from functions.credits.caps import Limits
from functions.enrichment.dispatcher import Dispatcher
from functions.enrichment.enricher import Enricher
from functions.providers.slintel import Slintel
from functions.store import schema
from functions.store.database import Store
from local.providers.client import Sandbox
from tests.support.enrichers import FRESH, PLENTY, PROVIDER, EnricherOf, WaterfallOf, waterfall
from tests.support.postgresql import server


@pytest.fixture(autouse=True)
def _only_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:  # noqa: ANN401 - as the socket module has it
        host = address[0] if isinstance(address, tuple) else "unix"
        assert host in {"127.0.0.1", "::1", "localhost", "unix"}, f"a test tried to reach {host}"
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a real PostgreSQL server, up to the database's name."""
    with server() as running:
        yield running.address


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'leadfill.db'}"
        return
    server = sa.make_url(request.getfixturevalue("postgresql")).set(drivername="postgresql+psycopg")
    name = f"test_{uuid4().hex}"
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """An open store with its tables."""
    opened = Store(database_url)
    with opened.writing() as connection:
        schema.metadata.create_all(connection)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def _sandbox_process() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_sandbox_process: Sandbox) -> Sandbox:
    """A Slintel on this machine that has charged nothing yet and has every switch at rest."""
    _sandbox_process.reset()
    return _sandbox_process


def _started(provider: str) -> Iterator[Sandbox]:
    with Sandbox(provider) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def _prospeo_process() -> Iterator[Sandbox]:
    yield from _started("prospeo")


@pytest.fixture
def prospeo(_prospeo_process: Sandbox) -> Sandbox:
    """A Prospeo on this machine, like `sandbox`."""
    _prospeo_process.reset()
    return _prospeo_process


@pytest.fixture(scope="session")
def _people_data_labs_process() -> Iterator[Sandbox]:
    yield from _started("people_data_labs")


@pytest.fixture
def people_data_labs(_people_data_labs_process: Sandbox) -> Sandbox:
    """People Data Labs on this machine, like `sandbox`."""
    _people_data_labs_process.reset()
    return _people_data_labs_process


@pytest.fixture
def waterfall_of(store: Store) -> Iterator[WaterfallOf]:
    """Makes enrichers over the store and some sandboxes, in the order in which they are asked."""
    made: list[Enricher] = []

    def make(*sandboxes: Sandbox, **changes: Any) -> Enricher:  # noqa: ANN401 - those of `waterfall`
        made.append(waterfall(store, sandboxes, **changes))
        return made[-1]

    yield make
    for enricher in made:
        enricher.close()


@pytest.fixture
def enricher_of(store: Store, sandbox: Sandbox) -> Iterator[EnricherOf]:
    """Makes enrichers over the store and the sandbox."""
    made: list[Enricher] = []

    def make(
        *,
        limits: Limits = PLENTY,
        concurrency: int = 8,
        timeout_s: float = 5.0,
        api_key: str = "key",
        **changes: Any,  # noqa: ANN401 - any attribute of an enricher
    ) -> Enricher:
        slintel = Slintel(sandbox.url, api_key, concurrency=concurrency, timeout_s=timeout_s)
        made.append(
            Enricher(
                store=store,
                dispatchers={PROVIDER: Dispatcher(slintel, concurrency)},
                limits=limits,
                fresh=FRESH,
                **changes,
            )
        )
        return made[-1]

    yield make
    for enricher in made:
        enricher.close()
