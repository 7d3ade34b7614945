"""An application context over a test's own store and enricher; its queue is the store, and nobody waits for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from functions.auth.encryption import TokenCipher
from functions.context import AppContext
from functions.credits.caps import Limits
from functions.enrichment.enricher import Enricher
from functions.providers import slintel
from functions.store.database import Store
from functions.task_queue import StoreQueue
from tests.support.enrichers import FRESH

SECRET = "a secret of this test; that is long enough: 0123456789"


def context_without_sheets(
    store: Store,
    limits: Limits,
    make_enricher: Callable[[], Enricher],
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> AppContext:
    """A context for what reads and writes no spreadsheet, such as formulas and usage reports."""
    return AppContext(
        store=store,
        limits=limits,
        fresh=FRESH,
        queue=StoreQueue(lambda: None),
        cipher=TokenCipher(SECRET, "test"),
        sheets_endpoint="",
        make_enricher=make_enricher,
        terms={slintel.NAME: slintel.TERMS},
        clock=clock,
    )
