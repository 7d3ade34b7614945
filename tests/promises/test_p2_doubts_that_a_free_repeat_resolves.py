"""P2 with Prospeo: a repeat is free, so the run that meets a doubt asks again; the credits of the doubt pay for it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from functions.credits.caps import Spender, caps
from functions.credits.lead_status import LeadStatus
from functions.credits.terms import EVERY_NEED, ONLY_EMAIL, Needs
from functions.enrichment import enrichment_pass
from functions.enrichment.enricher import Enricher
from functions.outcomes import Outcome
from functions.profiles import Profile, parse
from functions.store import claims, leads
from functions.store.database import Store
from functions.store.lookups import Wanted
from local.providers.client import Sandbox
from local.providers.people import draw
from tests.support.accounts import assert_bracketed, status_of, totals_of
from tests.support.enrichers import FRESH, PLENTY, WaterfallOf, spender

TIMEOUT_S = 5.0


@pytest.fixture(autouse=True)
def _doubts_rest_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enrichment_pass, "DOUBT_RESTS_S", 0.05 - TIMEOUT_S)
    monkeypatch.setattr(enrichment_pass, "MAX_REPEATS", 20)  # a busy machine loses answers as well


def known_to_prospeo(count: int) -> list[Profile]:
    """People whom the stand-in knows, with the address or without."""
    slugs = (f"doubt-{number}" for number in range(10 * count))
    return [parse(f"linkedin.com/in/{slug}") for slug in slugs if draw("prospeo", "known", slug) < 0.8][:count]


def slug_of(person: Profile) -> str:
    return person.key.rpartition("/")[2]


def outcomes(enricher: Enricher, persons: list[Profile], **options: object) -> Counter[Outcome]:
    results = list(enricher.enrich(persons, spender(prospeo=10**6), **options))  # type: ignore[arg-type] # of enrich
    assert sorted(result.index for result in results) == list(range(len(persons)))
    return Counter(result.outcome for result in results)


def without_email(count: int) -> list[Profile]:
    return [it for it in known_to_prospeo(count) if draw("prospeo", "email", slug_of(it)) >= 0.8]


def leave_doubts(store: Store, persons: list[Profile], who: Spender, needs: Needs = EVERY_NEED) -> None:
    """A process claims them and is heard of no more."""
    past = datetime.now(UTC) - 2 * claims.LIFETIME
    keys, counted = [person.key for person in persons], caps(who, PLENTY, "prospeo", past)
    wanted = Wanted(
        keys=keys,
        spender=who,
        caps=counted,
        provider="prospeo",
        price=Decimal(1),
        needs=needs,
        owner="dead:1",
        fresh=FRESH,
        now=past,
    )
    assert len(claims.claim(store, wanted).granted) == len(persons)
    claims.expire(store, past + claims.LIFETIME)


def test_a_lookup_that_was_not_charged_is_made_once_more_and_no_doubt_is_left(
    waterfall_of: WaterfallOf, prospeo: Sandbox, store: Store
) -> None:
    prospeo.switch(hang_up_before_rate=0.3, seed=2)
    persons = known_to_prospeo(60)
    assert outcomes(waterfall_of(prospeo), persons) == {Outcome.ENRICHED: 60}
    totals = assert_bracketed(store, prospeo)
    assert prospeo.charges()["requests"] > 70
    assert (int(totals.charged), int(totals.in_doubt)) == (60, 0)


def test_a_charge_whose_answer_was_lost_stays_in_doubt_and_the_lead_is_kept(
    waterfall_of: WaterfallOf, prospeo: Sandbox, store: Store
) -> None:
    """A free repeat does not tell who has paid: this account may be another tool's as well."""
    prospeo.switch(hang_up_after_rate=0.3, seed=2)
    enricher, persons = waterfall_of(prospeo), known_to_prospeo(60)
    assert outcomes(enricher, persons) == {Outcome.ENRICHED: 60}
    totals = assert_bracketed(store, prospeo)
    assert prospeo.charges()["total"] == totals.charged + totals.in_doubt == 60
    assert 10 < totals.in_doubt < 30
    assert outcomes(enricher, persons) == {Outcome.KNOWN: 60}


def test_no_doubt_is_left_but_those_of_people_whom_somebody_else_had_enriched_before(
    waterfall_of: WaterfallOf, prospeo: Sandbox, store: Store
) -> None:
    prospeo.switch(hang_up_before_rate=0.3, enriched_before_rate=0.3, seed=2)
    persons = known_to_prospeo(80)
    assert outcomes(waterfall_of(prospeo), persons) == {Outcome.ENRICHED: 80}
    totals = assert_bracketed(store, prospeo)
    before = sum(draw("prospeo", "enriched_before", slug_of(person)) < 0.3 for person in persons)
    assert totals.charged == prospeo.charges()["total"] == 80 - before
    assert 0 < totals.in_doubt < before


def test_an_earlier_charge_in_the_ledger_explains_a_free_repeat(
    waterfall_of: WaterfallOf, prospeo: Sandbox, store: Store
) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    enricher, persons = waterfall_of(prospeo, clock=lambda: now), known_to_prospeo(30)
    outcomes(enricher, persons)
    now += FRESH.lead + timedelta(days=1)
    prospeo.switch(hang_up_after_rate=0.2, seed=2)
    assert outcomes(enricher, persons) == {Outcome.ENRICHED: 30}
    totals = assert_bracketed(store, prospeo)
    assert (int(totals.charged), int(totals.in_doubt)) == (30, 0)


def test_a_doubt_that_a_dead_process_left_is_asked_about_by_the_next_run_within_its_own_credits(
    waterfall_of: WaterfallOf, prospeo: Sandbox, store: Store
) -> None:
    persons, who = known_to_prospeo(4), spender(prospeo=4)
    leave_doubts(store, persons, who)
    assert totals_of(store, provider="prospeo").in_doubt == 4
    again = waterfall_of(prospeo).enrich(persons, who)  # the doubts themselves have used its ceiling up
    assert Counter(result.outcome for result in again) == {Outcome.ENRICHED: 4}
    totals = assert_bracketed(store, prospeo)
    assert (int(totals.charged), int(totals.in_doubt)) == (4, 0)


def test_a_doubt_about_somebody_whom_the_provider_does_not_know_was_free(
    waterfall_of: WaterfallOf, prospeo: Sandbox, store: Store
) -> None:
    strangers = [parse(f"linkedin.com/in/not-found-{number}") for number in range(3)]
    leave_doubts(store, strangers, spender(prospeo=3))
    assert outcomes(waterfall_of(prospeo), strangers) == {Outcome.NOT_FOUND: 3}
    totals = assert_bracketed(store, prospeo)
    assert (int(totals.charged), int(totals.in_doubt)) == (0, 0)


@pytest.mark.parametrize("lost_rate", [0.0, 0.5])
def test_a_condition_never_hides_what_the_lookup_in_doubt_was_charged_for(
    waterfall_of: WaterfallOf, prospeo: Sandbox, store: Store, lost_rate: float
) -> None:
    """It had no condition: asked with one, "no verified address" would look as if it had cost nothing."""
    persons = without_email(60)
    enricher = waterfall_of(prospeo)
    for person in persons:  # by a process that then died
        enricher.dispatchers["prospeo"].provider.look_up(person, EVERY_NEED)
    leave_doubts(store, persons, spender(prospeo=10**6))
    prospeo.switch(hang_up_after_rate=lost_rate, seed=2)  # a repeat that is lost is asked again in the same words
    assert outcomes(enricher, persons, needs=ONLY_EMAIL) == {Outcome.ENRICHED: len(persons)}
    totals = assert_bracketed(store, prospeo)
    assert totals.in_doubt == prospeo.charges()["total"] == len(persons) > 3


def test_a_doubt_under_a_condition_is_asked_about_under_it_so_that_a_miss_stays_free(
    waterfall_of: WaterfallOf, prospeo: Sandbox, store: Store
) -> None:
    persons = without_email(60)
    leave_doubts(store, persons, spender(prospeo=10**6), ONLY_EMAIL)
    assert outcomes(waterfall_of(prospeo), persons, needs=ONLY_EMAIL) == {Outcome.NOT_FOUND: len(persons)}
    totals = assert_bracketed(store, prospeo)
    assert (int(totals.charged), int(totals.in_doubt)) == (0, 0)


def test_who_was_missed_under_the_condition_of_a_doubt_is_then_asked_for_without_it(
    waterfall_of: WaterfallOf, prospeo: Sandbox, store: Store
) -> None:
    persons = known_to_prospeo(60)
    leave_doubts(store, persons, spender(prospeo=10**6), ONLY_EMAIL)
    prospeo.switch(hang_up_after_rate=0.3, seed=2)
    assert outcomes(waterfall_of(prospeo), persons, needs=EVERY_NEED) == {Outcome.ENRICHED: 60}
    totals = assert_bracketed(store, prospeo)
    assert totals.charged + totals.in_doubt == prospeo.charges()["total"] == 60


def test_a_doubt_is_asked_about_three_times_at_most_and_not_when_the_run_is_stopped(
    waterfall_of: WaterfallOf, prospeo: Sandbox, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enrichment_pass, "MAX_REPEATS", 3)
    prospeo.switch(hang_up_before_rate=1.0)
    persons = known_to_prospeo(5)
    assert outcomes(waterfall_of(prospeo), persons) == {Outcome.IN_DOUBT: 5}
    assert prospeo.charges()["requests"] == 5 * (1 + 3)
    assert totals_of(store, provider="prospeo").in_doubt == 5
    with store.reading() as connection:
        known = leads.statuses(connection, [persons[0].key], FRESH, datetime.now(UTC))
    assert status_of(known, persons[0].key, "prospeo") is LeadStatus.IN_DOUBT
