"""What was spent: credits by day, user and spreadsheet, and how far the caps are used."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import msgspec

from functions.auth.access import Caller
from functions.context import AppContext
from functions.credits.caps import Spender, caps
from functions.store import ledger

CreditsText = Annotated[str, msgspec.Meta(description="Credits, as decimal text")]


class UsageDay(msgspec.Struct, frozen=True, kw_only=True):
    """What one person spent in one spreadsheet on one day."""

    date: Annotated[str, msgspec.Meta(description="ISO date, UTC")]
    user: Annotated[str, msgspec.Meta(description="The caller's address; colleagues have no name")]
    spreadsheet_id: str
    charged: CreditsText
    in_doubt: CreditsText


class CapUse(msgspec.Struct, frozen=True, kw_only=True):
    """How far a cap is used."""

    cap: str
    limit: int
    used: float


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Credits of the last days, and how far the caps are used."""

    days: list[UsageDay]
    caps: list[CapUse]


def report(context: AppContext, caller: Caller, days: int) -> Usage:
    """Usage of the last days. Other people are shown without their names: the store knows none."""
    now = context.clock()
    since = (now - timedelta(days=days - 1)).replace(hour=0, minute=0, second=0, microsecond=0)
    spender = Spender(run_id="", user_id=caller.subject, ceiling=context.limits.per_run)
    counters = [cap for cap in caps(spender, context.limits, now) if not cap.name.startswith("run:")]
    with context.store.reading() as connection:
        spent = ledger.by_day(connection, since)
        used = ledger.used(connection, counters)
    listed = [
        UsageDay(
            date=day.date.isoformat(),
            user=caller.email if day.user_id == caller.subject else f"colleague {day.user_id[-4:]}",
            spreadsheet_id=day.spreadsheet_id,
            charged=f"{day.charged:f}",
            in_doubt=f"{day.in_doubt:f}",
        )
        for day in spent
    ]
    names = {"user": "you today", "month": "everybody this month"}
    return Usage(
        days=listed,
        caps=[
            CapUse(cap=names[cap.name.split(":")[0]], limit=cap.limit, used=float(used[cap.name])) for cap in counters
        ],
    )
