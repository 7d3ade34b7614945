"""P2: `charged ≤ what the provider really charged ≤ charged + in_doubt`, whatever dies or fails, wherever it does."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from functions.credits import pricing
from functions.credits.caps import caps
from functions.credits.lead_status import LeadStatus
from functions.enrichment import in_flight
from functions.errors import KeyRejected, QuotaExhausted, StoreError
from functions.outcomes import Outcome
from functions.store import claims, leads, schema
from functions.store.database import Store
from functions.store.lookups import Claim, Recorded, Settlement, Wanted
from local.providers.client import Sandbox
from tests.support.accounts import assert_bracketed, status_of, totals_of
from tests.support.enrichers import FRESH, PLENTY, PROVIDER, EnricherOf, people, spender
from tests.support.waiting import wait_until_quiet

ROOT = Path(__file__).parents[2]
STEPS = [
    "before claim",
    "commit of claim",
    "after claim",
    "before lookup",
    "after lookup",
    "before settle",
    "commit of settle",
    "after settle",
]


@pytest.mark.parametrize("after", [1, 2])
@pytest.mark.parametrize("step", STEPS)
def test_a_process_that_is_killed_at_any_step_never_makes_anyone_pay_twice(
    step: str, after: int, database_url: str, store: Store, sandbox: Sandbox, enricher_of: EnricherOf
) -> None:
    sandbox.switch(latency_s=0.005)
    arguments = [database_url, f"slintel={sandbox.url}", step, str(after), "victim", "30"]
    died = subprocess.run([sys.executable, "-m", "tests.support.dying_run", *arguments], cwd=ROOT, check=False)
    assert died.returncode == -signal.SIGKILL
    wait_until_quiet(sandbox)
    claims.expire(store, datetime.now(UTC) + claims.LIFETIME)
    totals = assert_bracketed(store, sandbox)

    results = list(enricher_of().enrich(people(30, "victim"), spender()))
    outcomes = Counter(result.outcome for result in results)
    assert outcomes[Outcome.IN_DOUBT] == totals.in_doubt
    assert outcomes[Outcome.KNOWN] + outcomes[Outcome.ENRICHED] + outcomes[Outcome.IN_DOUBT] == 30
    assert_bracketed(store, sandbox)
    assert max(sandbox.charges(by="slug").values()) == 1


FAULTS = {
    "5xx": {"error_rate": 0.3},
    "cut before charging": {"hang_up_before_rate": 0.2},
    "cut after charging": {"hang_up_after_rate": 0.2},
    "broken answers": {"broken_json_rate": 0.2},
    "burst limit": {"burst_per_s": 400.0},
    "empty answers": {"empty_data_rate": 0.2},
    "all at once": {
        "error_rate": 0.1,
        "hang_up_before_rate": 0.1,
        "hang_up_after_rate": 0.1,
        "broken_json_rate": 0.1,
        "charge_on_504_rate": 0.5,
    },
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_of_the_provider_are_bracketed(
    fault: str, store: Store, sandbox: Sandbox, enricher_of: EnricherOf
) -> None:
    sandbox.switch(**FAULTS[fault])
    results = list(enricher_of().enrich(people(80, "faulty"), spender()))
    assert sorted(result.index for result in results) == list(range(80))
    wait_until_quiet(sandbox)
    assert_bracketed(store, sandbox)


def test_without_a_fault_nothing_is_in_doubt(store: Store, sandbox: Sandbox, enricher_of: EnricherOf) -> None:
    list(enricher_of().enrich(people(100), spender()))
    totals = assert_bracketed(store, sandbox)
    assert (int(totals.charged), int(totals.in_doubt)) == (100, 0)


def test_an_answer_that_comes_after_its_claim_ran_out_resolves_the_doubt(
    store: Store, sandbox: Sandbox, enricher_of: EnricherOf
) -> None:
    sandbox.switch(latency_s=0.2)
    results = iter(enricher_of(concurrency=4).enrich(people(12), spender()))
    first = next(results)
    assert first.outcome is Outcome.ENRICHED
    expired = claims.expire(store, datetime.now(UTC) + claims.LIFETIME + timedelta(seconds=1))
    assert expired > 0
    assert all(result.outcome is Outcome.ENRICHED for result in results)
    totals = assert_bracketed(store, sandbox)
    assert (int(totals.charged), int(totals.in_doubt)) == (12, 0)


def claimed(store: Store, key: str, now: datetime) -> Claim:
    """A claim of one person's, also where a doubt stands."""
    who = spender()
    granted = claims.claim(
        store,
        Wanted(
            keys=[key],
            spender=who,
            caps=caps(who, PLENTY, PROVIDER, now),
            provider=PROVIDER,
            price=Decimal(1),
            owner="elsewhere:1",
            fresh=FRESH,
            now=now,
            retry=frozenset({LeadStatus.IN_DOUBT}),
        ),
    ).granted
    return granted[0]


RELEASED = pricing.Charge(pricing.EntryKind.RELEASED, Decimal(0))
CHARGED = pricing.Charge(pricing.EntryKind.CHARGED, Decimal(1))


def status(store: Store, key: str, now: datetime) -> LeadStatus | None:
    with store.reading() as connection:
        return status_of(leads.statuses(connection, [key], FRESH, now), key)


def test_one_resolved_doubt_does_not_hide_another_of_the_same_person(store: Store) -> None:
    now = datetime.now(UTC)
    first = claimed(store, "jane", now)
    claims.expire(store, now + claims.LIFETIME)
    second = claimed(store, "jane", now + claims.LIFETIME)
    claims.expire(store, now + 2 * claims.LIFETIME)
    claims.settle(store, [Settlement(first, RELEASED, None)], now + 2 * claims.LIFETIME)
    assert status(store, "jane", now) is LeadStatus.IN_DOUBT  # the second may have been charged
    claims.settle(store, [Settlement(second, RELEASED, None)], now + 2 * claims.LIFETIME)
    assert status(store, "jane", now) is None


def test_a_lead_that_came_late_is_not_hidden_by_a_later_doubt(store: Store) -> None:
    now = datetime.now(UTC)
    first = claimed(store, "jane", now)
    claims.expire(store, now + claims.LIFETIME)
    claimed(store, "jane", now + claims.LIFETIME)
    late = Settlement(first, CHARGED, LeadStatus.FOUND, leads.pack(b'{"id":"1"}'))
    claims.settle(store, [late], now + claims.LIFETIME)
    claims.expire(store, now + 2 * claims.LIFETIME)
    assert status(store, "jane", now) is LeadStatus.FOUND
    told = totals_of(store)
    assert (told.charged, told.in_doubt) == (Decimal(1), Decimal(1))
    assert (told.lookups, told.emails_wanted) == (2, 2)


def test_settling_twice_counts_once(store: Store) -> None:
    """A commit whose confirmation was lost is tried again."""
    now = datetime.now(UTC)
    settlement = Settlement(claimed(store, "jane", now), CHARGED, LeadStatus.FOUND, leads.pack(b'{"id":"1"}'))
    claims.settle(store, [settlement], now)
    claims.settle(store, [settlement], now)
    told = totals_of(store)
    assert (told.charged, told.in_doubt, told.lookups, told.emails_wanted) == (Decimal(1), Decimal(0), 1, 1)
    with store.reading() as connection:
        counters = connection.execute(sa.select(schema.counters)).all()
    assert {(counter.reserved, counter.spent) for counter in counters} == {(0, 1)}


def test_what_was_paid_for_is_recorded_though_the_store_fails_for_a_moment(
    store: Store, sandbox: Sandbox, enricher_of: EnricherOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_flight, "RESCUES_S", (0.0, 0.0, 0.0))
    settle, failures = claims.settle, iter([False, True, True])

    def failing(*arguments: Any) -> Recorded:  # noqa: ANN401 - those of settle
        if next(failures, False):
            raise StoreError
        return settle(*arguments)

    monkeypatch.setattr(claims, "settle", failing)
    with pytest.raises(StoreError):
        list(enricher_of().enrich(people(100), spender()))
    totals = assert_bracketed(store, sandbox)
    assert 0 < totals.charged == sandbox.charges()["total"] < 100
    assert totals.in_doubt == 0


def test_a_rejected_key_stops_the_run_and_costs_nothing(
    store: Store, sandbox: Sandbox, enricher_of: EnricherOf
) -> None:
    sandbox.switch(latency_s=0.01)
    run = enricher_of(concurrency=4, api_key="bad-key").enrich(people(500), spender())
    outcomes = Counter(result.outcome for result in run)
    assert isinstance(run.stopped_by, KeyRejected)
    assert outcomes == {Outcome.CANCELLED: 500}
    assert sandbox.charges()["requests"] <= 4  # what was in flight when the first refusal came
    assert assert_bracketed(store, sandbox).in_doubt == 0


def test_a_used_up_quota_stops_the_run_and_keeps_what_was_done(
    store: Store, sandbox: Sandbox, enricher_of: EnricherOf
) -> None:
    sandbox.switch(quota=20, latency_s=0.01)
    run = enricher_of(concurrency=4).enrich(people(500), spender())
    outcomes = Counter(result.outcome for result in run)
    assert isinstance(run.stopped_by, QuotaExhausted)
    assert outcomes == {Outcome.ENRICHED: 20, Outcome.CANCELLED: 480}
    assert sandbox.charges()["requests"] <= 20 + 4
    assert assert_bracketed(store, sandbox).charged == 20


def test_a_bad_row_never_stops_the_run(sandbox: Sandbox, enricher_of: EnricherOf) -> None:
    rows = [*people(3, "refused"), *people(3, "not-found"), *people(20)]
    run = enricher_of().enrich(rows, spender())
    outcomes = Counter(result.outcome for result in run)
    assert run.stopped_by is None
    assert outcomes == {Outcome.FAILED: 3, Outcome.NOT_FOUND: 3, Outcome.ENRICHED: 20}
    assert sandbox.charges()["total"] == 20
