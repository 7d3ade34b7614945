"""New columns come with title and anchor in one request each, and without the formats of numbers beside them."""

from __future__ import annotations

from functions.fields import select
from functions.sheets.anchors import MAX_MADE_FOR
from functions.sheets.insertion import USUAL_LETTERS, insertion


def test_titles_go_into_the_header_row_wherever_it_is_and_the_anchor_names_its_field() -> None:
    email, custom = select(["email", "First skill=skills[0]"])
    requests = insertion([(7, email), (8, custom)], 2, sheet_id=3, tab_columns=9, header_row=3)
    update = next(each["updateCells"] for each in requests if "updateCells" in each)
    assert update["start"] == {"sheetId": 3, "rowIndex": 2, "columnIndex": 2}
    anchors = [each["createDeveloperMetadata"]["developerMetadata"] for each in requests[-2:]]
    assert [(each["metadataId"], each["metadataValue"]) for each in anchors] == [(7, email.name), (8, custom.name)]
    assert [each["location"]["dimensionRange"]["startIndex"] for each in anchors] == [2, 3]


def test_a_new_column_is_as_wide_as_its_usual_values_or_an_example() -> None:
    fields = select(["title", "size", "company_location", "First skill=skills[0]"])
    requests = insertion(list(enumerate(fields)), 2, sheet_id=3, tab_columns=9, header_row=1)
    widths = [each["updateDimensionProperties"] for each in requests if "updateDimensionProperties" in each]
    assert [each["range"]["startIndex"] for each in widths] == [2, 3, 4, 5]
    assert {each["properties"]["hiddenByUser"] for each in widths} == {False}, "the column beside may be hidden"
    title, size, location, custom = (each["properties"]["pixelSize"] for each in widths)
    assert (title, size, custom) == (USUAL_LETTERS["title"] * 8 + 24, 120, 112)
    assert location == 320


def test_without_a_header_nothing_is_written_and_without_columns_nothing_is_asked() -> None:
    (email,) = select(["email"])
    requests = insertion([(7, email)], 9, sheet_id=3, tab_columns=9, header_row=None)
    assert not [each for each in requests if "updateCells" in each]
    assert requests[0]["insertDimension"]["inheritFromBefore"] is True
    assert insertion([], 2, sheet_id=3, tab_columns=9, header_row=1) == []


def test_a_name_that_takes_too_much_of_the_tabs_metadata_is_left_out() -> None:
    (long,) = select([f"Skill=skills[0] || '{'x' * MAX_MADE_FOR}'"])
    anchor = insertion([(7, long)], 2, sheet_id=3, tab_columns=9, header_row=1)[-1]
    assert "metadataValue" not in anchor["createDeveloperMetadata"]["developerMetadata"]
