"""Statements that return nothing go to the server together, and none of their errors is lost."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from functions.errors import StoreError
from functions.store import schema
from functions.store.database import Store
from functions.store.pipeline import pipeline
from tests.support.round_trips import counted

ADDED = schema.balances.insert()
STATEMENTS = 8
ON_A_SERVER = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def balance(provider: str) -> dict[str, object]:
    """A row with nothing in it but a name."""
    return {"provider": provider, "read_at": None, "key_is_rejected": False}


def write(store: Store, *statements: sa.Executable) -> None:
    """Sends them together, in a transaction of their own."""
    with store.writing() as connection, pipeline(connection):
        for statement in statements:
            connection.execute(statement)


def works_from(store: Store) -> set[str]:
    """What stands in a table of one column."""
    with store.reading() as connection:
        return set(connection.scalars(sa.select(schema.compatibility.c.works_from)))


def test_what_fails_in_a_pipeline_undoes_the_transaction_and_is_told(store: Store) -> None:
    first, last = (schema.compatibility.insert().values(works_from=name) for name in ("9998", "9999"))
    with pytest.raises(StoreError):
        write(store, first, ADDED.values(balance("slintel")), last)  # the balance lacks its time
    assert not {"9998", "9999"} & works_from(store)


@ON_A_SERVER
def test_a_connection_that_breaks_in_a_pipeline_can_be_tried_again(store: Store) -> None:
    cut = sa.text("INSERT INTO compatibility SELECT '9998' WHERE pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(StoreError) as told:
        write(store, schema.compatibility.insert().values(works_from="9999"), cut)
    assert told.value.retry_after_s is not None
    assert not {"9998", "9999"} & works_from(store)


@ON_A_SERVER
def test_a_pipeline_is_one_round_trip(store: Store) -> None:
    url = store.engine.url.render_as_string(hide_password=False)
    with counted(url) as (address, trips):
        store = Store(address)
        with store.writing() as connection:
            connection.execute(sa.select(1)).all()
            before = trips.count
            with pipeline(connection):
                for number in range(STATEMENTS):
                    connection.execute(schema.locks.delete().where(schema.locks.c.name == str(number)))
            # The server may answer while the client still sends, which counts as one more.
            assert trips.count - before < STATEMENTS / 2
        store.close()
