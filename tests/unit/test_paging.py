"""A page has as many rows as fit into a few megabytes, as the page before it tells."""

from __future__ import annotations

from functions.sheets.paging import CELL_BYTES, PAGE_BYTES, PageSize


def test_wide_rows_make_short_pages_and_narrow_ones_long_pages_but_not_endless_ones() -> None:
    assert PageSize.guess(25).rows == PAGE_BYTES // (25 * CELL_BYTES)
    assert PageSize.guess(1).rows == 20_000
    assert PageSize.guess(1_000_000).rows == 1
    assert PageSize.guess(1, max_rows=7).rows == 7


def test_a_page_that_was_larger_than_guessed_makes_the_next_one_shorter() -> None:
    size = PageSize.guess(9)
    rows = size.rows
    size.learn(2 * PAGE_BYTES, rows)
    assert rows / 3 < size.rows < rows / 2


def test_one_empty_page_does_not_make_the_next_one_endless() -> None:
    size = PageSize.guess(25)
    rows = size.rows
    size.learn(100, rows)
    assert size.rows <= 2 * rows + 1
