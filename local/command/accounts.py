"""`leadfill usage` and `leadfill erase`: what was spent on this machine, and forgetting a person."""

from __future__ import annotations

import json
from datetime import timedelta

import click

from functions import bootstrap
from functions.credits.caps import Spender, caps
from functions.errors import counted
from functions.profiles import parse
from functions.store import erasures, ledger
from local.command.wiring import USER, errors_said, new_console, open_store


@click.command()
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 366), help="How far to look back.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def usage(*, days: int, as_json: bool) -> None:
    """Show the credits spent by day, and how far the caps are used."""
    with errors_said(new_console()), open_store() as (settings, store):
        now, limits = store.clock(), bootstrap.limits(settings)
        since = (now - timedelta(days=days - 1)).replace(hour=0, minute=0, second=0, microsecond=0)
        spender = Spender(run_id="", user_id=USER, ceilings={})
        counters = [cap for name in settings.providers for cap in caps(spender, limits, name, now)[1:]][:2]
        with store.reading() as connection:
            spent, used = ledger.by_day(connection, since), ledger.used(connection, counters)
        names = {"user": "today", "month": "this month"}
        if as_json:
            listed = [
                {"date": day.date.isoformat(), "charged": f"{day.charged:f}", "in_doubt": f"{day.in_doubt:f}"}
                for day in spent
            ]
            limited = [
                {"cap": names[cap.name.split(":")[0]], "limit": int(cap.limit), "used": f"{used[cap.name]:f}"}
                for cap in counters
            ]
            print(json.dumps({"days": listed, "caps": limited}, indent=2))
            return
        for day in spent:
            doubt = f", {counted(day.in_doubt, 'credit')} in doubt" if day.in_doubt else ""
            print(f"{day.date.isoformat()}  {counted(day.charged, 'credit')}{doubt}")
        if not spent:
            print(f"Nothing was spent in the last {counted(days, 'day')}.")
        for cap in counters:
            print(f"{names[cap.name.split(':')[0]]:>10}: {used[cap.name]:f} of {counted(int(cap.limit), 'credit')}")


@click.command()
@click.argument("url")
@click.option("--lift", is_flag=True, help="Allow an erased person to be looked up again.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(url: str, *, lift: bool, yes: bool) -> None:
    """Erase the person at URL from the database, and never look them up again.

    Leads, rows and the ledger's link to the person go; what was paid stays counted. Files and sheets are not searched.
    """
    with errors_said(new_console()), open_store() as (_settings, store):
        profile = parse(url)
        if not lift and not yes:
            click.confirm(f"Erase {profile.url} for good?", abort=True)
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
