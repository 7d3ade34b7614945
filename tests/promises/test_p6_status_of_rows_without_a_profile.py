"""P5, P6, P8: rows without a profile have their Status, with the reason; a later run replaces only Leadfill's words."""

from __future__ import annotations

from typing import Any

import pytest

from functions.credits.only_where import Condition
from functions.jobs import new_job
from functions.outcomes import Outcome
from functions.sheet_writes import writer
from functions.sheets import tab_reader
from functions.store.job_states import JobState
from functions.store.jobs import Job
from tests.support.desk import Desk, url_of

FIELDS = ("email", "status")
COMPANY = "https://www.linkedin.com/company/acme"
ROWS: list[list[Any]] = [
    ["Id", "LinkedIn"],
    ["a", url_of("person-1")],
    ["b", COMPANY],
    ["c", "n/a"],
    ["d", ""],
    ["e", "n/a"],
    ["f", f"{url_of('person-1')} {url_of('person-2')}"],
    ["g", ""],
    ["h", "https://www.linkedin.com/in/"],
]
REASONS = {
    "b": "unusable: a company, school or post",
    "c": "unusable: not a web address",
    "e": "unusable: not a web address",
    "f": "unusable: several addresses in one cell",
    "h": "unusable: broken profile address",
}


def statuses(desk: Desk, spreadsheet: str) -> dict[str, Any]:
    header, *rows = desk.grid(spreadsheet)
    at, key = header.index("Status"), header.index("Id")
    return {row[key]: row[at] for row in rows if len(row) > at and row[at] != ""}


def details(desk: Desk, job: Job) -> list[str]:
    return [row.detail for row in desk.rows(job) if row.outcome is Outcome.UNUSABLE]


def test_each_has_its_reason_where_it_is_known_again_with_certainty(desk: Desk) -> None:
    spreadsheet = desk.sheet(ROWS)
    desk.emulator.write(spreadsheet, "Leads!B8", [['="n/a"']], option="USER_ENTERED")
    before = desk.grid(spreadsheet)
    job = desk.run(spreadsheet, fields=FIELDS)
    assert desk.counts(job) == {Outcome.ENRICHED: 1, Outcome.UNUSABLE: 7}
    assert statuses(desk, spreadsheet) == REASONS | {"a": "enriched"}
    [said] = [detail for detail in details(desk, job) if "Status" in detail]
    assert said.endswith(
        "Its Status stays as it is, since the cell holds a formula, whose text changes when rows move."
    )
    assert desk.undo(job).state is JobState.UNDONE
    assert desk.grid(spreadsheet) == before


def test_a_run_that_writes_status_again_replaces_what_an_earlier_one_wrote(desk: Desk) -> None:
    spreadsheet = desk.sheet([*ROWS, ["i", url_of("not-found-1")]])
    desk.run(spreadsheet, fields=FIELDS)
    assert statuses(desk, spreadsheet)["i"] == "not found"
    header = desk.grid(spreadsheet)[0]
    at = "ABCDEFG"[header.index("LinkedIn")]
    for row, text in ((3, url_of("person-3")), (4, COMPANY), (10, url_of("person-4"))):
        desk.emulator.write(spreadsheet, f"Leads!{at}{row}", [[text]])
    before = desk.grid(spreadsheet)
    job = desk.run(spreadsheet, f"Leads!{at}2:{at}", fields=FIELDS)
    changed = {"a": "enriched", "b": "enriched", "c": "unusable: a company, school or post", "i": "enriched"}
    assert statuses(desk, spreadsheet) == REASONS | changed
    assert desk.undo(job).state is JobState.UNDONE
    assert desk.grid(spreadsheet) == before


def test_words_in_a_column_of_somebody_else_stay(desk: Desk) -> None:
    """P6: a person may write “failed” into a column of theirs that is called Status, too."""
    rows = [[*row, ""] for row in ROWS]
    rows[0][2], rows[1][2], rows[2][2], rows[3][2] = "Status", "failed", "failed", "unusable: not a web address"
    spreadsheet = desk.sheet(rows)
    before = desk.grid(spreadsheet)
    job = desk.run(spreadsheet, fields=FIELDS)
    own = {"a": "failed", "b": "failed"}
    assert statuses(desk, spreadsheet) == REASONS | own
    desk.undo(job)
    assert desk.grid(spreadsheet) == before


def test_rows_that_a_run_leaves_out_have_none(desk: Desk) -> None:
    spreadsheet = desk.sheet(ROWS)
    condition = Condition(column="A", test="one_of", values=("a", "c"))
    desk.run(spreadsheet, fields=FIELDS, only_where=(condition,))
    assert statuses(desk, spreadsheet) == {"a": "enriched", "c": REASONS["c"]}


@pytest.mark.parametrize("size", ["small", "large"])
def test_rows_that_move_in_between_keep_theirs(desk: Desk, monkeypatch: pytest.MonkeyPatch, size: str) -> None:
    """Many rows of one text in several chunks, and people among them, sorted and cut between any two calls."""
    monkeypatch.setattr(new_job, "CHUNK_ROWS", 4)
    if size == "large":
        monkeypatch.setattr(tab_reader, "WHOLE_CELLS", 0)
        monkeypatch.setattr(writer, "SLACK_ROWS", 2)
    texts = ["n/a", COMPANY, url_of("person-1"), "to do", url_of("person-2")]
    rows = [["Id", "LinkedIn"], *([str(n), texts[n % len(texts)]] for n in range(30))]
    spreadsheet = desk.sheet(rows)
    job = desk.start(spreadsheet, fields=FIELDS)
    desk.emulator.random_edits(spreadsheet, 3, probability=0.5, kinds=["sort", "insert_rows", "move_rows"])
    job = desk.drain(job)
    desk.emulator.random_edits_made(stop=True)
    header, *after = desk.grid(spreadsheet)
    url, status = header.index("LinkedIn"), header.index("Status")
    of_text = {"n/a": REASONS["c"], "to do": REASONS["c"], COMPANY: REASONS["b"]}
    shown = [(row[url], row[status] if len(row) > status else "") for row in after if len(row) > url and row[url]]
    assert len(shown) == len(rows) - 1
    assert [pair for pair in shown if pair[0] in of_text and pair[1] != of_text[pair[0]]] == []
    assert {pair[1] for pair in shown if pair[0] not in of_text} == {"enriched", "known"}
    assert desk.counts(job)[Outcome.UNUSABLE] == 18
