"""A row is known by its person's key; one that names nobody by a digest."""

from __future__ import annotations

from functions.sheets.grid import RowBlock, Tab
from functions.sheets.row_identity import identity, reason_of
from tests.support.row_blocks import block_of

JANE = "linkedin.com/in/jane-doe"


def test_rows_are_known_by_their_person_and_others_by_a_digest_that_does_not_tell_their_text() -> None:
    block = block_of([[f"https://{JANE}/"], ["Jane's private note"], ["Jane's private note"], [""]])
    names = [identity(block, index, 0) for index in range(4)]
    assert names[0] == JANE
    assert names[1] == names[2] != names[3]
    assert all(name.startswith("text:") and "private" not in name for name in names[1:])
    assert [reason_of(name) for name in names[1:]] == ["not_a_url", "not_a_url", "empty"]


def test_equal_texts_that_are_unusable_for_different_reasons_are_not_one() -> None:
    """Their Status differs, and links make the difference: whoever has the same identity gets the same words."""
    linked = {"hyperlink": "https://www.linkedin.com/company/acme"}
    cell = {"userEnteredValue": {"stringValue": "Jane"}, "formattedValue": "Jane"}
    block = RowBlock(Tab(0, "Leads", 2, 1), 1, {}, [[cell], [cell | linked]])
    names = [identity(block, index, 0) for index in range(2)]
    assert [reason_of(name) for name in names] == ["not_a_url", "not_a_person"]
