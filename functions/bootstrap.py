"""Wires Leadfill together: the only module that knows the settings and every part."""

from __future__ import annotations

import atexit
import os
from datetime import timedelta
from decimal import Decimal
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from functions import logs
from functions.auth.encryption import TokenCipher
from functions.auth.identity_tokens import Access
from functions.context import AppContext
from functions.credits.caps import Limits
from functions.credits.terms import Terms
from functions.enrichment.dispatcher import Dispatcher
from functions.enrichment.enricher import Enricher
from functions.enrichment.turns import Turns
from functions.errors import SettingsError
from functions.providers import provider_settings
from functions.settings import Settings, read
from functions.store import schema_version, sheet_calls
from functions.store.database import Store
from functions.store.leads import Freshness
from functions.store.rates import Pace
from functions.task_queue import CloudTasksQueue, Queue, StoreQueue

if TYPE_CHECKING:
    from flask import Flask, Request
    from werkzeug import Response

    from functions.entrypoints.local_worker import LocalWorker
    from functions.jobs.permissions import Permissions

TARGETS = ("api", "formula", "worker", "sweep")
ASKING = frozenset({"formula", "worker"})
"""Those that ask providers, and so hold their keys."""


def serve(target: str, request: Request) -> Response:
    """Answer a request to one of the entry points.

    Raises:
        SettingsError: with one line for each variable that is wrong.
        StoreError: the store cannot be opened.
    """
    from werkzeug import Response

    return Response.from_app(application(target).wsgi_app, request.environ)


@cache
def application(target: str) -> Flask:
    """Return the Flask application of an entry point, made once per process; imports only what it needs.

    Raises:
        SettingsError: with one line for each variable that is wrong.
        StoreError: the store cannot be opened.
    """
    settings = read(os.environ, keys_needed=target in ASKING)
    logs.set_up(settings.google_cloud_project)
    opened = store(settings)
    if target == "formula":
        from functions.entrypoints.formula import Formulas

        parts = context(settings, opened, _queue(settings, None))
        return Formulas(
            context=parts,
            access=access(settings),
            credits_per_day=formula_credits(settings),
            new_people_per_day=settings.formula_new_people_per_day,
        ).application()
    if target == "api":
        from functions.entrypoints.api import Api

        parts = context(settings, opened, _queue(settings, None))
        admins = frozenset(settings.admin_emails)
        return Api(parts, access(settings), _permissions(settings, parts), admins).application()
    from functions.entrypoints.worker import WorkerApp

    if target == "sweep":
        parts = context(settings, opened, _queue(settings, None))
        return WorkerApp(parts, access(settings), settings.sweep_url).sweep()
    _import_early("requests", "google.auth.jwt")
    return WorkerApp(_drained(settings, opened), access(settings), settings.worker_url).worker()


def _import_early(*modules: str) -> None:
    """Import modules before any thread does: two threads that import them in opposite order would get half-made ones.

    Python breaks such a deadlock by giving a module that is not loaded yet (importlib, `_ModuleLock`). The worker's
    chunks, its look at the balances and its callers' tokens need these at the same moment.
    """
    for module in modules:
        import_module(module)


def _drained(settings: Settings, opened: Store) -> AppContext:
    """Return the worker's parts; where the queue is the store itself, this process works through it."""
    if settings.tasks_queue:
        return context(settings, opened, _queue(settings, None))
    from functions.entrypoints.local_worker import LocalWorker

    worker = LocalWorker()
    parts = context(settings, opened, _queue(settings, worker))
    worker.start(parts)
    atexit.register(worker.stop)
    return parts


def context(settings: Settings, opened: Store, queue: Queue) -> AppContext:
    """Return the application's parts.

    Raises:
        SettingsError: the secret key is missing or too weak.
    """

    @cache
    def make_enricher() -> Enricher:
        return enricher(settings, opened)

    return AppContext(
        store=opened,
        limits=limits(settings),
        fresh=freshness(settings),
        queue=queue,
        cipher=TokenCipher(settings.leadfill_secret_key, "sheet access"),
        sheets_endpoint=settings.sheets_api_endpoint,
        sheet_pace=sheet_calls.pace(settings.sheets_calls_per_minute),
        make_enricher=make_enricher,
        terms=terms(settings),
        clock=opened.clock,
    )


def access(settings: Settings) -> Access:
    """Make the authenticator of callers.

    Raises:
        SettingsError: the secret key is missing or too weak, or the certificates' address is not to be trusted.
    """
    return Access(
        audiences=settings.identity_audience,
        certs_url=settings.identity_certs_url,
        allowed_domains=settings.allowed_domains,
        allowed_emails=settings.allowed_emails,
        worker_service_account=settings.worker_service_account,
        secret_key=settings.leadfill_secret_key,
    )


def _permissions(settings: Settings, parts: AppContext) -> Permissions:
    from functions.auth.access_tokens import AccessTokens
    from functions.jobs.permissions import Permissions

    # By the clock on which all instances agree: with it the end of a job's access is compared.
    tokens = AccessTokens(
        settings.identity_tokeninfo_url, settings.identity_certs_url, now=lambda: parts.clock().timestamp()
    )
    return Permissions(tokens, frozenset(settings.identity_audience), parts.sheet)


def _queue(settings: Settings, worker: LocalWorker | None) -> Queue:
    if settings.tasks_queue:
        return CloudTasksQueue(
            queue=settings.tasks_queue,
            endpoint=settings.tasks_api_endpoint,
            worker_url=settings.worker_url,
            service_account=settings.worker_service_account,
        )
    return StoreQueue(worker.wake if worker else _nobody_here)


def _nobody_here() -> None:
    """Do nothing: the worker's process finds the chunk in the store."""


def store(settings: Settings) -> Store:
    """Open the store. An empty SQLite file gets its tables at once: on one machine nobody else would make them.

    Raises:
        StoreError: it cannot be opened, or its tables are not those that this version works with.
    """
    opened = Store(settings.database_url)
    try:
        if opened.is_sqlite and schema_version.is_empty(opened):
            schema_version.upgrade(opened)
        schema_version.check(opened)
    finally:
        opened.close()  # the server may fork now, and SQLite must not be open then; what is needed is opened again
    return opened


def limits(settings: Settings) -> Limits:
    """Return the deployment's caps."""
    return Limits(
        per_run=settings.credits_per_run,
        per_user_day=settings.credits_per_user_day,
        per_month=settings.credits_per_month,
    )


def formula_credits(settings: Settings) -> dict[str, Decimal]:
    """Return the credits that a spreadsheet's formulas may spend a day, by provider; one that is not named has none."""
    allowance, first = settings.formula_credits_per_day, next(iter(settings.providers), None)
    return {name: allowance.of(name) for name in settings.providers if name == first or name in allowance.named}


def freshness(settings: Settings) -> Freshness:
    """Return the periods for which leads and misses count as known."""
    return Freshness(lead=timedelta(days=settings.fresh_days), miss=timedelta(days=settings.miss_fresh_days))


def enricher(settings: Settings, opened: Store) -> Enricher:
    """Return the enricher over an open store.

    Raises:
        SettingsError: no provider has an API key, or a URL or key cannot be sent.
    """
    lanes = dispatchers(settings, opened)
    if not lanes:
        raise SettingsError(f"No provider can be asked: set the API key of one, such as {' or '.join(_KEYS)}.")
    return Enricher(
        store=opened,
        dispatchers=lanes,
        limits=limits(settings),
        fresh=freshness(settings),
        clock=opened.clock,
    )


_KEYS = provider_settings.secrets()


def dispatchers(settings: Settings, opened: Store) -> dict[str, Dispatcher]:
    """Return a dispatcher for each provider that a run may ask, in the waterfall's order; all instances share its rate.

    Raises:
        SettingsError: a provider's URL or key cannot be sent.
    """
    made: dict[str, Dispatcher] = {}
    for name, chosen in settings.providers.items():
        provider = provider_settings.make(name, chosen)
        turns = Turns(store=opened, pace=Pace(name, provider.terms.limits), clock=opened.clock)
        made[name] = Dispatcher(provider, chosen.concurrency, turns=turns)
    return made


def terms(settings: Settings) -> dict[str, Terms]:
    """Return the terms of the providers that a run may ask, in the waterfall's order."""
    return {name: provider_settings.terms_of(name, chosen) for name, chosen in settings.providers.items()}
