"""A plan and a finished run, for people (on standard error) and for scripts (JSON)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from functions.credits.plan import Cost, Plan, PlanPart
from functions.errors import LeadfillError, counted
from functions.outcomes import Outcome
from functions.profiles.parsing import Reason
from functions.store.ledger import Totals
from local.command.list_run import ListRun
from local.command.tally import Tally
from local.command.wording import plain


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended."""

    target: Path
    tally: Tally
    cost: Totals
    reasons: Path | None
    stopped_by: LeadfillError | None
    was_interrupted: bool


def print_plan(console: Console, planned: Plan, run: ListRun) -> None:
    """Print what a run would do and the most it can cost."""
    source = run.source
    console.print(
        f"[bold]Plan[/] for {plain(str(run.path))}, LinkedIn URLs in [bold]{plain(source.shape.column_name)}[/]"
    )
    if run.adds_to is not None:
        console.print(f"  {plain(str(run.adds_to))} is there already: it is added to, and what is filled in it stays.")
    for note in source.notes:
        console.print(f"  {plain(note)}")
    reasons = ", ".join(f"{count:,} {Reason(name).label}" for name, count in planned.unusable_reasons.items())
    notes = {PlanPart.UNUSABLE: reasons, PlanPart.IN_DOUBT: f"{PlanPart.IN_DOUBT.meaning}; --retry-in-doubt asks again"}
    console.print(f"  {planned.rows:>8,}  {'row' if planned.rows == 1 else 'rows'}")
    for part in PlanPart:
        if planned.count(part) or part is PlanPart.LOOKUPS:
            note = notes.get(part, part.meaning)
            console.print(f"  {planned.count(part):>8,}  {part.label.lower()}  [dim]{plain(note)}[/]")
    console.print(f"  Fields: {plain(', '.join(field.header for field in run.layout.fields))}")
    for cost in planned.costs:
        console.print(
            f"  It costs at most [bold]{counted(cost.max_credits, 'credit')}[/] of {cost.provider}; "
            f"the caps leave {counted(cost.credits_left, 'credit')}."
        )
        if cost.short_of:
            console.print(
                f"  [yellow]Left out: {counted(cost.short_of, 'lookup')}. The ceiling or a cap does not allow more.[/]"
            )


@contextmanager
def progress(console: Console, tally: Tally, rows: int) -> Iterator[Callable[[], None]]:
    """Show a bar with rate, credits and time left; gives what redraws it."""
    facts = TextColumn("{task.fields[rate]} rows/s · {task.fields[credits]} ·")
    left = TimeRemainingColumn()
    with Progress(TextColumn("Enriching"), BarColumn(), MofNCompleteColumn(), facts, left, console=console) as bar:
        task = bar.add_task("", total=rows, rate="-", credits="0 credits")

        def show() -> None:
            speed = bar.tasks[0].speed
            bar.update(
                task,
                completed=tally.outcomes.total(),
                rate=f"{speed:,.0f}" if speed else "-",
                credits=counted(tally.outcomes[Outcome.ENRICHED], "credit"),
            )

        yield show


def print_summary(console: Console, run: ListRun, ended: Ended) -> None:
    """Print what became of the rows, what it cost, and how full the columns are."""
    tally, cost = ended.tally, ended.cost
    done = ", ".join(f"{count:,} {outcome.label.lower()}" for outcome, count in tally.outcomes.items())
    console.print(f"[bold]{counted(tally.outcomes.total(), 'row')}:[/] {done}.")
    doubt = (
        f" Up to {counted(cost.in_doubt, 'more credit')} may have been charged: no answer came."
        if cost.in_doubt
        else ""
    )
    console.print(f"[bold]Cost:[/] {counted(cost.charged, 'credit')}.{doubt}")
    rates = zip(run.layout.fields, tally.fill_rates(), strict=False)
    if filled := ", ".join(f"{field.header} {rate:.0%}" for field, rate in rates):
        console.print(f"[bold]Filled:[/] {plain(filled)} of the rows with a person.")
    for number, sentence in tally.shown:
        console.print(f"  row {number}: {plain(sentence)}")
    if ended.reasons is not None:
        console.print(f"  All {tally.reasons:,} reasons are in {plain(str(ended.reasons))}.")
    if tally.retyped and ended.target.suffix.lower() not in {".xlsx", ".xlsm"}:
        console.print(
            f"[yellow]{counted(tally.retyped, 'value')} such as 1-10 would become a date or a number when Excel "
            "opens the CSV.[/] The file is right; to keep them in Excel, write a workbook: OUT=….xlsx (--out)."
        )


def plan_as_json(planned: Plan, run: ListRun) -> dict[str, Any]:
    """Return a plan as `leadfill plan --json` prints it."""
    source = run.source
    return {
        "file": str(source.path),
        "url_column": source.shape.column_name,
        "fields": [field.name for field in run.layout.fields],
        "notes": list(source.notes),
        **asdict(planned) | {"costs": [_as_json(cost) for cost in planned.costs]},
    }


def _as_json(cost: Cost) -> dict[str, str | int]:
    amounts = {"max_credits": f"{cost.max_credits:f}", "credits_left": f"{cost.credits_left:f}"}
    return {"provider": cost.provider, "lookups": cost.lookups, "short_of": cost.short_of, **amounts}


def run_as_json(planned: Plan, run: ListRun, ended: Ended) -> dict[str, Any]:
    """Return a finished run as `leadfill enrich --json` prints it."""
    rates = zip(run.layout.fields, ended.tally.fill_rates(), strict=False)
    return {
        "plan": plan_as_json(planned, run),
        "out": str(ended.target),
        "outcomes": {outcome.value: count for outcome, count in ended.tally.outcomes.items()},
        "charged": f"{ended.cost.charged:f}",
        "in_doubt": f"{ended.cost.in_doubt:f}",
        "fill_rates": {field.name: round(rate, 4) for field, rate in rates},
        "reasons": str(ended.reasons) if ended.reasons else None,
        "stopped_by": str(ended.stopped_by) if ended.stopped_by else None,
        "interrupted": ended.was_interrupted,
    }
