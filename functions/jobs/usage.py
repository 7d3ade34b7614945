"""Usage: credits by day and provider, the caller's own by spreadsheet, and how much of the caps is used."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated

import msgspec

from functions.auth.identity_tokens import Caller
from functions.context import AppContext
from functions.credits.caps import NONE, Spender, caps
from functions.store import ledger

COLLEAGUES = "colleagues"
CreditsText = Annotated[str, msgspec.Meta(description="Credits, as decimal text")]


class UsageDay(msgspec.Struct, frozen=True, kw_only=True):
    """Credits of one provider, spreadsheet and day: the caller's, or those of all colleagues together."""

    date: Annotated[str, msgspec.Meta(description="ISO date, UTC")]
    provider: str
    user: Annotated[str, msgspec.Meta(description="The caller's address, or `colleagues`")]
    spreadsheet_id: Annotated[str, msgspec.Meta(description="Empty for colleagues: their spreadsheets are theirs")]
    charged: CreditsText
    in_doubt: CreditsText


class CapUse(msgspec.Struct, frozen=True, kw_only=True):
    """The use of a cap of one provider."""

    provider: str
    cap: str
    limit: CreditsText
    used: CreditsText


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Credits of the last days, and how much of the caps is used."""

    days: list[UsageDay]
    caps: list[CapUse]


def report(context: AppContext, caller: Caller, days: int) -> Usage:
    """Usage of the last days: the caller's own by spreadsheet, and of everybody else one sum a day and provider."""
    now = context.clock()
    since = (now - timedelta(days=days - 1)).replace(hour=0, minute=0, second=0, microsecond=0)
    spender = Spender(run_id="", user_id=caller.subject, ceilings={})
    names = {"user": "you today", "month": "everybody this month"}
    counters = [
        (provider, names[kind], cap)
        for provider in context.providers
        for cap in caps(spender, context.limits, provider, now)
        if (kind := cap.name.split(":")[0]) in names
    ]
    with context.store.reading() as connection:
        spent = ledger.by_day(connection, since)
        used = ledger.used(connection, [cap for _, _, cap in counters])
    shown: dict[tuple[date, str, str, str], tuple[Decimal, Decimal]] = {}
    for day in spent:
        own = day.user_id == caller.subject
        whose = (caller.email, day.spreadsheet_id) if own else (COLLEAGUES, "")
        charged, in_doubt = shown.get((day.date, day.provider, *whose), (NONE, NONE))
        shown[day.date, day.provider, *whose] = charged + day.charged, in_doubt + day.in_doubt
    listed = [
        UsageDay(
            date=day.isoformat(),
            provider=provider,
            user=user,
            spreadsheet_id=spreadsheet_id,
            charged=f"{charged:f}",
            in_doubt=f"{in_doubt:f}",
        )
        for (day, provider, user, spreadsheet_id), (charged, in_doubt) in shown.items()
    ]
    return Usage(
        days=listed,
        caps=[
            CapUse(provider=provider, cap=name, limit=f"{cap.limit:f}", used=f"{used[cap.name]:f}")
            for provider, name, cap in counters
        ],
    )
