"""Profiles, spenders and limits of tests that use an enricher without a job."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

from functions.credits.caps import Allowance, Limits, Spender
from functions.enrichment.enricher import Enricher
from functions.profiles import Profile, parse
from functions.providers import slintel
from functions.store.leads import Freshness

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


def people(count: int, prefix: str = "person") -> list[Profile]:
    """Distinct profiles."""
    return [parse(f"linkedin.com/in/{prefix}-{number}") for number in range(count)]


def spender(ceiling: int = 10**6, run_id: str = "", user_id: str = "user") -> Spender:
    """Somebody with a ceiling."""
    return Spender(run_id=run_id or uuid4().hex, user_id=user_id, ceilings=allowed(ceiling))
