"""What the API shows of plans, jobs and rows. docs/openapi.json describes it."""

from __future__ import annotations

from typing import Any

from functions.context import AppContext
from functions.credits.plan import Plan
from functions.fields.catalogue import CATALOGUE, PRESETS
from functions.jobs.progress import progress
from functions.outcomes import ENDED, RETRYABLE, TRANSITIONS, JobState, Outcome
from functions.sheets.a1 import letters
from functions.sheets.scan import SheetScan
from functions.store import chunks, jobs, ledger
from functions.store.jobs import Job, JobRow


def catalogue() -> dict[str, Any]:
    """The fields and presets to choose from."""
    fields = [
        {
            "name": field.name,
            "header": field.header,
            "group": field.group,
            "description": field.description,
            "example": field.example,
        }
        for field in CATALOGUE
    ]
    return {"fields": fields, "presets": [{"name": preset.name, "fields": list(preset.fields)} for preset in PRESETS]}


def plan(scan: SheetScan, plan: Plan) -> dict[str, Any]:
    """What a run would do and cost."""
    columns = [
        {
            "field": target.field.name,
            "header": target.field.header,
            "column": letters(target.planned),
            "new": target.held is None,
        }
        for target in scan.targets
    ]
    return {
        "range": str(scan.range),
        "url_column": letters(scan.range.column),
        "header_row": scan.header_row,
        "rows": plan.rows,
        "unusable": plan.unusable,
        "unusable_reasons": dict(plan.unusable_reasons),
        "already_filled": plan.already_filled,
        "duplicates": plan.duplicates,
        "known": plan.known,
        "in_doubt": plan.in_doubt,
        "lookups": plan.lookups,
        "max_credits": plan.max_credits,
        "credits_left": plan.credits_left,
        "columns": columns,
    }


def row(row: JobRow) -> dict[str, Any]:
    """How one row of a job ended."""
    return {
        "row": row.row,
        "linkedin_url": f"https://www.{row.key}" if row.key else "",
        "outcome": row.outcome.value if row.outcome else None,
        "detail": row.detail,
    }


def job(context: AppContext, job: Job) -> dict[str, Any]:
    """A job: how far it is, what it has cost, and what may be done to it."""
    with context.store.reading() as connection:
        counts = jobs.counts(connection, job.id)
        credits_ = ledger.totals(connection, job.id)
        seen = chunks.seen(connection, job.id)
    so_far = progress(job, sum(counts.values()), seen, context.clock())
    return {
        "id": job.id,
        "spreadsheet_id": job.spreadsheet_id,
        "range": job.request["range"],
        "fields": job.request["fields"],
        "state": job.state.value,
        "rows": job.rows,
        "counts": {outcome.value: number for outcome, number in counts.items()},
        "done": so_far.done,
        "progress": so_far.fraction,
        "credits": {
            "charged": f"{credits_.charged:f}",
            "in_doubt": f"{credits_.in_doubt:f}",
            "ceiling": job.ceiling,
        },
        "rate_per_s": so_far.rate_per_s,
        "eta_s": so_far.eta_s,
        "message": job.message,
        "created_at": job.created_at.isoformat(),
        "finished_at": job.finished_at.isoformat() if job.finished_at else None,
        "can": _can(job, counts),
    }


def _can(job: Job, counts: dict[Outcome, int]) -> list[str]:
    if job.state in ENDED:
        again = any(counts.get(outcome) for outcome in (*RETRYABLE, Outcome.IN_DOUBT))
        return [*(["retry"] if again else []), *(["undo"] if job.layout else [])]
    return ["cancel"] if JobState.CANCELLING in TRANSITIONS[job.state] else []
