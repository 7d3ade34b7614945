"""The requests of `api`: bodies and queries, decoded and validated once, at the edge.

docs/openapi.json and the add-on's types are made from these; what a run shall do is `functions.jobs.request`.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from functions.credits.caps import AMOUNT
from functions.jobs.request import Id, JobRequest
from functions.outcomes import Outcome
from functions.sheets.timings import MAX_ROWS as MAX_TIMED_ROWS

MaxCredits = Annotated[
    dict[str, Annotated[str, msgspec.Meta(pattern=AMOUNT)]],
    msgspec.Meta(
        max_length=20,
        description="The most credits that it may cost with each provider, as decimal text; with others nothing",
    ),
]


class JobBody(JobRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The request of a job, the most that it may cost, and the plan that was confirmed."""

    max_credits: MaxCredits
    plan_id: (
        Annotated[
            str,
            msgspec.Meta(
                max_length=100,
                description="The confirmed plan's; the start is refused where it has become dearer",
            ),
        ]
        | None
    ) = None


class RetryBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of a retry."""

    retry_in_doubt: bool = False
    max_credits: MaxCredits


class CheckBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The spreadsheet in whose temporary tab it is tried what Leadfill relies on at Google."""

    spreadsheet_id: Id
    timed_rows: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=MAX_TIMED_ROWS,
            description="Instead of all else, time a tab of so many rows and 25 columns; 0: no large tab is made",
        ),
    ] = 0


class FormulaTokenBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The spreadsheet whose formulas may ask."""

    spreadsheet_id: Id


class FormulaTokensQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The spreadsheet whose formula tokens are listed."""

    spreadsheet_id: Id


class FieldListsBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Lists of fields, as formulas hold them."""

    lists: Annotated[list[Annotated[str, msgspec.Meta(max_length=20_000)]], msgspec.Meta(max_length=10_000)]


class FieldCheckBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A field, and people of whom one may be its example."""

    field: Annotated[str, msgspec.Meta(max_length=1500, description="A name, a header, or `Header=expression`")]
    urls: Annotated[list[Annotated[str, msgspec.Meta(max_length=2000)]], msgspec.Meta(max_length=50)] = []


class PersonBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The person to erase, or to let be looked up again."""

    linkedin_url: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]


class JobsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The spreadsheet whose jobs are listed."""

    spreadsheet_id: Annotated[str, msgspec.Meta(min_length=1)]


class RowsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of a job that are shown."""

    outcome: Outcome | msgspec.UnsetType = msgspec.UNSET
    without: (
        Annotated[str, msgspec.Meta(max_length=1500, description="Only rows of people in which this field is empty")]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    page_token: (
        Annotated[
            str, msgspec.Meta(pattern=r"^[0-9]{1,9}$(?!\n)", description="The `next_page_token` of the page before")
        ]
        | msgspec.UnsetType
    ) = msgspec.UNSET


class UsageQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The days to look back."""

    days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 30
