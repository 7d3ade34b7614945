"""A claim, its reservation and its ledger entry stand and fall together, on both databases (P1 to P3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

import pytest
import sqlalchemy as sa

from functions.credits.caps import Cap
from functions.credits.lead_status import LeadStatus
from functions.credits.pricing import Charge, EntryKind
from functions.store import claims, leads, ledger
from functions.store.claims import LIFETIME
from functions.store.database import Store
from functions.store.leads import Known
from functions.store.lookups import Claimed, Settlement, Wanted
from tests.support.accounts import assert_totals_kept, status_of, totals_of
from tests.support.enrichers import FRESH, PROVIDER, people, spender

T = TypeVar("T")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + LIFETIME
CAP = Cap("month:slintel:2026-03", Decimal(3))
KEYS = [person.key for person in people(5)]
KEY = KEYS[0]
LEAD = leads.pack(b'{"id": 1}')
CHARGED = Charge(EntryKind.CHARGED, Decimal(1))
DOUBT = Charge(EntryKind.IN_DOUBT, Decimal(1))
RELEASED = Charge(EntryKind.RELEASED, Decimal(0))


def claim(
    store: Store,
    *keys: str,
    owner: str = "me",
    at: datetime = NOON,
    retry: frozenset[LeadStatus] = frozenset(),
    retry_before: datetime | None = None,
) -> Claimed:
    return claims.claim(store, replace(wanted_of(*keys, owner=owner, at=at), retry=retry, retry_before=retry_before))


def wanted_of(*keys: str, owner: str = "me", at: datetime = NOON) -> Wanted:
    return Wanted(
        keys=keys,
        spender=spender(run_id="run"),
        caps=[CAP],
        provider=PROVIDER,
        price=Decimal(1),
        owner=owner,
        fresh=FRESH,
        now=at,
    )


def settle(store: Store, claimed: Claimed, charge: Charge, status: LeadStatus | None, at: datetime = NOON) -> None:
    packed = LEAD if status is LeadStatus.FOUND else None
    claims.settle(store, [Settlement(one, charge, status, packed) for one in claimed.granted], at)


def used(store: Store) -> float:
    with store.reading() as connection:
        return float(ledger.used(connection, [CAP])[CAP.name])


def totals(store: Store) -> tuple[float, float]:
    """Charged, in doubt; the totals that are kept say the same."""
    assert_totals_kept(store)
    sums = totals_of(store)
    return float(sums.charged), float(sums.in_doubt)


def status(store: Store, at: datetime = LATER) -> LeadStatus | None:
    with store.reading() as connection:
        return status_of(leads.statuses(connection, [KEY], FRESH, at), KEY)


def test_who_does_not_get_the_claim_reserves_nothing(store: Store) -> None:
    mine, theirs = claim(store, KEY), claim(store, KEY, owner="another")
    assert ([one.key for one in mine.granted], mine.held) == ([KEY], [])
    assert (theirs.granted, theirs.held) == ([], [KEY])
    assert used(store) == 1
    with store.reading() as connection:
        assert claims.held(connection, KEYS, PROVIDER) == {KEY}
    assert claims.owners(store) == {"me"}


def test_no_more_claims_are_granted_than_the_cap_pays_for_and_the_cap_is_named(store: Store) -> None:
    claimed = claim(store, *KEYS)
    assert (len(claimed.granted), len(claimed.refused), claimed.cap) == (3, 2, CAP)
    assert used(store) == 3
    with store.reading() as connection:
        assert claims.held(connection, KEYS, PROVIDER) == {one.key for one in claimed.granted}, (
            "the refused ones are free"
        )
        assert ledger.credits_left(connection, [CAP]) == 0


@pytest.mark.parametrize(
    ("charge", "learned", "granted"),
    [(CHARGED, LeadStatus.FOUND, 0), (DOUBT, LeadStatus.IN_DOUBT, 0), (RELEASED, None, 1)],
)
def test_who_is_claimed_with_a_settlement_gets_what_that_gives_back_and_no_more(
    store: Store, charge: Charge, learned: LeadStatus | None, granted: int
) -> None:
    ended, packed = claim(store, *KEYS[:3]).granted[0], LEAD if learned is LeadStatus.FOUND else None
    wanted = wanted_of(KEYS[3], KEYS[4])
    claimed = claims.settle(store, [Settlement(ended, charge, learned, packed)], NOON, wanted).claimed
    assert (len(claimed.granted), len(claimed.refused), claimed.cap) == (granted, 2 - granted, CAP)
    assert used(store) == 3


@pytest.mark.parametrize(
    ("charge", "learned", "spent"),
    [(CHARGED, LeadStatus.FOUND, (1, 0)), (DOUBT, LeadStatus.IN_DOUBT, (0, 1)), (RELEASED, None, (0, 0))],
)
def test_a_settlement_turns_the_reservation_into_what_the_lookup_cost(
    store: Store, charge: Charge, learned: LeadStatus | None, spent: tuple[int, int]
) -> None:
    claimed = claim(store, KEY)
    settle(store, claimed, charge, learned)
    settle(store, claimed, charge, learned)  # a second time it changes nothing
    assert (totals(store), used(store), status(store)) == (spent, sum(spent), learned)
    with store.reading() as connection:
        assert claims.held(connection, [KEY], PROVIDER) == set()


def test_a_lead_that_came_meanwhile_is_known_and_costs_nothing(store: Store) -> None:
    settle(store, claim(store, KEY), CHARGED, LeadStatus.FOUND)
    again = claim(store, KEY)
    assert (again.granted, set(again.known), used(store)) == ([], {KEY}, 1)


def test_a_doubt_is_retried_once_however_many_chunks_of_the_run_hold_a_row_of_the_person(store: Store) -> None:
    """P1: the chunk that comes second finds the doubt of the first one's retry, and pays for nothing."""
    settle(store, claim(store, KEY), DOUBT, LeadStatus.IN_DOUBT)
    began = NOON + timedelta(seconds=1)
    doubtful = frozenset({LeadStatus.IN_DOUBT})
    first = claim(store, KEY, at=began, retry=doubtful, retry_before=began)
    settle(store, first, DOUBT, LeadStatus.IN_DOUBT, began)
    second = claim(store, KEY, owner="another", at=began, retry=doubtful, retry_before=began)
    assert ([one.key for one in first.granted], second.granted, set(second.known)) == ([KEY], [], {KEY})


@pytest.mark.parametrize(("now", "dead"), [(LATER, []), (NOON, ["me"])], ids=["ran out", "owner died"])
def test_a_claim_that_ran_out_or_whose_owner_died_is_a_doubt_until_its_answer_comes(
    store: Store, now: datetime, dead: list[str]
) -> None:
    claimed = claim(store, KEY)
    assert claims.expire(store, NOON) == 0, "it has its time"
    assert claims.expire(store, LATER, keys=[KEYS[1]], dead=["me"]) == 0, "only of these keys"
    assert (claims.expire(store, now, dead=dead), totals(store), used(store), status(store)) == (
        1,
        (0, 1),
        1,
        LeadStatus.IN_DOUBT,
    )
    settle(store, claimed, DOUBT, LeadStatus.IN_DOUBT, LATER)
    assert totals(store) == (0, 1), "still the same doubt"
    settle(store, claimed, CHARGED, LeadStatus.FOUND, LATER)
    settle(store, claimed, CHARGED, LeadStatus.FOUND, LATER)
    assert (totals(store), used(store), status(store)) == ((1, 0), 1, LeadStatus.FOUND)


def test_a_dead_process_is_the_owner_of_the_claims_of_all_its_attempts(store: Store) -> None:
    claim(store, KEYS[0], owner="a_b/first")
    claim(store, KEYS[1], owner="a_b/second")
    claim(store, KEYS[2], owner="axb/first")
    assert claims.owners(store) == {"a_b", "axb"}
    assert claims.expire(store, NOON, dead=["a_b"]) == 2
    assert claims.owners(store) == {"axb"}


def test_a_doubt_that_was_not_charged_after_all_is_forgotten_unless_another_lookup_is_in_doubt_too(
    store: Store,
) -> None:
    again = frozenset({LeadStatus.IN_DOUBT})
    first = claim(store, KEY)
    claims.expire(store, LATER)
    second = claim(store, KEY, at=LATER, retry=again)
    claims.expire(store, LATER + LIFETIME)
    assert totals(store) == (0, 2)
    settle(store, first, RELEASED, None, LATER)
    assert (totals(store), status(store)) == ((0, 1), LeadStatus.IN_DOUBT)
    settle(store, second, RELEASED, None, LATER)
    assert (totals(store), status(store)) == ((0, 0), None)


def test_a_lead_that_came_late_outlives_the_doubt_of_a_later_lookup(store: Store) -> None:
    first = claim(store, KEY)
    claims.expire(store, LATER)
    claim(store, KEY, at=LATER, retry=frozenset({LeadStatus.IN_DOUBT}))
    settle(store, first, CHARGED, LeadStatus.FOUND, LATER + timedelta(seconds=1))
    assert claims.expire(store, LATER + LIFETIME) == 1
    assert (totals(store), status(store, LATER + LIFETIME)) == ((1, 1), LeadStatus.FOUND)


def test_only_claims_of_these_keys_that_are_over_become_doubts(store: Store) -> None:
    claim(store, *KEYS[:2])
    assert claims.expire(store, NOON, keys=KEYS) == 0, "none is over"
    assert claims.expire(store, LATER, keys=[KEY]) == 1, "the other one is nobody's question"
    with store.reading() as connection:
        assert claims.held(connection, KEYS, PROVIDER) == {KEYS[1]}
    assert (totals(store), used(store)) == ((0, 1), 2)


@pytest.mark.parametrize(
    ("learned", "at", "remains"),
    [
        (LeadStatus.FOUND, NOON, LeadStatus.FOUND),
        (LeadStatus.FOUND, NOON - timedelta(seconds=1), LeadStatus.IN_DOUBT),
        (LeadStatus.MISSING, LATER, LeadStatus.IN_DOUBT),
    ],
    ids=["a lead of the same moment", "an older lead", "a miss"],
)
def test_only_a_lead_that_came_while_the_claim_stood_outlives_its_doubt(
    store: Store, learned: LeadStatus, at: datetime, remains: LeadStatus
) -> None:
    claim(store, KEY)
    with store.writing() as connection:
        leads.learn(connection, {(KEY, PROVIDER): Known(learned, at)})
    assert claims.expire(store, LATER) == 1
    assert (totals(store), status(store)) == ((0, 1), remains)


def test_what_is_settled_already_hides_nothing_that_comes_with_it(store: Store) -> None:
    claimed = claim(store, *KEYS[:3])
    first, *others = (Settlement(one, CHARGED, LeadStatus.FOUND, LEAD) for one in claimed.granted)
    claims.settle(store, [first], NOON)
    claims.settle(store, [first, *others], NOON)
    assert (totals(store), used(store)) == ((3, 0), 3)
    with store.reading() as connection:
        assert claims.held(connection, KEYS, PROVIDER) == set()


def test_a_commit_that_nobody_heard_of_is_neither_reserved_nor_charged_twice(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unheard(work: Callable[[sa.Connection, bool], T]) -> T:
        with store.writing() as connection:
            work(connection, False)  # committed, but its answer is lost
        with store.writing() as connection:
            return work(connection, True)

    monkeypatch.setattr(store, "retry_transaction", unheard)
    claimed = claim(store, KEY)
    assert (len(claimed.granted), claimed.held, used(store)) == (1, [], 1)
    settle(store, claimed, CHARGED, LeadStatus.FOUND)
    assert (totals(store), used(store)) == ((1, 0), 1)


def test_a_run_knows_whom_it_asked_for_and_whether_that_was_charged(store: Store) -> None:
    settle(store, claim(store, KEYS[0]), CHARGED, LeadStatus.FOUND)
    settle(store, claim(store, KEYS[1]), DOUBT, LeadStatus.IN_DOUBT)
    settle(store, claim(store, KEYS[2]), RELEASED, None)
    with store.reading() as connection:
        assert ledger.keys_of_run(connection, "run", KEYS) == {
            (KEYS[0], PROVIDER): True,
            (KEYS[1], PROVIDER): False,
        }
        assert ledger.keys_of_run(connection, "run", KEYS, since=NOON + timedelta(seconds=1)) == {}
        assert ledger.keys_of_run(connection, "another", KEYS) == {}
