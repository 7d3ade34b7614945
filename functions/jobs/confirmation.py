"""Confirmations of a start or a retry: each names itself with an `Idempotency-Key`, and gives one job once.

Sent again, it gives the job that it gave before; with another request, its key is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import msgspec
import sqlalchemy as sa

from functions.errors import Conflict, counted
from functions.store import confirmations
from functions.store.jobs import Job


@dataclass(frozen=True, slots=True)
class Started:
    """A job, and whether the same confirmation had started or retried it before."""

    job: Job
    replayed: bool


def digest_of(about: Sequence[object], max_credits: Mapping[str, Decimal]) -> str:
    """Return what tells one decoded request from another."""
    amounts = {provider: f"{amount.normalize():f}" for provider, amount in max_credits.items()}
    return hashlib.sha256(msgspec.json.encode([*about, amounts], order="sorted")).hexdigest()


def given_before(connection: sa.Connection, user_id: str, idempotency_key: str, digest: str) -> Job | None:
    """Return the job that a confirmation has given before, if it has.

    Raises:
        Conflict: its key came with another request.
    """
    earlier = confirmations.find(connection, user_id, idempotency_key)
    if earlier is None:
        return None
    if earlier.digest != digest:
        done, job = "retried a run" if earlier.is_retry else "started another run", earlier.job
        fields = ", ".join(job.request["fields"])
        raise Conflict(
            f"This Idempotency-Key has already {done} ({job.request['range']}; {fields}; {_at_most(job.ceilings)}), "
            "and this request differs from it. Send this request with a new key."
        )
    return earlier.job


def _at_most(ceilings: Mapping[str, Decimal]) -> str:
    amounts = ", ".join(f"{counted(amount, 'credit')} of {provider}" for provider, amount in ceilings.items())
    return f"at most {amounts}" if amounts else "no credits"
