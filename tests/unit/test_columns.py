"""Which column takes a field: one rule for the plan, the sheet and a CSV; P5, P6."""

from __future__ import annotations

import pytest

from functions.fields import select
from functions.fields.columns import target_columns


@pytest.mark.parametrize(
    ("names", "titles", "url_column", "expected"),
    [
        (["email"], ["LinkedIn", "Note"], 0, [(None, 1)]),
        (["email"], ["LinkedIn", "E-mail", "Email"], 0, [(2, 2)]),
        (["email", "title"], ["Title", "LinkedIn", "EMAIL"], 1, [(2, 2), (0, 0)]),
        (["email", "title", "company"], ["LinkedIn", "Note", "Title"], 0, [(None, 1), (2, 4), (None, 2)]),
        (["email"], [], 3, [(None, 4)]),
        (["email"], ["LinkedIn", "Email", "Email"], 0, [(1, 1)]),
        (["linkedin_url"], ["LinkedIn URL", "Note"], 0, [(None, 1)]),
        (["_=skills"], ["LinkedIn", ""], 0, [(None, 1)]),
    ],
    ids=["new", "spelled otherwise", "either side", "shifted", "no header", "the first", "not the URLs", "no title"],
)
def test_the_columns_of_fields(
    names: list[str], titles: list[str], url_column: int, expected: list[tuple[int | None, int]]
) -> None:
    targets = target_columns(select(names), titles, url_column)
    assert [(target.held, target.planned) for target in targets] == expected
