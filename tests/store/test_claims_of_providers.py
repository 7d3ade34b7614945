"""What one provider answers, charges and leaves in doubt is no other provider's, on both databases (P1 to P3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from functions.credits.caps import Cap
from functions.credits.lead_status import LeadStatus
from functions.credits.pricing import NOTHING, Charge, EntryKind
from functions.credits.terms import EVERY_NEED, NO_NEEDS, ONLY_EMAIL, Need, Needs
from functions.store import claims, erasures, leads, ledger, schema
from functions.store.claims import LIFETIME
from functions.store.database import Store
from functions.store.lookups import Claimed, Settlement, Wanted
from tests.support.accounts import status_of, totals_of
from tests.support.enrichers import FRESH, people, spender

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ONE, OTHER = "slintel", "prospeo"
KEYS = [person.key for person in people(4)]
KEY = KEYS[0]
PERSON: Needs = frozenset({Need.PERSON})
LEAD, RAW = leads.pack(b'{"name": "A"}'), leads.pack(b'{"person": {"full_name": "A"}}')
FOUND = Charge(EntryKind.CHARGED, Decimal(1))


def cap(provider: str, limit: str = "3") -> Cap:
    return Cap(f"month:{provider}:2026-03", Decimal(limit))


def claim(
    store: Store,
    provider: str,
    *keys: str,
    needs: Needs = EVERY_NEED,
    price: str = "1",
    at: datetime = NOON,
    limit: str = "3",
) -> Claimed:
    return claims.claim(
        store,
        Wanted(
            keys=keys or [KEY],
            spender=spender(run_id="run"),
            caps=[cap(provider, limit)],
            provider=provider,
            price=Decimal(price),
            needs=needs,
            owner="me",
            fresh=FRESH,
            now=at,
        ),
    )


def found(claimed: Claimed, charge: Charge = FOUND, fills: Needs = EVERY_NEED) -> list[Settlement]:
    return [Settlement(one, charge, LeadStatus.FOUND, LEAD, RAW, fills) for one in claimed.granted]


def missing(claimed: Claimed, under: Needs = NO_NEEDS) -> list[Settlement]:
    return [Settlement(one, NOTHING, LeadStatus.MISSING, under=under) for one in claimed.granted]


def status(store: Store, provider: str, at: datetime = NOON) -> LeadStatus | None:
    with store.reading() as connection:
        return status_of(leads.statuses(connection, [KEY], FRESH, at), KEY, provider)


def used(store: Store, provider: str) -> Decimal:
    with store.reading() as connection:
        return ledger.used(connection, [cap(provider)])[cap(provider).name]


def test_two_providers_are_asked_for_one_person_on_credits_of_their_own(store: Store) -> None:
    first, second = claim(store, ONE), claim(store, OTHER, price="0.75")
    assert [one.credits for one in (*first.granted, *second.granted)] == [Decimal(1), Decimal("0.75")]
    assert (used(store, ONE), used(store, OTHER)) == (Decimal(1), Decimal("0.75"))
    assert claim(store, ONE).held == [KEY]
    claims.settle(store, missing(first), NOON)
    with store.reading() as connection:
        assert claims.held(connection, [KEY], ONE) == set()
        assert claims.held(connection, [KEY], OTHER) == {KEY}
    claims.settle(store, found(second, Charge(EntryKind.CHARGED, Decimal("0.25"))), NOON)
    assert (status(store, ONE), status(store, OTHER)) == (LeadStatus.MISSING, LeadStatus.FOUND)
    assert (used(store, ONE), used(store, OTHER)) == (Decimal(0), Decimal("0.25"))
    assert totals_of(store, provider=ONE).charged == 0
    assert totals_of(store, provider=OTHER).charged == Decimal("0.25")


def test_no_fraction_of_a_credit_passes_a_cap(store: Store) -> None:
    claimed = claim(store, OTHER, *KEYS, price="0.75", limit="2")
    assert (len(claimed.granted), len(claimed.refused)) == (2, 2)
    claims.settle(store, found(claimed, Charge(EntryKind.CHARGED, Decimal("0.000001"))), NOON)
    assert used(store, OTHER) == Decimal("0.000002")


def test_an_answer_that_is_dearer_than_what_was_reserved_is_booked_whole(store: Store) -> None:
    claims.settle(store, found(claim(store, ONE), Charge(EntryKind.CHARGED, Decimal(8))), NOON)
    assert (used(store, ONE), totals_of(store, provider=ONE).charged) == (Decimal(8), Decimal(8))
    assert claim(store, ONE, KEYS[1]).granted == [], "what is over the cap leaves nothing for others"


def test_the_normalised_lead_and_the_providers_own_answer_are_kept_apart(store: Store) -> None:
    claims.settle(store, found(claim(store, OTHER), fills=PERSON), NOON)
    [own] = claim(store, ONE).granted
    claims.settle(store, [Settlement(own, FOUND, LeadStatus.FOUND, LEAD, None, EVERY_NEED)], NOON)
    with store.reading() as connection:
        known = leads.read(connection, [KEY], FRESH, NOON)[KEY]
    assert (known[OTHER].lead, known[OTHER].raw, known[OTHER].fills) == (
        {"name": "A"},
        {"person": {"full_name": "A"}},
        PERSON,
    )
    assert (known[ONE].raw, known[ONE].fills) == ({"name": "A"}, EVERY_NEED), "the answer is the lead itself"


def test_a_miss_under_a_need_answers_for_that_need_alone(store: Store) -> None:
    """There is no verified address of them; who they are nobody has asked."""
    claims.settle(store, missing(claim(store, OTHER, needs=ONLY_EMAIL), under=ONLY_EMAIL), NOON)
    assert set(claim(store, OTHER, needs=ONLY_EMAIL).known) == {KEY}
    again = claim(store, OTHER, needs=EVERY_NEED)
    assert [one.key for one in again.granted] == [KEY]
    claims.settle(store, missing(again), NOON)
    assert set(claim(store, OTHER, needs=EVERY_NEED).known) == {KEY}
    assert claim(store, ONE, needs=ONLY_EMAIL).granted, "another provider was not asked"


def test_a_lead_that_is_found_no_more_fills_nothing_and_is_kept(store: Store) -> None:
    claims.settle(store, found(claim(store, ONE)), NOON)
    later = NOON + FRESH.lead
    claims.settle(store, missing(claim(store, ONE, at=later)), later)
    with store.reading() as connection:
        known = leads.read(connection, [KEY], FRESH, later)[KEY][ONE]
    assert (known.status, known.fills, known.lead) == (LeadStatus.MISSING, NO_NEEDS, {"name": "A"})


def test_only_the_provider_whose_lead_is_stale_is_asked_again(store: Store) -> None:
    claims.settle(store, found(claim(store, ONE)), NOON)
    soon, later = NOON + timedelta(days=1), NOON + FRESH.lead
    claims.settle(store, found(claim(store, OTHER, at=soon)), soon)
    assert claim(store, ONE, at=later).granted
    assert set(claim(store, OTHER, at=later).known[KEY]) == {OTHER}


def test_a_doubt_at_one_provider_is_no_doubt_at_another(store: Store) -> None:
    first, second = claim(store, ONE), claim(store, OTHER)
    assert claims.expire(store, NOON + LIFETIME) == 2
    claims.settle(store, [Settlement(second.granted[0], NOTHING, None)], NOON + LIFETIME)
    assert (status(store, ONE), status(store, OTHER)) == (LeadStatus.IN_DOUBT, None)
    assert (totals_of(store, provider=ONE).in_doubt, totals_of(store, provider=OTHER).in_doubt) == (
        Decimal(1),
        Decimal(0),
    )
    claims.settle(store, found(first), NOON + LIFETIME)
    assert (status(store, ONE), totals_of(store, provider=ONE).charged) == (LeadStatus.FOUND, Decimal(1))


def test_a_late_answer_that_cost_nothing_leaves_a_doubt_about_which_somebody_may_have_asked_again(
    store: Store,
) -> None:
    [one] = claim(store, OTHER).granted
    claims.expire(store, NOON + LIFETIME)

    def late(charge: Charge, known: LeadStatus | None, lead: bytes | None = None) -> Decimal:
        claims.settle(store, [Settlement(one, charge, known, lead, repeats_are_free=True)], NOON + LIFETIME)
        return totals_of(store, provider=OTHER).in_doubt

    assert late(NOTHING, None) == 1, "it was throttled, and a repeat may have been charged"
    assert status(store, OTHER) is LeadStatus.IN_DOUBT
    assert late(Charge(EntryKind.CHARGED, Decimal(0)), LeadStatus.FOUND, LEAD) == 1, "free, since a repeat was not"
    assert status(store, OTHER) is LeadStatus.FOUND
    assert late(FOUND, LeadStatus.FOUND, LEAD) == 0, "charged once, and no repeat was charged then"
    assert used(store, OTHER) == 1


def test_a_late_miss_resolves_the_doubt_and_so_does_any_answer_where_each_lookup_is_charged(store: Store) -> None:
    for provider, free in ((OTHER, True), (ONE, False)):
        [one] = claim(store, provider).granted
        claims.expire(store, NOON + LIFETIME)
        learned = LeadStatus.MISSING if free else None
        claims.settle(store, [Settlement(one, NOTHING, learned, repeats_are_free=free)], NOON + LIFETIME)
        assert totals_of(store, provider=provider).in_doubt == 0


def test_who_objects_is_forgotten_by_every_provider_and_asked_of_none(store: Store) -> None:
    claims.settle(store, found(claim(store, OTHER)), NOON)
    [objected] = claim(store, ONE).granted
    claims.settle(store, [Settlement(objected, NOTHING, LeadStatus.OPTED_OUT)], NOON)
    for provider in (ONE, OTHER, "apollo"):
        claimed = claim(store, provider)
        assert claimed.granted == []
        assert set(claimed.known[KEY]) == {leads.EVERY_PROVIDER}
        assert status(store, provider, NOON + 10 * FRESH.lead) is LeadStatus.OPTED_OUT
    with store.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(schema.leads)) == 0
    with store.writing() as connection:
        erasures.erase(connection, KEY, "ada", NOON)
        assert not erasures.lift(connection, KEY), "nobody can speak for them"
    assert status(store, ONE) is LeadStatus.OPTED_OUT


def test_who_objects_while_another_provider_is_asked_is_not_brought_back(store: Store) -> None:
    asked, objecting = claim(store, OTHER), claim(store, ONE)
    claims.settle(store, [Settlement(objecting.granted[0], NOTHING, LeadStatus.OPTED_OUT)], NOON)
    claims.settle(store, found(asked), NOON)
    assert status(store, OTHER) is LeadStatus.OPTED_OUT
    assert totals_of(store, provider=OTHER).charged == 1, "it was paid for all the same"


def test_an_erased_person_is_gone_with_every_providers_lead_and_answer(store: Store) -> None:
    for provider in (ONE, OTHER):
        claims.settle(store, found(claim(store, provider)), NOON)
    with store.writing() as connection:
        erasures.erase(connection, KEY, "ada", NOON)
        assert connection.scalar(sa.select(sa.func.count()).select_from(schema.leads)) == 0
    for provider in (ONE, OTHER):
        assert claim(store, provider).granted == []
        assert totals_of(store, provider=provider).charged == 1


def test_a_run_tells_what_each_provider_was_asked_for_and_brought(store: Store) -> None:
    claims.settle(store, found(claim(store, ONE, *KEYS[:3]), fills=PERSON), NOON)
    emails = claim(store, OTHER, *KEYS[:3], needs=ONLY_EMAIL)
    claims.settle(store, found(claims_of(emails, 0)), NOON)
    claims.settle(store, missing(claims_of(emails, 1), under=ONLY_EMAIL), NOON)
    claims.settle(store, [Settlement(emails.granted[2], NOTHING, None, was_sent=False)], NOON)
    first, second = (totals_of(store, "run", provider) for provider in (ONE, OTHER))
    assert (first.lookups, first.found, first.emails_wanted, first.emails) == (3, 3, 3, 0)
    assert (second.lookups, second.found, second.emails_wanted, second.emails) == (2, 1, 2, 1)
    assert (first.paid_without_lead, first.paid_without_email) == (0, 3)
    assert (second.paid_without_lead, second.paid_without_email) == (0, 0)


def test_what_was_charged_and_brought_nothing_is_counted(store: Store) -> None:
    """43 people of 45 for 44 credits has its reason: an answer that was charged and is no lead."""
    claimed = claim(store, ONE, *KEYS[:3])
    claims.settle(store, found(claims_of(claimed, 0), fills=PERSON), NOON)
    empty = Settlement(claimed.granted[1], Charge(EntryKind.CHARGED, Decimal(1)), LeadStatus.MISSING)
    free = Settlement(claimed.granted[2], Charge(EntryKind.CHARGED, Decimal(0)), LeadStatus.UNREADABLE)
    claims.settle(store, [empty, free], NOON)
    told = totals_of(store, "run", ONE)
    assert told.charged == 2
    assert (told.found, told.paid_without_lead, told.paid_without_email) == (1, 1, 2)


def claims_of(claimed: Claimed, number: int) -> Claimed:
    return Claimed([claimed.granted[number]])


@pytest.mark.parametrize("amount", ["0.0000001", "1.0000005"])
def test_an_amount_that_is_finer_than_what_is_kept_is_refused_and_not_cut(store: Store, amount: str) -> None:
    with pytest.raises(sa.exc.StatementError, match="millionths"):
        claim(store, ONE, price=amount)
