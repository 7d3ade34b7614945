"""Settle the outcomes of a chunk's rows: one per row, and exactly one `enriched` row per person who was paid for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import sqlalchemy as sa

from functions.enrichment.result import Result
from functions.outcomes import Again, Outcome
from functions.sheet_writes.writer import WriteResult
from functions.store import job_rows, ledger
from functions.store.job_rows import JobRow
from functions.store.jobs import Job

FILLED = "Somebody filled these cells during the run, so they stay as they are; what was looked up is kept."
MOVED = "The row was deleted, or its URL changed, before its values could be written; the values are kept."


def refusal_sentence(header: str, reason: str) -> str:
    """Return the sentence about a column that does not accept its values."""
    return f"The column “{header}” did not accept its value, which is kept: {reason.removesuffix('.')}."


def outcomes_of(
    positions: Iterable[int], results: Mapping[int, Result], written: WriteResult, reasons: Mapping[int, str]
) -> list[tuple[int, Outcome, str]]:
    """Return outcome and sentence of the rows that have a result, by their position.

    Args:
        positions: the rows.
        results: the results of their people.
        written: the result of writing their values.
        reasons: why columns did not accept values, by the field's number.
    """
    changed = dict.fromkeys(written.filled, (Outcome.ALREADY_FILLED, FILLED))
    changed |= dict.fromkeys(written.absent, (Outcome.MOVED, MOVED))
    outcomes = []
    for position in positions:
        result = results[position]
        found = result.outcome in (Outcome.ENRICHED, Outcome.KNOWN)
        ended = changed.get(position) if found else None
        if found and ended is None and position in written.refused:
            said = " ".join([result.detail, *(reasons[number] for number in sorted(written.refused[position]))])
            ended = Outcome.FAILED if position in written.unwritten else result.outcome, said.strip()
        outcomes.append((position, *(ended or (result.outcome, result.detail))))
    return outcomes


def reasons_to_retry(
    positions: Iterable[int], results: Mapping[int, Result], waiting: Collection[int] = ()
) -> dict[int, Again]:
    """Return why a retry may bring more, by position, for rows whose outcome does not say that itself.

    `waiting` are those that the run itself tries again.
    """
    reasons = {}
    for position in positions:
        result = results[position]
        if position in waiting:
            reasons[position] = Again.WAITING
        elif result.skipped or result.doubtful:
            reasons[position] = Again.SKIPPED if result.skipped else Again.IN_DOUBT
    return reasons


def mark_enriched(
    connection: sa.Connection, job: Job, rows: Sequence[JobRow], outcomes: Sequence[tuple[int, Outcome, str]]
) -> list[tuple[int, Outcome, str]]:
    """Mark exactly one row as `enriched` for each person whom this run has paid for, whichever attempt paid.

    An attempt may die between paying and recording the outcome, and another chunk may hold a row of the same person.
    """
    keys = {row.position: row.key for row in rows}
    wanted = sorted({key for key in keys.values() if key})
    paid = {key for (key, _), charged in ledger.keys_of_run(connection, job.id, wanted).items() if charged}
    if paid:
        paid -= job_rows.keys_with(connection, job.id, Outcome.ENRICHED, sorted(paid))
    told = []
    for position, outcome, detail in outcomes:
        ended = outcome
        if outcome in (Outcome.ENRICHED, Outcome.KNOWN):
            ended = Outcome.ENRICHED if keys[position] in paid else Outcome.KNOWN
            paid.discard(keys[position] or "")
        told.append((position, ended, detail))
    return told
