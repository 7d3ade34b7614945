"""P3: no cap is ever passed, not by one credit, not under concurrency."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from functions.errors import CapReached
from functions.outcomes import Outcome
from functions.store.database import Store
from local.providers.client import Sandbox
from tests.support.accounts import totals_of
from tests.support.enrichers import EnricherOf, limits, people, spender


@pytest.mark.parametrize("cap", ["per_run", "per_user_day", "per_month"])
def test_each_cap_holds_to_the_credit(enricher_of: EnricherOf, sandbox: Sandbox, cap: str) -> None:
    enricher = enricher_of(limits=limits(**{cap: 17}))
    run = enricher.enrich(people(50), spender())
    outcomes = Counter(result.outcome for result in run)
    assert outcomes == {Outcome.ENRICHED: 17, Outcome.CANCELLED: 33}
    assert isinstance(run.stopped_by, CapReached)
    assert sandbox.charges()["total"] == 17


def test_the_confirmed_ceiling_holds(enricher_of: EnricherOf, sandbox: Sandbox) -> None:
    outcomes = Counter(result.outcome for result in enricher_of().enrich(people(50), spender(ceiling=5)))
    assert outcomes == {Outcome.ENRICHED: 5, Outcome.CANCELLED: 45}
    assert sandbox.charges()["total"] == 5


def test_known_people_are_answered_when_no_credit_is_left(enricher_of: EnricherOf) -> None:
    enricher = enricher_of()
    list(enricher.enrich(people(5), spender()))
    outcomes = Counter(result.outcome for result in enricher.enrich(people(10), spender(ceiling=0)))
    assert outcomes == {Outcome.KNOWN: 5, Outcome.CANCELLED: 5}


def test_credits_that_come_back_are_spent_on_others(enricher_of: EnricherOf, sandbox: Sandbox) -> None:
    misses = people(10, prefix="not-found")
    outcomes = Counter(r.outcome for r in enricher_of().enrich([*misses, *people(10)], spender(ceiling=10)))
    assert outcomes == {Outcome.NOT_FOUND: 10, Outcome.ENRICHED: 10}
    assert sandbox.charges()["total"] == 10


def test_racing_runs_share_one_cap(enricher_of: EnricherOf, sandbox: Sandbox, store: Store) -> None:
    sandbox.switch(latency_s=0.005)
    capped = limits(per_month=70)

    def race(number: int) -> int:
        run = enricher_of(limits=capped).enrich(people(40, f"runner-{number}"), spender(user_id=f"user-{number}"))
        return sum(result.outcome is Outcome.ENRICHED for result in run)

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(race, range(4))) == 70
    assert sandbox.charges()["total"] == 70
    assert totals_of(store).charged == 70
