"""P6, P4, P8, P10: an undo brings the sheet back, a confirmed figure is a ceiling, and another field costs nothing."""

from __future__ import annotations

import pytest

from functions.outcomes import Outcome
from functions.store.job_states import JobState
from tests.support.desk import Desk, people_rows

EIGHT = ("email", "title", "company", "size", "location", "industry", "function", "status")


@pytest.mark.parametrize("write", ["empty", "all"])
def test_an_undo_brings_the_sheet_back(desk: Desk, write: str) -> None:
    rows = people_rows(60)
    rows[0] += ["Email", "Size"]
    for number, line in enumerate(rows[1:]):
        line += [("=1+1", "", "mine")[number % 3], (5, "", 45_000.5)[number % 3]]
    spreadsheet = desk.sheet(rows)
    desk.emulator.write(spreadsheet, "Leads!D5", [["=A5"]], option="USER_ENTERED")
    before = desk.grid(spreadsheet)
    job = desk.run(spreadsheet, write=write)
    assert job.state is JobState.DONE
    assert desk.grid(spreadsheet) != before
    assert desk.undo(job).state is JobState.UNDONE
    assert desk.grid(spreadsheet) == before


def test_a_thousand_known_rows_of_eight_fields_take_at_most_eight_calls(desk: Desk) -> None:
    assert desk.counts(desk.run(desk.sheet(people_rows(1_000)))) == {Outcome.ENRICHED: 1_000}
    spreadsheet = desk.sheet(people_rows(1_000))
    desk.emulator.forget_calls()
    job = desk.run(spreadsheet, fields=EIGHT)
    assert desk.counts(job) == {Outcome.KNOWN: 1_000}
    calls = desk.emulator.calls()
    assert calls["total"] <= 8, calls["by_method"]


def test_the_confirmed_figure_is_a_ceiling_and_another_run_costs_nothing(desk: Desk) -> None:
    spreadsheet = desk.sheet(people_rows(40))
    assert desk.plan(spreadsheet) == 40
    job = desk.run(spreadsheet, max_credits=25)
    assert job.state is JobState.STOPPED
    assert job.message
    assert desk.counts(job) == {Outcome.ENRICHED: 25, Outcome.CANCELLED: 15}
    assert desk.sandbox.charges()["total"] == 25
    elsewhere = desk.sheet(people_rows(40))
    assert desk.plan(elsewhere, fields=("industry", "function")) == 15
    again = desk.run(elsewhere, fields=("industry", "function"), max_credits=0)
    assert desk.counts(again) == {Outcome.KNOWN: 25, Outcome.CANCELLED: 15}
    assert desk.sandbox.charges()["total"] == 25
