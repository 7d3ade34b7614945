"""Anchors follow a run's columns, wherever people move them (P5)."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from functions.errors import SheetGone
from functions.fields import select
from functions.sheets.grid import RowBlock, Tab
from functions.sheets.layout import Column, ColumnRequest, Layout, layout_from_record

URL, EMAIL, TITLE = 11, 12, 13
LAYOUT = Layout(
    sheet_id=3,
    url=URL,
    columns=(Column(anchor=EMAIL, inserted=True), Column(anchor=TITLE, inserted=False)),
    tab_rows=100,
    tab_columns=4,
)
JANE = "linkedin.com/in/jane-doe"


def block(anchors: dict[int, int], *rows: list[str]) -> RowBlock:
    """Rows from row 2 on, with anchors at these columns."""
    cells = [[{"userEnteredValue": {"stringValue": text}, "formattedValue": text} for text in row] for row in rows]
    return RowBlock(Tab(3, "Leads", 100, 4), 2, anchors, cells)


def test_a_layout_is_the_same_when_the_store_has_kept_it() -> None:
    assert layout_from_record(json.loads(json.dumps(LAYOUT.to_record()))) == LAYOUT


def test_rows_are_read_through_the_anchors_wherever_the_columns_have_gone() -> None:
    here = block({URL: 0, EMAIL: 1, TITLE: 2}, [JANE, "a mail", "a title", "a note"])
    moved = block({EMAIL: 0, TITLE: 2, URL: 3}, ["a mail", "a note", "a title", JANE])
    for found in (here, moved):
        [row] = LAYOUT.rows(found)
        assert (row.number, row.identity, row.cells) == (2, JANE, {0: "a mail", 1: "a title"})
    assert LAYOUT.rows(here)[0].row_context == LAYOUT.rows(moved)[0].row_context


def test_what_the_run_writes_does_not_count_as_what_stands_around() -> None:
    before = block({URL: 0, EMAIL: 1, TITLE: 2}, [JANE, "", "", "a note"])
    after = block({URL: 0, EMAIL: 1, TITLE: 2}, [JANE, "a mail", "a title", "a note"])
    edited = block({URL: 0, EMAIL: 1, TITLE: 2}, [JANE, "", "", "another note"])
    contexts = [LAYOUT.rows(found)[0].row_context for found in (before, after, edited)]
    assert contexts[0] == contexts[1] != contexts[2]


def test_a_deleted_column_is_left_out_and_without_urls_or_any_column_nothing_is_written() -> None:
    [row] = LAYOUT.rows(block({URL: 0, TITLE: 1}, [JANE, "a title"]))
    assert row.cells == {1: "a title"}
    with pytest.raises(SheetGone, match="column of LinkedIn URLs"):
        LAYOUT.rows(block({EMAIL: 0, TITLE: 1}, ["a mail"]))
    with pytest.raises(SheetGone, match="All columns"):
        LAYOUT.rows(block({URL: 0}, [JANE]))


def test_an_anchors_id_is_the_same_in_each_attempt_and_differs_between_columns_and_jobs() -> None:
    task = ColumnRequest(
        job_id="job-1",
        sheet_id=3,
        fields=select(["email"]),
        url_column=0,
        first_row=2,
        last_row=9,
        header_row=1,
        reuse=True,
        choices={},
        keys=frozenset({JANE}),
    )
    ids = {each.anchor(number) for each in (task, replace(task, job_id="job-2")) for number in range(-1, 5)}
    assert len(ids) == 12
    assert all(0 < number < 2**31 for number in ids)
    assert replace(task, url_column=5).anchor(3) == task.anchor(3)
