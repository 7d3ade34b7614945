"""A sweep after all that can have died: `python -m tests.support.worst_sweep fill FOLDER`, then `… sweep FOLDER`.

The second prints its report, with the process's peak memory in bytes.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import msgspec

from functions.credits.caps import caps
from functions.credits.lead_status import LeadStatus
from functions.jobs.sweep import KEEP_LEADS, sweep
from functions.profiles import parse
from functions.store import claims, leads, schema
from functions.store.database import Store
from functions.store.lookups import Wanted
from tests.support.contexts import context_without_sheets
from tests.support.enrichers import FRESH, PLENTY, PROVIDER, allowed, spender
from tests.support.peak_memory import peak_bytes

NOW = datetime(2030, 1, 1, tzinfo=UTC)
CLAIMED = 10_000
"""Lookups of processes that died: far more than all instances together have under way."""
OLD, LEAD_BYTES = 20_000, 20_000
"""Leads that nobody has looked up again for two years; together larger than the memory of an instance may be."""


def fill(store: Store) -> None:
    """Leave behind what a sweep has to repair and to delete."""
    with store.writing() as connection:
        schema.metadata.create_all(connection)
        lead = os.urandom(LEAD_BYTES)
        found = leads.Known(LeadStatus.FOUND, NOW - KEEP_LEADS - timedelta(days=1), packed=lead)
        leads.learn(connection, {(f"old-{number}", PROVIDER): found for number in range(OLD)})
    payer = spender(CLAIMED)
    keys = [parse(f"linkedin.com/in/person-{number}").key for number in range(CLAIMED)]
    for first in range(0, CLAIMED, 500):
        claims.claim(
            store,
            Wanted(
                keys=keys[first : first + 500],
                spender=payer,
                caps=caps(payer, PLENTY, PROVIDER, NOW),
                provider=PROVIDER,
                price=allowed(1)[PROVIDER],
                owner=uuid4().hex,
                fresh=FRESH,
                now=NOW - timedelta(hours=1),
            ),
        )


def measure(store: Store) -> dict[str, int]:
    """Sweep, and return what was repaired and the peak of memory."""

    def enricher() -> None:
        raise AssertionError("a sweep asks no provider")

    report = sweep(context_without_sheets(store, PLENTY, enricher, lambda: NOW))  # type: ignore[arg-type] # never called
    return report.facts() | {"peak_bytes": peak_bytes(os.getpid())}


def main(step: str, folder: str) -> None:
    """Take one of the two steps."""
    store = Store(f"sqlite:///{Path(folder) / 'leadfill.db'}")
    if step == "fill":
        fill(store)
    else:
        print(msgspec.json.encode(measure(store)).decode())  # noqa: T201 - its result


if __name__ == "__main__":
    main(*sys.argv[1:])
