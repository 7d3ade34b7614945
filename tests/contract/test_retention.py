"""Old data is deleted, work of dead processes is repaired, encrypted access survives a rotated secret: P9, P11."""

from __future__ import annotations

import json
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from functions import logs
from functions.auth.identity_tokens import Caller, FormulaToken
from functions.credits.caps import caps
from functions.credits.lead_status import LeadStatus
from functions.credits.terms import Limit, WindowStart
from functions.jobs.sweep import KEEP_CELL_HISTORY, KEEP_FORMULA_TOKENS, KEEP_JOBS, KEEP_LEADS, KEEP_RATES
from functions.outcomes import Outcome
from functions.store import claims, formula_tokens, job_rows, jobs, leads, ledger, rates, retention, schema
from functions.store.database import Store
from functions.store.job_rows import JobRow
from functions.store.job_states import JobState
from functions.store.jobs import Job
from functions.store.lookups import Wanted
from functions.store.rates import Pace
from local.ports import free_port
from local.stack import stack
from tests.support.enrichers import FRESH, PLENTY, PROVIDER, allowed, people, spender
from tests.support.running import Running, attach, slugs

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def ended(store: Store, finished_at: datetime | None) -> str:
    """A job with a row, what its cells held, and a credit."""
    job = Job(
        id=uuid4().hex,
        spreadsheet_id="sheet",
        user_id="user",
        request={},
        request_digest="",
        sheet_id=0,
        state=JobState.DONE if finished_at else JobState.WAITING_FOR_ACCESS,
        ceilings=allowed(1),
        encrypted_token=None,
        layout=None,
        rows=1,
        message=None,
        stop_requested=False,
        created_at=NOW - timedelta(days=999),
        started_at=None,
        resumed_at=None,
        finished_at=finished_at,
    )
    with store.writing() as connection:
        jobs.add(connection, job, job.id)
        rows = [JobRow(0, 1, 2, "a-key", Outcome.ENRICHED, ""), JobRow(1, 1, 3, "text:x:0", Outcome.UNUSABLE, "")]
        job_rows.add(connection, job.id, rows)
        connection.execute(
            schema.job_rows.update().where(schema.job_rows.c.job_id == job.id).values(cells={"0": "old"})
        )
        moment = schema.Moment.BEFORE_RUN
        change = {"job_id": job.id, "row": 2, "identity": "a-key", "cells": {"0": "old"}, "moment": moment}
        connection.execute(schema.snapshots.insert(), [change])
        entry = {"at": NOW, "kind": "charged", "credits": 1, "token": job.id, "key": "a-key", "run_id": job.id}
        more = {"user_id": "user", "spreadsheet_id": "sheet", "provider": PROVIDER}
        connection.execute(schema.ledger_entries.insert(), [entry | more])
    return job.id


def kept(store: Store, job_id: str) -> dict[str, Any]:
    """What is left of a job."""
    rows, before = schema.job_rows, schema.snapshots
    with store.reading() as connection:
        return {
            "job": bool(connection.scalar(sa.select(sa.func.count()).where(schema.jobs.c.id == job_id))),
            "rows": connection.scalar(sa.select(sa.func.count()).where(rows.c.job_id == job_id)),
            "cells": bool(
                connection.scalar(sa.select(rows.c.cells).where(rows.c.job_id == job_id, rows.c.position == 0))
            ),
            "keys": connection.scalar(sa.select(sa.func.count(rows.c.key)).where(rows.c.job_id == job_id)),
            "images": connection.scalar(sa.select(sa.func.count()).where(before.c.job_id == job_id)),
            "credits": int(ledger.totals(connection, job_id)[PROVIDER].charged),
        }


def purge(store: Store) -> int:
    """As the sweep does it."""
    with store.writing() as connection:
        return retention.purge(
            connection,
            cell_history=NOW - KEEP_CELL_HISTORY,
            jobs=NOW - KEEP_JOBS,
            leads=NOW - KEEP_LEADS,
            formula_tokens=NOW - KEEP_FORMULA_TOKENS,
            rates=NOW - KEEP_RATES,
        )


ALL = {"job": True, "rows": 2, "cells": True, "keys": 2, "images": 1, "credits": 1}
WITHOUT_IMAGES = ALL | {"cells": False, "keys": 1, "images": 0}  # the person's key stays, a digest of a text goes
CREDITS_ONLY = {"job": False, "rows": 0, "cells": False, "keys": 0, "images": 0, "credits": 1}


@pytest.mark.parametrize(
    ("age", "left"),
    [
        (None, ALL),
        (KEEP_CELL_HISTORY - timedelta(seconds=1), ALL),
        (KEEP_CELL_HISTORY + timedelta(seconds=1), WITHOUT_IMAGES),
        (KEEP_JOBS - timedelta(seconds=1), WITHOUT_IMAGES),
        (KEEP_JOBS + timedelta(seconds=1), CREDITS_ONLY),
    ],
    ids=["not ended", "undo still possible", "undo over", "history still kept", "history over"],
)
def test_a_run_is_kept_as_long_as_it_is_said_and_its_credits_for_ever(
    store: Store, age: timedelta | None, left: dict[str, Any]
) -> None:
    job_id = ended(store, NOW - age if age else None)
    purge(store)
    assert kept(store, job_id) == left
    assert purge(store) == 0
    assert kept(store, job_id) == left


def test_a_lead_goes_when_nobody_has_looked_it_up_for_long(store: Store) -> None:
    with store.writing() as connection:
        for key, age in (("old", KEEP_LEADS + timedelta(days=1)), ("new", KEEP_LEADS - timedelta(days=1))):
            leads.learn(connection, {(key, PROVIDER): leads.Known(LeadStatus.MISSING, NOW - age)})
    assert purge(store) == 1
    with store.reading() as connection:
        assert list(connection.scalars(sa.select(schema.leads.c.key))) == ["new"]


def test_a_formula_token_is_forgotten_a_month_after_its_end_and_who_was_shown_with_the_leads(store: Store) -> None:
    for token_id, age in (("old", KEEP_FORMULA_TOKENS + timedelta(days=1)), ("new", KEEP_FORMULA_TOKENS)):
        token = FormulaToken(token_id, "sheet", Caller(token_id, "", ""), NOW - age - timedelta(days=14), NOW - age)
        with store.writing() as connection:
            formula_tokens.replace(connection, token)
    shown = schema.formula_people
    with store.writing() as connection:
        for key, age in (("long ago", KEEP_LEADS + timedelta(days=1)), ("lately", KEEP_LEADS)):
            row = {"spreadsheet_id": "sheet", "key": key, "first_at": NOW - age}
            connection.execute(shown.insert(), [row])
    assert purge(store) == 2
    with store.reading() as connection:
        assert list(connection.scalars(sa.select(schema.formula_tokens.c.id))) == ["new"]
        assert list(connection.scalars(sa.select(shown.c.key))) == ["lately"]


def test_a_rate_is_forgotten_once_its_windows_are_over_and_nobody_waits_for_it(store: Store) -> None:
    day, second = Limit(Decimal(1), timedelta(days=1), WindowStart.CLOCK), timedelta(seconds=1)
    for name, age in (("idle", KEEP_RATES + second), ("lately", KEEP_RATES)):
        rates.next_turn(store, Pace(name, (day,)), NOW - age)
    blocked = Pace("blocked", (day,))
    rates.change(
        store,
        blocked,
        lambda at_first: at_first.started(NOW - 2 * KEEP_RATES).refused(
            NOW - 2 * KEEP_RATES, 3 * KEEP_RATES, NOW - 2 * KEEP_RATES, second
        ),
    )
    assert purge(store) == 1
    with store.reading() as connection:
        assert set(connection.scalars(sa.select(schema.rates.c.name))) == {"lately", "blocked"}


def sealed(running: Running, job_id: str) -> str | None:
    with running.store.reading() as connection:
        found: str | None = connection.scalar(
            sa.select(schema.jobs.c.encrypted_token).where(schema.jobs.c.id == job_id)
        )
        return found


OLD, NEW = "old-secret-0123456789-abcdefghijklm", "new-secret-9876543210-zyxwvutsrqpon"


def restart(running: Running, secret: str) -> None:
    """The functions as they start under another secret."""
    running.stack.environ["LEADFILL_SECRET_KEY"] = secret
    for name in ("api", "formula", "worker"):
        running.stack.parts[name].stop()
        running.stack.restart(name)


def test_a_run_that_is_under_way_and_formulas_live_through_the_rotation_of_the_secret(tmp_path: Path) -> None:
    people = slugs(2)
    with ExitStack() as closing:
        running = attach(closing.enter_context(stack(tmp_path, LEADFILL_SECRET_KEY=OLD)), closing)
        spreadsheet = running.sheet([f"linkedin.com/in/{slug}" for slug in people])
        formula = {"Authorization": f"Bearer {running.formula_token(spreadsheet)['token']}"}
        running.stack.parts["worker"].stop()
        job = running.start(spreadsheet)  # sealed with the old secret, and nobody works on it yet
        assert sealed(running, job["id"])

        restart(running, f"{NEW},{OLD}")

        assert running.finish(job)["counts"] == {"enriched": 2}
        assert sealed(running, job["id"]) is None
        body = {"urls": [[f"linkedin.com/in/{people[0]}"]], "fields": ["status"]}
        for secret, status in ((None, 200), (NEW, 401)):  # once the old secret is gone, so is what it made
            if secret:
                restart(running, secret)
            answer = running.ask("POST", "/v1/formula", at="formula", by="", headers=formula, json=body)
            assert answer.status_code == status


def test_what_was_sealed_with_a_secret_that_is_gone_waits_for_fresh_access_and_is_not_lost(tmp_path: Path) -> None:
    people = slugs(2)
    with ExitStack() as closing:
        running = attach(closing.enter_context(stack(tmp_path, LEADFILL_SECRET_KEY=OLD)), closing)
        spreadsheet = running.sheet([f"linkedin.com/in/{slug}" for slug in people])
        running.stack.parts["worker"].stop()
        job = running.start(spreadsheet)
        restart(running, NEW)
        running.finish(job, states=frozenset({"waiting_for_access"}))
        running.ask("POST", f"/v1/jobs/{job['id']}/access", headers=running.key())
        assert running.finish(job)["counts"] == {"enriched": 2}


def test_the_sweep_answers_only_the_scheduler_and_repairs_once(tmp_path: Path) -> None:
    with ExitStack() as closing:
        running = attach(closing.enter_context(stack(tmp_path)), closing)
        running.stack.start_function("sweep", free_port(0))
        for headers in (
            {},
            running.service(aud="https://other.example"),
            {"Authorization": f"Bearer {running.identity()}"},
        ):
            assert running.ask("POST", "/", at="sweep", by="", headers=headers).status_code in {401, 403}
        running.stack.parts["worker"].stop()  # it sweeps, too
        left_behind(running.store)
        for _ in range(2):  # replayed, it does nothing more
            assert running.ask("POST", "/", at="sweep", by="", headers=running.service()).status_code == 204
        said = [json.loads(line) for line in running.stack.parts["sweep"].log.read_text(encoding="utf-8").splitlines()]
        assert [line["doubts"] for line in said if line["message"] == "Sweep finished."] == [2, 0]
        told = [line for line in said if line.get("event") == logs.IN_DOUBT]
        assert [(line["severity"], line["credits"]) for line in told] == [("WARNING", 2)]


def left_behind(store: Store) -> None:
    """Claims of a process that died a day ago, on a machine that is not this one."""
    then = datetime.now(UTC) - timedelta(days=1)
    keys = [profile.key for profile in people(2, "left-behind")]
    spends = spender()
    counters = caps(spends, PLENTY, PROVIDER, then)
    price = Decimal(1)
    claims.claim(
        store,
        Wanted(
            keys=keys,
            spender=spends,
            caps=counters,
            provider=PROVIDER,
            price=price,
            owner="elsewhere",
            fresh=FRESH,
            now=then,
        ),
    )
