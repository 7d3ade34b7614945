"""A condition compares what a cell shows, and refuses what makes no sense before a sheet is read."""

from __future__ import annotations

from typing import Literal
from unicodedata import normalize

import pytest

from functions.credits import only_where
from functions.credits.only_where import Condition
from functions.errors import InvalidRequest

Test = Literal["empty", "filled", "equals", "contains", "one_of", "failed_in"]


@pytest.mark.parametrize(
    ("test", "values", "text", "is_met"),
    [
        ("empty", (), "", True),
        ("empty", (), "x", False),
        ("filled", (), "x", True),
        ("filled", (), "", False),
        ("equals", ("Spain",), " SPAIN ", True),
        ("equals", ("Spain",), "Spain, north", False),
        ("equals", ("",), "", True),
        ("equals", ("Straße",), "STRASSE", True),
        ("equals", ("Österreich",), "O\u0308sterreich", True),
        ("contains", ("o\u0308ster",), "ÖSTERREICH", True),
        ("contains", ("sales",), "Head of Sales", True),
        ("contains", ("sales",), "Finance", False),
        ("one_of", ("ES", "PT"), "pt", True),
        ("one_of", ("ES", "PT"), "FR", False),
    ],
)
def test_a_cell_meets_a_condition(test: Test, values: tuple[str, ...], text: str, is_met: bool) -> None:  # noqa: FBT001 - a case
    assert Condition(test=test, column="A", values=values).is_met(text, is_empty=not text) == is_met


@pytest.mark.parametrize(
    ("value", "number", "shown", "is_met"),
    [
        ("1000", 1000.0, "1,000", True),
        ("1,000", 1000.0, "1,000", True),
        ("0.1", 0.1, "10%", True),
        ("1", 1000.0, "", False),
    ],
)
def test_a_number_is_met_however_its_cell_shows_it(value: str, number: float, shown: str, is_met: bool) -> None:  # noqa: FBT001 - a case
    for test in ("equals", "one_of"):
        condition = Condition(test=test, column="A", values=(value,))
        assert condition.is_met(shown, is_empty=False, number=number) == is_met


def test_a_cell_with_a_formula_that_shows_nothing_is_not_empty() -> None:
    assert not Condition(test="empty", column="A").is_met("", is_empty=False)
    assert Condition(test="filled", column="A").is_met("", is_empty=False)


@pytest.mark.parametrize(
    ("test", "column", "values", "said"),
    [
        ("empty", "A", ("x",), "takes no value; it has 1"),
        ("equals", "A", (), "takes one value; it has 0"),
        ("contains", "A", ("a", "b"), "takes one value; it has 2"),
        ("one_of", "A", (), "takes 1 to 100 values"),
        ("equals", None, ("x",), "takes a column"),
        ("failed_in", "A", ("job",), "takes no column"),
        ("failed_in", None, (), "takes one value"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(
    test: Test, column: str | None, values: tuple[str, ...], said: str
) -> None:
    with pytest.raises(InvalidRequest, match=said):
        Condition(test=test, column=column, values=values).check()


@pytest.mark.parametrize(("test", "values"), [("empty", ()), ("one_of", ("a", "b")), ("contains", ("a",))])
def test_a_condition_that_makes_sense_is_taken(test: Test, values: tuple[str, ...]) -> None:
    Condition(test=test, column="A", values=values).check()


def test_the_values_of_a_condition_are_prepared_once_however_many_rows_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A request may bring a megabyte of values, and a tab a hundred thousand rows."""
    prepared = list[str]()

    def seen(form: Literal["NFC"], text: str) -> str:
        prepared.append(text)
        return normalize(form, text)

    monkeypatch.setattr(only_where, "normalize", seen)
    condition = Condition(test="one_of", column="A", values=tuple(f"nobody {number}" for number in range(100)))
    assert not any(condition.is_met(f"row {number}", is_empty=False) for number in range(50))
    assert len(prepared) <= 50 + 100
