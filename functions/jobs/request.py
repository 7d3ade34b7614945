"""The request of a run, and its plan. Nothing is spent or written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from functions.context import AppContext
from functions.credits.caps import Spender, caps
from functions.credits.lead_status import DOUBTFUL, LeadStatus
from functions.credits.plan import Plan, RowCounts, plan
from functions.fields import FieldNames, select
from functions.fields.catalogue import Field
from functions.sheets.a1 import parse_range
from functions.sheets.client import GoogleSheet
from functions.sheets.scan import SheetScan, scan_range
from functions.store import leads, ledger

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_-]+$(?!\n)")]


class JobRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The request of a run, as it comes over HTTP and as the store keeps it."""

    spreadsheet_id: Id
    range: Annotated[
        str,
        msgspec.Meta(min_length=1, max_length=300, description="A1 with its tab: the column of LinkedIn URLs"),
    ]
    fields: FieldNames
    header: Annotated[Literal["auto", "yes", "no"], msgspec.Meta(description="Whether row 1 names the columns")] = (
        "auto"
    )
    write: Annotated[
        Literal["empty", "all"], msgspec.Meta(description="Which cells of the chosen columns are filled")
    ] = "empty"
    placement: Annotated[
        Literal["reuse", "new"],
        msgspec.Meta(description="Whether a column whose header names the field is used again"),
    ] = "reuse"
    include_hidden: Annotated[
        bool, msgspec.Meta(description="Also fill rows that a filter hides, or that somebody has hidden")
    ] = False
    retry_in_doubt: Annotated[
        bool,
        msgspec.Meta(
            description="Ask again for people whose earlier lookup may have been charged without a usable answer"
        ),
    ] = False

    @property
    def retry(self) -> frozenset[LeadStatus]:
        """Statuses to ask again."""
        return DOUBTFUL if self.retry_in_doubt else frozenset()

    @property
    def overwrite(self) -> bool:
        """True if cells that hold something are written over."""
        return self.write == "all"

    def chosen(self) -> tuple[Field, ...]:
        """The fields.

        Raises:
            InvalidRequest: they cannot be understood.
        """
        return select(self.fields)


def from_record(request: Mapping[str, Any], spreadsheet_id: str) -> JobRequest:
    """Decodes a request as the store keeps it (`request` of a job)."""
    return JobRequest(spreadsheet_id=spreadsheet_id, **{**request, "fields": tuple(request["fields"])})


def to_record(job_request: JobRequest) -> dict[str, Any]:
    """Encodes a request for the store; the spreadsheet has a column of its own."""
    names = [name for name in JobRequest.__struct_fields__ if name != "spreadsheet_id"]  # a subclass may have more
    return {name: getattr(job_request, name) for name in names} | {"fields": list(job_request.fields)}


def scan_sheet(sheet: GoogleSheet, job_request: JobRequest) -> SheetScan:
    """Read the sheet, and count its rows.

    Raises:
        InvalidRequest: range or fields cannot be understood.
        SheetError: the spreadsheet cannot be read.
    """
    return scan_range(
        sheet,
        parse_range(job_request.range),
        job_request.chosen(),
        header=job_request.header,
        overwrite=job_request.overwrite,
        reuse=job_request.placement == "reuse",
        include_hidden=job_request.include_hidden,
    )


def make_plan(context: AppContext, row_counts: RowCounts, spender: Spender, retry: frozenset[LeadStatus]) -> Plan:
    """The plan for counted rows, with what is known and what the caps still allow."""
    now, provider = context.clock(), context.providers[0]
    with context.store.reading() as connection:
        statuses = leads.statuses(connection, list(row_counts.keys), context.fresh, now)
        left = ledger.credits_left(connection, caps(spender, context.limits, provider, now))
    standing = {
        key: of_key.status
        for key, by_provider in statuses.items()
        if (of_key := by_provider.get(leads.EVERY_PROVIDER) or by_provider.get(provider))
    }
    return plan(row_counts, standing, int(left), retry=retry)
