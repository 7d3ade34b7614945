"""Start times are handed out once, in order and apart, by however many instances, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from functions.credits.pacing import Gcra
from functions.credits.terms import Limit, WindowStart
from functions.store import rates
from functions.store.database import Store
from functions.store.rates import Pace

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 27, tzinfo=UTC)
SECOND, DAY, MARGIN = timedelta(seconds=1), timedelta(days=1), timedelta(minutes=2)
TEN = Limit(Decimal(10), SECOND, WindowStart.ROLLING)
THREE_A_DAY = Limit(Decimal(3), DAY, WindowStart.CLOCK)


def next_start(store: Store, pace: Pace, now: datetime = NOON) -> datetime | None:
    return rates.next_start(store, pace, now, margin=MARGIN)


def test_instances_that_ask_at_once_get_starts_that_are_apart(store: Store) -> None:
    pace = Pace("slintel", (TEN,))
    with ThreadPoolExecutor(4) as threads:
        got = [answer.result() for answer in [threads.submit(next_start, store, pace) for _ in range(20)]]
    assert sorted(at for at in got if at) == [NOON + number * SECOND / 10 for number in range(20)]


def test_what_is_counted_outlives_the_process(store: Store) -> None:
    pace = Pace("slintel", (TEN, THREE_A_DAY))
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
