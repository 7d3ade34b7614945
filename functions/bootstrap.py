"""Wires Leadfill together: the one place that knows settings and every part."""

from __future__ import annotations

from datetime import timedelta

from functions.caps import Limits
from functions.dispatching import Dispatcher
from functions.enrichment import Enricher
from functions.errors import SettingsError, StoreError
from functions.settings import Settings
from functions.slintel import Slintel
from functions.store import migrating
from functions.store.engine import Store
from functions.store.leads import Freshness


def store(settings: Settings) -> Store:
    """Opens the store. An empty SQLite file gets its tables at once: on one machine there is nobody else to ask.

    Raises:
        StoreError: it cannot be opened, or its tables are not those that this version works with.
    """
    opened = Store(settings.database_url)
    try:
        if opened.is_sqlite and migrating.is_empty(opened):
            migrating.upgrade(opened)
        migrating.check(opened)
    except StoreError:
        opened.close()
        raise
    return opened


def limits(settings: Settings) -> Limits:
    """The deployment's caps."""
    return Limits(
        per_run=settings.credits_per_run,
        per_user_day=settings.credits_per_user_day,
        per_month=settings.credits_per_month,
    )


def freshness(settings: Settings) -> Freshness:
    """How long something counts as known."""
    return Freshness(lead=timedelta(days=settings.fresh_days), miss=timedelta(days=settings.miss_fresh_days))


def enricher(settings: Settings, opened: Store) -> Enricher:
    """The enricher over an open store.

    Raises:
        SettingsError: without an API key.
    """
    if not settings.slintel_api_key:
        raise SettingsError("SLINTEL_API_KEY is not set; Slintel answers nobody without one.")
    slintel = Slintel(
        settings.slintel_base_url,
        settings.slintel_api_key,
        concurrency=settings.slintel_concurrency,
        timeout_s=settings.slintel_timeout_s,
    )
    return Enricher(
        store=opened,
        dispatcher=Dispatcher(slintel, settings.slintel_concurrency),
        limits=limits(settings),
        fresh=freshness(settings),
    )
