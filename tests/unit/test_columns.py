"""Which column takes a field: one rule for the plan, the sheet and a CSV; P5, P6."""

from __future__ import annotations

import pytest

from functions.errors import BadRange
from functions.fields import columns as columns_module
from functions.fields import select
from functions.fields.columns import (
    Choices,
    Chosen,
    Columns,
    NewColumn,
    doubled_sentences,
    held_columns,
    target_columns,
)
from functions.fields.selection import spelling


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
    targets = target_columns(select(names), Columns(titles, url_column))
    assert [(target.held, target.planned) for target in targets] == expected


def test_usual_titles_are_understood_and_the_fields_own_title_goes_before_them() -> None:
    titles = ["LinkedIn", "Work email", "Role", "Company Name", "# Employees", "Title"]
    assert held_columns(select(["email", "title", "company", "size"]), Columns(titles, 0)) == [1, 5, 3, 4]


def test_of_columns_with_one_title_it_is_said_which_is_filled() -> None:
    columns = Columns(["LinkedIn", "Email", "E-Mail", "email", "Title", "Title", "linkedin", "email"], 0)
    held = held_columns(select(["email", "title", "company"]), columns)
    assert doubled_sentences(held, columns, "ABCDEFGH".__getitem__) == (
        "“Email” is the title of several columns: B is filled, D and H stay as they are.",
        "“Title” is the title of several columns: E is filled, F stays as it is.",
    )
    assert doubled_sentences([4, 5], columns, "ABCDEFGH".__getitem__) == (), "each takes a field"
    assert doubled_sentences([None], Columns([], 0), "ABCDEFGH".__getitem__) == ()


def test_no_column_takes_two_fields() -> None:
    """The column that an earlier run made for the e-mail is called “Title” now."""
    columns = Columns(["LinkedIn", "Title"], 0, made_for={1: "email"})
    assert held_columns(select(["email", "title"]), columns) == [None, 1]
    assert held_columns(select(["email"]), columns) == [1]


def test_an_own_column_is_recognised_though_it_was_renamed_and_where_there_is_no_header() -> None:
    renamed = Columns(["LinkedIn", "x", "Private", "Mail"], 0, made_for={2: "email"})
    assert held_columns(select(["email"]), renamed) == [2]
    assert held_columns(select(["email"]), Columns([], 0, made_for={2: "email"}, used=3)) == [2]
    assert held_columns(select(["email"]), renamed, reuse=False) == [None]


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ({"email": Chosen(2)}, [(2, 4), (None, 1), (None, 2)]),
        ({"email": Chosen(2, "Mine")}, [(2, 4), (None, 1), (None, 2)]),
        ({"email": Chosen(1, "Mine")}, [(2, 4), (None, 1), (None, 2)]),
        ({"email": NewColumn.END}, [(None, 6), (None, 1), (None, 2)]),
        ({"email": NewColumn.END, "company": NewColumn.END}, [(None, 5), (None, 1), (None, 6)]),
        ({"title": NewColumn.BESIDE}, [(3, 5), (None, 1), (None, 2)]),
        ({"email": Chosen(1), "title": Chosen(3)}, [(1, 2), (3, 4), (None, 1)]),
    ],
    ids=["a column", "as it was called", "moved since", "the end", "two at the end", "not reused", "two columns"],
)
def test_each_field_goes_where_somebody_wants_it(choices: Choices, expected: list[tuple[int | None, int]]) -> None:
    columns = Columns(["LinkedIn", "Name", "Mine", "Email"], 0, used=4)
    targets = target_columns(select(["email", "title", "company"]), columns, choices)
    assert [(target.held, target.planned) for target in targets] == expected


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        ({"email": Chosen(0)}, "cannot go into the column of the LinkedIn URLs"),
        ({"email": Chosen(1), "title": Chosen(1)}, "chosen for “Title” takes another field already"),
        ({"email": Chosen(1, "Mine")}, "chosen for “Email” is no longer where it was"),
        ({"email": Chosen(1, "")}, "chosen for “Email” is no longer where it was"),
    ],
)
def test_a_chosen_column_that_cannot_take_its_field_is_refused(choices: Choices, sentence: str) -> None:
    with pytest.raises(BadRange, match=sentence):
        target_columns(select(["email", "title"]), Columns(["LinkedIn", "Name"], 0, used=2), choices)


def test_each_title_of_a_wide_tab_is_looked_at_once_however_many_fields_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A tab may have 18,278 columns, and a request a hundred fields."""
    spelled = list[str]()

    def seen(text: str) -> str:
        spelled.append(text)
        return spelling(text)

    monkeypatch.setattr(columns_module, "spelling", seen)
    titles = ["LinkedIn", *(f"Title {number}" for number in range(2_000)), "Field 7"]
    fields = select([f"Field {number}=skills[{number}]" for number in range(100)])
    held = held_columns(fields, Columns(titles, 0))
    assert [place for place in held if place is not None] == [len(titles) - 1]
    assert len(spelled) <= len(titles) + 4 * len(fields)
    spelled.clear()
    assert doubled_sentences(range(1, 100), Columns(titles, 0), str) == ()
    assert len(spelled) <= len(titles) + len(fields)
