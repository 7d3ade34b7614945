"""Counters move by exactly what was reserved and spent, cap by cap, and a run's entries are its own (P2, P3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from functions.credits.caps import Cap, cap_of_run
from functions.credits.pricing import EntryKind
from functions.credits.terms import EVERY_NEED, NO_NEEDS, ONLY_EMAIL, Need, Needs
from functions.store import ledger, schema
from functions.store.database import Store

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUN, DAY, MONTH = (Cap(name, Decimal(limit)) for name, limit in (("run", 10), ("day", 20), ("month", 30)))
CAPS = (RUN, DAY, MONTH)


def counters(store: Store) -> dict[str, tuple[Decimal, Decimal]]:
    """Reserved and spent, by cap."""
    with store.reading() as connection:
        return {row.cap: (row.reserved, row.spent) for row in connection.execute(sa.select(schema.counters))}


def amounts(**changes: str) -> dict[str, Decimal]:
    return {name: Decimal(amount) for name, amount in changes.items()}


def reserve(store: Store, wanted: int, each: str = "1") -> tuple[int, Cap | None]:
    with store.writing() as connection:
        return ledger.reserve(connection, CAPS, wanted, Decimal(each))


def open_counters(store: Store, *caps: Cap) -> None:
    """Makes the counters, with nothing on them."""
    with store.writing() as connection:
        rows = [{"cap": cap.name, "reserved": Decimal(0), "spent": Decimal(0)} for cap in caps or CAPS]
        connection.execute(sa.insert(schema.counters), rows)


def enter(store: Store, *lines: tuple[str, EntryKind, datetime], run_id: str = "run") -> None:
    """Lines of the ledger: key, kind and time."""
    fixed = {"provider": "slintel", "run_id": run_id, "user_id": "u", "spreadsheet_id": "s", "credits": Decimal(1)}
    with store.writing() as connection:
        for number, (key, kind, at) in enumerate(lines):
            row = fixed | {"at": at, "kind": kind, "token": f"{run_id}-{number}", "key": key}
            connection.execute(sa.insert(schema.ledger_entries).values(row))


def test_each_cap_is_moved_by_its_own_amount_and_no_other_is_touched(store: Store) -> None:
    assert reserve(store, 5) == (5, None)
    with store.writing() as connection:
        ledger.move(connection, amounts(run="3", day="1"), amounts(run="2", day="0.5"))
    assert counters(store) == {
        "run": (Decimal(2), Decimal(2)),
        "day": (Decimal(4), Decimal("0.5")),
        "month": (Decimal(5), Decimal(0)),
    }


def test_what_is_spent_without_a_reservation_and_given_back_without_a_charge_is_moved_too(store: Store) -> None:
    reserve(store, 5)
    with store.writing() as connection:
        ledger.move(connection, amounts(run="5"), amounts(month="2"))
        ledger.move(connection, {}, {})
    assert counters(store) == {
        "run": (Decimal(0), Decimal(0)),
        "day": (Decimal(5), Decimal(0)),
        "month": (Decimal(5), Decimal(2)),
    }


def test_one_change_of_several_caps_leaves_the_others_alone(store: Store) -> None:
    reserve(store, 4)
    with store.writing() as connection:
        ledger.move(connection, amounts(run="1", day="1"), amounts(run="0.25", day="0.25"))
    assert counters(store) == {
        "run": (Decimal(3), Decimal("0.25")),
        "day": (Decimal(3), Decimal("0.25")),
        "month": (Decimal(4), Decimal(0)),
    }


@pytest.mark.parametrize(
    ("spent", "each", "granted", "in_the_way"),
    [
        (amounts(), "1", 10, RUN),
        (amounts(run="1", day="15.5"), "1", 4, DAY),
        (amounts(month="30"), "0.5", 0, MONTH),
        (amounts(day="21"), "1", 0, DAY),
        (amounts(run="9.4"), "0.3", 2, RUN),
        (amounts(run="10", day="20", month="30"), "0", 12, None),
    ],
)
def test_a_reservation_is_as_much_as_all_caps_allow_and_names_the_first_that_does_not(
    store: Store, spent: dict[str, Decimal], each: str, granted: int, in_the_way: Cap | None
) -> None:
    open_counters(store)
    with store.writing() as connection:
        ledger.move(connection, {}, spent)
    assert reserve(store, 12, each) == (granted, in_the_way)
    assert {reserved for reserved, _ in counters(store).values()} == {granted * Decimal(each)}
    with store.reading() as connection:
        used = ledger.used(connection, CAPS)
        assert used == {cap.name: spent.get(cap.name, Decimal(0)) + granted * Decimal(each) for cap in CAPS}


def test_a_cap_that_is_reached_and_not_passed_is_in_nobodys_way(store: Store) -> None:
    assert reserve(store, 10) == (10, None)
    assert reserve(store, 0) == (0, None)
    assert reserve(store, 1) == (0, RUN)


def test_the_tightest_cap_is_the_one_that_leaves_least_wherever_it_stands(store: Store) -> None:
    open_counters(store)
    with store.writing() as connection:
        ledger.move(connection, {}, amounts(day="19", month="5"))
        assert ledger.tightest(connection, CAPS).cap == DAY
        assert ledger.credits_left(connection, CAPS) == 1
        ledger.move(connection, {}, amounts(run="9"))
        assert ledger.tightest(connection, CAPS).cap == RUN, "the first of those that leave as many"


def test_a_run_has_spent_with_each_provider_what_its_own_counter_says(store: Store) -> None:
    caps = [Cap(cap_of_run(provider, "run"), Decimal(9)) for provider in ("slintel", "prospeo")]
    caps.append(Cap(cap_of_run("slintel", "another"), Decimal(9)))
    open_counters(store, *caps)
    with store.writing() as connection:
        ledger.move(connection, {}, {cap.name: Decimal(number) for number, cap in enumerate(caps, 1)})
        assert ledger.spent(connection, "run", ["slintel", "prospeo", "apollo"]) == {
            "slintel": Decimal(1),
            "prospeo": Decimal(2),
            "apollo": Decimal(0),
        }


def test_the_people_of_a_run_are_those_that_were_asked_for_since_a_time_and_whether_any_time_was_charged(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "_BATCH", 2)
    before, after = NOON - timedelta(seconds=1), NOON + timedelta(seconds=1)
    enter(
        store,
        ("both", EntryKind.CHARGED, NOON),
        ("both", EntryKind.IN_DOUBT, after),
        ("doubt", EntryKind.IN_DOUBT, NOON),
        ("free", EntryKind.RELEASED, NOON),
        ("early", EntryKind.CHARGED, before),
        ("unasked", EntryKind.CHARGED, NOON),
    )
    enter(store, ("other", EntryKind.CHARGED, NOON), run_id="another")
    keys = ["both", "doubt", "free", "early", "other"]
    entries = schema.ledger_entries
    with store.writing() as connection:  # what was in doubt was free after all: its worker had only stood still
        free = connection.execute(sa.select(entries).where(entries.c.key == "free")).one()._asdict()
        connection.execute(sa.insert(entries).values(free | {"id": 99, "kind": EntryKind.IN_DOUBT}))
    with store.reading() as connection:
        assert ledger.keys_of_run(connection, "run", keys, since=NOON) == {
            ("both", "slintel"): True,
            ("doubt", "slintel"): False,
        }
        assert ledger.keys_of_run(connection, "run", keys).keys() == {
            (key, "slintel") for key in ("both", "doubt", "early")
        }


def test_the_totals_that_are_kept_of_a_run_are_the_sums_of_its_entries(store: Store) -> None:
    shared = {"run_id": "run", "user_id": "u", "spreadsheet_id": "s", "provider": "slintel", "at": NOON}

    def entry(token: str, kind: EntryKind, credits_: str, needs: Needs, fills: Needs, **changes: str) -> dict[str, Any]:
        told = {"token": token, "key": token, "kind": kind, "credits": Decimal(credits_), "needs": needs}
        return shared | told | {"fills": fills} | changes

    doubt = entry("late", EntryKind.IN_DOUBT, "2", EVERY_NEED, NO_NEEDS)
    with store.writing() as connection:
        first = [
            entry("all", EntryKind.CHARGED, "1.5", EVERY_NEED, EVERY_NEED),
            entry("nothing", EntryKind.CHARGED, "0.5", ONLY_EMAIL, NO_NEEDS),
            entry("nobody", EntryKind.CHARGED, "1", EVERY_NEED, frozenset({Need.PERSON})),
            entry("free", EntryKind.CHARGED, "0", EVERY_NEED, NO_NEEDS),
            entry("name", EntryKind.CHARGED, "1", frozenset({Need.PERSON}), frozenset({Need.PERSON})),
            entry("unsent", EntryKind.RELEASED, "0", NO_NEEDS, NO_NEEDS),
            entry("other", EntryKind.CHARGED, "1", EVERY_NEED, EVERY_NEED, provider="prospeo"),
            entry("another", EntryKind.CHARGED, "9", EVERY_NEED, EVERY_NEED, run_id="another"),
            entry("open", EntryKind.IN_DOUBT, "1", EVERY_NEED, NO_NEEDS),
            doubt,
        ]
        ledger.append(connection, first)
        ledger.append(connection, [])
        ledger.append(connection, [entry("late", EntryKind.CHARGED, "2", EVERY_NEED, EVERY_NEED)], [doubt])
        kept = ledger.of_run(connection, "run")
        assert kept == ledger.totals(connection, "run")
    assert kept.keys() == {"slintel", "prospeo"}
    assert kept["slintel"] == ledger.Totals(
        charged=Decimal(6),
        in_doubt=Decimal(1),
        lookups=7,
        found=4,
        emails_wanted=6,
        emails=2,
        paid_without_lead=1,
        paid_without_email=2,
    )
