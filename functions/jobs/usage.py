"""Usage: credits by day, the caller's own by spreadsheet, and how much of the caps is used."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated

import msgspec

from functions.auth.identity_tokens import Caller
from functions.context import AppContext
from functions.credits.caps import Spender, caps
from functions.store import ledger

COLLEAGUES = "colleagues"
CreditsText = Annotated[str, msgspec.Meta(description="Credits, as decimal text")]


class UsageDay(msgspec.Struct, frozen=True, kw_only=True):
    """Credits of one spreadsheet and day: the caller's, or those of all colleagues together."""

    date: Annotated[str, msgspec.Meta(description="ISO date, UTC")]
    user: Annotated[str, msgspec.Meta(description="The caller's address, or `colleagues`")]
    spreadsheet_id: Annotated[str, msgspec.Meta(description="Empty for colleagues: their spreadsheets are theirs")]
    charged: CreditsText
    in_doubt: CreditsText


class CapUse(msgspec.Struct, frozen=True, kw_only=True):
    """The use of a cap."""

    cap: str
    limit: int
    used: float


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Credits of the last days, and how much of the caps is used."""

    days: list[UsageDay]
    caps: list[CapUse]


def report(context: AppContext, caller: Caller, days: int) -> Usage:
    """Usage of the last days: the caller's own by spreadsheet, and of everybody else one sum a day."""
    now = context.clock()
    since = (now - timedelta(days=days - 1)).replace(hour=0, minute=0, second=0, microsecond=0)
    spender = Spender(run_id="", user_id=caller.subject, ceilings={})
    counters = [
        cap for cap in caps(spender, context.limits, context.providers[0], now) if not cap.name.startswith("run:")
    ]
    with context.store.reading() as connection:
        spent = ledger.by_day(connection, since)
        used = ledger.used(connection, counters)
    shown: dict[tuple[date, str, str], tuple[Decimal, Decimal]] = {}
    for day in spent:
        own = day.user_id == caller.subject
        line = (day.date, caller.email, day.spreadsheet_id) if own else (day.date, COLLEAGUES, "")
        charged, in_doubt = shown.get(line, (Decimal(0), Decimal(0)))
        shown[line] = charged + day.charged, in_doubt + day.in_doubt
    listed = [
        UsageDay(
            date=day.isoformat(),
            user=user,
            spreadsheet_id=spreadsheet_id,
            charged=f"{charged:f}",
            in_doubt=f"{in_doubt:f}",
        )
        for (day, user, spreadsheet_id), (charged, in_doubt) in shown.items()
    ]
    names = {"user": "you today", "month": "everybody this month"}
    return Usage(
        days=listed,
        caps=[
            CapUse(cap=names[cap.name.split(":")[0]], limit=int(cap.limit), used=float(used[cap.name]))
            for cap in counters
        ],
    )
