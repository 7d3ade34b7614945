"""The request of a run, and its plan. Nothing is spent or written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec

from functions.context import AppContext
from functions.credits.lead_status import DOUBTFUL, LeadStatus
from functions.credits.needs import needs_of
from functions.credits.only_where import Condition
from functions.credits.plan import Plan, RowCounts
from functions.credits.terms import Need, Needs
from functions.credits.trial import Trial
from functions.enrichment.cost_plan import make_plan
from functions.errors import InvalidRequest
from functions.fields import FieldNames, select
from functions.fields.catalogue import Field
from functions.fields.columns import Choices, Chosen, NewColumn
from functions.fields.selection import MAX_FIELDS
from functions.sheets.a1 import column_number, letters, parse_range
from functions.sheets.client import GoogleSheet
from functions.sheets.grid import Tab
from functions.sheets.scan import ScannedRow, SheetScan, scan_range

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_-]+$(?!\n)")]


class ColumnChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The column that somebody chose for a field."""

    column: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^(?:new|end|[A-Z]{1,3})$(?!\n)",
            description="A1 letters of a column that is there; `new`: right of the URLs; `end`: right of all others",
        ),
    ]
    title: Annotated[
        str | None,
        msgspec.Meta(description="Its title as it was seen, by which it is found again if columns were moved since"),
    ] = None


class JobRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The request of a run, as it comes over HTTP and as the store keeps it."""

    spreadsheet_id: Id
    range: Annotated[
        str,
        msgspec.Meta(min_length=1, max_length=300, description="A1 with its tab: the column of LinkedIn URLs"),
    ]
    fields: FieldNames
    header: Annotated[
        Literal["auto", "no"] | Annotated[int, msgspec.Meta(ge=1, le=10_000_000)],
        msgspec.Meta(description="The row that names the columns; `auto` finds it, `no` if there is none"),
    ] = "auto"
    write: Annotated[
        Literal["empty", "all"], msgspec.Meta(description="Which cells of the chosen columns are filled")
    ] = "empty"
    placement: Annotated[
        Literal["reuse", "new", "end"],
        msgspec.Meta(description="`reuse` columns that are named after a field; else `new` ones, or at the `end`"),
    ] = "reuse"
    columns: Annotated[
        dict[str, ColumnChoice],
        msgspec.Meta(
            max_length=MAX_FIELDS, description="Columns that were chosen for fields; the others go by `placement`"
        ),
    ] = {}
    include_hidden: Annotated[
        bool, msgspec.Meta(description="Also fill rows that a filter hides, or that somebody has hidden")
    ] = False
    only_where: Annotated[
        tuple[Condition, ...], msgspec.Meta(max_length=10, description="Fill only rows that meet all of these")
    ] = ()
    trial: Annotated[Trial | None, msgspec.Meta(description="Fill only a few rows, to see what comes")] = None
    retry_in_doubt: Annotated[
        bool,
        msgspec.Meta(
            description="Ask again for people whose earlier lookup may have been charged without a usable answer"
        ),
    ] = False

    providers: Annotated[
        tuple[Annotated[str, msgspec.Meta(max_length=50)], ...],
        msgspec.Meta(max_length=20, description="Providers to ask, in this order; none for all that can be used"),
    ] = ()
    needs: Annotated[
        tuple[Need, ...],
        msgspec.Meta(
            max_length=len(Need),
            description="Values for which the next provider is asked; none for those that the fields need",
        ),
    ] = ()
    go_on_without: Annotated[
        bool,
        msgspec.Meta(description="Whether to go on with the others where a provider rejects its key or has no credits"),
    ] = False

    @property
    def retry(self) -> frozenset[LeadStatus]:
        """Statuses to ask again."""
        return DOUBTFUL if self.retry_in_doubt else frozenset()

    @property
    def overwrite(self) -> bool:
        """True if cells that hold something are written over."""
        return self.write == "all"

    def wanted(self) -> Needs:
        """The needs that open the next provider."""
        return frozenset(self.needs) or needs_of(self.chosen())

    def asked(self, available: Sequence[str]) -> tuple[str, ...]:
        """The providers that may be asked, in their order.

        Raises:
            InvalidRequest: one cannot be used, or is named twice.
        """
        if unusable := [name for name in self.providers if name not in available]:
            raise InvalidRequest(
                f"These providers cannot be used here: {', '.join(unusable)}. `GET /v1/providers` lists those that can."
            )
        if len(set(self.providers)) < len(self.providers):
            raise InvalidRequest("A provider is named twice; name each once.")
        return self.providers or tuple(available)

    def chosen(self) -> tuple[Field, ...]:
        """The fields.

        Raises:
            InvalidRequest: they cannot be understood.
        """
        return select(self.fields)

    @property
    def header_row(self) -> int | None:
        """The row of the titles, from 1, once it was found; None where there is none."""
        return self.header if isinstance(self.header, int) else None

    def choices(self) -> Choices:
        """The chosen columns.

        Raises:
            InvalidRequest: one is chosen for a field that is not.
        """
        chosen = {field.name for field in self.chosen()}
        end = chosen if self.placement == "end" else ()
        choices: dict[str, Chosen | NewColumn] = dict.fromkeys(end, NewColumn.END)
        for name, choice in self.columns.items():
            field = select((name,))[0]
            if field.name not in chosen:
                raise InvalidRequest(f"A column is chosen for “{field.header}”, which is not among the fields.")
            is_new = choice.column in tuple(NewColumn)
            choices[field.name] = (
                NewColumn(choice.column) if is_new else Chosen(column_number(choice.column), choice.title)
            )
        return choices


def from_record(request: Mapping[str, Any], spreadsheet_id: str) -> JobRequest:
    """Decodes a request as the store keeps it (`request` of a job)."""
    return msgspec.convert({**request, "spreadsheet_id": spreadsheet_id}, JobRequest)


def to_record(job_request: JobRequest) -> dict[str, Any]:
    """Encodes a request for the store; the spreadsheet has a column of its own."""
    names = [name for name in JobRequest.__struct_fields__ if name != "spreadsheet_id"]  # a subclass may have more
    return {name: msgspec.to_builtins(getattr(job_request, name)) for name in names}


def resolved(job_request: JobRequest, scan: SheetScan) -> dict[str, Any]:
    """Encode a request with the facts found in the sheet: the range's real ends, the header row, the chosen columns."""
    columns = {}
    choices = job_request.choices()
    for target in scan.targets:
        name, choice, place = target.field.name, choices.get(target.field.name), target.held
        if place is not None and choice is not None:
            columns[name] = ColumnChoice(column=letters(place), title=scan.columns.title(place))
        elif isinstance(choice, NewColumn):
            columns[name] = ColumnChoice(column=choice.value)
    found = msgspec.structs.replace(job_request, range=str(scan.range), header=scan.header_row or "no", columns=columns)
    return to_record(found)


def scan_sheet(sheet: GoogleSheet, job_request: JobRequest, tabs: Sequence[Tab] = ()) -> SheetScan:
    """Look at the tab of a request, and find its columns.

    Args:
        sheet: the spreadsheet.
        job_request: the request.
        tabs: the tabs, where they were seen just now.

    Raises:
        InvalidRequest: range or fields cannot be understood.
        SheetError: the spreadsheet cannot be read.
    """
    for condition in job_request.only_where:
        condition.check()
    wanted = parse_range(job_request.range)
    return scan_range(
        sheet,
        wanted,
        job_request.chosen(),
        header=job_request.header,
        overwrite=job_request.overwrite,
        reuse=job_request.placement == "reuse",
        choices=job_request.choices(),
        include_hidden=job_request.include_hidden,
        conditions=[condition for condition in job_request.only_where if condition.column is not None],
        tab=next((tab for tab in tabs if tab.title == wanted.title), None),
    )


def plan_scan(
    context: AppContext, scan: SheetScan, rows: Iterable[ScannedRow], job_request: JobRequest, user_id: str
) -> Plan:
    """Make the plan for the rows of a scan, with what is known and what the caps still allow."""
    row_counts = RowCounts()
    for row in rows:
        row_counts.count(row.found, filled=row.filled, left_out=row.left_out, held=row.held, number=row.number)
    return plan_rows(context, row_counts, job_request, user_id, fields=len(scan.targets))


def plan_rows(
    context: AppContext,
    row_counts: RowCounts,
    job_request: JobRequest,
    user_id: str,
    *,
    fields: int = 0,
    run_id: str = "",
) -> Plan:
    """Make the plan for counted rows; `fields` and `run_id` are those of `make_plan`."""
    return make_plan(
        context.store,
        row_counts,
        user_id=user_id,
        terms={name: context.terms[name] for name in job_request.asked(context.providers)},
        needs=job_request.wanted(),
        limits=context.limits,
        fresh=context.fresh,
        now=context.clock(),
        run_id=run_id,
        fields=fields,
        retry=job_request.retry,
    )
