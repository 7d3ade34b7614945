"""Profiles, spenders and limits of tests that use an enricher without a job."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from functions.credits.caps import Allowance, Limits, Spender
from functions.enrichment.dispatcher import Dispatcher
from functions.enrichment.enricher import Enricher
from functions.profiles import Profile, parse
from functions.providers import slintel
from functions.providers.registry import REGISTRY
from functions.store.database import Store
from functions.store.leads import Freshness
from local.providers.client import Sandbox

PROVIDER = slintel.NAME
"""The provider of tests that need one."""


def limits(*, per_run: int = 10**6, per_user_day: int = 10**6, per_month: int = 10**6) -> Limits:
    """Caps that are the same for each provider."""
    return Limits(
        per_run=Allowance(Decimal(per_run)),
        per_user_day=Allowance(Decimal(per_user_day)),
        per_month=Allowance(Decimal(per_month)),
    )


def allowed(credits_: int, provider: str = PROVIDER) -> dict[str, Decimal]:
    """So many credits of one provider."""
    return {provider: Decimal(credits_)}


def confirmed(credits_: int, provider: str = PROVIDER) -> dict[str, str]:
    """So many credits of one provider, as a request says it."""
    return {provider: str(credits_)}


PLENTY = limits()
FRESH = Freshness(lead=timedelta(days=180), miss=timedelta(days=30))
EnricherOf = Callable[..., Enricher]
"""The fixture `enricher_of`: attributes of an enricher → one over the test's store and sandbox."""


WaterfallOf = Callable[..., Enricher]
"""The fixture `waterfall_of`: sandboxes, and changes as `waterfall` takes them → an enricher that asks them in turn."""


def waterfall(
    store: Store,
    sandboxes: Iterable[Sandbox],
    *,
    keys: Mapping[str, str] = MappingProxyType({}),
    concurrency: int = 4,
    timeout_s: float = 5.0,
    limits: Limits = PLENTY,
    **changes: Any,  # noqa: ANN401 - any attribute of an enricher
) -> Enricher:
    """An enricher that asks several sandboxes, in this order; `keys` are API keys that differ from `key`."""
    dispatchers = {}
    for sandbox in sandboxes:
        key = keys.get(sandbox.provider, "key")
        provider = REGISTRY[sandbox.provider].make(sandbox.url, key, concurrency=concurrency, timeout_s=timeout_s)
        dispatchers[sandbox.provider] = Dispatcher(provider, concurrency)
    return Enricher(store=store, dispatchers=dispatchers, limits=limits, fresh=FRESH, **changes)


def people(count: int, prefix: str = "person") -> list[Profile]:
    """Distinct profiles."""
    return [parse(f"linkedin.com/in/{prefix}-{number}") for number in range(count)]


def spender(ceiling: int = 10**6, run_id: str = "", user_id: str = "user", **others: int) -> Spender:
    """Somebody with a ceiling for `PROVIDER`, and for others by their names."""
    ceilings = allowed(ceiling) | {name: Decimal(credits_) for name, credits_ in others.items()}
    return Spender(run_id=run_id or uuid4().hex, user_id=user_id, ceilings=ceilings)
