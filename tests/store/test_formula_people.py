"""Both databases count the people who are new to a spreadsheet's formulas alike, also for many formulas at once."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from functions.auth.identity_tokens import Caller, FormulaToken
from functions.credits.lead_status import LeadStatus
from functions.store import erasures, formula_people, formula_tokens, leads, schema
from functions.store.database import Store
from functions.store.job_states import JobState
from tests.support.enrichers import people
from tests.support.traces import traces

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHEET, OTHER = "sheet", "another sheet"
ME = Caller("1", "me@example.com", "example.com")


def known(store: Store, count: int, name: str = "known") -> list[str]:
    """People of whom there is a lead."""
    keys = [profile.key for profile in people(count, name)]
    with store.writing() as connection:
        found = leads.Known(LeadStatus.FOUND, NOON, packed=leads.pack(b"{}"))
        leads.learn(connection, {(key, "slintel"): found for key in keys})
        token = FormulaToken(name, SHEET, ME, NOON, NOON + timedelta(days=14))
        formula_tokens.replace(connection, token)
    return keys


def shown(store: Store, keys: Iterable[str], limit: int, now: datetime = NOON, sheet: str = SHEET) -> list[str]:
    """Those of these people whom a formula may show."""
    asked = list(keys)
    over = formula_people.over_the_limit(store, sheet, asked, limit, now)
    return [key for key in asked if key not in over]


def test_new_people_count_once_a_spreadsheet_and_the_count_begins_anew_at_midnight(store: Store) -> None:
    keys = known(store, 5)
    assert shown(store, keys, 2) == keys[:2]
    assert shown(store, reversed(keys), 2) == keys[1::-1]  # those of before, and nobody in their place
    assert shown(store, keys, 2, sheet=OTHER) == keys[:2]
    midnight = NOON + timedelta(hours=12)
    assert shown(store, keys, 2, midnight - timedelta(microseconds=1)) == keys[:2]
    assert shown(store, keys, 2, midnight) == keys[:4]
    assert shown(store, keys, 0, midnight + timedelta(days=1)) == keys[:4]


def test_whom_the_spreadsheet_paid_for_or_ran_over_is_not_new_to_it(store: Store) -> None:
    by_run, by_formula, elsewhere = known(store, 3)
    with store.writing() as connection:
        for job_id, sheet, key in (("1", SHEET, by_run), ("2", OTHER, elsewhere)):
            job: dict[str, Any] = {"id": job_id, "spreadsheet_id": sheet}
            job |= {
                "user_id": "1",
                "user_email": "",
                "idempotency_key": job_id,
                "request": {},
                "request_digest": "",
                "state": JobState.DONE,
                "ceilings": {},
            }
            job |= {"sheet_id": 0, "rows": 1, "stop_requested": False, "created_at": NOON}
            connection.execute(schema.jobs.insert(), [job])
            row = {"job_id": job_id, "position": 0, "chunk": 1, "row": 2, "key": key, "detail": ""}
            connection.execute(schema.job_rows.insert(), [row])
        entry = {"at": NOON, "kind": "charged", "credits": 1, "token": "1", "run_id": "1", "user_id": "1"}
        connection.execute(
            schema.ledger_entries.insert(),
            [entry | {"key": by_formula, "spreadsheet_id": SHEET, "provider": "slintel"}],
        )
    assert shown(store, [by_run, by_formula, elsewhere], 0) == [by_run, by_formula]
    with store.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(schema.formula_people)) == 0


def test_many_formulas_at_once_do_not_pass_the_limit_together(store: Store) -> None:
    keys = known(store, 40)
    with ThreadPoolExecutor(8) as pool:
        lists = list(pool.map(lambda start: shown(store, keys[start::8], 10), range(8)))
    assert sum(map(len, lists)) == 10


def test_who_was_erased_leaves_no_trace_in_what_formulas_showed(store: Store) -> None:
    key, other = known(store, 2, "zq-shown")
    assert shown(store, [key, other], 2) == [key, other]
    with store.writing() as connection:
        erasures.erase(connection, key, "ada", NOON)
    assert "formula_people" in traces(store, other)
    assert traces(store, key) == []


def test_more_people_than_one_query_takes(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formula_people, "_BATCH", 3)
    keys = known(store, 10)
    assert shown(store, [*keys, *keys], 7) == [*keys[:7], *keys[:7]]
