"""P2: with each provider the ledger agrees with what its stand-in says that it charged, to the fraction of a credit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from functions.credits.caps import caps
from functions.credits.terms import EVERY_NEED, ONLY_EMAIL, Needs
from functions.enrichment.in_flight import settlement_of
from functions.profiles import Profile, parse
from functions.providers import apollo, people_data_labs, prospeo
from functions.providers.contract import Provider
from functions.providers.registry import REGISTRY
from functions.store import claims, schema
from functions.store.database import Store
from functions.store.ledger import Totals
from functions.store.lookups import Wanted
from local.providers.client import Sandbox
from tests.support.accounts import totals_of
from tests.support.enrichers import FRESH, PLENTY, allowed, spender

SLUGS = [*(f"person-{number}" for number in range(6)), "not-found-1", "refused-1"]
UNREADABLE = [parse(f"linkedin.com/in/{slug}") for slug in ("broken-lead-1", "empty-lead-1")]
PEOPLE = [parse(f"linkedin.com/in/{slug}") for slug in SLUGS]
STATED = {people_data_labs.NAME, apollo.NAME}
"""Providers that say in each answer what it has cost."""


@pytest.fixture(params=list(REGISTRY))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def stand_in(name: str) -> Iterator[Sandbox]:
    with Sandbox(name) as sandbox:
        yield sandbox


@pytest.fixture
def provider(name: str, stand_in: Sandbox) -> Iterator[Provider]:
    made = REGISTRY[name].make(stand_in.url, "key", terms=REGISTRY[name].terms, concurrency=1, timeout_s=30)
    yield made
    made.close()


def look_up(store: Store, provider: Provider, profiles: list[Profile], needs: Needs = EVERY_NEED) -> Totals:
    """Claims, asks and settles; gives the ledger's sums."""
    who = replace(spender(), ceilings=allowed(10**6, provider.name))
    now = datetime.now(UTC)
    claimed = claims.claim(
        store,
        Wanted(
            keys=[profile.key for profile in profiles],
            spender=who,
            caps=caps(who, PLENTY, provider.name, now),
            provider=provider.name,
            price=provider.terms.max_price(needs),
            needs=needs,
            owner="me",
            fresh=FRESH,
            now=now,
        ),
    )
    by_key = {profile.key: profile for profile in profiles}
    for claim in claimed.granted:
        claims.settle(store, [settlement_of(claim, provider.look_up(by_key[claim.key], needs))], now)
    return totals_of(store, provider=provider.name)


def charged(stand_in: Sandbox) -> Decimal:
    return Decimal(str(stand_in.charges()["total"]))


def test_what_is_booked_is_what_was_charged(store: Store, provider: Provider, stand_in: Sandbox) -> None:
    booked = look_up(store, provider, PEOPLE)
    assert booked.charged == charged(stand_in) > 0
    assert booked.in_doubt == 0
    again = look_up(store, provider, PEOPLE)
    assert again.charged == charged(stand_in) == booked.charged, "nobody is asked for twice"


def test_a_provider_that_states_fractions_is_believed(
    store: Store, provider: Provider, stand_in: Sandbox, name: str
) -> None:
    if name not in STATED:
        pytest.skip("it does not say what a lookup costs")
    stand_in.switch(price=0.25)
    assert look_up(store, provider, PEOPLE).charged == charged(stand_in)
    stand_in.switch(price=2.5)  # dearer than its terms
    assert look_up(store, provider, [parse("linkedin.com/in/another-person")]).charged == charged(stand_in)


def test_a_repeat_that_is_free_is_booked_as_free(
    store: Store, provider: Provider, stand_in: Sandbox, name: str
) -> None:
    if name != prospeo.NAME:
        pytest.skip("its repeats are not free")
    person = [parse("linkedin.com/in/person-1")]
    first = look_up(store, provider, person, ONLY_EMAIL)
    with store.writing() as connection:  # as if the lead had gone stale
        connection.execute(schema.leads.delete())
    again = look_up(store, provider, person, ONLY_EMAIL)
    assert first.charged == again.charged == charged(stand_in)
    assert again.lookups == 2


def test_an_answer_that_cannot_be_read_is_bracketed(
    store: Store, provider: Provider, stand_in: Sandbox, name: str
) -> None:
    """Prospeo does not say then whether it was free, nor Apollo which part of a credit it took: theirs is in doubt."""
    stand_in.switch(price=0.25 if name in STATED else 1.0)
    booked = look_up(store, provider, UNREADABLE)
    assert booked.charged <= charged(stand_in) <= booked.charged + booked.in_doubt


def test_a_doubt_brackets_what_was_charged_in_secret(store: Store, provider: Provider, stand_in: Sandbox) -> None:
    stand_in.switch(hang_up_after_rate=1.0)
    booked = look_up(store, provider, PEOPLE[:3])
    assert booked.charged <= charged(stand_in) <= booked.charged + booked.in_doubt
    assert booked.in_doubt == 3
