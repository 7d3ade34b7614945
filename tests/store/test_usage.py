"""Usage shows the credits by day, user and spreadsheet: none twice, none forgotten, and nobody else by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from functions.auth.identity_tokens import Caller, FormulaToken
from functions.context import AppContext
from functions.credits.pricing import EntryKind
from functions.jobs import usage
from functions.store import formula_tokens, schema
from functions.store.database import Store
from tests.support.contexts import context_without_sheets
from tests.support.enrichers import EnricherOf, limits, people, spender

NOW = datetime(2026, 3, 1, 15, 30, tzinfo=UTC)
ME = Caller("subject-of-mine-0001", "me@example.com", "example.com")
LIMITS = limits(per_run=7, per_user_day=50, per_month=900)


def context(store: Store, enricher_of: EnricherOf) -> AppContext:
    """One whose clock stands still."""
    return context_without_sheets(
        store, LIMITS, lambda: enricher_of(limits=LIMITS, clock=lambda: NOW), clock=lambda: NOW
    )


def enter(store: Store, at: datetime, kind: EntryKind, token: str, **changes: Any) -> None:  # noqa: ANN401 - columns
    """One line of the ledger."""
    values = {"user_id": ME.subject, "spreadsheet_id": "A", "run_id": "run", "provider": "slintel"}
    values |= {"key": "linkedin.com/in/somebody"}
    credits_ = Decimal(0) if kind is EntryKind.RELEASED else Decimal(1)
    with store.writing() as connection:
        row = values | {"at": at, "kind": kind, "token": token, "credits": credits_} | changes
        connection.execute(sa.insert(schema.ledger_entries).values(row))


def days_of(store: Store, enricher_of: EnricherOf, days: int) -> list[tuple[str, str, str, str, str]]:
    """The lines of a report."""
    told = usage.report(context(store, enricher_of), ME, days).days
    return [(line.date, line.user, line.spreadsheet_id, line.charged, line.in_doubt) for line in told]


def test_nothing_spent_is_an_empty_report_with_the_caps_untouched(store: Store, enricher_of: EnricherOf) -> None:
    assert usage.report(context(store, enricher_of), ME, 30) == usage.Usage(
        days=[],
        by_person=False,
        caps=[
            usage.CapUse(provider="slintel", cap="you today", limit="50", used="0"),
            usage.CapUse(provider="slintel", cap="everybody this month", limit="900", used="0"),
        ],
    )


def test_days_are_whole_days_of_utc_the_newest_first_and_today_is_one_of_them(
    store: Store, enricher_of: EnricherOf
) -> None:
    midnight = NOW.replace(hour=0, minute=0)
    for number, at in enumerate([midnight, midnight - timedelta(microseconds=1), midnight - timedelta(days=1), NOW]):
        enter(store, at, EntryKind.CHARGED, f"token-{number}")
    assert days_of(store, enricher_of, 1) == [("2026-03-01", "me@example.com", "A", "2", "0")]
    assert [(line[0], line[3]) for line in days_of(store, enricher_of, 2)] == [("2026-03-01", "2"), ("2026-02-28", "2")]


def test_of_colleagues_nothing_is_told_but_a_sum_a_day(store: Store, enricher_of: EnricherOf) -> None:
    """Neither how many they are, nor who, nor in which spreadsheets: those ids open files where links are shared."""
    enter(store, NOW, EntryKind.CHARGED, "1")
    enter(store, NOW, EntryKind.CHARGED, "2", spreadsheet_id="B")
    enter(store, NOW, EntryKind.CHARGED, "3", user_id="subject-of-another-7734")
    enter(store, NOW, EntryKind.CHARGED, "5", user_id="subject-of-another-7734", spreadsheet_id="secret sheet")
    enter(store, NOW, EntryKind.IN_DOUBT, "6", user_id="subject-of-a-third-0815", spreadsheet_id="secret sheet")
    enter(store, NOW - timedelta(days=1), EntryKind.CHARGED, "7", user_id="subject-of-a-third-0815")
    enter(store, NOW, EntryKind.CHARGED, "4", key=None)  # a person who was erased is still paid for
    told = days_of(store, enricher_of, 2)
    assert set(told[:-1]) == {
        ("2026-03-01", "me@example.com", "A", "2", "0"),
        ("2026-03-01", "me@example.com", "B", "1", "0"),
        ("2026-03-01", "colleagues", "", "2", "1"),
    }
    assert told[-1] == ("2026-02-28", "colleagues", "", "1", "0")


def test_an_admin_sees_each_person_by_address_and_no_foreign_spreadsheet(store: Store, enricher_of: EnricherOf) -> None:
    """Addresses come from formula tokens here; who left none is an account. The command line is a line of its own."""
    other = Caller("subject-of-another-7734", "ann@example.com", "example.com")
    token = FormulaToken("t", "sheet", other, NOW - timedelta(days=9), NOW + timedelta(days=5))
    with store.writing() as connection:
        formula_tokens.replace(connection, token)
    for number, user in enumerate((ME.subject, other.subject, "subject-of-a-third-0815", usage.COMMAND_LINE)):
        enter(store, NOW, EntryKind.CHARGED, str(number), user_id=user, spreadsheet_id="their sheet")
    told = usage.report(context(store, enricher_of), ME, 1, is_admin=True)
    assert told.by_person
    assert {(line.user, line.spreadsheet_id) for line in told.days} == {
        ("me@example.com", "their sheet"),
        ("ann@example.com", ""),
        ("account …0815", ""),
        ("command line", ""),
    }
    seen = {line[1] for line in days_of(store, enricher_of, 1)}
    assert seen == {"me@example.com", "colleagues", "command line"}


@pytest.mark.parametrize(
    ("resolved", "shown"), [(None, [("0", "1")]), (EntryKind.CHARGED, [("1", "0")]), (EntryKind.RELEASED, [])]
)
def test_a_doubt_that_was_resolved_is_none(
    store: Store, enricher_of: EnricherOf, resolved: EntryKind | None, shown: list[tuple[str, str]]
) -> None:
    enter(store, NOW - timedelta(minutes=5), EntryKind.IN_DOUBT, "1")
    if resolved:
        enter(store, NOW, resolved, "1")
    assert [line[3:] for line in days_of(store, enricher_of, 1)] == shown


def test_a_run_moves_the_report_and_the_caps_alike(store: Store, enricher_of: EnricherOf) -> None:
    parts = context(store, enricher_of)
    list(parts.make_enricher().enrich(people(5), spender(user_id=ME.subject)))
    list(parts.make_enricher().enrich(people(6), spender(user_id="somebody-else-0002")))
    told = usage.report(parts, ME, 1)
    assert {line.user: line.charged for line in told.days} == {"me@example.com": "5", "colleagues": "1"}
    assert [(cap.cap, cap.used) for cap in told.caps] == [("you today", "5"), ("everybody this month", "6")]
