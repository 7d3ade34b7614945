"""P5, P6, P8: each assumption about Google Sheets is tried; if one does not hold, runs do what the check says.

A run with each switch of the emulator shows that the sentence of the line is true.
"""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.auth.access_tokens import TokenOwner
from functions.errors import SheetBusy
from functions.jobs import check
from functions.jobs.check import CannotRun
from functions.outcomes import Outcome
from functions.runtime import Runtime
from functions.sheets import client, temporary_tab
from functions.sheets.assumptions import Assumption, Finding, Verdict
from functions.store import sheet_behaviour, sheet_calls
from functions.store.job_states import JobState
from tests.support.desk import CALLER, Desk, expected, people_rows, url_of

A = Assumption


def checked(desk: Desk, spreadsheet: str, *, timed_rows: int = 0, lasts_s: float = 3_000.0) -> dict[A, Finding]:
    """The findings of a check, by what they are about."""
    owner = TokenOwner(CALLER.subject, "client-id", time.time() + lasts_s)
    findings = check.check(desk.context, CALLER, owner, spreadsheet, desk.token, timed_rows=timed_rows)
    return {finding.assumption: finding for finding in findings}


def verdicts(found: dict[A, Finding], verdict: Verdict) -> set[A]:
    return {assumption for assumption, finding in found.items() if finding.verdict is verdict}


def tabs(desk: Desk, spreadsheet: str) -> list[str]:
    shown = desk.emulator.call("spreadsheets.get", spreadsheet, fields="sheets.properties.title")
    return [sheet["properties"]["title"] for sheet in shown["sheets"]]


def test_where_all_holds_each_line_says_so_and_nothing_is_left(desk: Desk) -> None:
    spreadsheet = desk.sheet(people_rows(3))
    before = desk.grid(spreadsheet)
    desk.emulator.forget_calls()
    found = checked(desk, spreadsheet)
    assert verdicts(found, Verdict.HOLDS) == set(A) - {A.WRITE, A.READ}
    assert desk.emulator.calls()["total"] <= 25
    assert tabs(desk, spreadsheet) == ["Leads"]
    assert desk.grid(spreadsheet) == before


SWITCHES: dict[str, tuple[set[A], set[A]]] = {
    "missing_metadata_refused": ({A.GONE}, set()),
    "null_by_data_filter_clears": ({A.NULLS}, set()),
    "strict_validation_refuses": ({A.STRICT}, set()),
    "typed_column_refuses": ({A.TYPED}, set()),
    "table_renames_header": ({A.HEADER}, set()),
    "metadata_left_out_of_grids": ({A.ANCHORS}, {A.FOLLOWED, A.HEADER}),
    "metadata_stays_in_place": ({A.FOLLOWED}, set()),
    "taken_id_accepted": ({A.TAKEN}, set()),
    "deleting_nothing_refused": ({A.NOTHING}, set()),
    "freed_id_stays_taken": ({A.FREED}, set()),
    "delete_misses_its_batch": ({A.PROOF}, set()),
    "spilled_cells_look_empty": ({A.SPILLS}, set()),
    "link_runs_left_out": ({A.LINKS}, set()),
    "chips_left_out": ({A.CHIPS}, set()),
    "chips_refused": (set(), {A.CHIPS}),
    "insert_into_blocks_refused": ({A.TABLE, A.FILTER, A.BANDING}, {A.HEADER}),
}
"""Switch → what does not hold with it, and what cannot be tried then."""


@pytest.mark.parametrize("switch", SWITCHES)
def test_what_does_not_hold_is_said_and_nothing_else(desk: Desk, switch: str) -> None:
    spreadsheet = desk.sheet(people_rows(3))
    desk.emulator.switch(**{switch: True})
    found = checked(desk, spreadsheet)
    assert (verdicts(found, Verdict.DOES_NOT_HOLD), verdicts(found, Verdict.NOT_TRIED)) == SWITCHES[switch]
    assert tabs(desk, spreadsheet) == ["Leads"]


def test_what_was_found_is_known_until_a_later_check_finds_otherwise(desk: Desk) -> None:
    spreadsheet = desk.sheet(people_rows(3))
    desk.emulator.switch(metadata_stays_in_place=True)
    checked(desk, spreadsheet)
    with pytest.raises(CannotRun, match="goes where the column goes"):
        desk.plan(spreadsheet)
    desk.emulator.switch(metadata_left_out_of_grids=True)
    assert A.FOLLOWED in verdicts(checked(desk, spreadsheet), Verdict.NOT_TRIED)
    with desk.store.reading() as connection:
        assert sheet_behaviour.read(connection).unmet == {A.ANCHORS, A.FOLLOWED}, "what was not tried is as it was"
    with pytest.raises(CannotRun):
        desk.start(spreadsheet)
    assert desk.charged() == (0, 0)
    desk.emulator.switch()
    checked(desk, spreadsheet)
    assert desk.run(spreadsheet).state is JobState.DONE


# --- what runs do then

ROWS = 6
EMAILS = [expected(f"person-{number}")[0] for number in range(ROWS)]


def taught(desk: Desk, **switches: bool) -> None:
    """Check with switches; they stay."""
    desk.emulator.switch(**switches)
    checked(desk, desk.sheet([["Something else"]]))


def with_emails(count: int = ROWS, header: str = "Email") -> list[list[Any]]:
    rows = [[*row, header if number == 0 else ""] for number, row in enumerate(people_rows(count))]
    rows[1][3] = "theirs@example.com"
    return rows


@pytest.mark.parametrize(
    "switch", ["metadata_left_out_of_grids", "metadata_stays_in_place", "spilled_cells_look_empty"]
)
def test_where_runs_cannot_keep_their_promises_none_is_planned_or_started(desk: Desk, switch: str) -> None:
    spreadsheet = desk.sheet(people_rows(ROWS))
    taught(desk, **{switch: True})
    before = desk.grid(spreadsheet)
    for act in (desk.plan, desk.start):
        with pytest.raises(CannotRun, match="no run is planned or started here until a later check"):
            act(spreadsheet)
    assert (desk.charged(), desk.grid(spreadsheet)) == ((0, 0), before)


def test_where_a_null_would_empty_its_cell_none_is_sent(desk: Desk) -> None:
    spreadsheet = desk.sheet(with_emails())
    taught(desk, null_by_data_filter_clears=True)
    job = desk.run(spreadsheet, fields=("email",))
    assert desk.counts(job) == {Outcome.ALREADY_FILLED: 1, Outcome.ENRICHED: ROWS - 1}
    assert [row[3] for row in desk.grid(spreadsheet)] == ["Email", "theirs@example.com", *EMAILS[1:]]
    assert desk.undo(job).message is None
    assert desk.grid(spreadsheet) == [row if number < 2 else row[:3] for number, row in enumerate(with_emails())]


def test_without_a_check_such_a_null_would_have_emptied_them(desk: Desk) -> None:
    """The switch of the test above bites."""
    spreadsheet = desk.sheet(with_emails())
    desk.emulator.switch(null_by_data_filter_clears=True)
    desk.run(spreadsheet, fields=("email",))
    assert desk.grid(spreadsheet)[1][3:] != ["theirs@example.com"]


@pytest.mark.parametrize("switch", ["taken_id_accepted", "freed_id_stays_taken", "delete_misses_its_batch"])
def test_where_a_batch_proves_no_places_large_writes_go_through_the_marks_and_columns_stay(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, switch: str
) -> None:
    monkeypatch.setattr(client, "MAX_BYTES", 300)
    spreadsheet = desk.sheet(people_rows(ROWS))
    taught(desk, **{switch: True})
    move = {"moveDimension": {"source": {"sheetId": 0, "dimension": "COLUMNS", "endIndex": 1}, "destinationIndex": 7}}
    job = desk.start(spreadsheet)
    desk.emulator.edit_before(spreadsheet, move, method="spreadsheets.values.batchUpdateByDataFilter")
    job = desk.drain(job)
    assert (job.state, desk.counts(job), desk.emulator.edits_to_come()) == (JobState.DONE, {Outcome.ENRICHED: ROWS}, 0)
    held = desk.columns(spreadsheet)
    for number, name in enumerate(("Email", "Title", "Company", "Company size")):
        assert held[name] == {url_of(f"person-{n}"): expected(f"person-{n}")[number] for n in range(ROWS)}
    job = desk.undo(job)
    assert (job.message or "").startswith("The columns that the run has made are left, without values")
    assert [row[0] for row in desk.grid(spreadsheet)] == ["LinkedIn", *(url_of(f"person-{n}") for n in range(ROWS))]
    assert {text for row in desk.grid(spreadsheet)[1:] for text in row[1:5]} == {""}
    entries = desk.emulator.call(
        "spreadsheets.developerMetadata.search",
        spreadsheet,
        body={"dataFilters": [{"developerMetadataLookup": {"locationType": "COLUMN"}}]},
    )["matchedDeveloperMetadata"]
    assert all(entry["developerMetadata"]["metadataKey"] == "leadfill" for entry in entries), "no edge is left"


def test_where_nulls_empty_cells_and_no_place_can_be_proven_no_run_starts(desk: Desk) -> None:
    taught(desk, null_by_data_filter_clears=True, freed_id_stays_taken=True)
    with pytest.raises(CannotRun, match="Nor can it prove where its columns stand"):
        desk.plan(desk.sheet(people_rows(ROWS)))


def test_a_proof_that_leaves_marks_is_cleaned_up_behind(desk: Desk) -> None:
    spreadsheet = desk.sheet(people_rows(ROWS))
    lookup = {"visibility": "PROJECT"}
    desk.emulator.switch(delete_misses_its_batch=True)
    desk.context.sheet(spreadsheet, desk.token).prove_editable()
    sheet = desk.context.sheet(spreadsheet, desk.token)
    assert sheet.finds_metadata(lookup), "without a check each proof leaves one"
    spreadsheet = desk.sheet(people_rows(ROWS))
    checked(desk, spreadsheet)
    sheet = desk.context.sheet(spreadsheet, desk.token)
    sheet.prove_editable()
    assert not sheet.finds_metadata(lookup)


@pytest.mark.parametrize("refused", [False, True])
def test_a_column_that_is_deleted_while_it_is_written_costs_itself_only(
    desk: Desk,
    refused: bool,  # noqa: FBT001 - parametrised
) -> None:
    spreadsheet = desk.sheet(people_rows(ROWS))
    taught(desk, missing_metadata_refused=refused)
    job = desk.start(spreadsheet)
    title = {"sheetId": 0, "dimension": "COLUMNS", "startIndex": 3, "endIndex": 4}
    desk.emulator.edit_before(
        spreadsheet, {"deleteDimension": {"range": title}}, method="spreadsheets.values.batchUpdateByDataFilter"
    )
    job = desk.drain(job)
    assert (job.state, desk.counts(job), desk.emulator.edits_to_come()) == (JobState.DONE, {Outcome.ENRICHED: ROWS}, 0)
    held = desk.columns(spreadsheet)
    assert list(held) == ["Name", "LinkedIn", "Email", "Company", "Company size", "Notes"]
    assert list(held["Email"].values()) == EMAILS
    assert list(held["Company"].values()) == [expected(f"person-{number}")[2] for number in range(ROWS)]


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("kind", ["links", "chips"])
def test_a_person_behind_a_link_that_is_not_told_is_not_found_and_costs_nothing(
    desk: Desk,
    kind: str,
    told: bool,  # noqa: FBT001 - parametrised
) -> None:
    spreadsheet = desk.sheet([["Person"], ["Ada and more"], ["@"]])
    here, uri = (1, url_of("ada")) if kind == "links" else (2, url_of("chip"))
    runs = [{"format": {"link": {"uri": uri}}}, {"startIndex": 3, "format": {}}]
    chips = [{"chip": {"richLinkProperties": {"uri": uri}}}]
    shown: dict[str, Any] = {"textFormatRuns": runs} if kind == "links" else {"chipRuns": chips}
    start = {"sheetId": 0, "rowIndex": here, "columnIndex": 0}
    update = {"start": start, "rows": [{"values": [shown]}], "fields": next(iter(shown))}
    desk.emulator.edit(spreadsheet, {"updateCells": update})
    taught(desk, link_runs_left_out=not told, chips_left_out=not told)
    job = desk.run(spreadsheet, "Leads!A2:A", fields=("email",))
    assert desk.counts(job) == ({Outcome.UNUSABLE: 1, Outcome.ENRICHED: 1} if told else {Outcome.UNUSABLE: 2})
    assert desk.charged() == (int(told), 0)


def test_chips_that_could_not_be_tried_are_read_as_before(desk: Desk) -> None:
    spreadsheet = desk.sheet([["Person"], ["@"]])
    chip = {"chipRuns": [{"chip": {"richLinkProperties": {"uri": url_of("chip")}}}]}
    start = {"sheetId": 0, "rowIndex": 1, "columnIndex": 0}
    desk.emulator.edit(
        spreadsheet, {"updateCells": {"start": start, "rows": [{"values": [chip]}], "fields": "chipRuns"}}
    )
    taught(desk, chips_refused=True)
    assert desk.counts(desk.run(spreadsheet, "Leads!A2:A", fields=("email",))) == {Outcome.ENRICHED: 1}


PEOPLE = {"sheetId": 0, "startRowIndex": 0, "endRowIndex": ROWS + 1, "startColumnIndex": 0, "endColumnIndex": 3}
BLOCKS: dict[str, dict[str, Any]] = {
    "table": {"addTable": {"table": {"name": "People", "range": PEOPLE}}},
    "filter": {"setBasicFilter": {"filter": {"range": PEOPLE}}},
    "colours": {
        "addBanding": {"bandedRange": {"range": PEOPLE, "rowProperties": {"firstBandColor": {"red": 1.0}}}},
    },
}


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("refused", [False, True])
def test_a_run_that_can_insert_no_columns_ends_before_anybody_is_looked_up(
    desk: Desk,
    block: str,
    refused: bool,  # noqa: FBT001 - parametrised
) -> None:
    far = ["Far", *["x"] * ROWS]
    spreadsheet = desk.sheet([[*row, "", text] for row, text in zip(people_rows(ROWS), far, strict=True)])
    desk.emulator.edit(spreadsheet, BLOCKS[block])
    taught(desk, insert_into_blocks_refused=refused)
    job = desk.run(spreadsheet, fields=("email",))
    if not refused:
        assert (job.state, desk.counts(job)) == (JobState.DONE, {Outcome.ENRICHED: ROWS})
        assert list(desk.columns(spreadsheet)["Email"].values()) == EMAILS
        return
    assert job.state is JobState.STOPPED
    assert "not allowed" in (job.message or "")
    assert desk.charged() == (0, 0)
    job = desk.run(spreadsheet, fields=("email",), placement="end")
    assert (job.state, desk.counts(job)) == (JobState.DONE, {Outcome.ENRICHED: ROWS})
    assert list(desk.columns(spreadsheet)["Email"].values()) == EMAILS


@pytest.mark.parametrize("refused", [False, True])
def test_a_run_that_cannot_take_a_mark_back_ends_before_anybody_is_looked_up(
    desk: Desk,
    refused: bool,  # noqa: FBT001 - parametrised
) -> None:
    spreadsheet = desk.sheet(with_emails(header="Email"))
    taught(desk, deleting_nothing_refused=refused)
    job = desk.start(spreadsheet, fields=("email",))
    columns = {"sheetId": 0, "dimension": "COLUMNS"}
    swap = {"moveDimension": {"source": columns | {"startIndex": 2, "endIndex": 3}, "destinationIndex": 4}}
    gone = {"deleteDimension": {"range": columns | {"startIndex": 3, "endIndex": 4}}}
    desk.emulator.edit_before(spreadsheet, swap, method="spreadsheets.batchUpdate")
    desk.emulator.edit_before(spreadsheet, gone, method="spreadsheets.batchUpdate", skip=1)
    job = desk.drain(job)
    assert desk.emulator.edits_to_come() == 0
    if refused:
        assert (job.state, desk.charged()) == (JobState.STOPPED, (0, 0))
        job = desk.run(spreadsheet, fields=("email",))
    assert (job.state, desk.counts(job)) == (JobState.DONE, {Outcome.ALREADY_FILLED: 1, Outcome.ENRICHED: ROWS - 1})
    assert list(desk.columns(spreadsheet)["Email"].values()) == ["theirs@example.com", *EMAILS[1:]]


# --- the tab


class _Hurried(Runtime):
    """Waits for nothing."""

    def sleep(self, seconds: float) -> None:
        pass


def hurried(desk: Desk) -> Desk:
    return replace(desk, context=replace(desk.context, runtime=_Hurried()))


def test_wherever_a_check_fails_its_tab_is_deleted(desk: Desk) -> None:
    desk, spreadsheet = hurried(desk), desk.sheet(people_rows(3))
    number = 0
    for failing in [*range(6), *range(7, 25, 4)]:
        calls = 0

        def fail(_method: str, _user: str, failing: int = failing) -> bool:
            nonlocal calls
            calls += 1
            return calls - 1 != failing

        with desk.emulator.between_calls(fail):
            found: dict[A, Finding] = {}
            try:
                found = checked(desk, spreadsheet)
            except SheetBusy:
                assert failing < 2, "before the first trial there is nothing to say"
        assert tabs(desk, spreadsheet) == ["Leads"]
        assert verdicts(found, Verdict.DOES_NOT_HOLD) == set()
        number += bool(verdicts(found, Verdict.NOT_TRIED) - {A.WRITE, A.READ})
    assert number >= 5, "what meets a failure could not be tried"


def test_a_tab_that_a_dead_check_has_left_is_deleted_by_the_next_and_no_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, spreadsheet = hurried(desk), desk.sheet(people_rows(3))
    with monkeypatch.context() as dying:
        dying.setattr(temporary_tab, "delete", lambda *_: "the process is dead")
        assert checked(desk, spreadsheet)[A.TIDY].verdict is Verdict.DOES_NOT_HOLD
    (_, left) = tabs(desk, spreadsheet)
    assert left.startswith("Leadfill check ")
    desk.emulator.edit(spreadsheet, {"addSheet": {"properties": {"title": "Leadfill check of mine"}}})
    checked(desk, spreadsheet)
    assert left in tabs(desk, spreadsheet), "it may be another check that goes on"
    now = desk.context.clock() + timedelta(hours=1)
    checked(replace(desk, context=replace(desk.context, clock=lambda: now)), spreadsheet)
    assert tabs(desk, spreadsheet) == ["Leads", "Leadfill check of mine"]


def test_a_check_has_an_end(desk: Desk) -> None:
    class Slow(_Hurried):
        at_s = 0.0

        def monotonic(self) -> float:
            self.at_s += 12.0
            return self.at_s

    spreadsheet = desk.sheet(people_rows(3))
    found = checked(replace(desk, context=replace(desk.context, runtime=Slow())), spreadsheet)
    untried = [finding for finding in found.values() if finding.verdict is Verdict.NOT_TRIED]
    assert len(untried) >= 10
    assert all("no time left" in finding.sentence for finding in untried)
    assert found[A.TIDY].verdict is Verdict.HOLDS
    assert tabs(desk, spreadsheet) == ["Leads"]


def test_a_check_keeps_to_a_call_a_second(desk: Desk) -> None:
    """After the ten calls that may follow each other at once, as runs do."""

    class Waiting(Runtime):
        slept_s = 0.0

        def sleep(self, seconds: float) -> None:
            self.slept_s += seconds

    spreadsheet, runtime, began = desk.sheet(people_rows(3)), Waiting(), desk.context.clock()
    paced = replace(
        desk.context,
        runtime=runtime,
        sheet_pace=sheet_calls.pace(60),
        clock=lambda: began + timedelta(seconds=runtime.slept_s),
    )
    desk.emulator.forget_calls()
    found = checked(replace(desk, context=paced), spreadsheet)
    assert verdicts(found, Verdict.HOLDS) == set(A) - {A.WRITE, A.READ}
    calls = desk.emulator.calls()["total"]
    assert calls - sheet_calls.BURST - 1 <= runtime.slept_s <= calls, "no faster, and no slower either"


def test_a_right_that_a_chip_needs_and_leadfill_lacks_costs_its_own_line_only(desk: Desk) -> None:
    spreadsheet = desk.sheet(people_rows(3))
    number = 0

    def refuse(_method: str, _user: str) -> None:
        nonlocal number
        number += 1
        if number == 4:  # looked for what was left, made the tab, wrote through an anchor, wrote links; then chips
            desk.emulator.switch(fail_next=[{"status": 403, "after": False}])

    with desk.emulator.between_calls(refuse):
        found = checked(desk, spreadsheet)
    assert verdicts(found, Verdict.NOT_TRIED) == {A.CHIPS}
    assert verdicts(found, Verdict.DOES_NOT_HOLD) == set()


def test_a_formula_that_is_not_calculated_in_time_turns_no_runs_off(desk: Desk) -> None:
    spreadsheet = desk.sheet(people_rows(3))
    number = 0

    def empty(_method: str, _user: str) -> None:
        nonlocal number
        number += 1
        if number == 6:  # the read
            sheets = desk.emulator.call("spreadsheets.get", spreadsheet, fields="sheets.properties.sheetId")["sheets"]
            start = {"sheetId": sheets[1]["properties"]["sheetId"], "rowIndex": 1, "columnIndex": 3}
            cleared = {"start": start, "rows": [{"values": [{}]}], "fields": "userEnteredValue"}
            desk.emulator.edit(spreadsheet, {"updateCells": cleared})

    with desk.emulator.between_calls(empty):
        found = checked(desk, spreadsheet)
    assert verdicts(found, Verdict.NOT_TRIED) == {A.SPILLS}
    assert "was not calculated" in found[A.SPILLS].sentence
    desk.plan(spreadsheet)


def test_a_large_tab_is_timed_and_deleted(desk: Desk) -> None:
    spreadsheet = desk.sheet(people_rows(3))
    found = checked(desk, spreadsheet, timed_rows=400)
    assert verdicts(found, Verdict.HOLDS) == {A.WRITE, A.READ, A.TIDY} == set(found)
    assert "400 rows took" in found[A.READ].sentence
    assert tabs(desk, spreadsheet) == ["Leads"]
    desk.emulator.switch(max_request_bytes=5_000)
    found = checked(desk, spreadsheet, timed_rows=400)
    assert (found[A.WRITE].verdict, found[A.READ].verdict) == (Verdict.DOES_NOT_HOLD, Verdict.HOLDS)


def test_access_that_ends_soon_is_said(desk: Desk) -> None:
    found = checked(desk, desk.sheet(people_rows(3)), lasts_s=120)
    assert verdicts(found, Verdict.DOES_NOT_HOLD) == {A.ACCESS}
    assert "This one lasts 2 more minutes" in found[A.ACCESS].sentence
    assert CALLER.email in found[A.IDENTITY].sentence
    assert "client-id" in found[A.IDENTITY].sentence
