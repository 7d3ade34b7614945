"""Confirmations by their idempotency keys: each is of the start of a job, or of a retry of one of the user's own."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from functions.store import jobs, schema
from functions.store.database import insert
from functions.store.jobs import Job

_retries = schema.retries


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A request that came with a key."""

    job: Job
    """The job that it started or retried, as it is now."""
    digest: str
    """Tells one decoded request from another."""
    is_retry: bool


def find(connection: sa.Connection, user_id: str, idempotency_key: str) -> Confirmation | None:
    """Return what a user has confirmed with a key, if anything."""
    job = jobs.started_with(connection, user_id, idempotency_key)
    if job is not None:
        return Confirmation(job, job.request_digest, is_retry=False)
    mine = _retries.c.user_id == user_id, _retries.c.idempotency_key == idempotency_key
    row = connection.execute(sa.select(_retries.c.job_id, _retries.c.request_digest).where(*mine)).one_or_none()
    if row is None:
        return None
    return Confirmation(jobs.get(connection, row.job_id), row.request_digest, is_retry=True)


def add_retry(connection: sa.Connection, job: Job, idempotency_key: str, digest: str) -> bool:
    """Record that a user has confirmed a retry of their own job; return False if the key was used for one already."""
    values = {"user_id": job.user_id, "idempotency_key": idempotency_key, "job_id": job.id, "request_digest": digest}
    statement = insert(connection, _retries).values(values).on_conflict_do_nothing().returning(_retries.c.job_id)
    return connection.scalar(statement) is not None
