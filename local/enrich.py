"""`make enrich`: a CSV with LinkedIn URLs in, the same CSV with the chosen fields out, and what it cost."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from functions import bootstrap, settings
from functions.credits.caps import Spender
from functions.credits.lead_status import DOUBTFUL, LeadStatus
from functions.credits.plan import Plan
from functions.enrichment.enricher import Enricher
from functions.errors import LeadfillError, counted
from functions.fields import select, split
from functions.jobs.sweep import release_dead_owners
from functions.outcomes import Outcome
from functions.store import ledger
from functions.store.database import Store
from functions.version import VERSION
from local.csv_columns import Columns
from local.csv_file import BadFile, CsvFile, open_csv
from local.csv_run import CsvRun, Tally
from local.providers.client import Sandbox

HOME = Path(".leadfill")
USER = "command line"
STOPPED = 3
"""The exit code of a run that the provider or a cap ended early."""
INTERRUPTED = 130
"""The exit code of a program that was ended with Ctrl-C."""


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--fields", default="email,title,company,size", help="Fields to fill: names, or Header=JMESPath.")
@click.option("--url-column", default="", help="Header, letter or number of the column; found by itself otherwise.")
@click.option("--out", type=click.Path(path_type=Path), help="Where to write.  [default: FILE with .enriched.csv]")
@click.option("--max-credits", type=click.IntRange(min=0), help="Never spend more than this in the run.")
@click.option(
    "--retry-in-doubt",
    is_flag=True,
    help="Ask again for people whose earlier lookup may have been charged without a usable answer.",
)
@click.version_option(VERSION, prog_name="leadfill")
@click.option("--yes", is_flag=True, help="Do not ask before spending.")
def main(
    file: Path,
    fields: str,
    url_column: str,
    out: Path | None,
    max_credits: int | None,
    *,
    retry_in_doubt: bool,
    yes: bool,
) -> None:
    """Fill FILE, a CSV that holds LinkedIn profile URLs, with lead data.

    Prints the plan and the most it can cost, asks, shows progress, and writes the result beside FILE. After an
    interruption, run it again: it continues where it was, and you never pay for the same person twice. Without
    SLINTEL_API_KEY, a sandbox on this machine answers with invented people.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    retry = DOUBTFUL if retry_in_doubt else frozenset[LeadStatus]()
    try:
        table = open_csv(file, url_column)
        columns = Columns.of(table, select(split(fields)))
        target = _target(file, out)
        with _enricher(console) as enricher:
            run = CsvRun(enricher, table, columns, retry)
            sys.exit(_run(console, run, target, max_credits, ask=not yes))
    except LeadfillError as error:
        console.print(f"[bold red]Error:[/] {_plain(str(error))}")
    except OSError as error:
        console.print(f"[bold red]Error:[/] {_plain(_disk_sentence(error))}")
    sys.exit(1)


def _target(file: Path, out: Path | None) -> Path:
    target = out or file.with_suffix(".enriched.csv")
    if target.resolve() == file.resolve():
        raise BadFile(f"OUT is {file} itself; name another file, so that the original is kept.")
    return target


def _run(console: Console, run: CsvRun, target: Path, max_credits: int | None, *, ask: bool) -> int:
    """Plans, asks, enriches, reports; gives the exit code."""
    spender = Spender(run_id=uuid4().hex, user_id=USER, ceiling=0)
    planned = run.plan(spender, max_credits)
    _print_plan(console, planned, run.table, run.columns)
    if ask and planned.max_credits and not _confirmed(planned):
        console.print("Nothing was done, nothing was spent.")
        return 0
    spender = replace(spender, ceiling=planned.max_credits)
    stop, tally = threading.Event(), Tally()
    with _interruptible(stop, console), _progress(console, tally, planned.rows) as show:
        stopped_by = run.enrich(target, spender, stop, tally, show)
    _report(console, run.enricher.store, spender, tally)
    console.print(
        f"{'What was done is in' if stopped_by or stop.is_set() else 'Written to'} [bold]{_plain(str(target))}[/]."
    )
    if stop.is_set():
        console.print("[bold yellow]Interrupted.[/] Run the same command again to continue; you do not pay twice.")
        return INTERRUPTED
    if stopped_by is not None:
        console.print(f"[bold red]The run stopped early:[/] {_plain(str(stopped_by))}")
        return STOPPED
    return 0


def _confirmed(planned: Plan) -> bool:
    if not sys.stdin.isatty():
        raise LeadfillError(
            f"There is no terminal to ask whether to spend {counted(planned.max_credits, 'credit')}. "
            "Say YES=1 (--yes) to go ahead; nothing was spent."
        )
    return click.confirm(f"Spend up to {counted(planned.max_credits, 'credit')}?", default=False, err=True)


@contextmanager
def _progress(console: Console, tally: Tally, rows: int) -> Iterator[Callable[[], None]]:
    """A bar with the rate and the credits; gives what redraws it."""
    facts = TextColumn("{task.fields[rate]} rows/s · {task.fields[credits]}")
    with Progress(
        TextColumn("Enriching"), BarColumn(), MofNCompleteColumn(), facts, TimeRemainingColumn(), console=console
    ) as progress:
        task = progress.add_task("", total=rows, rate="-", credits=counted(0, "credit"))

        def show() -> None:
            speed = progress.tasks[0].speed
            progress.update(
                task,
                completed=tally.outcomes.total(),
                rate=f"{speed:.0f}" if speed else "-",
                credits=counted(tally.outcomes[Outcome.ENRICHED], "credit"),
            )

        yield show


def _report(console: Console, store: Store, spender: Spender, tally: Tally) -> None:
    with store.reading() as connection:
        cost = ledger.totals(connection, spender.run_id)
    done = ", ".join(f"{count} {outcome.value.replace('_', ' ')}" for outcome, count in tally.outcomes.items())
    console.print(f"[bold]{counted(tally.outcomes.total(), 'row')}:[/] {done}.")
    doubt = (
        f" Up to {counted(cost.in_doubt, 'more credit')} may have been charged: no answer came."
        if cost.in_doubt
        else ""
    )
    console.print(f"[bold]Cost:[/] {counted(cost.charged, 'credit')}.{doubt}")
    for number, sentence in tally.troubles:
        console.print(f"  row {number}: {_plain(sentence)}")


def _print_plan(console: Console, planned: Plan, table: CsvFile, columns: Columns) -> None:
    column = table.header[table.url_column] if table.header else f"column {table.url_column + 1}"
    console.print(f"[bold]Plan[/] for {_plain(str(table.path))}, LinkedIn URLs in [bold]{_plain(column)}[/]")
    if table.encoding == "cp1252":
        console.print("  The file is not UTF-8; it is read as Windows-1252. Check the accents in the result.")
    reasons = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in planned.unusable_reasons.items())
    lines = [
        (planned.rows, "row" if planned.rows == 1 else "rows", ""),
        (planned.unusable, "unusable", reasons),
        (planned.already_filled, "already filled", ""),
        (planned.duplicates, "duplicate" if planned.duplicates == 1 else "duplicates", "the same person again: free"),
        (planned.known, "known", "answered from the store: free"),
        (planned.in_doubt, "in doubt", "asked before without an answer; --retry-in-doubt asks again"),
        (planned.lookups, "lookup" if planned.lookups == 1 else "lookups", ""),
    ]
    for count, what, note in lines:
        if count or what == "lookups":
            console.print(f"  {count:>8,}  {what}" + (f"  [dim]{_plain(note)}[/]" if note else ""))
    fields = ", ".join(field.header for field in columns.fields)
    console.print(f"  Fields: {_plain(fields)}")
    console.print(
        f"  It costs at most [bold]{counted(planned.max_credits, 'credit')}[/]; "
        f"the caps leave {counted(planned.credits_left, 'credit')}."
    )
    if planned.short_of:
        console.print(
            f"  [yellow]Left out: {counted(planned.short_of, 'lookup')}. The ceiling or a cap does not allow more.[/]"
        )


@contextmanager
def _enricher(console: Console) -> Iterator[Enricher]:
    """The enricher of the environment; without an API key, one over a sandbox with a store of its own."""
    with ExitStack() as stack:
        environ = dict(os.environ)
        if not environ.get("SLINTEL_API_KEY"):
            HOME.mkdir(exist_ok=True)
            sandbox = stack.enter_context(Sandbox())
            console.print(
                "[bold black on yellow] SANDBOX [/] No SLINTEL_API_KEY is set: the people below are [bold]invented[/]."
            )
            environ |= {
                "SLINTEL_API_KEY": "sandbox",
                "SLINTEL_BASE_URL": sandbox.url,
                "DATABASE_URL": f"sqlite:///{HOME / 'sandbox.db'}",
            }
        elif not environ.get("DATABASE_URL"):
            HOME.mkdir(exist_ok=True)
            environ["DATABASE_URL"] = f"sqlite:///{HOME / 'leadfill.db'}"
        chosen = settings.read(environ)
        store = bootstrap.store(chosen)
        stack.callback(store.close)
        release_dead_owners(store, store.clock())  # nobody waits for what died on this machine
        enricher = bootstrap.enricher(chosen, store)
        stack.callback(enricher.dispatcher.close)
        yield enricher


@contextmanager
def _interruptible(stop: threading.Event, console: Console) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the run in good order: what is in flight is settled first."""

    def end(_signal: int, _frame: object) -> None:
        if not stop.is_set():
            console.print("[yellow]Stopping: the lookups in flight are settled first …[/]")
        stop.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _disk_sentence(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return (
            "The disk is full. The leads that were paid for are kept; free some space and run the same command again."
        )
    return f"{error.filename or 'A file'} cannot be written ({error.strerror}). The leads that were paid for are kept."


def _plain(text: str) -> str:
    """Text from outside, without the console's mark-up or control characters."""
    return "".join(char for char in text if char.isprintable() or char == "\n").replace("[", "\\[")


if __name__ == "__main__":
    main()
