"""Checks of what must hold after chaos: of rows, of money, of what was left behind, and of the sheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from functions.credits.pricing import EntryKind
from functions.fields.catalogue import CATALOGUE
from functions.store import job_rows, schema
from functions.store.job_states import ChunkState, JobState
from tests.support.chaos.run import Run
from tests.support.running import Running
from tests.support.waiting import wait_until

SOON = timedelta(seconds=60)
"""Longer than the queue waits between two tries."""
WRITTEN = frozenset({"enriched", "known"})
HEADERS = {known.name: known.header for known in CATALOGUE}
ENDED = (JobState.CANCELLED, JobState.STOPPED, JobState.DONE, JobState.UNDONE)


def judge(running: Running, seed: int, runs: Sequence[Run], *, capped: bool) -> str:
    """Checks rows, money and what is left; gives outcomes and bill as a text."""
    outcomes: Counter[str] = Counter()
    for run in runs:
        counts = run.job["counts"]
        assert sum(counts.values()) == run.job["rows"] == len(run.rows) - 1, run.job
        assert run.job["state"] in ({"done", "stopped"} if capped else {"done"}), run.job
        outcomes.update(counts)
    charged, in_doubt, real = _money(running, seed, runs)
    _nothing_left(running)
    return f"{dict(outcomes)}; charged {charged} ≤ real {real} ≤ {charged + in_doubt}"


def _money(running: Running, seed: int, runs: Sequence[Run]) -> tuple[int, int, int]:
    """Checks the bill, person by person and run by run; gives charged, in doubt, and what the provider counted."""
    table = schema.ledger_entries
    columns = [table.c[name] for name in ("token", "kind", "credits", "key", "run_id")]
    with running.store.reading() as connection:
        entries = connection.execute(sa.select(*columns))
        lines = [entry for entry in entries if entry.key and f"/in/chaos-{seed}-" in entry.key]
    certain = {line.token for line in lines if line.kind != EntryKind.IN_DOUBT}
    doubts = [line for line in lines if line.kind == EntryKind.IN_DOUBT and line.token not in certain]
    paid = [line for line in lines if line.kind == EntryKind.CHARGED]
    charged, in_doubt = (Counter(line.key.rpartition("/")[2] for line in of) for of in (paid, doubts))
    real = {name: count for name, count in running.sandbox.charges(by="slug").items() if f"chaos-{seed}-" in name}
    for name in {*charged, *in_doubt, *real}:
        assert charged[name] <= 1, f"{name} was paid for twice"
        assert charged[name] <= real.get(name, 0) <= charged[name] + in_doubt[name], (
            f"{name}: charged {charged[name]}, real {real.get(name, 0)}, in doubt {in_doubt[name]}"
        )
    for run in runs:
        spent = sum(line.credits for line in [*paid, *doubts] if line.run_id == run.job["id"])
        assert spent <= run.ceiling, f"{spent} credits under a ceiling of {run.ceiling}"
    return charged.total(), in_doubt.total(), sum(real.values())


def _nothing_left(running: Running) -> None:
    """Checks that nothing waits, holds or is reserved any more, and that no stand-in met an error of its own."""
    queries: dict[str, sa.Select[Any]] = {
        "claims": sa.select(schema.claims.c.key),
        "locks": sa.select(schema.locks.c.name),
        "chunks": sa.select(schema.chunks.c.id).where(schema.chunks.c.state != ChunkState.DONE),
        "jobs": sa.select(schema.jobs.c.id).where(schema.jobs.c.state.not_in(ENDED)),
        "tokens": sa.select(schema.jobs.c.id).where(schema.jobs.c.encrypted_token.is_not(None)),
        "reservations": sa.select(schema.counters.c.cap).where(schema.counters.c.reserved != 0),
        "open rows": sa.select(schema.job_rows.c.position).where(schema.job_rows.c.outcome.is_(None)),
    }
    with running.store.reading() as connection:
        for what, query in queries.items():
            left = connection.scalars(query).all()
            assert not left, f"{what} left: {left[:5]}"
    wait_until(lambda: not _tasks(running) and _queue(running)["in_flight"] == 0)
    assert _queue(running)["faults"] == []
    assert running.emulator.calls()["faults"] == []


def _tasks(running: Running) -> list[str]:
    """Tasks that are due or soon tried again; one that an instance far ahead of time put off finds its chunk done."""
    environ = running.stack.environ
    url, soon = f"{environ['TASKS_API_ENDPOINT']}v2/{environ['TASKS_QUEUE']}/tasks", datetime.now(UTC) + SOON
    tasks = running.session.get(url, params={"pageSize": 1000}, timeout=10).json().get("tasks", [])
    return [task["name"] for task in tasks if datetime.fromisoformat(task["scheduleTime"]) < soon]


def _queue(running: Running) -> dict[str, Any]:
    found: dict[str, Any] = running.session.get(f"{running.stack.urls['tasks']}/_emulator/state", timeout=10).json()
    return found


def compare(running: Running, runs: Sequence[Run], quiet: Sequence[Run]) -> None:
    """Checks that the sheets hold what a quiet run gives; where a row was not written, that or nothing."""
    for run, calm in zip(runs, quiet, strict=True):
        with running.store.reading() as connection:
            rows = job_rows.page(connection, run.job["id"], None, -1, 10**6)
        outcomes = {f"id-{row.position}": row.outcome.value if row.outcome else "" for row in rows}
        after, wanted = _cells(running, run), _cells(running, calm)
        assert after.keys() == wanted.keys()
        owed: Counter[str] = Counter()
        for name, cells in wanted.items():
            assert after[name][:2] == cells[:2], f"{name} was changed: {after[name]}"
            if any(after[name][2:]):
                assert after[name] == cells, f"{name} ({outcomes[name]}) holds {after[name]}, should hold {cells}"
            # Rows of one person are as good as each other: where not all were written, it may be any of them.
            owed[cells[0]] += (outcomes[name] in WRITTEN) - (after[name] == cells)
        missing = [url for url, count in owed.items() if count > 0]
        assert not missing, f"values that were said to be written are not there: {missing}"


def _cells(running: Running, run: Run) -> dict[str, list[Any]]:
    """URL, note and the fields of each row, by its name."""
    header, *rows = running.emulator.values(run.spreadsheet, "Leads", render="FORMULA")
    wide = [[*row, *[""] * (len(header) - len(row))] for row in rows]
    wanted = ["LinkedIn", "Note", *(HEADERS[field] for field in run.fields)]
    at = [header.index(title) for title in wanted]
    return {row[header.index("Id")]: [row[place] for place in at] for row in wide}
