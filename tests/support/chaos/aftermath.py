"""Checks of what must hold after chaos: of rows, of money, of what was left behind, and of the sheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from functions.credits.lead_status import LeadStatus
from functions.credits.pricing import EntryKind
from functions.credits.terms import EVERY_NEED
from functions.enrichment.result import Result
from functions.enrichment.waterfall import open_needs
from functions.fields import select
from functions.fields.catalogue import CATALOGUE
from functions.fields.cell_format import CellValue
from functions.outcomes import Outcome
from functions.profiles.parsing import of_key
from functions.store import job_rows, leads, schema
from functions.store.job_states import ChunkState, JobState
from functions.store.leads import Known
from local.providers.client import Sandbox
from local.providers.people import draw
from tests.support.chaos.run import Run
from tests.support.chaos.trouble import LOT
from tests.support.enrichers import FRESH
from tests.support.running import Running
from tests.support.waiting import wait_until

SOON = timedelta(seconds=60)
"""Longer than the queue waits between two tries."""
WRITTEN = frozenset({"enriched", "known"})
HEADERS = {known.name: known.header for known in CATALOGUE}
ENDED = (JobState.CANCELLED, JobState.STOPPED, JobState.DONE, JobState.UNDONE)


def judge(running: Running, sandboxes: Mapping[str, Sandbox], seed: int, runs: Sequence[Run], *, capped: bool) -> str:
    """Checks rows, money and what is left; gives outcomes and bills as a text."""
    outcomes: Counter[str] = Counter()
    for run in runs:
        counts = run.job["counts"]
        assert sum(counts.values()) == run.job["rows"] == len(run.rows) - 1, run.job
        assert run.job["state"] in ({"done", "stopped"} if capped else {"done"}), run.job
        outcomes.update(counts)
    bills = [_money(running, sandbox, name, seed, runs) for name, sandbox in sandboxes.items()]
    _nothing_left(running)
    return f"{dict(outcomes)}; {'; '.join(bills)}"


@dataclass(frozen=True, slots=True)
class _Account:
    """Credits of one provider by person: paid by the ledger, in doubt by the ledger, and charged by the provider."""

    lines: Sequence[sa.Row[Any]]
    """The ledger's, but for doubts that are resolved."""
    charged: Counter[str]
    in_doubt: Counter[str]
    real: Counter[str]


def _account(running: Running, sandbox: Sandbox, provider: str, seed: int) -> _Account:
    table = schema.ledger_entries
    columns = [table.c[name] for name in ("token", "kind", "credits", "key", "run_id")]
    with running.store.reading() as connection:
        entries = connection.execute(sa.select(*columns).where(table.c.provider == provider))
        lines = [entry for entry in entries if entry.key and f"/in/chaos-{seed}-" in entry.key]
    certain = {line.token for line in lines if line.kind != EntryKind.IN_DOUBT}
    open_lines = [line for line in lines if line.kind != EntryKind.IN_DOUBT or line.token not in certain]
    charged, in_doubt, real = Counter[str](), Counter[str](), Counter[str]()
    for line in open_lines:
        (in_doubt if line.kind == EntryKind.IN_DOUBT else charged)[line.key.rpartition("/")[2]] += line.credits
    real.update({name: count for name, count in sandbox.charges(by="slug").items() if f"chaos-{seed}-" in name})
    return _Account(open_lines, charged, in_doubt, real)


def _money(running: Running, sandbox: Sandbox, provider: str, seed: int, runs: Sequence[Run]) -> str:
    """Checks one provider's bill, person by person and run by run; gives it as a text."""
    account = _account(running, sandbox, provider, seed)
    charged, in_doubt, real = account.charged, account.in_doubt, account.real
    for name in {*charged, *in_doubt, *real}:
        assert charged[name] <= 1, f"{name} was paid for twice at {provider}"
        assert charged[name] <= real[name] <= charged[name] + in_doubt[name], (
            f"{name} at {provider}: charged {charged[name]}, real {real[name]}, in doubt {in_doubt[name]}"
        )
    for run in runs:
        spent = sum(line.credits for line in account.lines if line.run_id == run.job["id"])
        assert spent <= run.ceiling, f"{spent} credits of {provider} under a ceiling of {run.ceiling}"
    paid = charged.total()
    return f"{provider}: charged {paid:g} ≤ real {real.total():g} ≤ {paid + in_doubt.total():g}"


def doubted(running: Running, provider: str, seed: int) -> dict[str, bool]:
    """The people whom this provider has not answered for since a lookup is in doubt, and whether needs are open."""
    with running.store.reading() as connection:
        keys = [key for key in connection.scalars(sa.select(schema.leads.c.key)) if f"/in/chaos-{seed}-" in key]
        known = leads.statuses(connection, sorted(set(keys)), FRESH, datetime.now(UTC))
    doubts = {key: by for key, by in known.items() if provider in by and by[provider].status is LeadStatus.IN_DOUBT}
    return {key.rpartition("/")[2]: bool(open_needs(by, EVERY_NEED)) for key, by in doubts.items()}


def no_free_doubt_is_left(running: Running, sandbox: Sandbox, provider: str, seed: int) -> None:
    """Checks that a provider whose repeats are free was asked about every doubt of people whose needs are open.

    What is left are people whose repeat was free and whom the ledger has not paid for: a charge whose answer was lost,
    or somebody else who had enriched them before. The provider does not tell which.
    """
    unasked = doubted(running, provider, seed)
    assert not any(unasked.values())
    account, rate = _account(running, sandbox, provider, seed), LOT[provider]["enriched_before_rate"]
    for name in account.in_doubt.keys() - unasked.keys():
        is_explained = account.real[name] or draw(provider, "enriched_before", name) < rate
        assert is_explained, f"{name} is in doubt at {provider}, where nobody has paid"
        assert not account.charged[name], f"{name} is in doubt at {provider}, though it was paid for"


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
    faults = _queue(running)["faults"]
    assert not faults, f"the queue met {faults[:2]}"
    faults = running.emulator.calls()["faults"]
    assert not faults, f"the emulator met {faults[:2]}"


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
    """Checks that the sheets hold what a quiet run gives; where a row was not written, that or nothing.

    A row of a person whom two providers know may hold what was known when it was written.
    """
    for run, calm in zip(runs, quiet, strict=True):
        with running.store.reading() as connection:
            rows = job_rows.page(connection, run.job["id"], None, -1, 10**6)
        outcomes = {f"id-{row.position}": row.outcome.value if row.outcome else "" for row in rows}
        in_full = _leads(running, run)
        after, wanted = _cells(running, run), _cells(running, calm)
        assert after.keys() == wanted.keys()
        owed: Counter[str] = Counter()
        for name, cells in wanted.items():
            assert after[name][:2] == cells[:2], f"{name} was changed: {after[name]}"
            alone = in_full.get(int(name.removeprefix("id-")), [])
            known = [
                {cell, *(lead[at] for lead in alone), *([""] if alone else [])} for at, cell in enumerate(cells[2:])
            ]
            is_right = all(cell in each for cell, each in zip(after[name][2:], known, strict=True))
            if any(after[name][2:]):
                assert is_right, f"{name} ({outcomes[name]}) holds {after[name]}, should hold {cells}"
            # Rows of one person are as good as each other: where not all were written, it may be any of them.
            is_written = is_right and any(after[name][2:]) >= min(map(any, [cells[2:], *alone]))
            owed[cells[0]] += (outcomes[name] in WRITTEN) - is_written
        missing = [url for url, count in owed.items() if count > 0]
        assert not missing, f"values that were said to be written are not there: {missing}"


def _leads(running: Running, run: Run) -> dict[int, list[list[CellValue]]]:
    """The fields of each row, by its position, as each provider's lead alone has them; of people with two leads."""
    with running.store.reading() as connection:
        keys = {row.position: row.key for row in job_rows.page(connection, run.job["id"], None, -1, 10**6) if row.key}
        known = leads.read(connection, sorted(set(keys.values())), FRESH, datetime.now(UTC))
    wanted = select(list(run.fields))

    def alone(provider: str, one: Known, key: str) -> list[CellValue]:
        return Result(0, of_key(key), Outcome.KNOWN, {provider: one}).cells(wanted)

    found = {key: [(name, one) for name, one in by.items() if one.lead] for key, by in known.items()}
    return {
        position: [alone(name, one, key) for name, one in found[key]]
        for position, key in keys.items()
        if len(found.get(key, ())) > 1
    }


def _cells(running: Running, run: Run) -> dict[str, list[Any]]:
    """URL, note and the fields of each row, by its name."""
    header, *rows = running.emulator.values(run.spreadsheet, "Leads", render="FORMULA")
    wide = [[*row, *[""] * (len(header) - len(row))] for row in rows]
    wanted = ["LinkedIn", "Note", *(HEADERS[field] for field in run.fields)]
    at = [header.index(title) for title in wanted]
    return {row[header.index("Id")]: [row[place] for place in at] for row in wide}
