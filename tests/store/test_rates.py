"""Start times are handed out once, in order and apart, by however many instances, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from functions.credits import pacing
from functions.credits.caps import Cap
from functions.credits.pacing import Gcra, Turn
from functions.credits.terms import Limit, WindowStart
from functions.store import claims, ledger, rates
from functions.store.database import Store
from functions.store.lookups import Claimed, Wanted
from functions.store.rates import Pace
from tests.support.enrichers import FRESH, PROVIDER, people, spender

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 27, tzinfo=UTC)
SECOND, DAY, MARGIN = timedelta(seconds=1), timedelta(days=1), timedelta(minutes=2)
TEN = Limit(Decimal(10), SECOND, WindowStart.ROLLING)
THREE_A_DAY = Limit(Decimal(3), DAY, WindowStart.CLOCK)


def next_start(store: Store, pace: Pace, now: datetime = NOON) -> datetime | None:
    given = rates.next_turn(store, pace, now)
    return given.turns[0].at if given.turns else None


def test_instances_that_ask_at_once_get_starts_that_are_apart(store: Store) -> None:
    pace = Pace("slintel", (TEN,))
    with ThreadPoolExecutor(4) as threads:
        got = [answer.result() for answer in [threads.submit(next_start, store, pace) for _ in range(20)]]
    assert sorted(at for at in got if at) == [NOON + number * SECOND / 10 for number in range(20)]


def test_what_is_counted_outlives_the_process(store: Store) -> None:
    pace = Pace("slintel", (TEN, THREE_A_DAY), MARGIN)
    assert [next_start(store, pace) for _ in range(2)] == [NOON, NOON + SECOND / 10]
    with closing(Store(store.engine.url.render_as_string(hide_password=False))) as again:
        assert next_start(again, pace, NOON + SECOND) == NOON + SECOND
        assert next_start(again, pace, NOON + SECOND) is None
    with store.writing() as connection:
        schedule = rates.lock(connection, pace)
    assert (schedule.blocked_until, schedule.refusals) == (MIDNIGHT + MARGIN, 1)
    assert next_start(store, pace, MIDNIGHT + MARGIN) == MIDNIGHT + MARGIN


def test_each_provider_has_a_rate_of_its_own(store: Store) -> None:
    assert next_start(store, Pace("slintel", (TEN,))) == NOON
    assert next_start(store, Pace("prospeo", (TEN,))) == NOON


def test_another_contract_lifts_what_the_old_one_refused(store: Store) -> None:
    old, new = Pace("slintel", (THREE_A_DAY,)), Pace("slintel", (Limit(Decimal(4), DAY, WindowStart.CLOCK),))
    assert [next_start(store, old) for _ in range(4)] == [NOON, NOON, NOON, None]
    assert [next_start(store, new) for _ in range(2)] == [NOON, None], "and its requests still count"


def test_a_spreadsheet_takes_ten_calls_at_once_and_one_a_second_on_average(store: Store) -> None:
    gcra = Gcra(SECOND, burst=10)
    got = [rates.next_in_bursts(store, "sheet:1", gcra, NOON) for _ in range(12)]
    assert got == [NOON] * 10 + [NOON + SECOND, NOON + 2 * SECOND]
    assert rates.next_in_bursts(store, "sheet:2", gcra, NOON) == NOON


CAP = Cap(f"month:{PROVIDER}:2026-11", Decimal(1_000))
KEYS = [person.key for person in people(40)]


def claim(store: Store, *keys: str, limits: tuple[Limit, ...] = (TEN,), cap: Cap = CAP, at: datetime = NOON) -> Claimed:
    return claims.claim(
        store,
        Wanted(
            keys=keys,
            spender=spender(),
            caps=[cap],
            provider=PROVIDER,
            price=Decimal(1),
            owner="me",
            fresh=FRESH,
            now=at,
            pace=Pace(PROVIDER, limits, MARGIN),
        ),
    )


def turns_of(claimed: Claimed) -> list[datetime]:
    return [one.turn.at for one in claimed.granted if one.turn]


def reserved(store: Store) -> Decimal:
    with store.reading() as connection:
        return ledger.used(connection, [CAP])[CAP.name]


def test_claims_come_with_their_turns_and_those_too_far_ahead_are_free_again(store: Store) -> None:
    first = claim(store, *KEYS)
    assert turns_of(first) == [NOON + number * SECOND / 10 for number in range(31)]
    assert [one.key for one in first.granted] == KEYS[:31], "in the order of the rows"
    assert (first.late, first.refused, first.cap, first.until) == (KEYS[31:], [], None, None)
    assert first.again_at == NOON + 31 * SECOND / 10 - pacing.AHEAD / 2
    assert reserved(store) == len(first.granted)
    second = claim(store, *first.late, at=first.again_at)
    assert turns_of(second) == [NOON + number * SECOND / 10 for number in range(31, 40)]


def test_what_a_cap_refuses_takes_no_turn(store: Store) -> None:
    claimed = claim(store, *KEYS[:5], cap=Cap(CAP.name, Decimal(2)))
    assert (len(claimed.granted), claimed.refused, claimed.late) == (2, KEYS[2:5], [])
    assert turns_of(claim(store, KEYS[5])) == [NOON + 2 * SECOND / 10]


def test_a_claim_lives_from_its_turn(store: Store) -> None:
    claim(store, *KEYS[:31])
    assert claims.expire(store, NOON + claims.LIFETIME) == 0
    assert claims.expire(store, NOON + claims.LIFETIME + pacing.AHEAD) == 31


def test_the_last_claims_of_a_day_say_when_it_is_over(store: Store) -> None:
    limits = (TEN, THREE_A_DAY)
    first = claim(store, *KEYS[:5], limits=limits)
    assert (len(first.granted), first.late, first.until) == (3, KEYS[3:5], MIDNIGHT + MARGIN)
    again = claim(store, *first.late, limits=limits, at=NOON + SECOND)
    assert (again.granted, again.until) == ([], MIDNIGHT + MARGIN)
    probe = claim(store, *again.late, limits=limits, at=MIDNIGHT + MARGIN)
    assert [one.turn for one in probe.granted] == [Turn(MIDNIGHT + MARGIN, is_probe=True)]
    assert (probe.late, probe.until) == (again.late[1:], None)
