"""Both databases keep spending by day and erased people alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from functions.credits.caps import Cap
from functions.credits.lead_status import LeadStatus
from functions.credits.pricing import Charge, EntryKind
from functions.store import claims, erasures, leads, ledger, schema
from functions.store.database import Store
from functions.store.ledger import Day
from functions.store.lookups import Settlement, Wanted
from tests.support.accounts import status_of
from tests.support.enrichers import FRESH, PROVIDER, people, spender

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CAP = Cap("month:slintel:2026-03", Decimal(100))


def look_up(store: Store, name: str, charge: Charge, at: datetime, user_id: str = "ada") -> str:
    """A lookup of one person that came to this; gives the key."""
    key = people(1, name)[0].key
    status = LeadStatus.FOUND if charge.kind is EntryKind.CHARGED else LeadStatus.IN_DOUBT
    claimed = claims.claim(
        store,
        Wanted(
            keys=[key],
            spender=spender(user_id=user_id),
            caps=[CAP],
            provider=PROVIDER,
            price=Decimal(1),
            owner="me",
            fresh=FRESH,
            now=at,
        ),
    )
    claims.settle(store, [Settlement(claim, charge, status, leads.pack(b'{"id": 1}')) for claim in claimed.granted], at)
    return key


def test_spending_is_told_by_day_and_user(store: Store) -> None:
    one, doubt = Charge(EntryKind.CHARGED, Decimal(1)), Charge(EntryKind.IN_DOUBT, Decimal(1))
    look_up(store, "first", one, NOON)
    look_up(store, "second", one, NOON + timedelta(hours=11))
    look_up(store, "third", doubt, NOON + timedelta(hours=12))
    look_up(store, "fourth", one, NOON + timedelta(hours=12), user_id="bob")
    look_up(store, "older", one, NOON - timedelta(days=9))
    with store.reading() as connection:
        found = ledger.by_day(connection, NOON - timedelta(days=1))
    first, second = NOON.date(), NOON.date() + timedelta(days=1)
    assert found == [
        Day(second, PROVIDER, "bob", "", Decimal(1), Decimal(0)),
        Day(second, PROVIDER, "ada", "", Decimal(0), Decimal(1)),
        Day(first, PROVIDER, "ada", "", Decimal(2), Decimal(0)),
    ]


def test_nothing_of_an_erased_person_stays_in_the_free_pages_of_the_file(tmp_path: Path) -> None:
    name, url = "zq-erased-for-good", f"sqlite:///{tmp_path / 'leadfill.db'}"

    def bytes_on_disk(store: Store) -> bytes:
        store.close()  # what is committed goes into the file itself
        return b"".join(file.read_bytes() for file in tmp_path.iterdir())

    store = Store(url)
    with store.writing() as connection:
        schema.metadata.create_all(connection)
    key = look_up(store, name, Charge(EntryKind.CHARGED, Decimal(1)), NOON)
    assert name.encode() in bytes_on_disk(store)
    store = Store(url)
    with store.writing() as connection:
        erasures.erase(connection, key, "ada", NOON)
    assert name.encode() not in bytes_on_disk(store)


def test_an_erased_person_is_gone_and_the_amount_stays(store: Store) -> None:
    key = look_up(store, "erased", Charge(EntryKind.CHARGED, Decimal(1)), NOON)
    with store.writing() as connection:
        erasures.erase(connection, key, "ada", NOON)
        erasures.erase(connection, key, "ada", NOON)  # twice is once
    with store.reading() as connection:
        assert status_of(leads.read(connection, [key], FRESH, NOON), key) is LeadStatus.ERASED
        assert erasures.among(connection, [key]) == {key: erasures.Erasure(NOON, LeadStatus.ERASED)}
        assert ledger.totals(connection)[PROVIDER].charged == 1
    with store.writing() as connection:
        assert erasures.lift(connection, key)
        assert not erasures.lift(connection, key)
