"""The ledger, compared with what the provider really charged."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import sqlalchemy as sa

from functions.credits.lead_status import LeadStatus
from functions.store import leads, ledger, schema
from functions.store.database import Store
from functions.store.leads import Standing
from local.providers.client import Sandbox
from tests.support.enrichers import PROVIDER


def totals_of(store: Store, run_id: str | None = None, provider: str = PROVIDER) -> ledger.Totals:
    """The ledger's sums of one provider, of all or of one run."""
    with store.reading() as connection:
        return ledger.totals(connection, run_id).get(provider, ledger.Totals())


def assert_totals_kept(store: Store) -> None:
    """Compares the totals that are kept of each run with a count of its entries."""
    with store.reading() as connection:
        for run_id in connection.scalars(sa.select(schema.ledger_entries.c.run_id).distinct()).all():
            assert ledger.of_run(connection, run_id) == ledger.totals(connection, run_id), run_id


def status_of(known: Mapping[str, Mapping[str, Standing]], key: str, provider: str = PROVIDER) -> LeadStatus | None:
    """The status of a person with one provider, as `leads.read` or `leads.statuses` tell it."""
    standing = known.get(key, {}).get(leads.EVERY_PROVIDER) or known.get(key, {}).get(provider)
    return standing.status if standing else None


def assert_bracketed(store: Store, sandbox: Sandbox) -> ledger.Totals:
    """Compares the ledger with the sandbox's own count, and the counters with the ledger."""
    totals = totals_of(store, provider=sandbox.provider)
    assert_totals_kept(store)
    with store.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(schema.claims)) == 0
        counters = connection.execute(sa.select(schema.counters)).all()
    real = sandbox.charges()["total"]
    assert totals.charged <= real <= totals.charged + totals.in_doubt, (sandbox.provider, totals, real)
    assert all(counter.reserved == 0 for counter in counters)
    monthly = sum(
        (counter.spent for counter in counters if counter.cap.startswith(f"month:{sandbox.provider}:")), Decimal(0)
    )
    assert monthly >= totals.charged
    return totals
