"""The ledger, compared with what the provider really charged."""

from __future__ import annotations

from decimal import Decimal

import sqlalchemy as sa

from functions.store import ledger, schema
from functions.store.database import Store
from local.providers.client import Sandbox


def assert_bracketed(store: Store, sandbox: Sandbox) -> ledger.Totals:
    """Compares the ledger with the sandbox's own count, and the counters with the ledger."""
    with store.reading() as connection:
        totals = ledger.totals(connection)
        assert connection.scalar(sa.select(sa.func.count()).select_from(schema.claims)) == 0
        counters = connection.execute(sa.select(schema.counters)).all()
    real = sandbox.charges()["total"]
    assert totals.charged <= real <= totals.charged + totals.in_doubt
    assert all(counter.reserved == 0 for counter in counters)
    monthly = sum((counter.spent for counter in counters if counter.cap.startswith("month:")), Decimal(0))
    assert monthly >= totals.charged
    return totals
