"""The answers of `api`. docs/openapi.json and the add-on's types are made from these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from math import ceil
from typing import Annotated, Literal

import msgspec

from functions.context import AppContext
from functions.credits import plan as plans
from functions.credits.caps import NONE
from functions.fields import select
from functions.fields.catalogue import CATALOGUE, PRESETS
from functions.fields.headers import SEARCHED_AS
from functions.jobs.plan_id import plan_id
from functions.jobs.progress import ahead_of, progress
from functions.jobs.request import JobRequest
from functions.jobs.usage import CreditsText
from functions.outcomes import Outcome, retryable
from functions.sheets.a1 import letters
from functions.sheets.assumptions import MEANINGS, Assumption, Finding, Verdict
from functions.sheets.scan import SheetScan
from functions.store import chunks, job_rows, jobs, ledger
from functions.store.job_states import ENDED, TRANSITIONS, JobState

Count = Annotated[int, msgspec.Meta(ge=0)]


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The process is up and the store can be reached."""

    status: Literal["ok"]
    version: str


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A value that can be made from a lead."""

    name: str
    header: Annotated[str, msgspec.Meta(description="Title of its column")]
    group: str
    description: str
    example: str
    aliases: Annotated[list[str], msgspec.Meta(description="Other words for it, for whoever searches")]


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    """Fields that are often chosen together."""

    name: str
    fields: list[str]


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """The fields and presets to choose from."""

    fields: list[Field]
    presets: list[Preset]


class FieldLists(msgspec.Struct, frozen=True, kw_only=True):
    """The names in each list, a column each where a formula has the list."""

    lists: list[list[str]]


class PlannedColumn(msgspec.Struct, frozen=True, kw_only=True):
    """The column of a field once the run has begun."""

    field: str
    header: str
    column: Annotated[str, msgspec.Meta(description="A1 letters")]
    new: bool
    at_end: Annotated[bool, msgspec.Meta(description="Whether it is a new column right of all others")]
    held: Annotated[str | None, msgspec.Meta(description="A1 letters of the column as it is now; null for a new one")]
    replaced: Annotated[
        int, msgspec.Meta(ge=0, description="Cells of it that hold something and can be written over by this run")
    ]


class TabColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column that is there, and can be chosen for a field."""

    column: Annotated[str, msgspec.Meta(description="A1 letters")]
    title: str


class PlannedCost(msgspec.Struct, frozen=True, kw_only=True):
    """The most that a run asks of one provider, and what that can cost; of several providers they are no sum."""

    provider: str
    lookups: Count
    max_credits: Annotated[str, msgspec.Meta(description="The most that they can cost, as decimal text")]
    credits_left: Annotated[str, msgspec.Meta(description="Credits that the caps still allow, as decimal text")]
    short_of: Annotated[int, msgspec.Meta(ge=0, description="Those of the lookups that the caps do not pay for")]
    cap_sentence: Annotated[
        str, msgspec.Meta(description="Whose cap that is, and when it allows more; empty where all is paid for")
    ]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The plan of a run, and the most it can cost.

    rows = unusable + already_filled + left_out + duplicates + known + in_doubt + lookups
    """

    range: Annotated[str, msgspec.Meta(description="A1 with its tab and its real ends")]
    url_column: Annotated[str, msgspec.Meta(description="A1 letters")]
    header_row: Count | None
    rows: Count
    unusable: Count
    unusable_reasons: dict[str, Count]
    unusable_rows: Annotated[
        dict[str, list[Annotated[int, msgspec.Meta(ge=1)]]],
        msgspec.Meta(description="Their numbers in the sheet by reason, the first thousand of each at most"),
    ]
    already_filled: Count
    left_out: Count
    left_out_reasons: dict[str, Count]
    duplicates: Count
    known: Count
    in_doubt: Count
    lookups: Count
    fillable: Annotated[
        int,
        msgspec.Meta(ge=0, description="Rows that can get values: of people with a lead or with a lookup paid for"),
    ]
    costs: Annotated[list[PlannedCost], msgspec.Meta(description="By provider, in the order in which they are asked")]
    columns: list[PlannedColumn]
    tab_columns: Annotated[list[TabColumn], msgspec.Meta(description="Columns in use, but for that of the URLs")]
    plan_id: Annotated[str, msgspec.Meta(description="Names this plan in the start that confirms it")]
    notices: Annotated[
        list[str], msgspec.Meta(description="Sentences for a person about what the plan cannot see, or has chosen")
    ]
    takes_s: Annotated[int, msgspec.Meta(ge=0, description="Seconds that the lookups take at the providers' rates")]
    access_until: Annotated[datetime, msgspec.Meta(description="When the access ends that the plan was made with")]


class JobCredits(msgspec.Struct, frozen=True, kw_only=True):
    """The lookups of a job at one provider so far, their credits, and the most that it may cost."""

    provider: str
    lookups: Count
    found: Annotated[int, msgspec.Meta(ge=0, description="Lookups that brought a lead")]
    emails_wanted: Annotated[int, msgspec.Meta(ge=0, description="Lookups that asked for an e-mail address")]
    emails: Annotated[int, msgspec.Meta(ge=0, description="E-mail addresses that they brought")]
    paid_without_lead: Annotated[
        int, msgspec.Meta(ge=0, description="Lookups that cost credits and brought neither a person nor an address")
    ]
    paid_without_email: Annotated[
        int, msgspec.Meta(ge=0, description="Lookups that asked for an e-mail address, cost credits and brought none")
    ]
    charged: CreditsText
    in_doubt: CreditsText
    ceiling: CreditsText


class RetryPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a retry would open, and the most it can cost."""

    rows: Annotated[int, msgspec.Meta(ge=0, description="Rows that it opens")]
    fillable: Annotated[
        int,
        msgspec.Meta(ge=0, description="Those that can get values: of people with a lead or with a lookup paid for"),
    ]
    lookups: Count
    costs: Annotated[list[PlannedCost], msgspec.Meta(description="By provider, in the order in which they are asked")]


class RetryPlans(msgspec.Struct, frozen=True, kw_only=True):
    """The two retries of a job that has ended."""

    without_doubts: RetryPlan
    with_doubts: Annotated[
        RetryPlan, msgspec.Meta(description="If it also asks again for what may have been charged without an answer")
    ]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A run in the background: how far it is, what it has cost, and what may be done to it."""

    id: str
    spreadsheet_id: str
    range: str
    fields: list[str]
    started_by: Annotated[str, msgspec.Meta(description="An address; empty for a colleague, unless an admin asks")]
    state: JobState
    is_trial: Annotated[bool, msgspec.Meta(description="Whether it takes only a few rows, to see what comes")]
    rows: Count
    counts: Annotated[
        dict[Outcome, Count],
        msgspec.Meta(
            description="Rows by outcome; outcomes without a row are absent",
            extra_json_schema={"propertyNames": {"$ref": "#/components/schemas/Outcome"}},
        ),
    ]
    done: Count
    progress: Annotated[float, msgspec.Meta(ge=0, le=1)]
    credits: Annotated[list[JobCredits], msgspec.Meta(description="By provider, in the order in which they are asked")]
    rate_per_s: Annotated[float | None, msgspec.Meta(description="People looked up a second, lately")]
    eta_s: Annotated[
        float | None,
        msgspec.Meta(description="Seconds to the end, a provider's pauses included; null while it cannot be told"),
    ]
    message: Annotated[str | None, msgspec.Meta(description="A sentence for a person")]
    created_at: datetime
    finished_at: datetime | None
    goes_on_at: Annotated[datetime | None, msgspec.Meta(description="When the provider's limit that it waits for ends")]
    access_until: Annotated[
        datetime | None, msgspec.Meta(description="Until when it has access to the sheet; null without, or not known")
    ]
    can: list[Literal["cancel", "retry", "undo"]]


class FilledColumn(msgspec.Struct, frozen=True, kw_only=True):
    """The column of a field after a job."""

    field: Annotated[str, msgspec.Meta(description="As `without` of the job's rows takes it")]
    header: str
    filled: Annotated[int, msgspec.Meta(ge=0, description="Rows in which it is filled, by the job or before it")]


class FilledColumns(msgspec.Struct, frozen=True, kw_only=True):
    """How full the columns of a job are."""

    rows: Annotated[int, msgspec.Meta(ge=0, description="Rows of people that were not left out")]
    columns: list[FilledColumn]


class JobList(msgspec.Struct, frozen=True, kw_only=True):
    """The newest jobs of a spreadsheet, newest first."""

    jobs: list[Job]


class RowReport(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one row of a job."""

    row: Annotated[int, msgspec.Meta(ge=1, description="Where it was when the job began")]
    linkedin_url: Annotated[str, msgspec.Meta(description="Empty where the row holds no profile")]
    outcome: Outcome | None
    detail: Annotated[str, msgspec.Meta(description="A sentence for a person")]


class RowPage(msgspec.Struct, frozen=True, kw_only=True):
    """Reports of a job's rows."""

    rows: list[RowReport]
    next_page_token: str | None


class FormulaToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token for the formulas of one spreadsheet."""

    token: Annotated[str, msgspec.Meta(description="Its text, shown only here")]
    token_id: str
    maker: Annotated[str, msgspec.Meta(description="The address of the person in whose name it spends")]
    issued_at: datetime
    expires_at: datetime


class FormulaTokenEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A token for the formulas of one spreadsheet, without its text."""

    token_id: str
    maker: str
    issued_at: datetime
    expires_at: datetime
    yours: Annotated[bool, msgspec.Meta(description="Whether the caller has made it")]


class FormulaTokenList(msgspec.Struct, frozen=True, kw_only=True):
    """The formula tokens of a spreadsheet that count at present, the newest first."""

    tokens: list[FormulaTokenEntry]


class CheckLine(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that Leadfill relies on at Google."""

    name: Assumption
    title: str
    verdict: Verdict
    sentence: Annotated[str, msgspec.Meta(description="What the verdict means for a person")]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """What was tried, in the order in which it was."""

    lines: list[CheckLine]
    runs_are_off: Annotated[str | None, msgspec.Meta(description="Why no run can start from now on; null if they can")]


class LiftedErasure(msgspec.Struct, frozen=True, kw_only=True):
    """An erasure that no longer counts."""

    was_erased: Annotated[bool, msgspec.Meta(description="Whether the person had been erased")]
    notice: Annotated[str, msgspec.Meta(description="What it costs from now on; empty where nobody had been erased")]


def catalogue() -> Catalogue:
    """The fields and presets to choose from."""
    fields = [
        Field(
            name=field.name,
            header=field.header,
            group=field.group,
            description=field.description,
            example=field.example,
            aliases=[*field.aliases, *SEARCHED_AS.get(field.name, ())],
        )
        for field in CATALOGUE
    ]
    return Catalogue(fields=fields, presets=msgspec.convert(PRESETS, list[Preset], from_attributes=True))


def plan(job_request: JobRequest, scan: SheetScan, plan: plans.Plan, access_until: datetime) -> Plan:
    """Make the answer for a plan."""
    columns = [
        PlannedColumn(
            field=target.field.name,
            header=target.field.header,
            column=letters(target.planned),
            new=target.held is None,
            at_end=target.at_end,
            held=None if target.held is None else letters(target.held),
            replaced=held if scan.overwrite else 0,
        )
        for target, held in zip(scan.targets, plan.held, strict=True)
    ]
    return Plan(
        range=str(scan.range),
        url_column=letters(scan.range.column),
        header_row=scan.header_row,
        columns=columns,
        tab_columns=[
            TabColumn(column=letters(place), title=scan.columns.title(place))
            for place in range(scan.columns.used)
            if place != scan.range.column
        ],
        plan_id=plan_id(job_request, plan),
        notices=list(scan.notices),
        takes_s=ceil(plan.takes.total_seconds()),
        access_until=access_until,
        **{name: value for name, value in asdict(plan).items() if name != "held"}
        | {"costs": [_cost(cost) for cost in plan.costs]},
    )


def filled_columns(context: AppContext, job: jobs.Job) -> FilledColumns:
    """Make the answer that says how full the columns of a job are."""
    fields = select(tuple(job.request["fields"]))
    with context.store.reading() as connection:
        rows, filled = job_rows.fill_counts(connection, job.id, len(fields))
    named = zip(fields, filled, strict=True)
    return FilledColumns(
        rows=rows,
        columns=[FilledColumn(field=field.name, header=field.header, filled=count) for field, count in named],
    )


def retry_plan(plan: plans.Plan) -> RetryPlan:
    """Make the answer for the plan of a retry."""
    costs = [_cost(cost) for cost in plan.costs]
    return RetryPlan(rows=plan.rows, fillable=plan.fillable, lookups=plan.lookups, costs=costs)


def _cost(cost: plans.Cost) -> PlannedCost:
    return PlannedCost(
        provider=cost.provider,
        lookups=cost.lookups,
        max_credits=f"{cost.max_credits:f}",
        credits_left=f"{cost.credits_left:f}",
        short_of=cost.short_of,
        cap_sentence=cost.cap_sentence,
    )


def check(findings: Sequence[Finding], obstacle: str | None) -> Check:
    """Make the answer of a check."""
    lines = [
        CheckLine(
            name=finding.assumption,
            title=MEANINGS[finding.assumption].title,
            verdict=finding.verdict,
            sentence=finding.sentence,
        )
        for finding in findings
    ]
    return Check(lines=lines, runs_are_off=obstacle)


def row(row: job_rows.JobRow) -> RowReport:
    """Make the report of one row of a job."""
    url = f"https://www.{row.person}" if row.person else ""
    return RowReport(row=row.row, linkedin_url=url, outcome=row.outcome, detail=row.detail)


def job(context: AppContext, job: jobs.Job, *, started_by: str) -> Job:
    """A job: how far it is, what it has cost, and what may be done to it."""
    with context.store.reading() as connection:
        counts = job_rows.counts(connection, job.id)
        is_undo_begun = job.state in ENDED and chunks.was_added(connection, job.id, chunks.UNDO)
        can_retry = not is_undo_begun and (
            any(counts.get(outcome) for outcome in retryable(in_doubt=True)) or job_rows.has_marked(connection, job.id)
        )
        totals = ledger.of_run(connection, job.id)
        seen = chunks.seen(connection, job.id)
        settled = sum(counts.values())
        ahead = ahead_of(context, connection, job, totals, settled)
    so_far = progress(job, settled, seen, ahead, context.clock())
    return Job(
        id=job.id,
        spreadsheet_id=job.spreadsheet_id,
        range=job.request["range"],
        fields=job.request["fields"],
        started_by=started_by,
        state=job.state,
        is_trial=job.request.get("trial") is not None,
        rows=job.rows,
        counts=counts,
        done=so_far.done,
        progress=so_far.fraction,
        credits=[
            _credits(provider, totals.get(provider, ledger.Totals()), job.ceilings.get(provider, NONE))
            for provider in dict.fromkeys(
                [*job.request.get("providers", ()), *context.providers, *job.ceilings, *totals]
            )
            if provider in job.ceilings or provider in totals
        ],
        rate_per_s=so_far.rate_per_s,
        eta_s=so_far.eta_s,
        message=job.message,
        created_at=job.created_at,
        finished_at=job.finished_at,
        goes_on_at=job.goes_on_at,
        access_until=job.access_until,
        can=_can(job, can_retry=can_retry),
    )


def _credits(provider: str, totals: ledger.Totals, ceiling: Decimal) -> JobCredits:
    return JobCredits(
        provider=provider,
        lookups=totals.lookups,
        found=totals.found,
        emails_wanted=totals.emails_wanted,
        emails=totals.emails,
        paid_without_lead=totals.paid_without_lead,
        paid_without_email=totals.paid_without_email,
        charged=f"{totals.charged:f}",
        in_doubt=f"{totals.in_doubt:f}",
        ceiling=f"{ceiling:f}",
    )


def _can(job: jobs.Job, *, can_retry: bool) -> list[Literal["cancel", "retry", "undo"]]:
    if job.state is JobState.WAITING_FOR_QUOTA:
        return ["cancel", "undo"] if job.layout else ["cancel"]
    if job.state not in ENDED:
        return ["cancel"] if JobState.CANCELLING in TRANSITIONS[job.state] else []
    can: list[Literal["cancel", "retry", "undo"]] = []
    if can_retry:
        can.append("retry")
    if job.layout:
        can.append("undo")
    return can
