"""P1 to P3 through a waterfall: the next provider is asked only where needs are open; each has its own bill."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from functions.credits import retry_policy
from functions.credits.caps import Allowance, Spender
from functions.credits.lead_status import DOUBTFUL
from functions.credits.lookup_result import OptedOut
from functions.credits.needs import filled_by
from functions.credits.terms import EVERY_NEED, ONLY_EMAIL, Need
from functions.enrichment import enrichment_pass
from functions.enrichment.enricher import Enricher
from functions.enrichment.result import Result
from functions.errors import CapReached, KeyRejected, QuotaExhausted
from functions.fields import select
from functions.outcomes import Outcome
from functions.profiles import Profile, parse
from functions.providers.contract import Answer
from functions.store import claims, erasures, schema
from functions.store.database import Store
from local.providers.client import Sandbox
from local.providers.people import lead
from tests.support.accounts import assert_bracketed, totals_of
from tests.support.enrichers import PLENTY, WaterfallOf, people, spender
from tests.support.traces import traces
from tests.support.waiting import wait_until_quiet

ROOT = Path(__file__).parents[2]


def rich() -> Spender:
    """Somebody with credits for all of them."""
    return spender(prospeo=10**6, people_data_labs=10**6)


def of_slintel(count: int, *, email: bool, prefix: str = "wf") -> list[Profile]:
    """People whom Slintel's stand-in describes whole, or whole but for the address."""
    wanted = EVERY_NEED if email else frozenset({Need.PERSON})
    found: list[Profile] = []
    for number in range(100 * count):
        slug = f"{prefix}-{number}"
        if filled_by(lead(slug)) == wanted:
            found.append(parse(f"linkedin.com/in/{slug}"))
            if len(found) == count:
                return found
    raise AssertionError("too few people")


def run(enricher: Enricher, persons: list[Profile], **options: object) -> list[Result]:
    who = options.pop("spender", None) or rich()
    return list(enricher.enrich(persons, who, **options))  # type: ignore[arg-type] # options of enrich


def outcomes(results: list[Result]) -> Counter[Outcome]:
    return Counter(result.outcome for result in results)


def test_the_second_is_asked_exactly_where_the_first_leaves_a_need_open_and_then_nobody(
    waterfall_of: WaterfallOf, sandbox: Sandbox, prospeo: Sandbox, store: Store
) -> None:
    enricher = waterfall_of(sandbox, prospeo, concurrency=16)
    persons = [*of_slintel(700, email=True), *of_slintel(300, email=False)]
    persons = [persons[number * 701 % 1000] for number in range(1000)]
    first = run(enricher, persons)
    assert outcomes(first) == {Outcome.ENRICHED: 1000}
    assert sandbox.charges()["requests"] == 1000
    assert prospeo.charges()["requests"] == 300
    totals = assert_bracketed(store, prospeo)
    assert (int(totals.in_doubt), totals.lookups) == (0, 300)
    assert assert_bracketed(store, sandbox).charged == 1000
    again = run(enricher, persons)
    assert outcomes(again) == {Outcome.KNOWN: 1000}
    assert (sandbox.charges()["requests"], prospeo.charges()["requests"]) == (1000, 300)


def test_a_filled_address_says_where_it_is_from(waterfall_of: WaterfallOf, sandbox: Sandbox, prospeo: Sandbox) -> None:
    results = run(waterfall_of(sandbox, prospeo), of_slintel(60, email=False))
    fields = select(["email", "source", "email_source", "Sure=prospeo.person.email.status"])
    rows = [result.cells(fields) for result in results]
    with_email = [row for row in rows if row[0]]
    assert 20 < len(with_email) < 60
    assert {tuple(row[2:]) for row in with_email} == {("Prospeo", "VERIFIED")}
    assert Counter(row[1] for row in rows).most_common(1)[0][0] == "Slintel"  # Prospeo where Slintel lacks the company
    assert {tuple(row[:3]) for row in rows if not row[0]} == {("", "Slintel", "")}


def test_a_person_in_two_rows_is_one_lookup_a_provider(
    waterfall_of: WaterfallOf, sandbox: Sandbox, prospeo: Sandbox
) -> None:
    persons = of_slintel(20, email=False)
    assert outcomes(run(waterfall_of(sandbox, prospeo), persons * 3)) == {Outcome.ENRICHED: 20, Outcome.KNOWN: 40}
    assert max(sandbox.charges(by="slug").values()) == 1
    assert max(prospeo.charges(by="slug").values()) == 1


def test_without_the_need_nobody_is_asked_for_an_address(
    waterfall_of: WaterfallOf, sandbox: Sandbox, prospeo: Sandbox
) -> None:
    run(waterfall_of(sandbox, prospeo), of_slintel(20, email=False), needs=frozenset({Need.PERSON}))
    assert prospeo.charges()["requests"] == 0


def test_a_lead_of_a_provider_that_is_not_in_the_run_counts(
    waterfall_of: WaterfallOf, sandbox: Sandbox, prospeo: Sandbox
) -> None:
    enricher, persons = waterfall_of(sandbox, prospeo), of_slintel(20, email=True)
    run(enricher, persons, providers=["slintel"])
    assert outcomes(run(enricher, persons, providers=["prospeo"])) == {Outcome.KNOWN: 20}
    assert prospeo.charges()["requests"] == 0


@pytest.mark.parametrize("limit", ["ceiling", "cap"])
def test_a_limit_of_one_provider_leaves_it_out_and_the_others_go_on(
    waterfall_of: WaterfallOf, sandbox: Sandbox, prospeo: Sandbox, store: Store, limit: str
) -> None:
    who = spender(10**6, prospeo=7 if limit == "ceiling" else 10**6)
    capped = Allowance(Decimal(10**6), {"prospeo": Decimal(7)})
    enricher = waterfall_of(
        sandbox, prospeo, limits=PLENTY if limit == "ceiling" else replace(PLENTY, per_month=capped)
    )
    persons = [*of_slintel(40, email=False), *of_slintel(40, email=True)]
    runs = enricher.enrich(persons, who)
    results = list(runs)
    assert outcomes(results) == {Outcome.ENRICHED: 80}  # a row keeps what the others gave
    assert isinstance(runs.left_out["prospeo"], CapReached)
    assert runs.stopped_by is None
    assert prospeo.charges()["total"] == totals_of(store, provider="prospeo").charged == 7
    skipped = [result for result in results if result.skipped]
    assert skipped
    whose = "This run has used" if limit == "ceiling" else "All of you together may spend 7 credits of Prospeo a month"
    assert all(result.detail.startswith(f"Prospeo was not asked: {whose}") for result in skipped)
    assert all(result.skipped == bool(result.detail) for result in results)


def test_only_where_no_provider_can_be_asked_is_a_row_cancelled(
    waterfall_of: WaterfallOf, sandbox: Sandbox, prospeo: Sandbox
) -> None:
    persons = of_slintel(30, email=True)
    runs = waterfall_of(sandbox, prospeo).enrich(persons, spender(5, prospeo=0))
    assert outcomes(list(runs)) == {Outcome.ENRICHED: 5, Outcome.CANCELLED: 25}
    assert isinstance(runs.stopped_by, CapReached)
    assert prospeo.charges()["requests"] == 0


UNUSABLE: dict[str, tuple[Callable[[Sandbox], object], dict[str, str], type[Exception]]] = {
    "key": (lambda _: None, {"slintel": "bad-key"}, KeyRejected),
    "contract": (lambda sandbox: sandbox.switch(quota=0), {}, QuotaExhausted),
}


@pytest.mark.parametrize("trouble", UNUSABLE)
def test_a_provider_that_cannot_be_used_drops_out_if_the_person_allowed_that(
    waterfall_of: WaterfallOf, sandbox: Sandbox, prospeo: Sandbox, store: Store, trouble: str
) -> None:
    make, keys, error = UNUSABLE[trouble]
    make(sandbox)
    enricher, persons = waterfall_of(sandbox, prospeo, keys=keys), people(30)
    stopped = enricher.enrich(persons, rich())
    assert outcomes(list(stopped)) == {Outcome.CANCELLED: 30}
    assert isinstance(stopped.stopped_by or stopped.waits_for, error)  # Slintel's limit may be that of a day
    assert prospeo.charges()["requests"] == 0
    went_on = enricher.enrich(persons, rich(), go_on=True)
    results = list(went_on)
    assert went_on.stopped_by is None
    assert isinstance(went_on.left_out["slintel"], error)
    assert outcomes(results)[Outcome.CANCELLED] == 0
    assert outcomes(results)[Outcome.ENRICHED] > 10
    assert prospeo.charges()["requests"] == 30
    assert sandbox.charges()["total"] == 0
    for one in (sandbox, prospeo):
        assert assert_bracketed(store, one).in_doubt == 0


def test_an_address_that_the_plan_of_a_key_does_not_show_is_not_paid_for_row_by_row(
    waterfall_of: WaterfallOf, people_data_labs: Sandbox
) -> None:
    people_data_labs.switch(free_plan=True)
    persons = people(200)
    runs = waterfall_of(people_data_labs).enrich(persons, rich(), needs=ONLY_EMAIL)
    results = list(runs)
    assert people_data_labs.charges()["requests"] < 40  # those that were on their way when the first answer came
    assert {result.outcome for result in results} <= {Outcome.ENRICHED, Outcome.NOT_FOUND, Outcome.CANCELLED}
    last = next(result for result in results if result.index == 199)
    assert "the plan of its key shows none" in last.detail
    rows = [result.cells(select(["email"])) for result in results]
    assert all(row == [""] for row in rows)


def test_somebody_elses_lead_is_charged_kept_and_never_written(
    waterfall_of: WaterfallOf, people_data_labs: Sandbox, store: Store
) -> None:
    people_data_labs.switch(other_person_rate=1.0)
    enricher, persons = waterfall_of(people_data_labs), [parse(f"linkedin.com/in/ada-lovelace-{n}") for n in range(9)]
    for _ in range(2):
        results = [it for it in run(enricher, persons) if it.outcome is not Outcome.NOT_FOUND]
        assert {result.outcome for result in results} == {Outcome.FAILED}
        assert all("somebody else" in result.detail for result in results)
        assert all(result.cells(select(["name", "email"])) == ["", ""] for result in results)
        assert people_data_labs.charges()["total"] == len(results) > 3
    assert assert_bracketed(store, people_data_labs).in_doubt == 0


def test_a_person_who_objected_is_deleted_at_every_provider_and_nobody_may_ask_again(
    waterfall_of: WaterfallOf, sandbox: Sandbox, prospeo: Sandbox, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    enricher, [person] = waterfall_of(sandbox, prospeo), of_slintel(1, email=False)
    monkeypatch.setattr(enricher.dispatchers["prospeo"].provider, "look_up", lambda *_: Answer(OptedOut()))
    for _ in range(2):
        [result] = run(enricher, [person], retry=DOUBTFUL)
        assert (result.outcome, result.lead) == (Outcome.FAILED, None)
        assert "objected" in result.detail
    assert sandbox.charges()["requests"] == 1
    with store.writing() as connection:
        assert connection.execute(sa.select(schema.leads)).all() == []
        assert connection.scalars(sa.select(schema.ledger_entries.c.key)).all() == [None, None]
        assert not erasures.lift(connection, person.key)
    assert traces(store, person.key.rpartition("/")[2]) == []
    [again] = run(waterfall_of(sandbox, prospeo), [person])
    assert again.outcome is Outcome.FAILED
    assert (sandbox.charges()["requests"], prospeo.charges()["requests"]) == (1, 0)
    assert assert_bracketed(store, sandbox).charged == 1


FAULTS = {"error_rate": 0.15, "hang_up_before_rate": 0.1, "hang_up_after_rate": 0.1, "broken_json_rate": 0.1}


def test_races_under_every_fault_are_bracketed_for_each_provider_and_no_cap_is_passed(
    waterfall_of: WaterfallOf,
    sandbox: Sandbox,
    prospeo: Sandbox,
    people_data_labs: Sandbox,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Six instances with different orders, ceilings and needs race over the same people while everything fails."""
    monkeypatch.setattr(enrichment_pass, "DOUBT_RESTS_S", 0.05 - 5.0)
    monkeypatch.setattr(retry_policy, "FIRST_WAIT_S", 0.01)
    every = [sandbox, prospeo, people_data_labs]
    for one in every:
        one.switch(**FAULTS, latency_s=0.01, seed=7, charge_on_504_rate=0.5)
    sandbox.switch(burst_per_s=200.0)
    prospeo.switch(enriched_before_rate=0.1)
    caps = replace(PLENTY, per_month=Allowance(Decimal(10**6), {"people_data_labs": Decimal(25)}))
    persons = [*people(60, "race"), *people(3, "not-found"), *people(3, "empty-lead")]

    def race(number: int) -> list[Result]:
        draw = random.Random(number)
        order = draw.sample(every, draw.randint(2, 3))
        rows = draw.sample(persons, 50)
        needs = draw.choice([EVERY_NEED, ONLY_EMAIL])
        enricher = waterfall_of(*order, limits=caps, owner=f"instance-{number}:1")
        who = spender(draw.choice([15, 10**6]), prospeo=10**6, people_data_labs=10**6)
        results = run(enricher, rows, spender=who, needs=needs, go_on=True)
        assert sorted(result.index for result in results) == list(range(50))
        return results

    with ThreadPoolExecutor(6) as threads:
        for _ in range(2):
            assert len(list(threads.map(race, range(6)))) == 6
    for one in every:
        wait_until_quiet(one)
        totals = assert_bracketed(store, one)
        assert max(one.charges(by="slug").values()) == 1
        assert totals.charged > 0
    assert people_data_labs.charges()["total"] <= 25


STEPS = [
    *(f"{moment} {step}" for step in ("claim", "settle", "resolve") for moment in ("before", "commit of", "after")),
    "before lookup",
    "after lookup",
]


@pytest.mark.parametrize("after", [1, 12])
@pytest.mark.parametrize("step", STEPS)
def test_a_process_that_is_killed_at_any_step_of_a_waterfall_never_makes_anyone_pay_twice(
    waterfall_of: WaterfallOf,
    sandbox: Sandbox,
    prospeo: Sandbox,
    store: Store,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    after: int,
) -> None:
    """With Prospeo, no doubt is left but those of people whose free repeat does not tell who has paid."""
    prospeo.switch(hang_up_before_rate=0.3, seed=2)
    urls = f"prospeo={prospeo.url},slintel={sandbox.url}"
    after = min(after, 2) if step.endswith("resolve") else after
    arguments = [sys.executable, "-m", "tests.support.dying_run", database_url, urls, step, str(after), "victim", "40"]
    died = subprocess.run(arguments, cwd=ROOT, check=False)
    assert died.returncode == -signal.SIGKILL
    for one in (sandbox, prospeo):
        wait_until_quiet(one)
    claims.expire(store, datetime.now(UTC) + claims.LIFETIME)
    doubts = {one.provider: assert_bracketed(store, one).in_doubt for one in (sandbox, prospeo)}

    monkeypatch.setattr(enrichment_pass, "DOUBT_RESTS_S", -claims.LIFETIME.total_seconds() - 60)
    prospeo.switch(hang_up_before_rate=0.0)
    results = run(waterfall_of(prospeo, sandbox), people(40, "victim"))
    assert sorted(result.index for result in results) == list(range(40))
    totals = {one.provider: assert_bracketed(store, one) for one in (sandbox, prospeo)}
    assert totals["slintel"].in_doubt == doubts["slintel"]
    assert totals["prospeo"].in_doubt <= doubts["prospeo"]
    answered = [result for result in results if result.outcome is not Outcome.IN_DOUBT]
    assert len(results) - len(answered) <= doubts["slintel"]
    for one in (sandbox, prospeo):
        assert max(one.charges(by="slug").values()) == 1
    asked = [one.charges()["requests"] for one in (sandbox, prospeo)]
    assert not any(
        result.outcome is Outcome.ENRICHED for result in run(waterfall_of(prospeo, sandbox), people(40, "victim"))
    )
    assert [one.charges()["requests"] for one in (sandbox, prospeo)] == asked
