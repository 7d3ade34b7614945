"""P11: of a row without a profile, only its cells' earlier contents may name a person; they are kept for 30 days."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from functions.jobs.sweep import KEEP_CELL_HISTORY, sweep
from tests.support.desk import Desk, url_of
from tests.support.traces import traces


def test_no_url_cell_is_kept_as_it_is_and_what_cells_held_goes_after_thirty_days(desk: Desk) -> None:
    values = [["LinkedIn", "Email"], [url_of("zq-known"), ""], ["call zq-somebody", "zq-mail@example.com"]]
    job = desk.run(desk.sheet(values), "Leads!A2:A")
    assert traces(desk.store, "zq-known")
    assert traces(desk.store, "zq-somebody") == []
    assert traces(desk.store, "zq-mail") == ["snapshots"]
    desk.undo(job)
    assert traces(desk.store, "zq-somebody") == []
    assert traces(desk.store, "zq-mail") == ["snapshots"]
    sweep(replace(desk.context, clock=lambda: datetime.now(UTC) + KEEP_CELL_HISTORY))
    assert traces(desk.store, "zq-mail") == []
