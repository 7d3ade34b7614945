"""P1 between instances whose clocks disagree: no live claim or lease counts as expired."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from functions.credits.caps import Cap
from functions.credits.lead_status import LeadStatus
from functions.enrichment.dispatcher import Dispatcher
from functions.enrichment.enricher import Enricher
from functions.outcomes import Outcome
from functions.providers.slintel import Slintel
from functions.runtime import Runtime
from functions.store import chunks, claims
from functions.store.database import Store
from functions.store.lookups import Wanted
from local.providers.client import Sandbox
from tests.support.accounts import totals_of
from tests.support.enrichers import FRESH, PLENTY, PROVIDER, people, spender
from tests.support.waiting import wait_until

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one machine
OFF = timedelta(minutes=10)
COUNT = 6


class ClockOff(Runtime):
    """A machine whose clock is wrong."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return super().now() + self._by


@pytest.fixture(params=[(-OFF, OFF), (OFF, -OFF)], ids=["behind, ahead", "ahead, behind"])
def instances(request: pytest.FixtureRequest, store: Store, database_url: str) -> Iterator[tuple[Store, Store]]:
    """Two instances over one database, 20 minutes apart."""
    assert store is not None, "its tables are there"
    first, second = (Store(database_url, ClockOff(off)) for off in request.param)
    yield first, second
    first.close()
    second.close()


@pytest.fixture
def enrichers(instances: tuple[Store, Store], sandbox: Sandbox) -> Iterator[list[Enricher]]:
    made = [
        Enricher(
            store=opened,
            dispatchers={PROVIDER: Dispatcher(Slintel(sandbox.url, "key", concurrency=COUNT, timeout_s=30), COUNT)},
            limits=PLENTY,
            fresh=FRESH,
            clock=opened.clock,
        )
        for opened in instances
    ]
    yield made
    for enricher in made:
        enricher.close()


def test_they_tell_the_same_time(instances: tuple[Store, Store]) -> None:
    first, second = instances
    assert abs(first.clock() - second.clock()) < timedelta(seconds=5)


def test_nobody_is_paid_for_twice_by_one_whose_clock_is_off(
    store: Store, sandbox: Sandbox, enrichers: list[Enricher]
) -> None:
    sandbox.switch(latency_s=1.0)
    first, second = enrichers
    outcomes: list[Outcome] = []
    running = threading.Thread(
        target=lambda: outcomes.extend(result.outcome for result in first.enrich(people(COUNT), spender()))
    )
    running.start()
    wait_until(lambda: sandbox.charges()["in_flight"] == COUNT)
    # It waits for the first one's leads; were their claims dead to it, it would take them for doubts and ask again.
    retry = frozenset({LeadStatus.IN_DOUBT})
    seconds = [result.outcome for result in second.enrich(people(COUNT), spender(), retry=retry)]
    running.join()
    assert outcomes == [Outcome.ENRICHED] * COUNT
    assert seconds == [Outcome.KNOWN] * COUNT
    assert set(sandbox.charges(by="slug").values()) == {1}
    totals = totals_of(store)
    assert (int(totals.charged), int(totals.in_doubt)) == (COUNT, 0)


def test_a_sweep_by_one_whose_clock_is_off_leaves_living_claims_alone(instances: tuple[Store, Store]) -> None:
    first, second = instances
    key = people(1)[0].key
    claimed = claims.claim(
        first,
        Wanted(
            keys=[key],
            spender=spender(),
            caps=[Cap("month:any", Decimal(10))],
            provider=PROVIDER,
            price=Decimal(1),
            owner="first",
            fresh=FRESH,
            now=first.clock(),
        ),
    )
    assert [claim.key for claim in claimed.granted] == [key]
    assert claims.expire(second, second.clock()) == 0


def test_a_tab_is_not_taken_from_a_living_writer(instances: tuple[Store, Store]) -> None:
    first, second = instances
    assert chunks.lock(first, "tab", "first", first.clock())
    assert not chunks.lock(second, "tab", "second", second.clock())
    assert chunks.lock(first, "tab", "first", first.clock()), "renewed"
