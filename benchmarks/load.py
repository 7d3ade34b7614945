"""Many people at once: 50 users plan and run, then 1,000 formulas calculate, on the whole stack with PostgreSQL.

Run: `python -m benchmarks.load` (about a minute). What comes back must be right, and each person paid for once; times
are printed.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any, TypeVar
from uuid import uuid4

import click
import requests
from rich.console import Console
from rich.table import Table

from tests.support.cluster import cluster
from tests.support.desk import expected
from tests.support.enrichers import confirmed
from tests.support.postgresql import server
from tests.support.running import Json, Running, attach

T = TypeVar("T")
ROWS = 20
SHARED = 100
"""People who stand in many sheets."""
POLL_S = 0.25


@dataclass(slots=True)
class Client:
    """Asks from many threads, each with connections of its own, and keeps how long each kind of call took."""

    running: Running
    took_s: dict[str, list[float]] = field(default_factory=dict)
    _local: threading.local = field(default_factory=threading.local)

    def ask(self, kind: str, method: str, path: str, headers: dict[str, str], body: object = None) -> Json:
        """A call of `api`, or of `formula`, that must succeed."""
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.trust_env = False
        url = self.running.stack.urls["formula" if kind == "formula" else "api"] + path
        began_s = time.perf_counter()
        answer = self._local.session.request(method, url, json=body, headers=headers, timeout=120)
        self.took_s.setdefault(kind, []).append(time.perf_counter() - began_s)
        assert answer.ok, f"{kind}: {answer.status_code} {answer.text}"
        found: Json = answer.json()
        return found


def all_at_once(work: Callable[[Any], T], items: Sequence[Any], threads: int) -> tuple[list[T], float]:
    """Does it to all items in so many threads; gives what came of them and how long all took together."""
    began_s = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        done = list(pool.map(work, items))
    return done, time.perf_counter() - began_s


def slugs_of(user: int) -> list[str]:
    """Return the people of a user's sheet: some whom nobody else has, some whom others have as well."""
    own = [f"load-{user}-{number}" for number in range(ROWS // 2)]
    return own + [f"load-shared-{(user * 7 + number) % SHARED}" for number in range(ROWS - len(own))]


def url_of(slug: str) -> str:
    """Their profile's address."""
    return f"https://www.linkedin.com/in/{slug}"


def plan_and_run(client: Client, user: int) -> tuple[str, list[str]]:
    """One user: plan, start, wait until it is over; gives the spreadsheet, and who it holds."""
    running, person, people = client.running, f"user-{user}@example.com", slugs_of(user)
    spreadsheet = running.emulator.spreadsheet([["LinkedIn"], *[[url_of(slug)] for slug in people]], owner=person)
    headers = {"Authorization": f"Bearer {running.identity(person)}", **running.key(person, [spreadsheet])}
    job_request = {"spreadsheet_id": spreadsheet, "range": "Leads!A2:A", "fields": ["email", "title"]}
    plan = client.ask("plan", "POST", "/v1/plan", headers, job_request)
    assert plan["rows"] == ROWS
    began_s = time.perf_counter()
    once = headers | {"Idempotency-Key": uuid4().hex}
    job = client.ask("start", "POST", "/v1/jobs", once, job_request | {"max_credits": confirmed(ROWS)})
    while job["state"] in {"queued", "running"}:
        time.sleep(POLL_S)
        job = client.ask("look", "GET", f"/v1/jobs/{job['id']}", headers)
    client.took_s.setdefault("run", []).append(time.perf_counter() - began_s)
    assert job["state"] == "done", job
    assert job["counts"].get("enriched", 0) + job["counts"].get("known", 0) == ROWS, job
    return spreadsheet, people


def check_sheet(running: Running, sheet: tuple[str, list[str]]) -> None:
    """Each person's own e-mail address stands beside them."""
    spreadsheet, people = sheet
    header, *rows = running.emulator.values(spreadsheet, "Leads")
    at = header.index("Email")
    held = [row[at] if at < len(row) else "" for row in rows]
    assert held == [value for slug in people for value in expected(slug, ["email"])]


def calculate(client: Client, asked: tuple[dict[str, str], str]) -> str:
    """One formula over one cell; gives whom it asked for."""
    headers, slug = asked
    answer: Json = {"pending": 1}
    while answer["pending"]:  # the add-on asks again then
        body = {"urls": [[url_of(slug)]], "fields": ["email"]}
        answer = client.ask("formula", "POST", "/v1/formula", headers, body)
    assert answer["values"] == [expected(slug, ["email"])], answer
    return slug


def load(running: Running, users: int, formulas: int) -> Table:
    """Everybody at once, then all formulas at once; checks all of it and gives the times."""
    client = Client(running)
    running.sandbox.switch(latency_s=0.2)
    sheets, runs_s = all_at_once(lambda user: plan_and_run(client, user), range(users), users)
    for sheet in sheets:
        check_sheet(running, sheet)
    people = {slug for _, slugs in sheets for slug in slugs}
    assert running.sandbox.charges()["total"] == len(people), "somebody was paid for twice, or not at all"
    tokens = [running.formula_token(spreadsheet) for spreadsheet, _ in sheets[:5]]
    asked = [
        (
            {"Authorization": f"Bearer {tokens[number % len(tokens)]['token']}"},
            f"load-shared-{number % SHARED}" if number % 3 else f"load-formula-{number // 5}",
        )
        for number in range(formulas)
    ]
    answered, formulas_s = all_at_once(lambda one: calculate(client, one), asked, 100)
    people.update(answered)
    assert running.sandbox.charges()["total"] == len(people), "somebody was paid for twice, or not at all"
    table = Table("call", "how many", "p50", "p99")
    for kind, took_s in client.took_s.items():
        at = quantiles(took_s, n=100, method="inclusive")
        table.add_row(kind, f"{len(took_s):,}", f"{at[49] * 1000:,.0f} ms", f"{at[98] * 1000:,.0f} ms")
    table.caption = (
        f"{users} users planned and ran in {runs_s:.1f} s; {formulas:,} formulas in {formulas_s:.1f} s; "
        f"{len(people):,} people, {len(people):,} charges"
    )
    return table


@click.command()
@click.option("--users", default=50, show_default=True)
@click.option("--formulas", default=1_000, show_default=True)
@click.option("--workers", default=2, show_default=True)
def main(*, users: int, formulas: int, workers: int) -> None:
    """Let many people work at once."""
    with server() as database, tempfile.TemporaryDirectory() as folder, ExitStack() as closing:
        started = closing.enter_context(
            cluster(
                Path(folder),
                workers=workers,
                DATABASE_URL=database.database(),
                FORMULA_CREDITS_PER_DAY="100000",
            )
        )
        Console().print(load(attach(started, closing), users, formulas))


if __name__ == "__main__":
    main()
