"""Profiles, spenders and limits of tests that use an enricher without a job."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

from functions.credits.caps import Limits, Spender
from functions.enrichment.enricher import Enricher
from functions.profiles import Profile, parse
from functions.store.leads import Freshness

PLENTY = Limits(per_run=10**6, per_user_day=10**6, per_month=10**6)
FRESH = Freshness(lead=timedelta(days=180), miss=timedelta(days=30))
EnricherOf = Callable[..., Enricher]
"""The fixture `enricher_of`: attributes of an enricher → one over the test's store and sandbox."""


def people(count: int, prefix: str = "person") -> list[Profile]:
    """Distinct profiles."""
    return [parse(f"linkedin.com/in/{prefix}-{number}") for number in range(count)]


def spender(ceiling: int = 10**6, run_id: str = "", user_id: str = "user") -> Spender:
    """Somebody with a ceiling."""
    return Spender(run_id=run_id or uuid4().hex, user_id=user_id, ceiling=ceiling)
