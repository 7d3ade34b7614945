"""The process that holds the keys reads the balances now and then, and every other one can see them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from functions.enrichment.dispatcher import Dispatcher
from functions.enrichment.enricher import Enricher
from functions.jobs.balances import MAX_AGE, refresh
from functions.providers.slintel import Slintel
from functions.store import balances
from functions.store.balances import StoredBalance
from functions.store.database import Store
from local.providers.client import Sandbox
from tests.support.contexts import context_without_sheets
from tests.support.enrichers import FRESH, PLENTY, EnricherOf, people, spender
from tests.support.wire import answer, says, wire

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def kept(store: Store) -> dict[str, StoredBalance]:
    with store.reading() as connection:
        return balances.read(connection)


def test_a_balance_is_kept_whole_and_replaced(store: Store) -> None:
    first = StoredBalance(
        provider="apollo", read_at=NOON, credits_left=Decimal("10.25"), credits_used=Decimal(3), key_is_rejected=False
    )
    later = StoredBalance(provider="apollo", read_at=NOON + timedelta(hours=1), key_is_rejected=True)
    for balance in (first, later, StoredBalance(provider="prospeo", read_at=NOON)):
        with store.writing() as connection:
            balances.keep(connection, balance)
        assert kept(store)[balance.provider] == balance
    assert set(kept(store)) == {"apollo", "prospeo"}


def test_the_balance_is_the_providers_and_is_read_again_only_when_it_is_old(
    store: Store, sandbox: Sandbox, enricher_of: EnricherOf
) -> None:
    now = [NOON]
    sandbox.switch(quota=100)
    enricher = enricher_of()
    context = context_without_sheets(store, PLENTY, lambda: enricher, clock=lambda: now[0])
    refresh(context)
    assert kept(store)["slintel"].credits_left == 100
    list(enricher.enrich(people(3), spender()))
    now[0] += MAX_AGE - timedelta(seconds=1)
    refresh(context)
    assert kept(store)["slintel"] == StoredBalance(
        provider="slintel", read_at=NOON, credits_left=Decimal(100), credits_used=Decimal(0)
    )
    now[0] += timedelta(seconds=1)
    refresh(context)
    assert kept(store)["slintel"] == StoredBalance(
        provider="slintel", read_at=now[0], credits_left=Decimal(97), credits_used=Decimal(3)
    )


@pytest.mark.parametrize(
    ("stated", "kept_as"),
    [("99.33333333333333", "99.333334"), ("0.30000000000000004", "0.3"), ("NaN", None), ("1e30", None), ("-3", None)],
)
def test_an_odd_balance_stops_nobody(store: Store, stated: str, kept_as: str | None) -> None:
    """What is no amount is no balance; a fraction is kept as finely as every amount."""
    body = json.dumps({"available_credits": stated}).encode()
    with wire(says(answer(200, body))) as (url, _):
        slintel = Slintel(url, "key", concurrency=1, timeout_s=30)
        enricher = Enricher(store=store, dispatchers={"slintel": Dispatcher(slintel, 1)}, limits=PLENTY, fresh=FRESH)
        refresh(context_without_sheets(store, PLENTY, lambda: enricher, clock=lambda: NOON))
        enricher.close()
    assert kept(store)["slintel"].credits_left == (None if kept_as is None else Decimal(kept_as))


def test_a_rejected_key_is_seen_before_any_run(store: Store, enricher_of: EnricherOf) -> None:
    enricher = enricher_of(api_key="bad-key")
    refresh(context_without_sheets(store, PLENTY, lambda: enricher, clock=lambda: NOON))
    assert kept(store)["slintel"] == StoredBalance(provider="slintel", read_at=NOON, key_is_rejected=True)
