"""P5: who stands in a cell is who it leads to or what it shows, not what lies behind it."""

from __future__ import annotations

from functions.outcomes import Outcome
from tests.support.desk import Desk, expected, people_rows, url_of

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
