"""`leadfill enrich` and `leadfill plan`: a list with LinkedIn URLs in, the same list with the chosen fields out."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import click
from rich.console import Console

from functions.credits.caps import Allowance, Spender
from functions.credits.forecast import done_at, in_words
from functions.credits.lead_status import DOUBTFUL
from functions.credits.plan import Plan
from functions.credits.trial import Trial
from functions.errors import LeadfillError, ProviderError, QuotaExhausted
from functions.fields import select, split
from functions.jobs.progress import LATELY, supplies_of
from functions.store import ledger
from functions.version import VERSION
from local.command.ceilings import Ceilings
from local.command.list_run import ListRun
from local.command.only_where import ConditionText, ListCondition
from local.command.report import (
    Ended,
    credits_in_words,
    plan_as_json,
    print_plan,
    print_rest,
    print_summary,
    progress,
    run_as_json,
)
from local.command.result_file import holds_something, result_file
from local.command.standard_input import INPUT, STANDARD, copied_input, folder_for_streams
from local.command.tally import Tally
from local.command.wiring import (
    DONE,
    EXIT_CODES,
    INTERRUPTED,
    STOPPED,
    USER,
    errors_said,
    interruptible,
    new_console,
    open_enricher,
    print_json,
)
from local.command.wording import plain
from local.lists.continuing import continued
from local.lists.contract import SourceList
from local.lists.errors import BadFile
from local.lists.layout import lay_out
from local.lists.opening import Choices, open_list

_CODES = "\b\nExit codes:\n" + "\n".join(f"  {code:<4} {what}" for code, what in EXIT_CODES.items())

_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.argument("file", type=click.Path(path_type=Path)),
    click.option("--fields", default="email,title,company,size", help="Fields to fill: names, or Header=expression."),
    click.option(
        "--url-column", default="", help="Title, letter or number of the URLs' column; found automatically if omitted."
    ),
    click.option(
        "--header-row", type=click.IntRange(min=0), help="Number of the header row, 0 for none; found automatically."
    ),
    click.option("--tab", default="", help="Title or number of a workbook's tab; found automatically if omitted."),
    click.option("--encoding", default="", help="Encoding of a CSV, such as cp1250; found automatically if omitted."),
    click.option("--delimiter", default="", help="Delimiter of a CSV, or `tab`; found automatically if omitted."),
    click.option(
        "--providers", default="", help="Providers to ask, in this order; default: PROVIDERS, or all that have a key."
    ),
    click.option(
        "--go-on",
        is_flag=True,
        help="Go on with the other providers where one rejects its key or reaches a limit, and do not stop.",
    ),
    click.option(
        "--max-credits",
        type=Ceilings(),
        help="The most credits to spend with each provider; or by name: slintel=100,prospeo=50.",
    ),
    click.option(
        "--retry-in-doubt",
        is_flag=True,
        help="Ask again for lookups without a readable answer; can cost a second credit.",
    ),
    click.option(
        "--only-where",
        multiple=True,
        type=ConditionText(),
        help="Fill only rows that meet this condition: “Email is empty”, “Country is one of Spain; Portugal” …",
    ),
    click.option("--include-hidden", is_flag=True, help="Also fill hidden and filtered rows of a workbook."),
    click.option(
        "--try", "try_rows", type=click.IntRange(1, 100), help="Fill only this many rows, spread over the list."
    ),
    click.option("--out", type=click.Path(path_type=Path), help="Where to write.  [default: FILE with .enriched]"),
    click.option("--replace", is_flag=True, help="Replace an existing result instead of adding to it."),
    click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON on standard output."),
)


def _with_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command(epilog=_CODES, context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@_with_options
@click.version_option(VERSION, prog_name="leadfill")
@click.option("--yes", is_flag=True, help="Do not ask before spending.")
@click.option("--dry-run", is_flag=True, help="Show the plan and stop; nothing is spent or written.")
def enrich(*, yes: bool, dry_run: bool, **chosen: Any) -> None:  # noqa: ANN401 - the options above
    """Fill FILE, a CSV or Excel list that holds LinkedIn profile URLs, with lead data.

    Prints the plan and what it can cost, asks, shows progress, and writes the result beside FILE. Started again after
    an interruption it goes on where it was: you never pay for the same person twice. An existing result is
    added to, and its filled cells stay. FILE or --out `-` is standard input or output. Without an API key,
    stand-ins of all providers on this machine answer with invented people.
    """
    console = new_console()
    with errors_said(console, as_json=chosen["as_json"]):
        sys.exit(_run(console, **chosen, yes=yes, dry_run=dry_run))


@click.command(epilog=_CODES, context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@_with_options
def plan(**chosen: Any) -> None:  # noqa: ANN401 - the options above
    """Show what `enrich` would do with FILE, and the most it can cost; nothing is spent or written."""
    console = new_console()
    with errors_said(console, as_json=chosen["as_json"]):
        sys.exit(_run(console, **chosen, yes=True, dry_run=True))


def _run(
    console: Console,
    *,
    file: Path,
    fields: str,
    url_column: str,
    header_row: int | None,
    tab: str,
    encoding: str,
    delimiter: str,
    providers: str,
    go_on: bool,
    max_credits: Allowance | None,
    retry_in_doubt: bool,
    only_where: tuple[ListCondition, ...],
    include_hidden: bool,
    try_rows: int | None,
    out: Path | None,
    replace: bool,
    as_json: bool,
    yes: bool,
    dry_run: bool,
) -> int:
    choices = Choices(tab=tab, column=url_column, header_row=header_row, encoding=encoding, delimiter=delimiter)
    chosen = select(split(fields))
    with folder_for_streams() as folder:
        source = listed = open_list(copied_input(folder) if file == STANDARD else file, choices)
        out = STANDARD if out is None and file == STANDARD else out
        if out == STANDARD and as_json and not dry_run:
            raise BadFile("Standard output takes the list or the JSON, not both; name a file with --out.")
        target = result_file(source.path, source.suffix, folder / f"out{source.suffix}" if out == STANDARD else out)
        if holds_something(target) and not replace:
            source = _added_to(source, target, ask=not yes)
        with open_enricher(console, providers) as enricher:
            run = ListRun(
                enricher,
                source,
                lay_out(source.shape, chosen),
                path=INPUT if file == STANDARD else file,
                adds_to=None if source is listed else target,
                providers=[name for name in enricher.dispatchers if _may_spend(max_credits, name)],
                go_on=go_on,
                retry=DOUBTFUL if retry_in_doubt else frozenset(),
                only_where=only_where,
                include_hidden=include_hidden,
                trial=None if try_rows is None else Trial(rows=try_rows),
            )
            spender = Spender(run_id=uuid4().hex, user_id=USER, ceilings={})
            ceilings = None if max_credits is None else {name: max_credits.of(name) for name in run.providers}
            planned = run.plan(spender, ceilings)
            print_plan(console, planned, run)
            if dry_run:
                print_json(plan_as_json(planned, run) if as_json else None)
                return DONE
            if not yes and not planned.is_free and not _confirmed(planned):
                console.print("Nothing was done, nothing was spent.")
                print_json(plan_as_json(planned, run) if as_json else None)
                return DONE
            ended = _enrich(console, run, planned, spender, target, keeps_reasons=out != STANDARD)
            rest = run.plan_rest(spender) if run.trial else None
        if out == STANDARD:
            with target.open("rb") as result:
                shutil.copyfileobj(result, sys.stdout.buffer)
            sys.stdout.flush()
    _say(console, run, ended, STANDARD if out == STANDARD else target)
    if rest is not None:
        print_rest(console, rest, planned, ended)
    print_json(run_as_json(planned, run, ended) if as_json else None)
    return INTERRUPTED if ended.was_interrupted else STOPPED if ended.stopped_by else DONE


def _enrich(
    console: Console, run: ListRun, planned: Plan, spender: Spender, target: Path, *, keeps_reasons: bool
) -> Ended:
    spender = replace(spender, ceilings=planned.ceilings)
    enricher, stop = run.enricher, threading.Event()
    tally = Tally(reasons_path=target.with_name(f"{target.stem}.reasons.csv") if keeps_reasons else None)

    def spent() -> dict[str, Decimal]:
        with enricher.store.reading() as connection:
            return ledger.spent(connection, spender.run_id, run.providers)

    began = enricher.clock()

    def time_left() -> str:
        """Return it in words, by the people who are still to be looked up."""
        now = enricher.clock()
        terms = {name: enricher.dispatchers[name].provider.terms for name in run.providers}
        with enricher.store.reading() as connection:
            asked = ledger.recent(connection, spender.run_id, began, now)
            lately = ledger.recent(connection, spender.run_id, max(began, now - LATELY), now)
            supplies = supplies_of(connection, terms, ledger.totals(connection, spender.run_id))
        people = max(0, planned.lookups - (asked.people if asked else 0))
        end = done_at(people, lately, supplies, now)
        return in_words(None if end is None else (end - now).total_seconds())

    with interruptible(stop, console), progress(console, tally, planned.rows, spent, time_left) as show:
        try:
            stopped_by = run.enrich(target, spender, stop, tally, show)
        finally:
            reasons = tally.finish()
    with enricher.store.reading() as connection:
        costs = ledger.totals(connection, spender.run_id)
    return Ended(target, tally, costs, reasons, stopped_by, stop.is_set())


def _say(console: Console, run: ListRun, ended: Ended, written: Path) -> None:
    print_summary(console, run, ended)
    if written != STANDARD:
        is_part = ended.stopped_by or ended.was_interrupted
        console.print(f"{'What was done is in' if is_part else 'Written to'} [bold]{plain(str(written))}[/].")
    if ended.was_interrupted:
        console.print(
            "[bold yellow]Interrupted.[/] Run the same command again to go on; you never pay for the same person twice."
        )
    elif ended.stopped_by is not None:
        console.print(f"[bold red]The run stopped early:[/] {plain(str(ended.stopped_by))}")
        if len(run.providers) > 1 and isinstance(ended.stopped_by, ProviderError) and not run.goes_on:
            console.print("GO_ON=1 (--go-on) goes on with the other providers then.")
        if isinstance(ended.stopped_by, QuotaExhausted) and ended.stopped_by.until is not None:
            console.print("Then run the same command again: it goes on, and you never pay for the same person twice.")


def _may_spend(max_credits: Allowance | None, provider: str) -> bool:
    """Tell whether a provider takes part: one that is not among the named amounts does not."""
    return max_credits is None or not max_credits.named or max_credits.of(provider) > 0


def _added_to(source: SourceList, target: Path, *, ask: bool) -> SourceList:
    """Return the list with what an earlier run, and people since, have put into its result."""
    added_to = continued(source, target)
    question = f"{target} exists already. Add to it, and keep its filled cells?"
    if ask and sys.stdin.isatty() and not click.confirm(question, default=True, err=True):
        raise BadFile(
            "Nothing was done. Name another file with OUT=… (--out), or replace this one with REPLACE=1 (--replace)."
        )
    return added_to


def _confirmed(planned: Plan) -> bool:
    most = credits_in_words(planned.ceilings)
    if not sys.stdin.isatty():
        raise LeadfillError(
            f"There is no terminal to ask whether to spend {most}. Set YES=1 (--yes) to go ahead; nothing was spent."
        )
    return click.confirm(f"Spend up to {most}?", default=False, err=True)
