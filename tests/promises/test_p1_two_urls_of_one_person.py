"""P1, P10: two URLs that are one person by the provider's own id cost a credit each, which is said, and share a lead.

Nobody can know it beforehand: the first answer does not tell that a second URL exists.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from functions.credits.lead_status import LeadStatus
from functions.credits.lookup_result import Found
from functions.enrichment.in_flight import settlement_of
from functions.outcomes import Outcome
from functions.profiles import parse
from functions.providers.contract import Answer
from functions.store import erasures, leads, settlements
from functions.store.database import Store
from functions.store.leads import Known
from functions.store.lookups import Claim
from local.providers.client import Sandbox
from tests.support.accounts import totals_of
from tests.support.enrichers import FRESH, EnricherOf, WaterfallOf, spender
from tests.support.traces import traces

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ONE, OTHER = parse("linkedin.com/in/zq-twice-jo"), parse("linkedin.com/in/zq-twice-jo-alias")
SAID = "Slintel knows this person by another URL, too; each of the two was looked up, and they share one lead."


def test_both_are_charged_and_said_once_and_free_from_then_on(enricher_of: EnricherOf, sandbox: Sandbox) -> None:
    enricher = enricher_of()
    [first] = enricher.enrich([ONE], spender())
    [second] = enricher.enrich([OTHER], spender())
    assert (first.outcome, first.detail) == (Outcome.ENRICHED, "")
    assert (second.outcome, second.detail) == (Outcome.ENRICHED, SAID)
    again = list(enricher.enrich([ONE, OTHER], spender()))
    assert [(one.outcome, one.detail) for one in again] == [(Outcome.KNOWN, SAID)] * 2
    assert sandbox.charges()["total"] == 2


@pytest.mark.usefixtures("sandbox")
def test_two_that_are_looked_up_together_are_told_apart_from_nobody_else(enricher_of: EnricherOf) -> None:
    rows = [ONE, OTHER, parse("linkedin.com/in/zq-somebody-else")]
    enricher = enricher_of()
    list(enricher.enrich(rows, spender()))
    assert [result.detail for result in enricher.enrich(rows, spender())] == [SAID, SAID, ""]


def test_the_newer_lead_answers_for_the_older_url(enricher_of: EnricherOf, sandbox: Sandbox, store: Store) -> None:
    """The older URL is stale by itself, and costs nothing as long as the other one's lead is fresh."""
    for day, url in ((0, ONE), (170, OTHER)):
        list(enricher_of(clock=lambda day=day: NOW + timedelta(days=day)).enrich([url], spender()))
    later = enricher_of(clock=lambda: NOW + timedelta(days=190))
    [known] = later.enrich([ONE], spender())
    assert known.outcome is Outcome.KNOWN
    assert known.known["slintel"].learned_at == NOW + timedelta(days=170)
    assert sandbox.charges()["total"] == totals_of(store).charged == 2


def test_every_further_url_of_an_erased_person_is_kept_out(store: Store) -> None:
    first, *further = (parse(f"linkedin.com/in/zq-url-{number}").key for number in range(3))
    jo = Known(LeadStatus.FOUND, NOW, packed=leads.pack(b'{"id": "7"}'), person="7 jo example")
    with store.writing() as connection:
        settlements.learn(connection, {(first, "slintel"): jo}, [first], NOW)
        erasures.erase(connection, first, "ada", NOW)
        told = settlements.learn(connection, {(key, "slintel"): jo for key in further}, further, NOW)
    assert set(told.erased) == set(further)
    assert traces(store, "zq-url") == []
    with store.writing() as connection:
        assert set(erasures.among(connection, [first, *further])) == {first, *further}


def test_an_id_that_stands_for_several_names_makes_nobody_the_same(store: Store) -> None:
    """A provider that gave everybody the id 0 would otherwise put one person's values beside another's URL."""
    keys = ["in/zq-a", "in/zq-b", "in/zq-c"]
    names = ["0 ada example", "0 bo example", None]
    found = [Known(LeadStatus.FOUND, NOW, packed=leads.pack(b'{"id": "0"}'), person=name) for name in names]
    with store.writing() as connection:
        for key, known in zip(keys, found, strict=True):
            assert leads.learn(connection, {(key, "slintel"): known}) == set()
        assert leads.learn(connection, {("in/zq-a", "prospeo"): found[0]}) == set()
        erasures.erase(connection, keys[0], "ada", NOW)
        assert set(erasures.among(connection, keys)) == {keys[0]}


def test_an_answer_with_a_nul_is_recorded_as_every_other(store: Store) -> None:
    """PostgreSQL keeps none in a text: the answers that are settled with it would all become doubts."""
    answer = Answer(Found({"id": "1", "name": "A\0da"}, rb'{"id": "1", "name": "A\u0000da"}', raw_is_lead=True))
    known = settlement_of(Claim(ONE.key, "token", "slintel", Decimal(1)), answer).known(NOW)
    assert known is not None
    with store.writing() as connection:
        settlements.learn(connection, {(ONE.key, "slintel"): known}, [ONE.key], NOW)
        kept = leads.read(connection, [ONE.key], FRESH, NOW)[ONE.key]["slintel"]
    assert kept.lead == {"id": "1", "name": "A\0da"}


def test_who_is_erased_or_objects_by_one_url_is_gone_by_every_other(
    waterfall_of: WaterfallOf, sandbox: Sandbox, people_data_labs: Sandbox, store: Store
) -> None:
    enricher = waterfall_of(sandbox, people_data_labs)
    list(enricher.enrich([ONE, OTHER], spender(people_data_labs=100)))
    with store.writing() as connection:
        erasures.erase(connection, OTHER.key, "ada", datetime.now(UTC))
    assert traces(store, "zq-twice-jo") == []
    before = sandbox.charges()["total"]
    assert [result.outcome for result in enricher.enrich([ONE, OTHER], spender())] == [Outcome.FAILED] * 2
    assert sandbox.charges()["total"] == before
    with store.writing() as connection:
        assert erasures.lift(connection, ONE.key)
        assert erasures.among(connection, [ONE.key, OTHER.key]) == {}


def test_a_url_that_turns_out_to_be_an_erased_person_brings_nothing_back(
    enricher_of: EnricherOf, sandbox: Sandbox, store: Store
) -> None:
    enricher = enricher_of()
    list(enricher.enrich([ONE], spender()))
    with store.writing() as connection:
        erasures.erase(connection, ONE.key, "ada", datetime.now(UTC))
    for _ in range(2):
        [result] = enricher.enrich([OTHER], spender())
        assert result.outcome is Outcome.FAILED
        assert "erased" in result.detail
        assert result.lead is None
    assert traces(store, "zq-twice-jo") == []
    assert sandbox.charges()["total"] == totals_of(store).charged == 2  # the second could not be known beforehand
    with store.writing() as connection:
        assert erasures.lift(connection, OTHER.key)
        assert erasures.among(connection, [ONE.key, OTHER.key]) == {}
