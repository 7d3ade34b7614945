"""Check of an installation: try in a temporary tab what Leadfill relies on at Google, and keep what does not hold.

It costs no credit. From then on, runs do what the lines say (`functions.sheets.assumptions`).
"""

from __future__ import annotations

from collections.abc import Iterator

from functions import logs
from functions.auth.access_tokens import TokenOwner
from functions.auth.identity_tokens import Caller
from functions.context import AppContext
from functions.errors import Conflict
from functions.sheets import temporary_tab, timings, trials
from functions.sheets.assumptions import Assumption, Finding, Verdict, unmet
from functions.sheets.timings import LargeTab
from functions.sheets.trials import TRIALS, Bench, carry_out
from functions.store import sheet_behaviour

TRIED_FOR_S = 40.0
"""Seconds after which no further trial begins, so that the answer comes while the sidebar waits for it."""
MAX_WAIT_S = 5.0
"""Seconds that one call waits where Google asks to slow down."""
SHORT_S = 300
"""Access that ends sooner is short; Google promises "a few minutes at minimum"."""


class CannotRun(Conflict):
    """Google Sheets does not behave here as runs need it; look at the latest check."""

    slug = "cannot-run"


def obstacle(context: AppContext) -> str | None:
    """Return the finding of a check because of which runs would break their promises; None if there is none."""
    with context.store.reading() as connection:
        return sheet_behaviour.read(connection).obstacle


def require_runs(context: AppContext) -> None:
    """Make sure that no check has found that runs would break their promises here.

    Raises:
        CannotRun: a check has found that they cannot.
    """
    if (found := obstacle(context)) is not None:
        raise CannotRun(found)


def check(
    context: AppContext, caller: Caller, owner: TokenOwner, spreadsheet_id: str, access_token: str, *, timed_rows: int
) -> list[Finding]:
    """Try everything, or with `timed_rows` the time that a tab of so many rows takes; the tab is always deleted.

    Args:
        context: the parts.
        caller: who asks; has proven to be able to edit the spreadsheet.
        owner: of the access token.
        spreadsheet_id: where the temporary tab is made.
        access_token: the caller's.
        timed_rows: rows of the large tab; 0: none is made.

    Raises:
        SheetError: no temporary tab can be made.
    """
    sheet = context.sheet_to_check(spreadsheet_id, access_token, max_wait_s=MAX_WAIT_S)
    started_s = context.runtime.monotonic()
    now = context.clock()
    temporary_tab.delete_left(sheet, now)
    bench = Bench(sheet, temporary_tab.new_id())
    large = LargeTab(timed_rows, context.runtime)
    findings: list[Finding] = []
    try:
        size = {"rows": timed_rows or trials.ROWS, "columns": timings.COLUMNS if timed_rows else trials.COLUMNS}
        temporary_tab.add(sheet, bench.sheet_id, now, **size, then=() if timed_rows else bench.contents())
        wanted = large.trials() if timed_rows else TRIALS
        findings += carry_out(wanted, bench, lambda: context.runtime.monotonic() - started_s > TRIED_FOR_S)
    finally:
        left = temporary_tab.delete(sheet, bench.sheet_id)
    if timed_rows:
        logs.event("Large tab timed.", rows=timed_rows)
    else:
        _log(findings)
        with context.store.writing() as connection:
            sheet_behaviour.keep(connection, findings, now)
        findings = [*_about_access(caller, owner, now.timestamp()), *findings]
    findings.append(Finding(Assumption.TIDY, Verdict.DOES_NOT_HOLD if left else Verdict.HOLDS, left))
    return findings


def _about_access(caller: Caller, owner: TokenOwner, now_s: float) -> Iterator[Finding]:
    where = f" of {caller.domain}" if caller.domain else ""
    who = f"You are {caller.email}{where}; the add-on's client id is {owner.audience}."
    yield Finding(Assumption.IDENTITY, Verdict.HOLDS, who)
    left_s = max(0.0, owner.expires_at_s - now_s)
    verdict = Verdict.HOLDS if left_s >= SHORT_S else Verdict.DOES_NOT_HOLD
    yield Finding(Assumption.ACCESS, verdict, f"This one lasts {left_s / 60:.0f} more minutes.")


def _log(findings: list[Finding]) -> None:
    untried = sorted(finding.assumption for finding in findings if finding.verdict is Verdict.NOT_TRIED)
    logs.event(logs.CHECKED, does_not_hold=sorted(unmet(findings)), not_tried=untried)
