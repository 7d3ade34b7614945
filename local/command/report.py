"""A plan and a finished run, for people (on standard error) and for scripts (JSON)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from functions.credits.plan import Cost, Plan, PlanPart
from functions.credits.terms import label_of
from functions.errors import LeadfillError, counted
from functions.outcomes import LeftOut
from functions.profiles.parsing import Reason
from functions.store.ledger import Totals
from local.command.list_run import ListRun
from local.command.only_where import described
from local.command.tally import Tally
from local.command.wording import plain
from local.lists.layout import doubled
from local.lists.workbook_list import WORKBOOKS


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended."""

    target: Path
    tally: Tally
    costs: Mapping[str, Totals]
    """By provider."""
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
        console.print(f"  {plain(str(run.adds_to))} exists already: it is added to, and its filled cells stay.")
    for note in _notes(run):
        console.print(f"  {plain(note)}")
    reasons = ", ".join(f"{count:,} {Reason(name).label}" for name, count in planned.unusable_reasons.items())
    left_out = ", ".join(f"{count:,} {LeftOut(name).label}" for name, count in planned.left_out_reasons.items())
    if planned.left_out_reasons.keys() & {LeftOut.HIDDEN, LeftOut.FILTERED}:
        left_out += "; INCLUDE_HIDDEN=1 (--include-hidden) fills hidden rows"
    notes = {
        PlanPart.LEFT_OUT: left_out,
        PlanPart.UNUSABLE: reasons,
        PlanPart.IN_DOUBT: f"{PlanPart.IN_DOUBT.meaning}; --retry-in-doubt asks again",
    }
    console.print(f"  {planned.rows:>8,}  {'row' if planned.rows == 1 else 'rows'}")
    for part in PlanPart:
        if planned.count(part) or part is PlanPart.LOOKUPS:
            note = notes.get(part, part.meaning)
            console.print(f"  {planned.count(part):>8,}  {part.words}  [dim]{plain(note)}[/]")
    for condition in run.only_where:
        console.print(f"  Only rows where {plain(described(condition))}")
    console.print(f"  Fields: {plain(', '.join(field.header for field in run.layout.fields))}")
    for cost in planned.costs:
        _print_cost(console, cost, "It" if len(planned.costs) == 1 else label_of(cost.provider))


def _notes(run: ListRun) -> list[str]:
    return [*run.source.notes, *doubled(run.source.shape, run.layout)]


def _print_cost(console: Console, cost: Cost, who: str) -> None:
    most, left = counted(cost.max_credits, "credit"), counted(cost.credits_left, "credit")
    console.print(f"  {who} costs at most [bold]{most}[/]; the caps leave {left}.")
    if cost.short_of:
        why = cost.cap_sentence or "MAX_CREDITS (--max-credits) does not allow more."
        console.print(f"  [yellow]Left out: {counted(cost.short_of, 'lookup')}. {plain(why)}[/]")


def credits_text(amounts: Mapping[str, Decimal]) -> str:
    """Write credits by provider; the name is left out where there is only one."""
    if len(amounts) == 1:
        return counted(next(iter(amounts.values())).normalize(), "credit")
    return " · ".join(f"{label_of(name)} {amount.normalize():,f}" for name, amount in amounts.items()) + " credits"


def credits_in_words(amounts: Mapping[str, Decimal]) -> str:
    """Write the amounts that are not 0, such as `45 credits of Slintel and 1 credit of Prospeo`."""
    if len(amounts) == 1:
        return credits_text(amounts)
    said = [
        f"{counted(amount.normalize(), 'credit')} of {label_of(name)}" for name, amount in amounts.items() if amount
    ]
    return " and ".join(said)


@contextmanager
def progress(
    console: Console,
    tally: Tally,
    rows: int,
    spent: Callable[[], Mapping[str, Decimal]],
    time_left: Callable[[], str],
) -> Iterator[Callable[[], None]]:
    """Show a bar with rate, credits by provider and time left; gives what redraws it."""
    facts = TextColumn("{task.fields[rate]} rows/s · {task.fields[credits]} · {task.fields[left]}")
    with Progress(TextColumn("Enriching"), BarColumn(), MofNCompleteColumn(), facts, console=console) as bar:
        task = bar.add_task("", total=rows, rate="-", credits=credits_text(spent()), left="")

        def show() -> None:
            speed = bar.tasks[0].speed
            bar.update(
                task,
                completed=tally.outcomes.total(),
                rate=f"{speed:,.0f}" if speed else "-",
                credits=credits_text(spent()),
                left=time_left(),
            )

        yield show


def print_summary(console: Console, run: ListRun, ended: Ended) -> None:
    """Print what became of the rows, what it cost, and how full the columns are."""
    tally = ended.tally
    done = ", ".join(f"{count:,} {outcome.words}" for outcome, count in tally.outcomes.items())
    console.print(f"[bold]{counted(tally.outcomes.total(), 'row')}:[/] {done}.")
    _print_costs(console, run, ended)
    rates = zip(run.layout.fields, tally.fill_rates(), strict=False)
    if filled := ", ".join(f"{field.header} {rate:.0%}" for field, rate in rates):
        console.print(f"[bold]Filled:[/] {plain(filled)} of the rows with a person.")
    for number, sentence in tally.shown:
        console.print(f"  row {number}: {plain(sentence)}")
    if ended.reasons is not None:
        console.print(f"  All {tally.reasons:,} reasons are in {plain(str(ended.reasons))}.")
    elif tally.reasons > len(tally.shown):
        more = counted(tally.reasons - len(tally.shown), "more reason")
        console.print(f"  {more}; name a file with --out, and all of them are written beside it.")
    if tally.retyped and ended.target.suffix.lower() not in WORKBOOKS:
        console.print(
            f"[yellow]{counted(tally.retyped, 'value')} such as 1-10 would become a date or a number when Excel "
            "opens the CSV.[/] The file is right; to keep them in Excel, write a workbook: OUT=….xlsx (--out)."
        )


def print_rest(console: Console, rest: Plan, tried: Plan, ended: Ended) -> None:
    """Print what the other rows can cost, and will likely cost, going by the trial."""
    if not rest.lookups:
        console.print(
            "[bold]Trial:[/] nobody else has to be looked up; run it without TRY (--try) to fill the rest, free."
        )
        return
    for cost in rest.costs:
        charged = ended.costs.get(cost.provider, Totals()).charged
        likely = "" if not tried.lookups else f", likely {counted(_likely(cost, charged, rest, tried), 'credit')}"
        who = "the rest" if len(rest.costs) == 1 else f"the rest at {label_of(cost.provider)}"
        console.print(f"[bold]Trial:[/] {who} costs at most {counted(cost.max_credits.normalize(), 'credit')}{likely}.")
    console.print("Run it without TRY (--try) to fill the rest; what the trial has paid for is known.")


def _likely(cost: Cost, charged: Decimal, rest: Plan, tried: Plan) -> Decimal:
    return min(cost.max_credits, (charged * rest.lookups / tried.lookups).to_integral_value(ROUND_CEILING))


def _print_costs(console: Console, run: ListRun, ended: Ended) -> None:
    """Print what each provider was paid, and what it brought."""
    costs = {name: ended.costs.get(name, Totals()) for name in run.providers}
    doubts = {name: cost.in_doubt for name, cost in costs.items() if cost.in_doubt}
    doubt = ""
    if doubts:
        more = [
            counted(amount.normalize(), "more credit") + (f" of {label_of(name)}" if len(costs) > 1 else "")
            for name, amount in doubts.items()
        ]
        doubt = f" Up to {' and '.join(more)} may have been charged: no answer came."
    charged = {name: cost.charged for name, cost in costs.items()}
    console.print(f"[bold]Cost:[/] {credits_text(charged)}.{doubt}")
    if len(costs) == 1 and not any(cost.paid_without_lead for cost in costs.values()):
        return  # the outcomes say it
    for place, (name, cost) in enumerate(costs.items()):
        if cost.lookups:
            console.print(f"  {_brought(name, cost, is_first=not place)}")


def _brought(provider: str, totals: Totals, *, is_first: bool) -> str:
    """Say what a provider was asked for, and what it brought."""
    brought = f"{totals.found:,} of {counted(totals.lookups, 'lookup')} found the person"
    in_vain, lacked = totals.paid_without_lead, "empty or incomplete"
    if totals.emails_wanted and not is_first:  # the earlier ones knew the person, and nearly always no address
        brought = f"{totals.emails:,} of {counted(totals.emails_wanted, 'lookup')} found an e-mail"
        others = totals.lookups - totals.emails_wanted
        brought += f", {others:,} more for the person only" if others else ""
        in_vain, lacked = totals.paid_without_email, "without an address"
    why = f" ({counted(in_vain, 'charged answer')} {lacked})" if in_vain else ""
    return f"{label_of(provider)}: {brought}, {counted(totals.charged.normalize(), 'credit')}{why}"


def plan_as_json(planned: Plan, run: ListRun) -> dict[str, Any]:
    """Return a plan as `leadfill plan --json` prints it."""
    source = run.source
    return {
        "file": str(run.path),
        "url_column": source.shape.column_name,
        "fields": [field.name for field in run.layout.fields],
        "notes": _notes(run),
        **{name: value for name, value in asdict(planned).items() if name != "held"}
        | {"costs": [_as_json(cost) for cost in planned.costs]},
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
        "credits": [
            {
                "provider": name,
                "lookups": cost.lookups,
                "charged": f"{cost.charged:f}",
                "in_doubt": f"{cost.in_doubt:f}",
                "found": cost.found,
                "emails_wanted": cost.emails_wanted,
                "emails": cost.emails,
                "paid_without_lead": cost.paid_without_lead,
                "paid_without_email": cost.paid_without_email,
            }
            for name, cost in ended.costs.items()
        ],
        "fill_rates": {field.name: round(rate, 4) for field, rate in rates},
        "reasons": str(ended.reasons) if ended.reasons else None,
        "stopped_by": str(ended.stopped_by) if ended.stopped_by else None,
        "interrupted": ended.was_interrupted,
    }
