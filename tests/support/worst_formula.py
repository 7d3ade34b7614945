"""The largest formulas that are allowed, answered by one process: `python -m tests.support.worst_formula COUNT`.

Answers so many at once, as the threads of an instance do, and prints the process's peak memory in bytes.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import msgspec

from functions import formula
from functions.auth.identity_tokens import Caller, FormulaToken
from functions.context import AppContext
from functions.credits.lead_status import LeadStatus
from functions.enrichment import lane
from functions.enrichment.result import Result
from functions.entrypoints.formula import FormulaBody
from functions.outcomes import Outcome
from functions.profiles import Profile, parse
from functions.store import leads, schema
from functions.store.database import Store
from tests.support.contexts import context_without_sheets
from tests.support.enrichers import PLENTY, allowed
from tests.support.peak_memory import peak_bytes

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ROWS = formula.MAX_URLS
FIELDS = formula.MAX_CELLS // ROWS
WIDTH = formula.MAX_ANSWER_BYTES // formula.MAX_CELLS - 4
"""Letters of each value: with its quotes and comma the answer is as large as it may be."""


class Run:
    """Return an enricher's results when all of these people are known; their leads hold far more than is shown."""

    stopped_by = None

    def __init__(self, profiles: Sequence[Profile]) -> None:
        self._profiles = profiles

    def __iter__(self) -> Iterator[Result]:
        for index, profile in enumerate(self._profiles):
            values = {f"key{number}": f"{index:06}{number:03}".ljust(WIDTH, "x") for number in range(FIELDS)}
            lead: Any = values | {"skills": [f"skill {index}".ljust(32_000)]}
            known: Any = SimpleNamespace(status=LeadStatus.FOUND, lead=lead, learned_at=NOW)
            yield Result(index, profile, Outcome.KNOWN, {"slintel": known})


def context_in(folder: Path) -> AppContext:
    """A context over a new store in which all of these people have a lead and were asked for in no spreadsheet."""
    store = Store(f"sqlite:///{folder / 'leadfill.db'}")
    with store.writing() as connection:
        schema.metadata.create_all(connection)
        keys = [parse(f"linkedin.com/in/person-{row:06}").key for row in range(ROWS)]
        found = leads.Known(LeadStatus.FOUND, NOW, packed=leads.pack(b"{}"))
        leads.learn(connection, {(key, "slintel"): found for key in keys})
    enricher: Any = SimpleNamespace(dispatchers={}, enrich=lambda profiles, *_, **__: Run(profiles))
    return context_without_sheets(store, PLENTY, lambda: enricher, lambda: NOW)


def answer_once(context: AppContext, spreadsheet_id: str) -> bytes:
    """Decode the largest request, answer it, and encode the answer."""
    body = {
        "urls": [[f"https://www.linkedin.com/in/person-{row:06}"] for row in range(ROWS)],
        "fields": [f"Header {number}=key{number}" for number in range(FIELDS)],
    }
    asked = msgspec.json.decode(msgspec.json.encode(body), type=FormulaBody)
    token = FormulaToken("1", spreadsheet_id, Caller("me", "me@example.com", "example.com"), NOW, NOW)
    formula.ANSWER_WITHIN_S = lane.WAIT_S = 300.0  # a busy machine is slower than an instance
    lane.MAX_WAITING = ROWS  # each is to be whole
    values = formula.answer(
        context, token, asked.urls, asked.fields, "", credits_per_day=allowed(1), new_people_per_day=ROWS
    )
    return msgspec.json.encode(values)


def main(count: int) -> None:
    """Answer so many at once."""
    sizes: list[int] = []
    with TemporaryDirectory() as folder:
        context = context_in(Path(folder))
        threads = [
            threading.Thread(target=lambda number: sizes.append(len(answer_once(context, str(number)))), args=[number])
            for number in range(count)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(sizes) == count
    assert all(size > 0.9 * formula.MAX_ANSWER_BYTES for size in sizes), sizes
    print(peak_bytes(os.getpid()))  # noqa: T201 - its result


if __name__ == "__main__":
    main(int(sys.argv[1]))
