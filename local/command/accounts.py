"""`leadfill usage` and `leadfill erase`: what was spent on this machine, and forgetting a person."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from itertools import chain, groupby

import click

from functions import bootstrap
from functions.credits.caps import Cap, Spender, caps
from functions.credits.terms import label_of
from functions.errors import LeadfillError, counted
from functions.profiles import parse
from functions.providers.registry import REGISTRY
from functions.store import erasures, ledger
from functions.store.ledger import Day
from local.command.wiring import USER, errors_said, new_console, open_store


@click.command()
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 366), help="How far to look back.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def usage(*, days: int, as_json: bool) -> None:
    """Show the credits spent by day, and how far the caps are used."""
    with errors_said(new_console(), as_json=as_json), open_store() as (settings, store):
        now, limits = store.clock(), bootstrap.limits(settings)
        since = (now - timedelta(days=days - 1)).replace(hour=0, minute=0, second=0, microsecond=0)
        spender = Spender(run_id="", user_id=USER, ceilings={})
        counters = {name: caps(spender, limits, name, now)[1:] for name in settings.providers or REGISTRY}
        with store.reading() as connection:
            spent = ledger.by_day(connection, since)
            used = ledger.used(connection, chain.from_iterable(counters.values()))
        if as_json:
            print(json.dumps(_as_json(spent, counters, used), indent=2))
            return
        for line in _lines(spent):
            print(line)
        if not spent:
            print(f"Nothing was spent in the last {counted(days, 'day')}.")
        for name, of_provider in counters.items():
            for cap in of_provider:
                of_limit = f"{used[cap.name].normalize():f} of {counted(cap.limit, 'credit')}"
                print(f"{_period(cap):>10}, {label_of(name)}: {of_limit}")


def _period(cap: Cap) -> str:
    return {"user": "today", "month": "this month"}[cap.name.split(":")[0]]


def _lines(spent: Iterable[Day]) -> Iterator[str]:
    """A line for each day: what it cost with each provider."""
    ordered = sorted(spent, key=lambda day: (-day.date.toordinal(), [*REGISTRY].index(day.provider)))
    for date, of_day in groupby(ordered, key=lambda day: day.date):
        said = []
        for day in of_day:
            doubt = f" and {counted(day.in_doubt, 'more')} in doubt" if day.in_doubt else ""
            said.append(f"{label_of(day.provider)} {counted(day.charged, 'credit')}{doubt}")
        yield f"{date.isoformat()}  {', '.join(said)}"


def _as_json(
    spent: Iterable[Day], counters: Mapping[str, Iterable[Cap]], used: Mapping[str, Decimal]
) -> dict[str, list[dict[str, str]]]:
    days = [
        {
            "date": day.date.isoformat(),
            "provider": day.provider,
            "charged": f"{day.charged:f}",
            "in_doubt": f"{day.in_doubt:f}",
        }
        for day in spent
    ]
    limited = [
        {"provider": name, "cap": _period(cap), "limit": f"{cap.limit:f}", "used": f"{used[cap.name]:f}"}
        for name, of_provider in counters.items()
        for cap in of_provider
    ]
    return {"days": days, "caps": limited}


@click.command()
@click.argument("url")
@click.option("--lift", is_flag=True, help="Allow an erased person to be looked up again.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(url: str, *, lift: bool, yes: bool) -> None:
    """Erase the person at URL from the database; they are not looked up again unless you use --lift.

    Leads, rows and the ledger's link to the person go; what was paid stays counted. Files and sheets are not searched.
    """
    with errors_said(new_console()), open_store() as (_settings, store):
        profile = parse(url)
        if not lift and not yes and not _confirmed(f"Erase {profile.url} for good?"):
            print("Nothing was erased.")
            return
        with store.writing() as connection:
            if lift:
                was_erased = erasures.lift(connection, profile.key)
            else:
                erasures.erase(connection, profile.key, USER, store.clock())
        if lift:
            print(
                f"The person may be looked up again. {erasures.PAID_AGAIN}"
                if was_erased
                else "This person was not erased."
            )
        else:
            print("Erased. The person is not looked up again; --lift allows it.")


def _confirmed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise LeadfillError("There is no terminal to ask whether to erase this person. Add --yes to go ahead.")
    return click.confirm(question, default=False, err=True)
