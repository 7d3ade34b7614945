"""What somebody wants done to a sheet, and what that would do and cost. Spends nothing, writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from functions.context import Deployment
from functions.credits.caps import Spender, caps
from functions.credits.lead_status import Standing
from functions.credits.plan import Census, Plan, plan
from functions.fields import select
from functions.fields.catalogue import Field
from functions.sheets.a1 import parse_range
from functions.sheets.client import GoogleSheet
from functions.sheets.survey import Survey, survey
from functions.store import leads, ledger

RETRIED = frozenset({Standing.IN_DOUBT, Standing.UNREADABLE})
"""What may have been paid for without a lead: asked again only where somebody says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a run shall do."""

    spreadsheet_id: str
    range: str
    """A1 with its tab: the column of LinkedIn URLs."""
    fields: tuple[str, ...]
    header: Literal["auto", "yes", "no"] = "auto"
    """Whether row 1 names the columns."""
    write: Literal["empty", "all"] = "empty"
    placement: Literal["reuse", "new"] = "reuse"
    retry_in_doubt: bool = False
    """Ask again for people whose earlier lookup may have been charged without a usable answer."""

    @property
    def retry(self) -> frozenset[Standing]:
        """Standings to ask again."""
        return RETRIED if self.retry_in_doubt else frozenset()

    @property
    def overwrite(self) -> bool:
        """Whether cells that hold something are written over."""
        return self.write == "all"

    def chosen(self) -> tuple[Field, ...]:
        """The fields.

        Raises:
            InvalidRequest: they cannot be understood.
        """
        return select(self.fields)


def wish_of(request: Mapping[str, Any], spreadsheet_id: str) -> Wish:
    """A wish as the store keeps it (`request` of a job)."""
    return Wish(spreadsheet_id=spreadsheet_id, **{**request, "fields": tuple(request["fields"])})


def kept(wish: Wish) -> dict[str, Any]:
    """A wish for the store."""
    values = asdict(wish)
    del values["spreadsheet_id"]
    return values | {"fields": list(wish.fields)}


def look(sheet: GoogleSheet, wish: Wish) -> Survey:
    """Surveys the sheet.

    Raises:
        InvalidRequest: range or fields cannot be understood.
        SheetError: the spreadsheet cannot be read.
    """
    return survey(
        sheet,
        parse_range(wish.range),
        wish.chosen(),
        header=wish.header,
        overwrite=wish.overwrite,
        reuse=wish.placement == "reuse",
    )


def reckon(deployment: Deployment, census: Census, spender: Spender, retry: frozenset[Standing]) -> Plan:
    """The plan for counted rows, with what is known and what the caps still allow."""
    now = deployment.clock()
    with deployment.store.reading() as connection:
        standings = leads.standings(connection, list(census.keys), deployment.fresh, now)
        left = ledger.credits_left(connection, caps(spender, deployment.limits, now))
    return plan(census, standings, left, retry=retry)
