"""Usage: credits by day, provider and person, the caller's own by spreadsheet, and how much of the caps is used.

An administrator sees each person by their address; everybody else sees one sum of all colleagues.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated

import msgspec

from functions.auth.identity_tokens import Caller
from functions.context import AppContext
from functions.credits.caps import NONE, Spender, caps
from functions.store import formula_tokens, jobs, ledger

COLLEAGUES = "colleagues"
COMMAND_LINE = "command line"
"""The account of runs on somebody's own machine, where nobody signs in."""
CreditsText = Annotated[str, msgspec.Meta(description="Credits, as decimal text")]


class UsageDay(msgspec.Struct, frozen=True, kw_only=True):
    """Credits of one provider, person, spreadsheet and day."""

    date: Annotated[str, msgspec.Meta(description="ISO date, UTC")]
    provider: str
    user: Annotated[
        str,
        msgspec.Meta(description="An address, `command line`, or `colleagues` together"),
    ]
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
    by_person: Annotated[bool, msgspec.Meta(description="Whether the caller sees everybody by address")]
    caps: list[CapUse]


def report(context: AppContext, caller: Caller, days: int, *, is_admin: bool = False) -> Usage:
    """Usage of the last days: the caller's own by spreadsheet, of others by day, provider and, for admins, person."""
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
        addresses = formula_tokens.addresses(connection) | jobs.addresses(connection) if is_admin else {}
    shown: dict[tuple[date, str, str, str], tuple[Decimal, Decimal]] = {}
    for day in spent:
        whose = _whose(day, caller, addresses if is_admin else None)
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
        by_person=is_admin,
        caps=[
            CapUse(provider=provider, cap=name, limit=f"{cap.limit:f}", used=f"{used[cap.name]:f}")
            for provider, name, cap in counters
        ],
    )


def _whose(day: ledger.Day, caller: Caller, addresses: Mapping[str, str] | None) -> tuple[str, str]:
    """Return the person and the spreadsheet that the caller may see; `addresses` is None for non-administrators."""
    if day.user_id == caller.subject:
        return caller.email, day.spreadsheet_id
    if day.user_id == COMMAND_LINE:
        return COMMAND_LINE, ""
    if addresses is None:
        return COLLEAGUES, ""
    return addresses.get(day.user_id) or f"account …{day.user_id[-4:]}", ""
