"""P9 on the running processes: the worker is killed again and again within a run, and again within its undo."""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from functions.outcomes import Outcome
from functions.store import job_rows
from local.stack import PERSON, stack
from tests.support.accounts import assert_bracketed
from tests.support.desk import FIELDS, expected, url_of
from tests.support.enrichers import confirmed
from tests.support.running import OVER, Json, Running, attach, slugs
from tests.support.waiting import wait_until, wait_until_quiet

ROWS = 2_000
WAYS = ["power cut", "its child dies", "power cut", "its parent dies"]
"""The worker is two processes, gunicorn's and the one that works: both die, or one of them."""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A stack of one's own: its worker dies."""
    with ExitStack() as closing:
        yield attach(closing.enter_context(stack(tmp_path)), closing)


def kill(running: Running, way: str) -> None:
    """Kills the worker, and starts it again where nobody else does."""
    part = running.stack.parts["worker"]
    assert part.process is not None
    parent = psutil.Process(part.process.pid)
    children = parent.children()
    if way != "its parent dies":
        for child in children:
            os.kill(child.pid, signal.SIGKILL)
    if way == "its child dies":
        return  # the parent has another one
    part.stop(kill=True)
    running.stack.restart("worker")  # an orphan sees by itself that it is one, and makes room


def wait_until_charged(running: Running, charges: int) -> None:
    wait_until(lambda: running.sandbox.charges()["total"] >= charges)


def is_over(running: Running, job: Json) -> bool:
    return running.ask("GET", f"/v1/jobs/{job['id']}").json()["state"] in OVER


def test_a_worker_that_is_killed_at_random_moments(running: Running) -> None:
    draw = random.Random(9)
    people = slugs(ROWS - 100)
    people += [*draw.sample(people, 99), "zq-not-found-9"]
    spreadsheet = running.emulator.spreadsheet(
        [["Id", "LinkedIn", "Notes"], *[[f"id-{n}", url_of(slug), f"note {n}"] for n, slug in enumerate(people)]],
        owner=PERSON,
    )
    before = running.emulator.values(spreadsheet, "Leads", render="FORMULA")
    running.sandbox.switch(latency_s=0.03)
    job = running.start(spreadsheet, range="Leads!B2:B", fields=list(FIELDS), max_credits=confirmed(ROWS))

    for way, charges in zip(WAYS, sorted(draw.sample(range(50, 1_700), len(WAYS))), strict=True):
        wait_until_charged(running, charges)
        assert not is_over(running, job)
        kill(running, way)
    calls = running.emulator.calls()["writes"]
    wait_until(lambda: running.emulator.calls()["writes"] > calls)
    kill(running, "power cut")
    job = running.finish(job)

    assert (job["state"], job["message"]) == ("done", None)
    assert sum(job["counts"].values()) == ROWS
    wait_until_quiet(running.sandbox)
    totals = assert_bracketed(running.store, running.sandbox)
    assert max(running.sandbox.charges(by="slug").values()) == 1
    with running.store.reading() as connection:
        ended = [row.outcome for row in job_rows.page(connection, job["id"], None, -1, ROWS)]
    counts = Counter(ended)
    print(f"{dict(counts)}; {totals}; charged {running.sandbox.charges()['total']}")  # noqa: T201 - what the deaths cost
    assert counts[Outcome.ENRICHED] == totals.charged
    assert counts[Outcome.IN_DOUBT] < ROWS / 5
    grid = running.emulator.values(spreadsheet, "Leads", render="FORMULA")
    for row, slug, outcome in zip(grid[1:], people, ended, strict=True):
        put = outcome in {Outcome.ENRICHED, Outcome.KNOWN}
        assert row[2:6] == (expected(slug) if put else [""] * 4), (outcome, slug)

    job = running.ask("POST", f"/v1/jobs/{job['id']}/undo", headers=running.key()).json()
    calls = running.emulator.calls()["total"]
    wait_until(lambda: running.emulator.calls()["total"] > calls)
    kill(running, "power cut")
    assert running.finish(job, states=OVER - {"done"})["state"] == "undone"
    assert running.emulator.values(spreadsheet, "Leads", render="FORMULA") == before


def test_a_worker_that_is_asked_to_end_leaves_nothing_in_doubt(running: Running) -> None:
    spreadsheet = running.sheet([url_of(slug) for slug in slugs(600)])
    running.sandbox.switch(latency_s=0.1)
    job = running.start(spreadsheet)
    for charges in (60, 300):
        wait_until_charged(running, charges)
        running.stack.parts["worker"].stop()
        assert not is_over(running, job)
        running.stack.restart("worker")
    job = running.finish(job)
    assert (job["state"], job["counts"]) == ("done", {"enriched": 600})
    assert assert_bracketed(running.store, running.sandbox).charged == running.sandbox.charges()["total"] == 600
