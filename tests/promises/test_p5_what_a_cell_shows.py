"""P5: the person in a cell is the one whom its link or its text names, not the text behind what it shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from functions.outcomes import Outcome
from functions.profiles.parsing import Reason
from functions.store import job_rows
from functions.store.job_states import JobState
from local.sheets_api import cell_data, display
from tests.support.desk import Desk, expected, people_rows, url_of
from tests.support.living_sheet import living_sheet

NUMBERED = {"type": "NUMBER", "pattern": '"https://www.linkedin.com/in/person-"0'}


def test_a_link_behind_a_name_and_an_address_that_a_format_shows_are_read(desk: Desk) -> None:
    """Google tells the first as `hyperlink`, the second as `formattedValue`; the value itself is a name, or a 2."""
    rows = people_rows(4)
    rows[1][1] = rows[2][1] = rows[3][1] = rows[4][1] = ""
    spreadsheet = desk.sheet(rows)
    linked = [[f'=HYPERLINK("{url_of("person-0")}","Ada")'], [f'="{url_of("person-")}"&1']]
    desk.emulator.write(spreadsheet, "Leads!B2:B3", linked, option="USER_ENTERED")
    numbered = {"userEnteredValue": {"numberValue": 2}, "userEnteredFormat": {"numberFormat": NUMBERED}}
    link = {"textFormat": {"link": {"uri": url_of("person-3")}}}
    named = {"userEnteredValue": {"stringValue": "Grace"}, "userEnteredFormat": link}
    start = {"sheetId": 0, "rowIndex": 3, "columnIndex": 1}
    rows_of_one = [{"values": [numbered]}, {"values": [named]}]
    desk.emulator.edit(spreadsheet, {"updateCells": {"start": start, "rows": rows_of_one, "fields": "*"}})
    job = desk.run(spreadsheet, fields=("email", "title"))
    assert desk.counts(job) == {Outcome.ENRICHED: 4}
    header, *filled = desk.grid(spreadsheet)
    for number, line in enumerate(filled):
        lead = expected(f"person-{number}", ("email", "title"))
        found = [line[header.index(title)] if header.index(title) < len(line) else "" for title in ("Email", "Title")]
        assert found == ["" if value is None else value for value in lead]


def link(slug: str) -> dict[str, Any]:
    return {"link": {"uri": url_of(slug)}}


def named(text: str, **data: Any) -> dict[str, Any]:  # noqa: ANN401 - any part of CellData
    return {"userEnteredValue": {"stringValue": text}, **data}


def chip(slug: str) -> dict[str, Any]:
    return named("@", chipRuns=[{"chip": {"richLinkProperties": {"uri": url_of(slug)}}}])


LINKED = {
    "a link of the cell": (named("Ada", userEnteredFormat={"textFormat": link("person-0")}), "person-0"),
    "a link over a part": (
        named("Ada, CTO", textFormatRuns=[{"format": link("person-1")}, {"startIndex": 3}]),
        "person-1",
    ),
    "a chip": (chip("person-2"), "person-2"),
    "HYPERLINK": ({"userEnteredValue": {"formulaValue": f'=HYPERLINK("{url_of("person-3")}","Ada")'}}, "person-3"),
    "the same person twice": (
        named(url_of("person-4"), textFormatRuns=[{"format": link("person-4")}, {"startIndex": 3}]),
        "person-4",
    ),
    "two links": (
        named("Ada Eve", textFormatRuns=[{"format": link("person-5")}, {"startIndex": 3, "format": link("person-6")}]),
        None,
    ),
    "text of one, link of another": (
        named(url_of("person-7"), userEnteredFormat={"textFormat": link("person-8")}),
        None,
    ),
    "HYPERLINK that shows another": (
        {"userEnteredValue": {"formulaValue": f'=HYPERLINK("{url_of("person-9")}","{url_of("person-10")}")'}},
        None,
    ),
    "a chip beside an address": (
        named(f"@ {url_of('person-11')}", chipRuns=[{"chip": {"richLinkProperties": {"uri": url_of("person-12")}}}]),
        None,
    ),
}


def test_a_name_is_who_it_links_to_and_two_people_in_a_cell_are_nobody(desk: Desk) -> None:
    """Google says `hyperlink` only of a link over the whole cell: of others only the runs of text and chips tell."""
    spreadsheet = desk.sheet([["Name", "LinkedIn", "Notes"], *[[f"Row {n}", "", ""] for n in range(len(LINKED))]])
    start = {"sheetId": 0, "rowIndex": 1, "columnIndex": 1}
    rows = [{"values": [cell]} for cell, _ in LINKED.values()]
    desk.emulator.edit(spreadsheet, {"updateCells": {"start": start, "rows": rows, "fields": "*"}})
    alone = [slug for _, slug in LINKED.values() if slug]
    assert desk.plan(spreadsheet) == len(alone)
    job = desk.run(spreadsheet, fields=("linkedin_url", "email"))
    assert desk.counts(job) == {Outcome.ENRICHED: len(alone), Outcome.UNUSABLE: len(LINKED) - len(alone)}
    assert desk.charged(job) == (len(alone), 0)
    for row, (how, (_, slug)) in zip(desk.rows(job), LINKED.items(), strict=True):
        assert row.key == (slug and f"linkedin.com/in/{slug}"), how
        assert row.detail == ("" if slug else Reason.MULTIPLE_URLS.sentence), how
    header, *filled = desk.grid(spreadsheet)
    at = header.index("LinkedIn URL (clean)")
    assert [line[at] if at < len(line) else "" for line in filled] == [
        f"http://www.linkedin.com/in/{slug}" if slug else "" for _, slug in LINKED.values()
    ]


def hyperlink_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cell_data, "link_of", lambda _row, _column: "")


def formatted_value_raw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cell_data, "show", lambda value, _number_format: display.show(value, None))


def nothing_wrong(_monkeypatch: pytest.MonkeyPatch) -> None:
    """Google's answers are as they are recorded."""


@pytest.mark.parametrize(
    ("answers", "unread"), [(nothing_wrong, set()), (hyperlink_left_out, {2}), (formatted_value_raw, {3})]
)
def test_an_answer_that_does_not_tell_what_a_cell_shows_is_noticed(
    answers: Callable[[pytest.MonkeyPatch], None], unread: set[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were the emulator to leave it out, runs over it would prove nothing about such cells."""
    answers(monkeypatch)
    with living_sheet(tmp_path) as living:
        living.fill([["LinkedIn"], ["Grace"], [1], [url_of("person-2")]], 0)
        grace = named("Grace", userEnteredFormat={"textFormat": link("person-0")})
        number = {"userEnteredValue": {"numberValue": 1}, "userEnteredFormat": {"numberFormat": NUMBERED}}
        start = {"sheetId": 0, "rowIndex": 1, "columnIndex": 0}
        rows = [{"values": [grace]}, {"values": [number]}]
        living.edit({"updateCells": {"start": start, "rows": rows, "fields": "userEnteredValue,userEnteredFormat"}})
        job = living.run("Leads!A2:A")
        assert job.state is JobState.DONE
        with living.context.store.reading() as connection:
            found = job_rows.page(connection, job.id, None, -1, 10)
    assert {row.row for row in found if row.outcome is Outcome.UNUSABLE} == unread
    assert {row.key for row in found if row.key} == {f"linkedin.com/in/person-{row - 2}" for row in {2, 3, 4} - unread}
