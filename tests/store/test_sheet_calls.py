"""All calls to one spreadsheet share one pace: about one a second, ten at once after a pause."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from functions.errors import SheetBusy
from functions.sheets.client import GoogleSheet
from functions.store import sheet_calls
from functions.store.database import Store
from local.sheets_api.client import SheetsEmulator
from tests.support.simulation import Process, World

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PACE = sheet_calls.pace(60)
assert PACE is not None


def turns(store: Store, count: int, now: datetime = NOON, spreadsheet: str = "one") -> list[float]:
    """Return when so many calls start, in seconds from noon."""
    assert PACE is not None
    taken = [sheet_calls.take_turn(store, spreadsheet, PACE, now) for _ in range(count)]
    return [(start - NOON).total_seconds() for start in taken]


def test_ten_calls_start_at_once_and_then_one_each_second(store: Store) -> None:
    assert turns(store, 12) == [0.0] * 10 + [1.0, 2.0]


def test_each_spreadsheet_has_a_pace_of_its_own(store: Store) -> None:
    turns(store, 12)
    assert turns(store, 1, spreadsheet="two") == [0.0]


def test_nobody_waits_long_and_who_is_turned_away_has_taken_no_turn(store: Store) -> None:
    turns(store, 30)
    for _ in range(3):
        with pytest.raises(SheetBusy, match="Too many runs") as refused:
            turns(store, 1)
        assert refused.value.retry_after_s == pytest.approx(20.0)
    assert turns(store, 1, NOON + timedelta(seconds=1)) == [21.0]


def test_instances_that_call_at_once_share_the_turns(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = [second for seconds in pool.map(lambda _: turns(store, 4), range(4)) for second in seconds]
    assert sorted(found) == [0.0] * 10 + [float(second) for second in range(1, 7)]


def test_no_limit_is_none() -> None:
    assert sheet_calls.pace(0) is None


def test_a_client_waits_for_its_turn_outside_of_any_transaction(store: Store) -> None:
    """Also plans and proofs of edit rights wait: every call does."""
    with SheetsEmulator() as emulator:
        process, spreadsheet = Process(World(0), "client"), emulator.spreadsheet([["LinkedIn"]])
        waits: list[float] = []

        def take_turn() -> float:
            assert PACE is not None
            now = process.now()
            return (sheet_calls.take_turn(store, spreadsheet, PACE, now) - now).total_seconds()

        def sleep(seconds: float) -> None:
            with store.writing():  # nobody else holds the database meanwhile
                waits.append(seconds)
            Process.sleep(process, seconds)

        process.sleep = sleep  # type: ignore[method-assign] # watches
        token = emulator.token("owner@example.com")
        sheet = GoogleSheet(spreadsheet, token, endpoint=f"{emulator.url}/", runtime=process, take_turn=take_turn)
        for _ in range(10):
            sheet.tabs()
        sheet.prove_editable()
        sheet.tabs()
        sheet.read_rows(0, 1, None)
    assert len(waits) == 3
    assert process.monotonic() == pytest.approx(3.0)


INTERVAL_S = sheet_calls.FLUSH_INTERVAL.total_seconds()


def flush(store: Store, at_s: float, gives_way_s: float = 0.0) -> float:
    """Ask for the turn to write at this second from noon; return the seconds to wait, 0 where it was taken."""
    now, gives_way = NOON + timedelta(seconds=at_s), timedelta(seconds=gives_way_s)
    return sheet_calls.take_flush(store, "user", now, gives_way=gives_way).total_seconds()


def test_a_run_with_its_beginning_takes_half_of_what_google_allows_a_user_in_a_minute(store: Store) -> None:
    sheet_calls.flush_at_once(store, "user", NOON + timedelta(seconds=3))
    taken = 1 + sum(flush(store, 3.5 + tenth / 10) == 0 for tenth in range(565))
    assert sheet_calls.BEGINNING_CALLS + sheet_calls.FLUSH_CALLS * taken <= sheet_calls.USERS_CALLS // 2


def test_whoever_finds_the_turn_taken_learns_when_to_ask_again(store: Store) -> None:
    assert flush(store, 0) == 0
    assert flush(store, 3) == pytest.approx(INTERVAL_S - 3)
    assert flush(store, INTERVAL_S) == 0


def test_the_turn_goes_to_those_who_give_way_the_least(store: Store) -> None:
    assert flush(store, 0) == 0
    assert flush(store, INTERVAL_S, gives_way_s=0.3) == pytest.approx(0.3), "its lookups go on: it can wait"
    assert flush(store, INTERVAL_S + 0.1) == 0
    assert flush(store, INTERVAL_S + 0.3, gives_way_s=0.3) == pytest.approx(INTERVAL_S + 0.1)


def test_a_flush_at_once_puts_the_next_one_off_by_one_interval_and_no_more(store: Store) -> None:
    assert flush(store, 0) == 0
    sheet_calls.flush_at_once(store, "user", NOON + timedelta(seconds=3))
    assert flush(store, 4) == pytest.approx(INTERVAL_S - 1)
    sheet_calls.flush_at_once(store, "user", NOON + timedelta(seconds=5))
    assert flush(store, 6) == pytest.approx(INTERVAL_S - 1)


def test_the_turn_of_a_user_who_has_had_none_is_free_however_long_it_is_left_to_others(store: Store) -> None:
    """So it is where the earlier turns were forgotten with time: nobody else would ever take the first one."""
    assert flush(store, 0, gives_way_s=0.3) == 0


def test_a_clock_that_has_gone_back_stops_nobody(store: Store) -> None:
    assert flush(store, 3_600) == 0
    assert flush(store, 0) == 0
