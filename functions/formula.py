"""What a formula asks: values for some people, within the half minute that Sheets waits; recalculation is free."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

import msgspec

from functions.auth.access import FormulaToken
from functions.context import AppContext
from functions.credits.caps import Spender
from functions.enrichment.enricher import Result
from functions.errors import CapReached, InvalidRequest, LeadfillError, NotAProfile, counted
from functions.fields import project, select, split
from functions.fields.catalogue import Field
from functions.fields.cell_format import CellValue
from functions.outcomes import Outcome
from functions.profiles import Profile, parse

ANSWER_WITHIN_S = 24.0
"""Sheets gives a custom function 30 s, and the answer travels too."""
LOOK_UP_FOR_S = 15.0
"""After so long no further lookup is sent; those in flight may still come in time."""
MAX_URLS = 10_000
TROUBLE = "⚠ "
"""What a cell begins with that says what is wrong; the add-on never freezes such cells."""


@dataclass(slots=True)
class FormulaValues:
    """Values for a formula, a row for each URL and a column for each field, and how many rows must be asked for again.

    A value is null where the lookup has not ended.
    """

    values: list[list[CellValue | None]]
    pending: Annotated[int, msgspec.Meta(ge=0, description="Rows that must be asked for again")]


@dataclass(slots=True)
class _Lookups:
    """What has come back so far, by the place of the profile; written by one thread, read by another."""

    results: dict[int, Result] = field(default_factory=dict)
    trouble: str = ""


def answer(
    context: AppContext,
    token: FormulaToken,
    urls: Sequence[Sequence[str]],
    fields: Sequence[str],
    if_missing: str,
    *,
    credits_per_day: int,
) -> FormulaValues:
    """Values for the people in `urls`, row by row.

    Args:
        context: the parts.
        token: which spreadsheet asks.
        urls: the cells.
        fields: names, headers, or comma lists of them.
        if_missing: what stands where nothing is known.
        credits_per_day: what all formulas of a spreadsheet may spend in a day.

    Raises:
        InvalidRequest: the fields cannot be understood, or there are too many URLs.
        StoreError: the store cannot be used.
    """
    cells = [cell for row in urls for cell in row]
    if len(cells) > MAX_URLS:
        raise InvalidRequest(f"One formula takes up to {MAX_URLS:,} URLs; cut the range into parts.")
    chosen = select([name for text in fields for name in split(text)])
    found = [_read(cell) for cell in cells]
    profiles = [profile for profile in found if isinstance(profile, Profile)]
    lookups = _look_up(context, token, profiles, credits_per_day) if profiles else _Lookups()
    place = iter(range(len(profiles)))
    rows: list[list[CellValue | None]] = []
    pending = 0
    for item in found:
        if isinstance(item, str):
            rows.append(_said(item, len(chosen)))
            continue
        result = lookups.results.get(next(place))
        pending += result is None or result.outcome is Outcome.CANCELLED
        rows.append(_row(result, chosen, if_missing, lookups.trouble))
    return FormulaValues(rows, pending)


def _read(cell: str) -> Profile | str:
    """The profile, or what to say instead; nothing for an empty cell."""
    try:
        return parse(cell)
    except NotAProfile as error:
        return "" if error.reason == "empty" else f"{TROUBLE}{error}"


def _said(sentence: str, width: int) -> list[CellValue | None]:
    return [sentence, *[""] * (width - 1)]


def _row(result: Result | None, fields: Sequence[Field], if_missing: str, trouble: str) -> list[CellValue | None]:
    if result is None:
        return [None] * len(fields)
    if result.outcome is Outcome.CANCELLED:
        return _said(f"{TROUBLE}{trouble or result.detail}", len(fields))
    if result.outcome in (Outcome.FAILED, Outcome.IN_DOUBT):
        return _said(f"{TROUBLE}{result.detail}", len(fields))
    # What a formula shows must not depend on who asked first: the lead is known once it is there.
    status = Outcome.KNOWN if result.outcome is Outcome.ENRICHED else result.outcome
    facts = replace(result.facts, status=status)
    return [if_missing if cell == "" else cell for cell in project(result.lead, facts, fields)]


def _why(stopped_by: LeadfillError | None) -> str:
    if isinstance(stopped_by, CapReached) and stopped_by.cap == "run":
        return (
            f"Formulas of this spreadsheet have used their {counted(stopped_by.limit, 'credit')} of today; "
            "fill the rest with the Leadfill sidebar, or try again tomorrow."
        )
    return str(stopped_by or "")


def _look_up(context: AppContext, token: FormulaToken, profiles: list[Profile], credits_per_day: int) -> _Lookups:
    now, stop, lookups = context.clock(), threading.Event(), _Lookups()
    spender = Spender(
        run_id=f"formula:{token.spreadsheet_id}:{now:%Y-%m-%d}",
        user_id=token.issued_by.subject,
        spreadsheet_id=token.spreadsheet_id,
        ceiling=credits_per_day,
    )
    run = context.make_enricher().enrich(profiles, spender, stop=stop)
    failures: list[Exception] = []

    def drive() -> None:
        try:
            for result in run:
                if result.outcome is not Outcome.CANCELLED or run.stopped_by is not None:
                    lookups.results[result.index] = result
            lookups.trouble = _why(run.stopped_by)
        except Exception as error:  # noqa: BLE001 - carried over to the thread that answers
            failures.append(error)

    timer = threading.Timer(LOOK_UP_FOR_S, stop.set)
    thread = threading.Thread(target=drive, name="formula", daemon=True)
    timer.start()
    thread.start()
    thread.join(ANSWER_WITHIN_S)  # one that is not over settles its lookups on its own; the next call finds them
    timer.cancel()
    if failures:
        raise failures[0]
    return lookups
