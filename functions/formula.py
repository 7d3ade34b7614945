"""Answer a formula with values for some people, within the half minute that Sheets waits; recalculation is free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Annotated

import msgspec

from functions.auth.identity_tokens import FormulaToken
from functions.context import AppContext
from functions.credits.caps import Spender
from functions.credits.needs import needs_of
from functions.enrichment.lane import NoTurn, Turn
from functions.enrichment.result import Result
from functions.errors import CapReached, InvalidRequest, LeadfillError, NotAProfile, counted
from functions.fields import Budget, select, split
from functions.fields.catalogue import Field
from functions.fields.cell_format import CellValue
from functions.outcomes import Outcome
from functions.profiles import Profile, parse
from functions.store import formula_people

ANSWER_WITHIN_S = 18.0
"""Of the 30 s that Sheets gives a custom function; the others are for an instance that starts, and for the way. A
formula says when it can wait no longer, which may be sooner."""
AT_LEAST_S = 2.0
"""A provider whose usual answer would be late is asked for so long all the same: its answer is there the next time.
Where the formula has gone, what is known is still read for so long."""
MAX_URLS = 10_000
MAX_CELLS = 100_000
"""Of an answer: rows times fields."""
MAX_ANSWER_BYTES = 4_000_000
"""Of the values as JSON. An instance answers 16 formulas at once and has 512 MiB; each needs about three times this."""
TROUBLE = "⚠ "
"""The beginning of a cell that says what is wrong; the add-on never freezes such cells."""

LINK_BEHIND_TEXT = (
    "This is not a web address; paste the whole URL, such as https://www.linkedin.com/in/name. "
    "If the name links to the profile, let the formula name its cells, as in =ENRICH(A2:A50, …), or use the sidebar."
)
"""Sheets hands a formula the text of its cells; the add-on looks for links where the formula says which cells."""


Row = list[CellValue | None]
"""The cells of one row, one for each field; None where the lookup has not ended."""


@dataclass(slots=True)
class FormulaValues:
    """Values for a formula, a row for each URL and a column for each field, and how many rows must be asked for again.

    A value is null where the lookup has not ended.
    """

    values: list[Row]
    pending: Annotated[int, msgspec.Meta(ge=0, description="Rows that must be asked for again")]


@dataclass(slots=True)
class _Lookups:
    """Results so far, by the place of the profile; written by one thread, read by another.

    Only rendered rows are kept, so that memory does not grow with what the leads hold beside the chosen fields; people
    who stand in several rows share theirs.
    """

    fields: Sequence[Field]
    if_missing: str
    budget: Budget
    turn: Turn
    """The budget's way through the lane of costly fields."""
    rows: dict[int, Row] = field(default_factory=dict)
    known: dict[int, str] = field(default_factory=dict)
    """The keys of people whose lead was there already; a place is here before it is in `rows`."""
    cancelled: dict[int, str] = field(default_factory=dict)
    trouble: str = ""
    size_bytes: int = 0
    _rendered: dict[tuple[str, Outcome, str], tuple[Row, int]] = field(default_factory=dict)

    @property
    def too_large(self) -> bool:
        """True if the answer has passed its limit; nothing more is rendered then."""
        return self.size_bytes > MAX_ANSWER_BYTES

    def add(self, result: Result) -> None:
        """Render the row of a result."""
        if self.too_large:
            return
        if result.outcome is Outcome.CANCELLED:
            self.cancelled[result.index] = result.detail
            return
        # What a formula shows must not depend on who asked first: the lead is known once it is there.
        status = Outcome.KNOWN if result.outcome is Outcome.ENRICHED else result.outcome
        name = result.profile.key, status, result.detail
        if name not in self._rendered:
            try:
                row = _row(status, result, self)
            except NoTurn:
                return  # the row has not ended: it is asked for again
            self._rendered[name] = row, len(msgspec.json.encode(row))
        if result.outcome is Outcome.KNOWN:
            self.known[result.index] = result.profile.key
        self.rows[result.index], size_bytes = self._rendered[name]
        self.size_bytes += size_bytes


def answer(
    context: AppContext,
    token: FormulaToken,
    urls: Sequence[Sequence[str]],
    fields: Sequence[str],
    if_missing: str,
    *,
    credits_per_day: Mapping[str, Decimal],
    new_people_per_day: int,
    deadline: datetime | None = None,
) -> FormulaValues:
    """Return values for the people in `urls`, row by row.

    Args:
        context: the parts.
        token: which spreadsheet asks.
        urls: the cells.
        fields: names, headers, or comma lists of them.
        if_missing: what stands where nothing is known.
        credits_per_day: the credits of each provider that all formulas of a spreadsheet may spend in a day.
        new_people_per_day: how many people with an existing lead they may show for the first time in a day.
        deadline: when the formula can wait no longer; None if it does not say.

    Raises:
        InvalidRequest: the fields cannot be understood, there are too many cells, or the answer would be too large.
        StoreError: the store cannot be used.
    """
    cells = [cell for row in urls for cell in row]
    if len(cells) > MAX_URLS:
        raise InvalidRequest(f"One formula takes up to {MAX_URLS:,} URLs; split the range into several formulas.")
    chosen = select([name for text in fields for name in split(text)])
    if len(cells) * len(chosen) > MAX_CELLS:
        raise InvalidRequest(
            f"{len(cells):,} URLs with {len(chosen)} fields each are more than the {MAX_CELLS:,} values that one "
            "formula can return; choose fewer cells or fields."
        )
    found = [_read(cell) for cell in cells]
    profiles = [profile for profile in found if isinstance(profile, Profile)]
    turn = Turn(context.lane)
    lookups = _Lookups(chosen, if_missing, Budget(len({profile.key for profile in profiles}), turn), turn)
    if profiles:
        _look_up(context, token, profiles, credits_per_day, lookups, within_s=_seconds_to(deadline, context.clock()))
    if lookups.too_large:
        raise InvalidRequest(
            f"The formula's answer is larger than {MAX_ANSWER_BYTES // 1_000_000} MB; choose fewer cells or fields."
        )
    rows = dict(lookups.rows)  # as they are now: what comes late has not been counted
    withheld = _withheld(context, token, dict(lookups.known), new_people_per_day)
    place = iter(range(len(profiles)))
    answer = FormulaValues([], 0)
    for item in found:
        if isinstance(item, str):
            answer.values.append(_said(item, len(chosen)))
            continue
        index = next(place)
        cancelled = lookups.cancelled.get(index)
        row = rows.get(index)
        if index in withheld:
            row = _said(f"{TROUBLE}{_limit_sentence(new_people_per_day)}", len(chosen))
        elif cancelled is not None:
            row = _said(f"{TROUBLE}{lookups.trouble or cancelled}", len(chosen))
        answer.pending += row is None or cancelled is not None or index in withheld
        answer.values.append([None] * len(chosen) if row is None else row)
    return answer


def _seconds_to(deadline: datetime | None, now: datetime) -> float:
    """Return the seconds within which to answer, negative if it is too late; a wrong clock never makes it longer."""
    return ANSWER_WITHIN_S if deadline is None else min(ANSWER_WITHIN_S, (deadline - now).total_seconds())


def _read(cell: str) -> Profile | str:
    """Return the profile in a cell, or the sentence to show instead; nothing for an empty cell."""
    try:
        return parse(cell)
    except NotAProfile as error:
        if error.reason == "empty":
            return ""
        return f"{TROUBLE}{LINK_BEHIND_TEXT if error.reason == 'not_a_url' else error}"


def _said(sentence: str, width: int) -> Row:
    return [sentence, *[""] * (width - 1)]


def _row(status: Outcome, result: Result, lookups: _Lookups) -> Row:
    if result.outcome in (Outcome.FAILED, Outcome.IN_DOUBT):
        return _said(f"{TROUBLE}{result.detail}", len(lookups.fields))
    failed = f"{TROUBLE}{{}}".format
    cells = result.cells(lookups.fields, status=status, budget=lookups.budget, failed=failed)
    return [lookups.if_missing if cell == "" else cell for cell in cells]


def _withheld(context: AppContext, token: FormulaToken, known: Mapping[int, str], limit_per_day: int) -> set[int]:
    """Return the positions of people who are known, but may not be shown to this spreadsheet today."""
    if not known:
        return set()
    keys = [known[index] for index in sorted(known)]
    over = formula_people.over_the_limit(context.store, token.spreadsheet_id, keys, limit_per_day, context.clock())
    return {index for index, key in known.items() if key in over}


def _limit_sentence(limit_per_day: int) -> str:
    return (
        f"This spreadsheet's formulas have shown {counted(limit_per_day, 'person', 'people')} today who are new to it, "
        "the most for a day (FORMULA_NEW_PEOPLE_PER_DAY). More come at 00:00 UTC, or at once through the Leadfill "
        "sidebar; whoever runs Leadfill can raise the limit."
    )


def _why(stopped_by: LeadfillError | None) -> str:
    if isinstance(stopped_by, CapReached) and stopped_by.cap == "run":
        return (
            f"Formulas of this spreadsheet have used their {counted(stopped_by.limit, 'credit')} of today; "
            "fill the rest with the Leadfill sidebar, or try again tomorrow."
        )
    if isinstance(stopped_by, CapReached) and stopped_by.cap == "user":
        return (
            "The person in whose name formulas ask here (Settings in the Leadfill sidebar) has used their "
            f"{counted(stopped_by.limit, 'credit')} of today; more come at 00:00 UTC."
        )
    return str(stopped_by or "")


def _look_up(
    context: AppContext,
    token: FormulaToken,
    profiles: list[Profile],
    credits_per_day: Mapping[str, Decimal],
    lookups: _Lookups,
    *,
    within_s: float,
) -> None:
    """Fill `lookups` with the results that come in time.

    Lookups are sent while the usual answer would still come in time. One that is late all the same is settled after
    the response, for which the process needs its CPU; if it dies first, its claim becomes a doubt after its time.
    """
    now, stop = context.clock(), context.runtime.event()
    spender = Spender(
        run_id=f"formula:{token.spreadsheet_id}:{now:%Y-%m-%d}",
        user_id=token.issued_by.subject,
        spreadsheet_id=token.spreadsheet_id,
        ceilings=credits_per_day,
    )
    # A provider without credits for formulas is not asked; where several have some, one that fails stops no other.
    enricher = context.make_enricher()
    asked = [one for name, one in enricher.dispatchers.items() if credits_per_day.get(name)]
    usual_s = max((one.answer_times.usual_s for one in asked), default=0.0)
    run = enricher.enrich(profiles, spender, needs=needs_of(lookups.fields), go_on=True, stop=stop)
    failures: list[Exception] = []

    def drive() -> None:
        try:
            with lookups.turn:
                for result in run:
                    if not result.unfinished or run.stopped_by is not None:  # else it goes on later
                        lookups.add(result)
                    if lookups.too_large:  # what is under way is settled, and is free the next time
                        stop.set()
            lookups.trouble = _why(run.stopped_by)
        except Exception as error:  # noqa: BLE001 - carried over to the thread that answers
            failures.append(error)

    look_up_for_s = max(within_s - usual_s, min(within_s, AT_LEAST_S))
    if look_up_for_s <= 0:
        stop.set()
    call_off = context.runtime.after(look_up_for_s, stop.set, name="formula's time")
    thread = context.runtime.spawn(drive, name="formula")
    thread.join(max(within_s, AT_LEAST_S))
    call_off()
    if failures:
        raise failures[0]
