"""P1: within the freshness period one person costs at most one charged lookup, whoever asks and however often."""

from __future__ import annotations

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from functions.credits.lead_status import LeadStatus
from functions.outcomes import Outcome
from functions.profiles import parse
from functions.store.database import Store
from local.providers.client import Sandbox
from tests.support.accounts import totals_of
from tests.support.enrichers import FRESH, EnricherOf, people, spender

SPELLINGS = (
    "https://www.linkedin.com/in/{slug}/",
    "linkedin.com/in/{slug}",
    "http://de.linkedin.com/in/{slug}?trk=people",
    "https://m.linkedin.com/in/{slug}/details/experience/",
    " https://www.linkedin.com/in/{slug}/en ",
)


def test_rows_spellings_and_runs_of_one_person_cost_one_lookup(enricher_of: EnricherOf, sandbox: Sandbox) -> None:
    enricher = enricher_of()
    rows = [parse(SPELLINGS[number % 5].format(slug=f"ada-{number % 20}")) for number in range(400)]
    first = Counter(result.outcome for result in enricher.enrich(rows, spender()))
    second = Counter(result.outcome for result in enricher.enrich(rows, spender()))
    assert first == {Outcome.ENRICHED: 20, Outcome.KNOWN: 380}
    assert second == {Outcome.KNOWN: 400}
    assert sandbox.charges()["total"] == 20


def test_ten_thousand_rows_of_one_person_cost_one_lookup(enricher_of: EnricherOf, sandbox: Sandbox) -> None:
    person = parse("linkedin.com/in/somebody-very-popular")
    outcomes = Counter(result.outcome for result in enricher_of().enrich([person] * 10_000, spender()))
    assert outcomes == {Outcome.ENRICHED: 1, Outcome.KNOWN: 9_999}
    assert sandbox.charges()["total"] == 1


def test_instances_that_race_over_the_same_people_pay_once(enricher_of: EnricherOf, sandbox: Sandbox) -> None:
    sandbox.switch(latency_s=0.01)
    persons = people(60)

    def race(seed: int) -> Counter[Outcome]:
        order = random.Random(seed).sample(persons, len(persons))
        return Counter(result.outcome for result in enricher_of(owner=f"instance-{seed}").enrich(order, spender()))

    with ThreadPoolExecutor(4) as threads:
        counts = sum(threads.map(race, range(4)), Counter())
    assert counts == {Outcome.ENRICHED: 60, Outcome.KNOWN: 180}
    assert sandbox.charges()["total"] == 60


def test_a_lead_is_asked_for_again_only_when_it_is_stale(enricher_of: EnricherOf, sandbox: Sandbox) -> None:
    today = datetime(2026, 1, 1, tzinfo=UTC)
    now = today
    enricher = enricher_of(clock=lambda: now)
    persons = people(3)

    def outcomes() -> set[Outcome]:
        return {result.outcome for result in enricher.enrich(persons, spender())}

    assert outcomes() == {Outcome.ENRICHED}
    now = today + FRESH.lead - timedelta(seconds=1)
    assert outcomes() == {Outcome.KNOWN}
    now = today + FRESH.lead
    assert outcomes() == {Outcome.ENRICHED}
    assert sandbox.charges()["total"] == 6


@pytest.mark.parametrize("switch", ["broken_json_rate", "hang_up_after_rate", "empty_data_rate"])
def test_what_was_paid_for_without_a_lead_is_not_asked_for_again_on_its_own(
    enricher_of: EnricherOf, sandbox: Sandbox, switch: str
) -> None:
    sandbox.switch(**{switch: 1.0})
    enricher = enricher_of()
    first = [result.outcome for result in enricher.enrich(people(5), spender())]
    sandbox.switch(**{switch: 0.0})
    again = [result.outcome for result in enricher.enrich(people(5), spender())]
    assert first == again
    assert sandbox.charges()["total"] == 5


def test_a_doubt_is_asked_again_only_when_told_to_and_once_a_run(
    enricher_of: EnricherOf, sandbox: Sandbox, store: Store
) -> None:
    sandbox.switch(hang_up_after_rate=1.0)
    enricher, persons = enricher_of(), people(4)
    assert {result.outcome for result in enricher.enrich(persons, spender())} == {Outcome.IN_DOUBT}
    doubts = frozenset({LeadStatus.IN_DOUBT})
    again = list(enricher.enrich(persons * 3, spender(), retry=doubts))
    assert {result.outcome for result in again} == {Outcome.IN_DOUBT}
    assert sandbox.charges()["total"] == 8  # once more each, though each stands in three rows
    sandbox.switch(hang_up_after_rate=0.0)
    assert {result.outcome for result in enricher.enrich(persons, spender(), retry=doubts)} == {Outcome.ENRICHED}
    totals = totals_of(store)
    assert (int(totals.charged), int(totals.in_doubt)) == (4, 8)


def test_a_run_that_is_stopped_gives_back_what_it_did_not_send(
    enricher_of: EnricherOf, sandbox: Sandbox, store: Store
) -> None:
    sandbox.switch(latency_s=0.05)
    stop = threading.Event()
    outcomes: Counter[Outcome] = Counter()
    for result in enricher_of().enrich(people(200), spender(), stop=stop):
        outcomes[result.outcome] += 1
        stop.set()
    totals = totals_of(store)
    assert outcomes.total() == 200
    assert 0 < outcomes[Outcome.ENRICHED] == totals.charged == sandbox.charges()["total"] < 100
    assert totals.in_doubt == 0
