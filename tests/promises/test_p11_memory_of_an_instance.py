"""P11, P9: the largest work that is allowed, at once in all threads of an instance, fits into its memory.

What an instance of `formula` answers is in test_p11_bounded_answers.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from deploy import target
from functions.credits.lead_status import LeadStatus
from functions.jobs.delivery import MAX_FLUSH_BYTES
from functions.profiles import parse
from functions.sheets.transport import MAX_ANSWER_BYTES
from functions.store import leads
from functions.store.leads import Known
from local.stack import stack
from tests.support.desk import url_of
from tests.support.enrichers import PROVIDER, confirmed
from tests.support.long_fields import LONG_FIELDS, TEXT_LENGTH, long_fields
from tests.support.peak_memory import peak_bytes
from tests.support.running import Running, attach

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="peaks are read from /proc")

ROOT = Path(__file__).parent.parent.parent
LARGEST_TAB = 100_000
"""Rows of a run (functions.jobs.new_job)."""
MARGIN = 0.85
"""Of the memory that an instance has."""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """All of Leadfill in new processes, whose peaks are their own."""
    with ExitStack() as closing:
        started = stack(
            tmp_path,
            THREADS="8",
            SHEETS_CALLS_PER_MINUTE="100000",
            CREDITS_PER_RUN="1000000",
            CREDITS_PER_USER_DAY="1000000",
            CREDITS_PER_MONTH="1000000",
        )
        yield attach(closing.enter_context(started), closing)


def limit_of(name: str) -> tuple[int, int]:
    """Bytes of an instance of a function, and what it does at once."""
    function = next(function for function in target.FUNCTIONS if function.name == name)
    size, unit = int(function.memory[:-2]), function.memory[-2:]
    return size * {"Mi": 1024**2, "Gi": 1024**3}[unit], function.concurrency


def test_plans_and_starts_of_the_largest_tab_fit_into_an_instance_of_api(running: Running) -> None:
    spreadsheet = running.sheet([url_of(f"memory-{number}") for number in range(LARGEST_TAB)])
    key = running.key()
    body = {"spreadsheet_id": spreadsheet, "range": "Leads!A2:A", "fields": ["email", "title"]}
    start = body | {"max_credits": confirmed(LARGEST_TAB)}

    def ask(number: int) -> int:
        path, sent = ("/v1/plan", body) if number % 2 else ("/v1/jobs", start)
        answer = running.ask("POST", path, headers=key | {"Idempotency-Key": uuid4().hex}, json=sent)
        return answer.status_code

    def peak(count: int) -> int:
        with ThreadPoolExecutor(count) as pool:
            assert {*pool.map(ask, range(count))} <= {200, 202}
        api = running.stack.parts["api"].process
        assert api is not None
        return peak_bytes(api.pid)

    limit, at_once = limit_of("api")
    one, three = peak(1), peak(3)
    assert one + (three - one) / 2 * (at_once - 1) < MARGIN * limit
    assert one + MAX_ANSWER_BYTES * at_once < MARGIN * limit, "where cells hold so much text that it is refused"


def test_chunks_of_long_values_fit_into_an_instance_of_worker(running: Running) -> None:
    """A flush takes so many bytes and no more: what a few of them need, a chunk needs."""
    text = "x" * TEXT_LENGTH

    def peak(rows: int) -> int:
        """Of the worker, once it has written so many rows of long values."""
        slugs = [f"long-{rows}-{number}" for number in range(rows)]
        known = Known(LeadStatus.FOUND, datetime.now(UTC), packed=leads.pack(b'{"name": "Given Family"}'))
        with running.store.writing() as connection:
            leads.learn(connection, {(parse(f"linkedin.com/in/{slug}").key, PROVIDER): known for slug in slugs})
        spreadsheet = running.sheet([url_of(slug) for slug in slugs])
        job = running.finish(running.start(spreadsheet, fields=long_fields("x")))
        assert job["counts"] == {"known": rows}
        assert running.emulator.values(spreadsheet, f"Leads!B{rows + 1}:Z{rows + 1}")[0] == [text] * len(LONG_FIELDS)
        worker = running.stack.parts["worker"].process
        assert worker is not None
        return peak_bytes(worker.pid)

    rows = 3 * MAX_FLUSH_BYTES // (len(LONG_FIELDS) * TEXT_LENGTH)
    limit, at_once = limit_of("worker")
    at_rest, a_chunk = peak(1), peak(rows)
    assert at_rest + (a_chunk - at_rest) * at_once < MARGIN * limit


def test_a_sweep_after_all_that_can_have_died_fits_into_its_instance(tmp_path: Path) -> None:
    def step(name: str) -> str:
        command = [sys.executable, "-m", "tests.support.worst_sweep", name, str(tmp_path)]
        return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout

    step("fill")
    swept: dict[str, Any] = json.loads(step("sweep"))
    assert swept["doubts"] == 10_000
    assert swept["purged"] == 20_000
    assert swept["peak_bytes"] < MARGIN * limit_of("sweep")[0]
